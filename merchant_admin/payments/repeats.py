"""Repeats that were stopped: each is written into the timeline of the charge it would have repeated."""

from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.core.context import WorkContext
from merchant_admin.payments.models import Attempt, Charge
from merchant_admin.payments.states import OPEN

ACT = "charge.repeat_stopped"


class Stop(StrEnum):
    SAME_SHEET = "same_sheet"  # the very sheet came again: a second click, a reload, a lost answer
    OTHER_WISH = "other_wish"  # a used sheet came with another sum, card or name
    SAME_SUM = "same_sum"  # the same customer and sum within 24 hours, without the tick
    STILL_CHECKING = "still_checking"  # the outcome of the first is not known


def note(ctx: WorkContext, charge: Charge, stop: Stop) -> None:
    """Write one stopped repeat in the open write. Nothing was sent for it."""
    facts: dict[str, Any] = {"amount_krw": charge.amount_krw, "why": stop.value}
    record(ctx, ACT, ("charge", charge.id), customer_id=charge.customer_id, **facts)


def write(ctx: WorkContext, charge_id: object, stop: Stop) -> None:
    """Write one stopped repeat by itself, after the write that it stopped was rolled back."""
    with ctx.atomic() as session:
        charge = session.get(Charge, charge_id)
        if charge is None:
            return
        if stop is Stop.SAME_SUM and _is_open(session, charge.id):
            stop = Stop.STILL_CHECKING
        note(ctx, charge, stop)


def _is_open(session: Session, charge_id: str) -> bool:
    held = select(Attempt.id).where(Attempt.charge_id == charge_id, Attempt.state.in_(OPEN)).limit(1)
    return session.scalars(held).first() is not None
