"""Charges that PortOne makes by itself at their time: features above say which order numbers they expect.

A reservation is its own intent and may wait for months, so it has no open attempt meanwhile. When PortOne speaks of a
payment under its order number for the first time, whoever brings the news, the charge and its attempt are born here,
and what follows is the same as for any other charge.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.core.context import WorkContext
from merchant_admin.core.db import lease_now
from merchant_admin.core.ids import new_id
from merchant_admin.core.settings import Mode
from merchant_admin.payments import lines
from merchant_admin.payments.models import Attempt, Charge, Payment
from merchant_admin.payments.states import AttemptState, ChargeKind, advance

LEASE = timedelta(seconds=240)


@dataclass(frozen=True)
class Promise:
    """A charge that PortOne was asked to make later. `key` names it for ever, as a sheet's key does."""

    key: str
    mode: Mode
    customer_id: str
    billing_key_id: str
    merchant_uid: str
    customer_uid: str
    amount_krw: int
    tax_free_krw: int
    name: str
    memo: str
    staff_id: str | None
    at: datetime


@dataclass(frozen=True)
class Keeper:
    """A feature that expects payments. `find` locks its row; `told` is called after each fact about it.

    `told_all` is called for many at once, with payments that were paid for a charge made here; without it each is told.
    """

    find: Callable[[Session, str], Promise | None]
    told: Callable[[WorkContext, Session, Payment, Attempt | None], None]
    told_all: Callable[[WorkContext, Session, Sequence[tuple[Payment, Attempt]]], None] | None = None


_keepers: dict[str, Keeper] = {}


def expects_payments(name: str, keeper: Keeper) -> None:
    """Ask `keeper` about order numbers nobody else knows. Naming it twice is once."""
    _keepers[name] = keeper


def tell(ctx: WorkContext, session: Session, payment: Payment, attempt: Attempt | None) -> None:
    """Let whoever expected this payment know of it."""
    for keeper in _keepers.values():
        keeper.told(ctx, session, payment, attempt)


def tell_all(ctx: WorkContext, session: Session, paid: Sequence[tuple[Payment, Attempt]]) -> None:
    """As `tell`, for many payments of charges that were made here and are paid now."""
    for keeper in _keepers.values():
        if keeper.told_all is not None:
            keeper.told_all(ctx, session, paid)
            continue
        for payment, attempt in paid:
            keeper.told(ctx, session, payment, attempt)


def open_promised(ctx: WorkContext, session: Session, merchant_uid: str) -> None:
    """Give a promised order number its charge and attempt, if it has none yet. The promise's row is locked first."""
    for keeper in _keepers.values():
        promise = keeper.find(session, merchant_uid)
        if promise is None:
            continue
        if session.scalar(select(Attempt.id).where(Attempt.merchant_uid == merchant_uid)) is None:
            _open(ctx, session, promise)
        return


def _open(ctx: WorkContext, session: Session, promise: Promise) -> None:
    key = session.get_one(BillingKey, promise.billing_key_id)
    now = ctx.now()
    charge = Charge(
        id=new_id("chg"), sheet_key=promise.key, body_hash=promise.key, kind=ChargeKind.SCHEDULED, mode=promise.mode,
        customer_id=promise.customer_id, billing_key_id=key.id, amount_krw=promise.amount_krw,
        tax_free_krw=promise.tax_free_krw, quota=0, name=promise.name or "-", memo=promise.memo,
        staff_id=promise.staff_id, created_at=now,
    )  # fmt: skip
    session.add(charge)
    session.flush()
    attempt = Attempt(
        id=new_id("att"), charge_id=charge.id, merchant_uid=promise.merchant_uid, customer_uid=promise.customer_uid,
        pg_id=key.pg_id, amount_krw=promise.amount_krw, state=AttemptState.READY, sends=0, absences=0, looks=0,
        late=False, refused=False, created_at=now,
    )  # fmt: skip
    session.add(attempt)
    session.flush()
    lines.open_line(session, attempt, charge, key)
    session.flush()
    attempt.state = advance(attempt.state, AttemptState.SENDING)
    attempt.sends, attempt.sent_at = 1, min(promise.at, now)
    attempt.lease_until = lease_now(session, ctx.clock) + LEASE
    session.flush()
    record(
        ctx, "charge.run_by_portone", ("charge", charge.id), customer_id=charge.customer_id, after=attempt.state.value,
        amount_krw=charge.amount_krw, merchant_uid=promise.merchant_uid,
    )  # fmt: skip
