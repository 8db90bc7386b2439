"""Due dates that were paid for without a request of ours: those of the time that a restored copy does not know.

The payment is the same card, sum and name as the subscription's. Its date is left out, so that it is not charged a
second time; the payment itself stands in the books as PortOne tells it.
"""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.core.context import WorkContext
from merchant_admin.core.times import seoul_day
from merchant_admin.payments.models import Payment
from merchant_admin.subscriptions import steps
from merchant_admin.subscriptions.models import Period, Subscription
from merchant_admin.subscriptions.states import CHARGED, NEXT_PERIOD, PeriodState, SubscriptionState

EARLY = timedelta(days=1)  # a date is charged on its day at the soonest
LIVE = CHARGED | {SubscriptionState.PAST_DUE}


def settle_paid_elsewhere(ctx: WorkContext, payment_ids: Iterable[str]) -> int:
    """Leave out one open due date for each of these payments that was made for one. Twice is once. How many."""
    return sum(_settle(ctx, payment_id) for payment_id in payment_ids)


def _settle(ctx: WorkContext, payment_id: str) -> bool:
    with ctx.atomic() as session:
        payment = session.get_one(Payment, payment_id)
        for subscription_id in _candidates(session, payment):
            held = steps.locked(session, subscription_id)
            period = _open_date(ctx, session, held, payment)
            if period is None:
                continue
            steps.settle_period(ctx, period, PeriodState.SKIPPED)
            steps.move(ctx, held, SubscriptionState.ACTIVE)
            steps.tell(
                ctx, "subscription.paid_elsewhere", held, number=period.number, amount_krw=payment.amount_krw,
                imp_uid=payment.imp_uid,
            )  # fmt: skip
            return True
    return False


def _candidates(session: Session, payment: Payment) -> list[str]:
    same = select(Subscription.id).where(
        Subscription.billing_key_id == payment.billing_key_id, Subscription.amount_krw == payment.amount_krw,
        Subscription.name == payment.name, Subscription.mode == payment.mode, Subscription.state.in_(LIVE),
    )  # fmt: skip
    return list(session.scalars(same.order_by(Subscription.id))) if payment.billing_key_id else []


def _open_date(ctx: WorkContext, session: Session, held: Subscription, payment: Payment) -> Period | None:
    """The date this payment was made for: the open debt, or else the next date, if it had come by then."""
    assert payment.paid_at is not None
    latest = seoul_day(payment.paid_at) + EARLY
    period = steps.open_period(session, held.id)
    if period is not None:
        may_go = PeriodState.SKIPPED in NEXT_PERIOD[period.state]
        return period if may_go and period.due_on <= latest else None
    if held.next_on is None or held.next_on > latest:
        return None
    period = steps.add_period(ctx, session, held, PeriodState.DUE, held.next_on)
    if held.times_left is not None:
        held.times_left -= 1
        held.next_on = held.next_on if held.times_left else None
    session.flush()
    return period
