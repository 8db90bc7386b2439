"""Settling an ordinary payment by reading PortOne while its window may be open.

Nothing here moves money. Once the window's time is over the attempt is settled like any other (payments.looks); before
that these looks find a payment whose browser never came back, and a try that failed once the browser did.
"""

from datetime import datetime, timedelta
from itertools import chain

from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.checkouts.models import Checkout
from merchant_admin.core.context import WorkContext
from merchant_admin.core.db import lease_now
from merchant_admin.core.errors import GatewayError, NotFound
from merchant_admin.payments.facts import is_foreign, record_transaction
from merchant_admin.payments.models import Attempt
from merchant_admin.payments.service import look_at_attempt
from merchant_admin.payments.states import AttemptState
from merchant_admin.portone.gateway import Gateway
from merchant_admin.portone.types import PaymentStatus, Transaction

SUBJECT = "checkout"
FIRST_LOOK = timedelta(seconds=20)
WHEN_UNREAD = timedelta(seconds=30)
_MONEY = frozenset({PaymentStatus.PAID, PaymentStatus.CANCELLED})


def look_at_checkout(ctx: WorkContext, gateway: Gateway, checkout_id: str) -> Checkout:
    """Read PortOne and write what is true. May run any number of times, beside webhooks and other looks.

    Raises GatewayError when PortOne can't be read, after the next look was put off; NotFound.
    """
    checkout = ctx.session.get(Checkout, checkout_id, populate_existing=True)
    if checkout is None:
        raise NotFound(_("결제창 결제를 찾을 수 없습니다."))
    attempt = ctx.session.get(Attempt, checkout.attempt_id, populate_existing=True) if checkout.attempt_id else None
    if attempt is None or attempt.state is not AttemptState.SENDING:
        if attempt is not None and attempt.state is AttemptState.UNCERTAIN:
            look_at_attempt(ctx, gateway, attempt.id)
        return _rest(ctx, checkout_id)
    names = attempt.merchant_uid, checkout.hinted_imp_uid
    ctx.end_reading()
    try:
        found, foreign = _read(gateway, *names)
    except GatewayError:
        with ctx.atomic() as session:
            locked(session, checkout_id).next_look_at = lease_now(session, ctx.clock) + WHEN_UNREAD
        raise
    with ctx.atomic() as session:
        checkout = locked(session, checkout_id)
        _apply(ctx, session, checkout, found, foreign)
    return checkout


def _read(gateway: Gateway, merchant_uid: str, hinted: str | None) -> tuple[list[Transaction], str | None]:
    """Every payment of the order number, and the id a browser named that turned out to be another order's."""
    found = gateway.payments_of(merchant_uid)
    named = gateway.payment(hinted) if hinted and hinted not in {one.imp_uid for one in found} else None
    ours = [one for one in chain(found, [named] if named else []) if one.merchant_uid == merchant_uid]
    return ours, hinted if named is not None and named.merchant_uid != merchant_uid else None


def _apply(
    ctx: WorkContext, session: Session, checkout: Checkout, found: list[Transaction], foreign: str | None
) -> None:
    now = lease_now(session, ctx.clock)
    if foreign:
        checkout.hinted_imp_uid = None
        record(
            ctx, "checkout.foreign_return", (SUBJECT, checkout.id), customer_id=checkout.customer_id, imp_uid=foreign
        )
    is_over = checkout.returned_at is not None or (checkout.window_until is not None and now >= checkout.window_until)
    for one in sorted(found, key=lambda one: one.status not in _MONEY):
        took_or_waits = one.status in _MONEY or one.account is not None
        if not is_foreign(ctx.mode, one) and (took_or_waits or (is_over and one.status is PaymentStatus.FAILED)):
            record_transaction(ctx, session, one, source="checkout")
    attempt = session.get_one(Attempt, checkout.attempt_id, populate_existing=True)
    checkout.next_look_at = _next_look(checkout, now) if attempt.state is AttemptState.SENDING else None


def _next_look(checkout: Checkout, now: datetime) -> datetime | None:
    """Soon after a return, every half minute or so while the window may be open; then the attempt's own looks."""
    checkout.looks += 1
    if checkout.window_until is not None and now >= checkout.window_until:
        return None
    if checkout.returned_at is not None:
        return now + timedelta(seconds=min(3 + (now - checkout.returned_at).total_seconds() / 2, 60))
    return now + timedelta(seconds=min(20 * (1 + checkout.looks / 4), 60))


def _rest(ctx: WorkContext, checkout_id: str) -> Checkout:
    """No look of ours is needed any more."""
    with ctx.atomic() as session:
        checkout = locked(session, checkout_id)
        checkout.next_look_at = None
    return checkout


def locked(session: Session, checkout_id: str) -> Checkout:
    """The row, locked for this write. Raises NotFound."""
    found = session.get(Checkout, checkout_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound(_("결제창 결제를 찾을 수 없습니다."))
    return found
