"""Writing a look down, and asking for, agreeing to or refusing a closing by hand: all inside an open write."""

from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.core.context import ActorKind, WorkContext
from merchant_admin.core.errors import Conflict, NotFound, RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.doubts.models import HandClosing, Look
from merchant_admin.doubts.states import ClosingState, DoubtKind, LookAnswer

REASON_MOST, EVIDENCE_MOST = 200, 1000

_ASKED = {DoubtKind.CHARGE: "charge.closing_asked", DoubtKind.REFUND: "refund.closing_asked"}
_AGREED = {DoubtKind.CHARGE: "charge.closing_agreed", DoubtKind.REFUND: "refund.closing_agreed"}
_OVERTAKEN = {DoubtKind.CHARGE: "charge.closing_overtaken", DoubtKind.REFUND: "refund.closing_overtaken"}
_REFUSED = {DoubtKind.CHARGE: "charge.closing_refused", DoubtKind.REFUND: "refund.closing_refused"}


def note_look(
    ctx: WorkContext, session: Session, subject: tuple[DoubtKind, str], answer: LookAnswer, detail: object = None
) -> None:
    """Write one look down, in the commit of what it changed."""
    kind, subject_id = subject
    session.add(
        Look(
            id=new_id("lok"), kind=kind, subject_id=subject_id, at=ctx.now(), answer=answer,
            detail=str(detail or "")[:120],
            actor_name=ctx.actor.name[:80] if ctx.actor.kind is ActorKind.STAFF else "",
        )
    )  # fmt: skip


def ask_closing(
    ctx: WorkContext, session: Session, subject: tuple[DoubtKind, str], reason: str, evidence: str
) -> HandClosing:
    """Ask that a second person close this by hand. The caller holds the subject's lock and saw that it may be closed.

    Raises RuleBroken without a reason, without evidence or when no staff member asks; Conflict while another asks.
    """
    kind, subject_id = subject
    staff_id = _staff(ctx)
    if not reason.strip():
        raise RuleBroken(_("끝내는 이유를 적으십시오. 아무것도 바뀌지 않았습니다."))
    if not evidence.strip():
        raise RuleBroken(_("무엇을 확인했는지 적으십시오. 아무것도 바뀌지 않았습니다."))
    if session.scalars(_asked(kind, subject_id)).first() is not None:
        raise Conflict(_("이미 승인을 기다리고 있습니다. 새로 요청하지 않았습니다."))
    closing = HandClosing(
        id=new_id("cls"), kind=kind, subject_id=subject_id, reason=reason.strip()[:REASON_MOST],
        evidence=evidence.strip()[:EVIDENCE_MOST], state=ClosingState.ASKED, asked_by=staff_id, asked_at=ctx.now(),
    )  # fmt: skip
    session.add(closing)
    session.flush()
    record(
        ctx,
        _ASKED[kind],
        (kind.value, subject_id),
        reason=closing.reason,
        closing=closing.id,
        evidence=closing.evidence,
    )
    return closing


def agree(ctx: WorkContext, session: Session, subject: tuple[DoubtKind, str], closing_id: str) -> HandClosing:
    """Agree to a closing, as a second person; the caller then closes its subject in the same commit.

    Raises NotFound, Conflict when it was decided before, RuleBroken when the asker agrees to their own.
    """
    closing = _open(session, subject, closing_id)
    staff_id = _staff(ctx)
    if staff_id == closing.asked_by:
        raise RuleBroken(_("요청한 사람은 스스로 승인할 수 없습니다. 다른 직원이 승인해야 합니다."))
    _decide(ctx, session, closing, ClosingState.AGREED, staff_id)
    record(
        ctx, _AGREED[closing.kind], (closing.kind.value, closing.subject_id), reason=closing.reason, closing=closing.id
    )
    return closing


def refuse(ctx: WorkContext, session: Session, subject: tuple[DoubtKind, str], closing_id: str) -> HandClosing:
    """Refuse a closing, or take one's own back. Nothing else changes. Raises NotFound, Conflict."""
    closing = _open(session, subject, closing_id)
    _decide(ctx, session, closing, ClosingState.REFUSED, _staff(ctx))
    record(
        ctx, _REFUSED[closing.kind], (closing.kind.value, closing.subject_id), reason=closing.reason, closing=closing.id
    )
    return closing


def overtake(ctx: WorkContext, session: Session, kind: DoubtKind, subject_id: str) -> bool:
    """End a closing that nobody decided, in the write that made it pointless. False if none was asked for."""
    closing = session.scalars(_asked(kind, subject_id).with_for_update()).first()
    if closing is None:
        return False
    closing.state, closing.decided_at = ClosingState.OVERTAKEN, ctx.now()
    session.flush()
    record(ctx, _OVERTAKEN[kind], (kind.value, subject_id), closing=closing.id)
    return True


def _asked(kind: DoubtKind, subject_id: str) -> Any:
    return select(HandClosing).where(
        HandClosing.kind == kind, HandClosing.subject_id == subject_id, HandClosing.state == ClosingState.ASKED
    )


def _open(session: Session, subject: tuple[DoubtKind, str], closing_id: str) -> HandClosing:
    closing = session.get(HandClosing, closing_id, with_for_update=True, populate_existing=True)
    if closing is None or (closing.kind, closing.subject_id) != subject:
        raise NotFound(_("승인 요청을 찾을 수 없습니다."))
    if closing.state is not ClosingState.ASKED:
        raise Conflict(_("이미 처리된 승인 요청입니다. 아무것도 바뀌지 않았습니다."))
    return closing


def _decide(ctx: WorkContext, session: Session, closing: HandClosing, to: ClosingState, staff_id: str) -> None:
    closing.state, closing.decided_by, closing.decided_at = to, staff_id, ctx.now()
    session.flush()


def _staff(ctx: WorkContext) -> str:
    if ctx.actor.kind is not ActorKind.STAFF or ctx.actor.id is None:
        raise RuleBroken(_("직원만 할 수 있는 일입니다. 아무것도 바뀌지 않았습니다."))
    return ctx.actor.id
