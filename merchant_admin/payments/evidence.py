"""Why the outcome of a charge is not known yet, in words for staff."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from merchant_admin.payments.states import Evidence, read_evidence

_WORDS: dict[Evidence, LazyString] = {
    Evidence.UNREACHABLE: _("포트원에 연결하지 못했습니다. 요청이 나가지 않았을 가능성이 큽니다."),
    Evidence.NO_ANSWER: _("요청은 보냈지만 포트원의 응답을 받지 못했습니다. 결제되었을 수 있습니다."),
    Evidence.REFUSED: _("포트원이 요청을 받지 않았습니다. 결제되지 않았을 가능성이 큽니다."),
    Evidence.MISMATCH: _("포트원에 있는 결제가 요청한 내용과 다릅니다."),
    Evidence.UNFINISHED: _("포트원이 결제를 시작했지만 아직 끝내지 않았습니다."),
    Evidence.OTHER_MODE: _("테스트와 실제 결제가 섞였습니다. 이 결제는 반영하지 않았습니다."),
    Evidence.AWAITING_DEPOSIT: _("가상계좌를 발급했고 고객의 입금을 기다립니다."),
    Evidence.HELD: _("포트원이 멈춘 동안 적어 둔 결제입니다. 아직 보내지 않았고 돈은 움직이지 않았습니다."),
    Evidence.LEASE_EXPIRED: _("보내던 중에 서버가 멈추었습니다. 결제되었을 수 있습니다."),
}

_FIELDS: dict[str, LazyString] = {
    "amount": _("금액"), "currency": _("통화"), "customer_uid": _("빌링키"), "mode": _("테스트/실제 구분"),
    "pg_id": _("가맹점 번호(MID)"), "merchant_uid": _("주문번호"),
}  # fmt: skip
_QUOTED = frozenset({Evidence.REFUSED, Evidence.MISMATCH, Evidence.UNFINISHED})  # other details are for the log


@dataclass(frozen=True)
class Explained:
    """A sentence, and PortOne's own words where there are any."""

    sentence: LazyString | str
    detail: str


def explain(text: str | None) -> Explained:
    """The kept evidence as a sentence for the screen."""
    word, detail = read_evidence(text)
    if word is Evidence.MISMATCH:
        detail = ", ".join(str(_FIELDS.get(name, name)) for name in detail.split(", "))
    return Explained(_WORDS[word] if word else _("결과를 아직 모릅니다."), detail if word in _QUOTED else "")
