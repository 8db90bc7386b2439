"""Closing a charge by hand that PortOne was twice seen not to know: one asks, another agrees. Sends nothing.

If it turns out paid later, that is still recorded, as late.
"""

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.core.context import WorkContext
from merchant_admin.core.errors import NotFound, RuleBroken
from merchant_admin.doubts import service as doubts
from merchant_admin.doubts.models import HandClosing
from merchant_admin.doubts.states import DoubtKind
from merchant_admin.payments.looks import NEEDED_ABSENCES, abandon, locked
from merchant_admin.payments.models import Attempt
from merchant_admin.payments.states import AttemptState


def ask_closing(ctx: WorkContext, charge_id: str, reason: str, evidence: str) -> HandClosing:
    """Ask that a second person close the charge. Nothing changes yet.

    Raises RuleBroken without reason, evidence or the proof of absence; Conflict while one is asked for; NotFound.
    """
    with ctx.atomic() as session:
        _closable(session, charge_id)
        return doubts.ask_closing(ctx, session, (DoubtKind.CHARGE, charge_id), reason, evidence)


def agree_to_closing(ctx: WorkContext, charge_id: str, closing_id: str) -> None:
    """Close the charge, as a second person.

    Raises RuleBroken when the asker agrees, or the charge may not be closed any more; Conflict when it was decided
    before; NotFound.
    """
    with ctx.atomic() as session:
        attempt = _closable(session, charge_id)
        closing = doubts.agree(ctx, session, (DoubtKind.CHARGE, charge_id), closing_id)
        abandon(ctx, session, attempt, closing.reason)


def refuse_closing(ctx: WorkContext, charge_id: str, closing_id: str) -> None:
    """Refuse a closing, or take one's own back. Raises NotFound, Conflict."""
    with ctx.atomic() as session:
        doubts.refuse(ctx, session, (DoubtKind.CHARGE, charge_id), closing_id)


def _closable(session: Session, charge_id: str) -> Attempt:
    """The charge's newest attempt, locked: written down and never sent, or seen absent twice."""
    newest = select(Attempt.id).where(Attempt.charge_id == charge_id).order_by(Attempt.created_at.desc()).limit(1)
    attempt_id = session.scalars(newest).first()
    if attempt_id is None:
        raise NotFound(_("결제 요청을 찾을 수 없습니다."))
    attempt = locked(session, attempt_id)
    if attempt.state is AttemptState.UNCERTAIN and attempt.absences < NEEDED_ABSENCES:
        raise RuleBroken(
            _("아직 확인 중이라 끝낼 수 없습니다. 포트원에 기록이 없는지 두 번 확인한 뒤에 할 수 있습니다.")
        )
    if attempt.state not in {AttemptState.UNCERTAIN, AttemptState.READY}:
        raise RuleBroken(_("지금 상태에서는 끝낼 수 없는 결제입니다. 아무것도 바뀌지 않았습니다."))
    return attempt
