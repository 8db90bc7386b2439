"""The rows behind each of the owner's numbers: exactly those it counts."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from merchant_admin.core.paging import Page, Place, keyset_page
from merchant_admin.core.settings import Mode
from merchant_admin.customers.models import Customer
from merchant_admin.outlook.numbers import PAID, Month, Number, left_between, paid_by_clock, recovered_between
from merchant_admin.outlook.paging import two_key_page
from merchant_admin.subscriptions.models import Period, Subscription
from merchant_admin.subscriptions.states import EndReason


@dataclass(frozen=True)
class NumberRow:
    """One period that a number counts, with what it counts for."""

    id: str
    subscription_id: str
    name: str
    customer_name: str
    number: int
    due_on: date
    ends_on: date
    amount_krw: int
    monthly_krw: int
    failed_on: date | None
    settled_at: datetime | None
    ended_at: datetime | None
    end_reason: EndReason | None


def rows(session: Session, mode: Mode, month: Month, number: Number, place: Place | None) -> Page[NumberRow]:
    """One page of the periods behind a month's number."""
    eve = month.first_on - timedelta(days=1)
    match number:
        case Number.MRR:
            by = (Period.worth_until, Period.id)
            picked = select(*by).where(Period.mode == mode, *_covers(month.last_on))
            return two_key_page(session, picked, by, place, lambda ids: _rows(session, ids))
        case Number.CHURN:
            query = _query(*_covers(eve), *left_between(mode, eve, month.last_on))
            ended_at: Any = Subscription.ended_at
            return keyset_page(session, query, (ended_at, Period.id), place, _row)
        case _:
            is_theirs = paid_by_clock() if number is Number.RECOVERED else ~paid_by_clock()
            query = _query(*recovered_between(mode, eve, month.last_on), is_theirs)
            settled_at: Any = Period.settled_at
            return keyset_page(session, query, (settled_at, Period.id), place, _row)


def _rows(session: Session, ids: list[str]) -> list[NumberRow]:
    return [_row(row) for row in session.execute(_query(Period.id.in_(ids)))]


def _covers(day: date) -> tuple[Any, ...]:
    return PAID, Period.worth_until > day, Period.due_on <= day


def _query(*those: Any) -> Select[Any]:
    return (
        select(*_COLUMNS)
        .join(Subscription, Subscription.id == Period.subscription_id)
        .join(Customer, Customer.id == Subscription.customer_id)
        .where(*those)
    )


def _row(row: Any) -> NumberRow:
    return NumberRow(*row[: len(_COLUMNS)])


_COLUMNS: tuple[Any, ...] = (
    Period.id, Period.subscription_id, Subscription.name, Customer.name, Period.number, Period.due_on, Period.ends_on,
    Period.amount_krw, Period.monthly_krw, Period.failed_on, Period.settled_at, Subscription.ended_at,
    Subscription.end_reason,
)  # fmt: skip
