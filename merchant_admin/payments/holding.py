"""Charges that a clerk chose to hold while PortOne was away: written down, not sent, and sent later in due order.

A held charge is a READY attempt with its reason. It is sent once, by whoever locks it first: the worker when PortOne
answers again, or a person's press. After an outage no more than a few leave in a second, counted over all processes by
the rows themselves. What waited for more than a day is left to a person.
"""

from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.core.context import WorkContext
from merchant_admin.core.db import among, lease_now
from merchant_admin.customers.models import Customer
from merchant_admin.payments import looks, sending
from merchant_admin.payments.models import Attempt, Charge
from merchant_admin.payments.states import OPEN, AttemptState, Evidence
from merchant_admin.portone.gateway import Gateway

MOST_A_SECOND = 3  # sends of all kinds, so that an outage never ends in a burst
HELD_FOR = timedelta(hours=24)
_SECOND = timedelta(seconds=1)
_RATE_LOCK = 7_041_962  # PostgreSQL advisory lock: two workers must not count the same second at once


def hold(ctx: WorkContext, session: Session, attempt: Attempt) -> None:
    """Keep a new READY attempt for later, in the open write. Nothing is sent."""
    attempt.evidence, attempt.next_look_at = Evidence.HELD.value, lease_now(session, ctx.clock)
    looks.tell(ctx, session, "charge.held", attempt, AttemptState.READY)


def due_held(session: Session, now: datetime, limit: int = MOST_A_SECOND) -> list[str]:
    """Ids of held attempts, the longest waiting first. `now` is lease_now()."""
    held = select(Attempt.id).where(
        among(Attempt.state, OPEN), Attempt.state == AttemptState.READY,
        Attempt.evidence == Evidence.HELD.value, Attempt.next_look_at <= now,
        Attempt.created_at > now - HELD_FOR,
    )  # fmt: skip
    return list(session.scalars(held.order_by(Attempt.created_at, Attempt.id).limit(limit)))


def send_held(ctx: WorkContext, gateway: Gateway, attempt_id: str) -> bool:
    """Send one held charge if it still is one. False if it was not sent: settled, closed, or this second is full.

    A card or customer that can't be charged any more ends it unsent. Raises GatewayUnreachable while PortOne is away.
    """
    gateway.refuse_if_stopped()
    with ctx.atomic() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _RATE_LOCK})
        attempt = looks.locked(session, attempt_id)
        if attempt.state is not AttemptState.READY or attempt.evidence != Evidence.HELD.value:
            return False
        if _is_full(session, lease_now(session, ctx.clock)):
            return False
        charge = session.get_one(Charge, attempt.charge_id)
        if not _may_be_charged(session, charge):
            looks.abandon(ctx, session, attempt, reason="the card or the customer can't be charged any more")
            return False
        send = sending.claim(ctx, session, attempt, charge)
    sending.deliver(ctx, gateway, send)
    return True


def _is_full(session: Session, now: datetime) -> bool:
    sent = select(func.count()).where(Attempt.sent_at > now - _SECOND)
    return session.execute(sent).scalar_one() >= MOST_A_SECOND


def _may_be_charged(session: Session, charge: Charge) -> bool:
    key = session.get(BillingKey, charge.billing_key_id, with_for_update=True, populate_existing=True)
    customer = session.get_one(Customer, charge.customer_id, populate_existing=True)
    return key is not None and key.state is KeyState.ACTIVE and not customer.is_archived
