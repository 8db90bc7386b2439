"""What a look at an uncertain charge found, written down for the people who wait for it."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from merchant_admin.core.context import WorkContext
from merchant_admin.core.errors import GatewayError
from merchant_admin.doubts.queries import looks_at
from merchant_admin.doubts.service import note_look
from merchant_admin.doubts.states import DoubtKind, LookAnswer
from merchant_admin.payments.models import Attempt
from merchant_admin.payments.states import AttemptState, Evidence
from merchant_admin.portone.types import Transaction

_ENDED = {AttemptState.PAID: LookAnswer.DONE, AttemptState.DECLINED: LookAnswer.NOT_DONE}


def note(
    ctx: WorkContext, session: Session, attempt: Attempt, found: Sequence[Transaction], absences_before: int
) -> None:
    """Write down a look that was made while the attempt was uncertain. An awaited deposit is no doubt."""
    if attempt.state is AttemptState.UNCERTAIN and attempt.evidence == Evidence.AWAITING_DEPOSIT.value:
        return
    subject = (DoubtKind.CHARGE, attempt.charge_id)
    note_look(ctx, session, subject, _answer(attempt, found, absences_before), _said(found))


def note_unread(ctx: WorkContext, session: Session, attempt: Attempt, wrong: GatewayError) -> None:
    """Write down that PortOne could not be asked: once for as long as that goes on."""
    last = looks_at(session, attempt.charge_id, limit=1)
    if not last or last[0].answer is not LookAnswer.UNREAD:
        note_look(ctx, session, (DoubtKind.CHARGE, attempt.charge_id), LookAnswer.UNREAD, type(wrong).__name__)


def _answer(attempt: Attempt, found: Sequence[Transaction], absences_before: int) -> LookAnswer:
    if attempt.state in _ENDED:
        return _ENDED[attempt.state]
    if attempt.absences > absences_before or (attempt.absences and attempt.absences == absences_before):
        return LookAnswer.ABSENT
    return LookAnswer.UNFINISHED if found else LookAnswer.NOTHING


def _said(found: Sequence[Transaction]) -> str:
    return ", ".join(f"{row.status.value} {row.imp_uid}" for row in found[:3])
