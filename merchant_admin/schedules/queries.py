"""Reading reservations: the list with its sums, and one of them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.core.errors import NotFound
from merchant_admin.core.paging import Page, Place, keyset_page
from merchant_admin.core.times import Interval
from merchant_admin.customers.models import Customer
from merchant_admin.payments.models import PaymentLine
from merchant_admin.schedules.models import Schedule
from merchant_admin.schedules.states import AGAIN, CHECKING, LIVE, ScheduleSource, ScheduleState
from merchant_admin.staff.models import Staff


class Tab(StrEnum):
    """The states staff think in."""

    COMING = "coming"
    CHECKING = "checking"
    PAID = "paid"
    FAILED = "failed"
    REVOKED = "revoked"
    ALL = "all"


STATES_OF: dict[Tab, frozenset[ScheduleState]] = {
    Tab.COMING: LIVE,
    Tab.CHECKING: CHECKING | {ScheduleState.READY},
    Tab.PAID: frozenset({ScheduleState.EXECUTED_PAID}),
    Tab.FAILED: frozenset({ScheduleState.EXECUTED_FAILED}),
    Tab.REVOKED: frozenset({ScheduleState.REVOKED, ScheduleState.MISSING}),
    Tab.ALL: frozenset(ScheduleState),
}


@dataclass(frozen=True)
class ScheduleFilters:
    """What the list is narrowed by: a tab, and the month or the day of the planned time."""

    tab: Tab = Tab.COMING
    month: str = ""  # YYYY-MM
    day: date | None = None
    customer_id: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.month or self.day or self.customer_id)

    @property
    def span(self) -> Interval | None:
        """The instants of the day or the month, in Seoul."""
        if self.day is not None:
            return Interval.of_days(self.day, self.day)
        if self.month:
            first = date.fromisoformat(f"{self.month}-01")
            return Interval.of_days(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))
        return None


@dataclass(frozen=True)
class ScheduleRow:
    """One reservation as a list and its page show it."""

    id: str
    merchant_uid: str
    state: ScheduleState
    source: ScheduleSource
    customer_id: str | None
    customer_name: str | None
    billing_key_id: str | None
    issuer_name: str | None
    last_four: str | None
    pg_provider: str | None
    key_state: KeyState | None
    customer_uid: str
    name: str
    amount_krw: int
    tax_free_krw: int
    memo: str
    schedule_at: datetime
    wanted_at: datetime | None
    evidence: str | None
    fail_reason: str | None
    imp_uid: str | None
    absences: int
    next_look_at: datetime | None
    staff_name: str | None
    created_at: datetime

    @property
    def is_checking(self) -> bool:
        """Whether the answer to a request is not known."""
        return self.state in CHECKING or self.wanted_at is not None

    @property
    def may_change(self) -> bool:
        return self.state is ScheduleState.SCHEDULED and self.wanted_at is None

    @property
    def may_run_again(self) -> bool:
        """Whether it ended without money and its card is still there; whether its PG offers it is not known here."""
        return self.state in AGAIN and self.wanted_at is None and self.key_state is KeyState.ACTIVE

    @property
    def is_over(self) -> bool:
        return self.state not in LIVE and self.wanted_at is None


@dataclass(frozen=True)
class Sums:
    """How many reservations a list holds, and their sum."""

    count: int
    amount_krw: int


def schedule_page(session: Session, filters: ScheduleFilters, place: Place | None) -> Page[ScheduleRow]:
    """One page: the soonest first while they are to come, else the latest first."""
    query = _narrowed(_COLUMNS, filters)
    by = (Schedule.schedule_at, Schedule.id)
    return keyset_page(session, query, by, place, _row, soonest_first=filters.tab in {Tab.COMING, Tab.CHECKING})


def sums(session: Session, filters: ScheduleFilters) -> Sums:
    """Count and sum of exactly the rows the list holds."""
    counted = select(func.count(Schedule.id), func.coalesce(func.sum(Schedule.amount_krw), 0))
    count, amount = session.execute(_narrowed(counted, filters)).one()
    return Sums(count, int(amount))


def tab_counts(session: Session) -> dict[Tab, int]:
    """How many reservations stand under each tab."""
    found = session.execute(select(Schedule.state, func.count()).group_by(Schedule.state))
    by_state = {state: count for state, count in found}  # noqa: C416 - rows are no pairs to the type checker
    return {tab: sum(by_state.get(state, 0) for state in states) for tab, states in STATES_OF.items()}


def schedule_view(session: Session, schedule_id: str) -> ScheduleRow:
    """One reservation. Raises NotFound."""
    row = session.execute(_COLUMNS.where(Schedule.id == schedule_id)).first()
    if row is None:
        raise NotFound(_("결제 예약을 찾을 수 없습니다."))
    return _row(row)


def schedule_of_sheet(session: Session, sheet_key: str) -> str | None:
    """The id of the reservation a sheet was used for."""
    return session.scalar(select(Schedule.id).where(Schedule.sheet_key == sheet_key))


def payment_of(session: Session, row: ScheduleRow) -> str | None:
    """The payment that came of it, as the id of its line."""
    if row.imp_uid is None:
        return None
    return session.scalar(select(PaymentLine.id).where(PaymentLine.imp_uid == row.imp_uid))


def same_coming(session: Session, customer_id: str, amount_krw: int) -> list[ScheduleRow]:
    """Reservations to come for the same customer and sum: perhaps the one that is about to be asked for again."""
    query = _COLUMNS.where(
        Schedule.customer_id == customer_id,
        Schedule.amount_krw == amount_krw,
        Schedule.state.in_(LIVE) | Schedule.wanted_at.is_not(None),
    )
    return [_row(row) for row in session.execute(query.order_by(Schedule.schedule_at).limit(5))]


def _narrowed(query: Select[*tuple[Any, ...]], filters: ScheduleFilters) -> Select[*tuple[Any, ...]]:
    if filters.tab is not Tab.ALL:
        query = query.where(Schedule.state.in_(STATES_OF[filters.tab]))
    if (span := filters.span) is not None:
        query = query.where(Schedule.schedule_at >= span.start, Schedule.schedule_at < span.end)
    if filters.customer_id:
        query = query.where(Schedule.customer_id == filters.customer_id)
    return query


_COLUMNS = (
    select(
        Schedule.id, Schedule.merchant_uid, Schedule.state, Schedule.source, Schedule.customer_id,
        Customer.name.label("customer_name"), BillingKey.id.label("billing_key_id"), BillingKey.issuer_name,
        BillingKey.last_four, BillingKey.pg_provider, BillingKey.state.label("key_state"),
        Schedule.customer_uid, Schedule.name, Schedule.amount_krw, Schedule.tax_free_krw,
        Schedule.memo, Schedule.schedule_at, Schedule.wanted_at, Schedule.evidence, Schedule.fail_reason,
        Schedule.imp_uid, Schedule.absences, Schedule.next_look_at, Staff.name.label("staff_name"),
        Schedule.created_at,
    )
    .join(BillingKey, BillingKey.customer_uid == Schedule.customer_uid, isouter=True)
    .join(Customer, Customer.id == func.coalesce(Schedule.customer_id, BillingKey.customer_id), isouter=True)
    .join(Staff, Staff.id == Schedule.staff_id, isouter=True)
)  # fmt: skip


def _row(row: Row[*tuple[Any, ...]]) -> ScheduleRow:
    names = ScheduleRow.__dataclass_fields__
    return ScheduleRow(**{name: getattr(row, name) for name in names})
