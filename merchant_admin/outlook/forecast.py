"""What the coming days will ask for, and what of it is at risk. Each part opens exactly its subscriptions."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session

from merchant_admin.core.paging import Page, Place
from merchant_admin.core.settings import Mode
from merchant_admin.outlook import coming
from merchant_admin.outlook.month import PeriodLine, waiting_lines
from merchant_admin.outlook.projecting import Group, Sum, by_day, in_all
from merchant_admin.subscriptions.models import Period
from merchant_admin.subscriptions.states import SubscriptionState

HORIZONS = (30, 90)
WEEK = 7
# The second half is what the index of waiting periods holds, to the letter.
OWED = text(
    "periods.state IN ('retrying', 'needs_card') AND periods.try_at IS NOT NULL"
    " AND periods.state IN ('due', 'retrying', 'needs_card')"
)


class Part(StrEnum):
    """A part of what is to come. The four parts at risk exclude each other, in this order."""

    ALL = "all"
    HELD = "held"
    PAST_DUE = "past-due"
    CARD_GONE = "card-gone"
    CARD_REFUSED = "card-refused"


AT_RISK = (Part.HELD, Part.PAST_DUE, Part.CARD_GONE, Part.CARD_REFUSED)


@dataclass(frozen=True)
class Forecast:
    """The dates of the next `days` days, today the first of them. `owed` is refused already, and not in `parts`."""

    days: int
    last: date
    parts: dict[Part, Sum]
    weeks: list[tuple[date, int]]
    owed: Sum

    @property
    def at_risk(self) -> Sum:
        return Sum(sum(self.parts[part].count for part in AT_RISK), sum(self.parts[part].sum_krw for part in AT_RISK))


def few_of(session: Session, mode: Mode, part: Part) -> ColumnElement[bool] | None:
    """The condition of a part that an index of its own finds: few of all, one hopes."""
    match part:
        case Part.HELD:
            return coming.is_held()
        case Part.CARD_GONE:
            return coming.card_is_gone(session, mode)
        case Part.CARD_REFUSED:
            return coming.card_was_refused(session, mode)
        case _:
            return None


def last_of(days: int, today: date) -> date:
    """The last of `days` days that begin today."""
    return today + timedelta(days=days - 1)


def forecast(session: Session, mode: Mode, days: int, today: date) -> Forecast:
    """What the next `days` days will ask for, at the prices and in the states of now."""
    last = last_of(days, today)
    everything, held = coming.groups(session, mode, last), coming.held_groups(session, mode, last)
    found: dict[Part, list[Group]] = {Part.ALL: everything, Part.HELD: held, Part.PAST_DUE: _past_due(everything)}
    for part in (Part.CARD_GONE, Part.CARD_REFUSED):
        found[part] = coming.groups(session, mode, last, few_of(session, mode, part))
    parts = {part: in_all(groups, last, today) for part, groups in found.items()}
    parts[Part.PAST_DUE] -= in_all(_past_due(held), last, today)
    return Forecast(days, last, parts, _weeks(everything, last, today), _owed(session, mode))


def _past_due(groups: list[Group]) -> list[Group]:
    return [group for group in groups if group.state is SubscriptionState.PAST_DUE]


def rows(
    session: Session, mode: Mode, days: int, part: Part, today: date, place: Place | None
) -> Page[coming.ComingRow]:
    """One page of the subscriptions of a part."""
    those = (coming.is_past_due(),) if part is Part.PAST_DUE else ()
    return coming.page_of(session, mode, last_of(days, today), place, *those, few=few_of(session, mode, part))


def owed_rows(session: Session, mode: Mode, place: Place | None) -> Page[PeriodLine]:
    """One page of the periods that were refused and are not settled."""
    return waiting_lines(session, mode, place, OWED)


def _weeks(groups: list[Group], last: date, today: date) -> list[tuple[date, int]]:
    """(first day, sum) of each week from today."""
    days = by_day(groups, today, last, today)
    firsts = range(0, (last - today).days + 1, WEEK)
    return [
        (
            today + timedelta(days=n),
            sum(total.sum_krw for on, total in days.items() if n <= (on - today).days < n + WEEK),
        )
        for n in firsts
    ]


def _owed(session: Session, mode: Mode) -> Sum:
    sums = select(func.count(), func.coalesce(func.sum(Period.amount_krw), 0)).where(OWED, Period.mode == mode)
    found = session.execute(sums).one()
    return Sum(found[0], int(found[1]))
