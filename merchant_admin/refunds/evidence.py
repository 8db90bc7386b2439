"""Why a refund is uncertain or was refused: stored as a word with figures, read in the reader's own language."""

from enum import StrEnum

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

_MOVED = "balance_moved"
_SAID = "said"


class Evidence(StrEnum):
    NO_ANSWER = "no_answer"
    SENDER_VANISHED = "sender_vanished"
    OTHER_PAYMENT = "other_payment"
    NOT_SHOWN = "not_shown"
    UNKNOWN_PAYMENT = "unknown_payment"
    NEVER_ARRIVED = "never_arrived"
    NEVER_ARRIVED_ONCE = "never_arrived_once"
    NOT_SENT = "not_sent"
    CLOSED_BY_HAND = "closed_by_hand"


_WORDS: dict[str, LazyString] = {
    Evidence.NO_ANSWER: _("요청을 보냈지만 포트원의 답을 받지 못했습니다."),
    Evidence.SENDER_VANISHED: _("요청을 보내던 서버가 멈췄습니다. 요청이 나갔을 수 있습니다."),
    Evidence.OTHER_PAYMENT: _("포트원의 답이 다른 결제를 가리킵니다."),
    Evidence.NOT_SHOWN: _("포트원의 답에 이 환불이 아직 보이지 않습니다."),
    Evidence.UNKNOWN_PAYMENT: _("포트원에서 이 결제를 찾지 못했습니다."),
    Evidence.NEVER_ARRIVED: _("세 번 보냈지만 포트원에 기록되지 않았습니다. 환불되지 않았습니다."),
    Evidence.NEVER_ARRIVED_ONCE: _(
        "요청이 포트원에 기록되지 않았습니다. 환불되지 않았습니다. 계좌 정보를 보관하지 않으므로 다시 적어 환불하세요."
    ),
    Evidence.NOT_SENT: _("포트원에 연결하지 못해 보내지 않았습니다. 환불되지 않았습니다."),
    Evidence.CLOSED_BY_HAND: _("두 사람이 환불되지 않은 것을 확인하고 끝냈습니다."),
}


def balance_moved(before_krw: int, after_krw: int) -> str:
    """The balance was another one when PortOne was asked: somebody gave money back first."""
    return f"{_MOVED} {before_krw} {after_krw}"


def said(words: str) -> str:
    """PortOne's or the PG's own words, kept as they came."""
    return f"{_SAID} {words}"[:256]


def explain(evidence: str | None) -> LazyString | str:
    """The sentence for what a refund row holds; empty if it holds nothing."""
    word, _space, rest = (evidence or "").partition(" ")
    if word == _MOVED:
        before, after = (f"{int(part):,}" for part in rest.split())
        return _(
            "남은 금액이 %(before)s원에서 %(after)s원으로 바뀌어 있어 환불하지 않았습니다. "
            "다른 환불이 먼저 처리되었습니다.",
            before=before,
            after=after,
        )
    return rest if word == _SAID else _WORDS.get(word, evidence or "")
