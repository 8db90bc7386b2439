"""Closing a refund by hand that can't be settled by reading: one asks, another agrees. Sends nothing.

If PortOne shows it later, it is still recorded as done; until then a new refund sends the balance it believes in, so
that PortOne refuses it if this one came through after all.
"""

from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from merchant_admin.core.context import WorkContext
from merchant_admin.core.db import lease_now
from merchant_admin.core.errors import RuleBroken
from merchant_admin.doubts import service as doubts
from merchant_admin.doubts.models import HandClosing
from merchant_admin.doubts.states import DoubtKind
from merchant_admin.refunds.models import Refund
from merchant_admin.refunds.settling import SETTLE, close_by_hand, locked
from merchant_admin.refunds.states import RefundState


def ask_closing(ctx: WorkContext, refund_id: str, reason: str, evidence: str) -> HandClosing:
    """Ask that a second person close the refund. Nothing changes yet.

    Raises RuleBroken without reason or evidence, or while it may still be on its way; Conflict while one is asked
    for; NotFound.
    """
    with ctx.atomic() as session:
        _closable(ctx, session, refund_id)
        return doubts.ask_closing(ctx, session, (DoubtKind.REFUND, refund_id), reason, evidence)


def agree_to_closing(ctx: WorkContext, refund_id: str, closing_id: str) -> None:
    """Close the refund as not made, as a second person. Raises RuleBroken, Conflict, NotFound."""
    with ctx.atomic() as session:
        refund = _closable(ctx, session, refund_id)
        doubts.agree(ctx, session, (DoubtKind.REFUND, refund_id), closing_id)
        close_by_hand(ctx, session, refund)


def refuse_closing(ctx: WorkContext, refund_id: str, closing_id: str) -> None:
    """Refuse a closing, or take one's own back. Raises NotFound, Conflict."""
    with ctx.atomic() as session:
        doubts.refuse(ctx, session, (DoubtKind.REFUND, refund_id), closing_id)


def _closable(ctx: WorkContext, session: Session, refund_id: str) -> Refund:
    """The refund, locked: never sent, or sent so long ago that nothing of it is on its way."""
    refund = locked(session, refund_id)
    if refund.state not in {RefundState.UNCERTAIN, RefundState.READY}:
        raise RuleBroken(_("지금 상태에서는 끝낼 수 없는 환불입니다. 아무것도 바뀌지 않았습니다."))
    if refund.sent_at is not None and lease_now(session, ctx.clock) - refund.sent_at < SETTLE:
        raise RuleBroken(_("보낸 지 3분이 지나지 않아 아직 끝낼 수 없습니다. 아무것도 바뀌지 않았습니다."))
    return refund
