"""'Was I billed?': the newest period of each of a customer's subscriptions, and the charge that answers it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from merchant_admin.failures.states import FailureClass
from merchant_admin.subscriptions.models import Period, PeriodCharge, Subscription
from merchant_admin.subscriptions.states import PeriodState

MOST = 20


@dataclass(frozen=True)
class Billed:
    """What became of the newest due date. `charge_id` is the latest charge made for it, None if none was sent."""

    subscription_id: str
    name: str
    due_on: date
    amount_krw: int
    state: PeriodState
    failure: FailureClass | None
    try_at: datetime | None
    settled_at: datetime | None
    charge_id: str | None


def billed(session: Session, customer_id: str) -> list[Billed]:
    """One row for each subscription that had a due date, the latest first."""
    newest = and_(Period.subscription_id == Subscription.id, Period.number == Subscription.next_number - 1)
    last = and_(PeriodCharge.period_id == Period.id, PeriodCharge.number == Period.tries + Period.hand_tries)
    found: Any = session.execute(
        select(
            Subscription.id, Subscription.name, Period.due_on, Period.amount_krw, Period.state, Period.failure,
            Period.try_at, Period.settled_at, PeriodCharge.charge_id,
        )
        .join(Period, newest)
        .outerjoin(PeriodCharge, last)
        .where(Subscription.customer_id == customer_id)
        .order_by(Period.due_on.desc(), Subscription.id)
        .limit(MOST)
    )  # fmt: skip
    return [_row(list(row)) for row in found]


def _row(facts: list[Any]) -> Billed:
    facts[_FAILURE] = FailureClass(facts[_FAILURE]) if facts[_FAILURE] else None
    return Billed(*facts)


_FAILURE = 5  # where the class stands among the columns
