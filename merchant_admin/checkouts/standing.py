"""What an order's state depends on, read from its attempt and payment; and the orders whose look is due."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.checkouts.models import Checkout
from merchant_admin.checkouts.states import Standing
from merchant_admin.payments.deposits import has_account
from merchant_admin.payments.facts import is_taken
from merchant_admin.payments.models import Attempt, Payment
from merchant_admin.payments.states import AttemptState


def standing_of(session: Session, checkout: Checkout) -> Standing:
    """Everything this order's state depends on."""
    attempt = session.get(Attempt, checkout.attempt_id, populate_existing=True) if checkout.attempt_id else None
    payment = payment_of(session, attempt)
    waits = payment is not None and has_account(payment)
    return Standing(
        attempt=attempt.state if attempt else None,
        has_account=waits,
        deposit_due_at=payment.deposit_due_at if payment and waits else None,
        returned_at=checkout.returned_at,
        window_until=checkout.window_until,
        link_expires_at=checkout.link_expires_at,
        ended_at=checkout.ended_at,
        has_other_money=payment is not None and attempt is not None and is_other_money(payment, attempt),
    )


def payment_of(session: Session, attempt: Attempt | None) -> Payment | None:
    """The payment that tells most of an attempt: the one that paid it, other money, or the account that waits."""
    if attempt is None:
        return None
    rows = list(session.scalars(select(Payment).where(Payment.attempt_id == attempt.id).order_by(Payment.id)))
    paid = [row for row in rows if row.imp_uid == attempt.imp_uid]
    waiting = [row for row in rows if has_account(row)]
    taken = [row for row in rows if is_taken(row)]
    return next(iter(paid or taken or waiting or rows), None)


def is_other_money(payment: Payment, attempt: Attempt) -> bool:
    """Whether a payment took money and did not end its attempt as paid: it was not what was asked for."""
    return attempt.state is not AttemptState.PAID and is_taken(payment)


def due_checkouts(session: Session, now: datetime, limit: int = 20) -> list[str]:
    """Ids of those whose next look has come, the longest waiting first."""
    due = select(Checkout.id).where(Checkout.next_look_at <= now)
    return list(session.scalars(due.order_by(Checkout.next_look_at).limit(limit)))
