"""What happens next by itself with a charge whose outcome is not known, in one sentence for staff."""

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from merchant_admin.payments.details import AttemptRow
from merchant_admin.payments.states import MAX_SENDS, SENT_ONCE, AttemptState, ChargeKind, Evidence, read_evidence

_PRESENT = frozenset({Evidence.MISMATCH, Evidence.UNFINISHED, Evidence.OTHER_MODE})
_BEFORE: dict[AttemptState, LazyString] = {
    AttemptState.READY: _("아직 보내지 않았습니다. 저절로 보내지 않습니다. 사람이 보내거나 끝냅니다."),
    AttemptState.SENDING: _("응답을 기다립니다. 응답이 오지 않으면 저절로 확인하기 시작합니다."),
}
_HELD = _("포트원이 다시 답하면 적어 둔 차례대로 저절로 보냅니다. 하루가 지나면 저절로 보내지 않고 사람이 정합니다.")
_DEPOSIT = _("입금을 저절로 확인합니다. 은행이 늦게 알려 올 수 있어 기한이 지난 뒤에도 사흘 동안 더 확인합니다.")
_WATCHED = _("포트원에 있는 것이 바뀌는지 저절로 계속 확인합니다. 다시 보내지 않습니다.")
_CLOSES_ITSELF = _("저절로 확인합니다. 1분 이상 사이를 두고 두 번 없으면 결제하지 않은 것으로 저절로 닫습니다.")
_BY_ABSENCES = (
    _("저절로 확인합니다. 보낸 지 3분이 지난 뒤 두 번 없어야 없는 것으로 칩니다."),
    _("한 번 없었습니다. 1분 뒤에 한 번 더 확인해 그때도 없으면 없는 것으로 칩니다."),
    _("두 번 없었습니다. 저절로 다시 보내지 않습니다. 한 시간마다 계속 확인하고, 보낼지 끝낼지는 사람이 정합니다."),
)


def of_attempt(attempt: AttemptRow, kind: ChargeKind) -> LazyString | str:
    """The sentence; empty for a charge that is settled. When it happens stands beside it."""
    last = is_last(kind, attempt.sends, is_refused=attempt.refused)
    return next_step(attempt.state, attempt.absences, attempt.evidence, closes_itself=last)


def is_last(kind: ChargeKind, sends: int, *, is_refused: bool) -> bool:
    """Whether nobody would send it again."""
    return kind in SENT_ONCE or is_refused or sends >= MAX_SENDS


def next_step(state: AttemptState, absences: int, evidence: str | None, *, closes_itself: bool) -> LazyString | str:
    """As `of_attempt`, from its parts. `closes_itself`: nobody would send it again, so two absences close it."""
    if state is AttemptState.READY and read_evidence(evidence)[0] is Evidence.HELD:
        return _HELD
    if state is not AttemptState.UNCERTAIN:
        return _BEFORE.get(state, "")
    if read_evidence(evidence)[0] is Evidence.AWAITING_DEPOSIT:
        return _DEPOSIT
    if read_evidence(evidence)[0] in _PRESENT:
        return _WATCHED
    return _CLOSES_ITSELF if closes_itself else _BY_ABSENCES[min(absences, 2)]
