"""The owner's numbers by month: monthly recurring revenue, churn, and what was recovered after a refusal.

All follow from the periods of one mode, whose price and worth a month are frozen when they fall due, so a late approval
moves the month it belongs to. A day counts each subscription once, with the later one of two paid periods, and not from
its end on: `Period.worth_until` says so. The last day of a month stands for the month, today for this one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Date, and_, case, exists, func, literal, select, text
from sqlalchemy.orm import Session

from merchant_admin.core.settings import Mode
from merchant_admin.core.times import start_of
from merchant_admin.payments.models import Attempt
from merchant_admin.payments.states import AttemptState
from merchant_admin.subscriptions.models import Period, PeriodCharge, Subscription
from merchant_admin.subscriptions.states import EndReason

MONTHS = 12
# Written out, not bound: SQLite takes a partial index only where the query holds its condition to the letter.
PAID = text("periods.state = 'paid'")
RECOVERED = text("periods.failed_on IS NOT NULL AND periods.state = 'paid'")
LEFT = (EndReason.ASKED, EndReason.UNPAID)  # who had agreed on a number of times and reached it did not leave


class Number(StrEnum):
    MRR = "mrr"
    CHURN = "churn"
    RECOVERED = "recovered"
    BY_HAND = "by-hand"


@dataclass(frozen=True)
class Figure:
    """How many, and how much (a month's worth for MRR and churn, what was paid for the others)."""

    count: int = 0
    sum_krw: int = 0

    def __add__(self, other: "Figure") -> "Figure":
        return Figure(self.count + other.count, self.sum_krw + other.sum_krw)

    def __sub__(self, other: "Figure") -> "Figure":
        return Figure(self.count - other.count, self.sum_krw - other.sum_krw)


@dataclass
class Month:
    """One month. `last_on` is its last day, or today; `start` is the MRR it began with."""

    first_on: date
    last_on: date
    start: Figure
    figures: dict[Number, Figure] = field(default_factory=dict)

    def of(self, number: Number) -> Figure:
        return self.figures.get(number, Figure())

    @property
    def word(self) -> str:
        return self.first_on.isoformat()[:7]

    @property
    def churn_percent(self) -> float | None:
        """Of the subscriptions it began with, how many of a hundred left; None when it began with none."""
        return 100 * self.of(Number.CHURN).count / self.start.count if self.start.count else None


def spans(today: date, months: int = MONTHS) -> list[tuple[date, date]]:
    """(first day, last day or today) of the last months, the oldest first."""
    count = today.year * 12 + today.month - 1
    firsts = [date(n // 12, n % 12 + 1, 1) for n in range(count - months + 1, count + 1)]
    return [(first, min((first + timedelta(days=31)).replace(day=1) - timedelta(days=1), today)) for first in firsts]


def numbers(session: Session, mode: Mode, today: date) -> list[Month]:
    """The last twelve months, the oldest first, in three grouped reads."""
    days = spans(today)
    marks = [days[0][0] - timedelta(days=1), *(last for _first, last in days)]
    worth = _worth(session, mode, marks)
    found = [Month(first, last, worth[n], {Number.MRR: worth[n + 1]}) for n, (first, last) in enumerate(days)]
    for number, n, figure in (*_lost(session, mode, marks), *_recovered(session, mode, marks)):
        found[n - 1].figures[number] = figure
    return found


def _worth(session: Session, mode: Mode, marks: list[date]) -> list[Figure]:
    """MRR on each of `marks`: the paid periods that count on the day."""
    groups = session.execute(
        select(Period.due_on, Period.worth_until, func.count(), func.sum(Period.monthly_krw))
        .where(PAID, Period.mode == mode, Period.worth_until > marks[0])
        .group_by(Period.worth_until, Period.due_on)
    ).all()
    return [_covering(groups, mark) for mark in marks]


def _covering(groups: Iterable[Any], day: date) -> Figure:
    total = Figure()
    for due_on, worth_until, count, sum_krw in groups:
        if due_on <= day < worth_until:
            total += Figure(count, int(sum_krw))
    return total


def _lost(session: Session, mode: Mode, marks: list[date]) -> Iterable[tuple[Number, int, Figure]]:
    """By month: who was paid up on the last day of the month before, and ended in it."""
    month = _nth(marks)
    found = session.execute(
        select(month, func.count(), func.sum(Period.monthly_krw))
        .join_from(Subscription, Period, Period.subscription_id == Subscription.id)
        .where(*left_between(mode, marks[0], marks[-1]), PAID, _covers_eve_of_end(marks))
        .group_by(month)
    )
    return [(Number.CHURN, n, Figure(count, int(sum_krw))) for n, count, sum_krw in found]


def left_between(mode: Mode, eve: date, last: date) -> tuple[Any, ...]:
    """Ended after the day `eve` and not after `last`, by request or unpaid."""
    after, before = start_of(eve + timedelta(days=1)), start_of(last + timedelta(days=1))
    return (
        Subscription.mode == mode,
        Subscription.ended_at >= after,
        Subscription.ended_at < before,
        Subscription.end_reason.in_(LEFT),
    )


def _covers_eve_of_end(marks: list[date]) -> Any:
    """The period covers the last day of the month before the one in which its subscription ended."""
    ends = [start_of(mark + timedelta(days=1)) for mark in marks]
    eve = case(
        *((Subscription.ended_at < ends[n], literal(marks[n - 1], Date)) for n in range(1, len(marks))),
        else_=literal(marks[-1], Date),
    )
    return and_(Period.due_on <= eve, Period.worth_until > eve)


def _nth(marks: list[date]) -> Any:
    """The place of the first of `marks` by whose end a subscription was ended."""
    ends = [start_of(mark + timedelta(days=1)) for mark in marks]
    return case(*((Subscription.ended_at < end, n) for n, end in enumerate(ends)), else_=len(marks))


def _recovered(session: Session, mode: Mode, marks: list[date]) -> Iterable[tuple[Number, int, Figure]]:
    """By month: what was refused first and paid in it, by the clock or by staff's press."""
    ends = [start_of(mark + timedelta(days=1)) for mark in marks]
    month = case(*((Period.settled_at < end, n) for n, end in enumerate(ends)), else_=len(marks))
    by_clock = case((paid_by_clock(), 1), else_=0)
    found = session.execute(
        select(month, by_clock, func.count(), func.sum(Period.amount_krw))
        .where(*recovered_between(mode, marks[0], marks[-1]))
        .group_by(month, by_clock)
    )
    return [
        (Number.RECOVERED if is_by_clock else Number.BY_HAND, n, Figure(count, int(sum_krw)))
        for n, is_by_clock, count, sum_krw in found
    ]


def recovered_between(mode: Mode, eve: date, last: date) -> tuple[Any, ...]:
    """Refused at first, and paid after the day `eve` and not after `last`."""
    after, before = start_of(eve + timedelta(days=1)), start_of(last + timedelta(days=1))
    return RECOVERED, Period.mode == mode, Period.settled_at >= after, Period.settled_at < before


def paid_by_clock() -> Any:
    """The charge that paid it was made by the clock: a retry, or the first one with another card."""
    return exists(
        select(PeriodCharge.charge_id)
        .join(Attempt, Attempt.charge_id == PeriodCharge.charge_id)
        .where(PeriodCharge.period_id == Period.id, PeriodCharge.by_hand.is_(False), Attempt.state == AttemptState.PAID)
    )
