"""A month of days: what was due, and what became of it. Each figure opens exactly the rows it counts.

The periods of a month are summed from one index (ix_periods_due) in one grouped read, the days to come from
`coming.groups` in two: three reads for a month, whatever it holds.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, TextClause, func, select
from sqlalchemy.orm import Session

from merchant_admin.core.paging import Page, Place, keyset_page
from merchant_admin.core.settings import Mode
from merchant_admin.customers.models import Customer
from merchant_admin.failures.states import FailureClass
from merchant_admin.outlook import coming
from merchant_admin.outlook.paging import two_key_page
from merchant_admin.outlook.projecting import Sum, by_day
from merchant_admin.subscriptions.models import Period, Subscription
from merchant_admin.subscriptions.states import PeriodState

FURTHEST = timedelta(days=400)  # how far ahead dates are told


class Bucket(StrEnum):
    """What a date stands for."""

    COMING = "coming"  # no debt yet
    HELD = "held"  # nor will there be one before the customer agrees
    OPEN = "open"  # a debt, and nobody knows yet what becomes of it
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


STATES: dict[Bucket, tuple[PeriodState, ...]] = {
    Bucket.OPEN: (PeriodState.DUE, PeriodState.CHARGING),
    Bucket.DONE: (PeriodState.PAID,),
    Bucket.FAILED: (PeriodState.RETRYING, PeriodState.NEEDS_CARD, PeriodState.UNCOLLECTED),
    Bucket.SKIPPED: (PeriodState.SKIPPED,),
}
_BUCKET_OF = {state: bucket for bucket, states in STATES.items() for state in states}


@dataclass
class Day:
    """One Seoul day with the sums of its buckets; an empty bucket is left out."""

    on: date
    sums: dict[Bucket, Sum] = field(default_factory=dict)

    def of(self, bucket: Bucket) -> Sum:
        """The bucket's sum, of nothing too."""
        return self.sums.get(bucket, Sum())

    def add(self, bucket: Bucket, count: int, sum_krw: int) -> None:
        self.sums.setdefault(bucket, Sum()).add(count, sum_krw)


@dataclass(frozen=True)
class PeriodLine:
    """A period as a day's list shows it."""

    id: str
    subscription_id: str
    name: str
    customer_name: str
    number: int
    due_on: date
    amount_krw: int
    state: PeriodState
    failure: FailureClass | None
    try_at: datetime | None
    settled_at: datetime | None


def days_of(session: Session, mode: Mode, first: date, last: date, today: date) -> list[Day]:
    """Every day from `first` to `last`, both included."""
    found = {first + timedelta(days=n): Day(first + timedelta(days=n)) for n in range((last - first).days + 1)}
    was = (
        select(Period.due_on, Period.state, func.count(), func.sum(Period.amount_krw))
        .where(Period.mode == mode, Period.due_on.between(first, last))
        .group_by(Period.due_on, Period.state)
    )
    for due_on, state, count, sum_krw in session.execute(was):
        found[due_on].add(_BUCKET_OF[state], count, int(sum_krw))
    if last >= today and first <= today + FURTHEST:
        held = by_day(coming.held_groups(session, mode, last), first, last, today)
        for on, total in by_day(coming.groups(session, mode, last), first, last, today).items():
            waits = held.get(on, Sum())
            for bucket, part in ((Bucket.HELD, waits), (Bucket.COMING, total - waits)):
                if part.count:
                    found[on].add(bucket, part.count, part.sum_krw)
    return list(found.values())


def totals(days: list[Day]) -> dict[Bucket, Sum]:
    """The sums of all days, every bucket."""
    found = {bucket: Sum() for bucket in Bucket}
    for day in days:
        for bucket, total in day.sums.items():
            found[bucket].add(total.count, total.sum_krw)
    return found


def period_page(session: Session, mode: Mode, on: date, bucket: Bucket, place: Place | None) -> Page[PeriodLine]:
    """One page of a day's periods in a bucket (not of those to come)."""
    return lines(session, place, Period.mode == mode, Period.due_on == on, Period.state.in_(STATES[bucket]))


def lines(session: Session, place: Place | None, *those: ColumnElement[bool]) -> Page[PeriodLine]:
    """One page of the periods that `those` name, by due date."""
    by = (Period.due_on, Period.id)
    return two_key_page(session, select(*by).where(*those), by, place, lambda ids: _lines(session, ids))


def _lines(session: Session, ids: list[str]) -> list[PeriodLine]:
    return [_line(row) for row in session.execute(_of_periods().where(Period.id.in_(ids)))]


def waiting_lines(session: Session, mode: Mode, place: Place | None, those: TextClause) -> Page[PeriodLine]:
    """One page of the periods that wait for something, by when it comes."""
    try_at: Any = Period.try_at
    query = _of_periods().where(those, Period.mode == mode)
    return keyset_page(session, query, (try_at, Period.id), place, _line, soonest_first=True)


def _of_periods() -> Select[Any]:
    query = select(*_COLUMNS).join(Subscription, Subscription.id == Period.subscription_id)
    return query.join(Customer, Customer.id == Subscription.customer_id)


def _line(row: Any) -> PeriodLine:
    facts = list(row[: len(_COLUMNS)])
    facts[_FAILURE] = FailureClass(facts[_FAILURE]) if facts[_FAILURE] else None
    return PeriodLine(*facts)


def coming_page(
    session: Session, mode: Mode, on: date, today: date, place: Place | None, bucket: Bucket = Bucket.COMING
) -> Page[coming.ComingRow]:
    """One page of the subscriptions with a date to come on this day, held or not."""
    is_held = bucket is Bucket.HELD
    read = coming.held_groups if is_held else coming.groups
    found = read(session, mode, on) if today <= on <= today + FURTHEST else []
    those = coming.on_day(found, on, today)
    if those is None:
        return Page([], None, None)
    return coming.page_of(session, mode, on, place, those, coming.is_held() if is_held else coming.is_not_held())


_COLUMNS: tuple[Any, ...] = (
    Period.id, Period.subscription_id, Subscription.name, Customer.name, Period.number, Period.due_on,
    Period.amount_krw, Period.state, Period.failure, Period.try_at, Period.settled_at,
)  # fmt: skip
_FAILURE = 8  # where the class stands among them
