"""What reservations are called on screen."""

from dataclasses import dataclass

from flask_babel import gettext as _

from merchant_admin.schedules.queries import Tab
from merchant_admin.schedules.states import Evidence, read_evidence


@dataclass(frozen=True)
class Explained:
    """Why a reservation is not as it should be, and what PortOne said."""

    sentence: str
    detail: str


def tab_word(tab: Tab) -> str:
    words: dict[Tab, str] = {
        Tab.COMING: _("예정"), Tab.CHECKING: _("확인 중"), Tab.PAID: _("결제 완료"), Tab.FAILED: _("실패"),
        Tab.REVOKED: _("취소·없음"), Tab.ALL: _("전체"),
    }  # fmt: skip
    return words[tab]


def explain(text: str | None) -> Explained:
    """The kept evidence as a sentence."""
    evidence, detail = read_evidence(text)
    words: dict[Evidence | None, str] = {
        None: "",
        Evidence.NO_ANSWER: _("포트원에 보냈지만 답을 받지 못했습니다."),
        Evidence.UNREACHABLE: _("포트원에 연결되지 않아 보내지 못했습니다."),
        Evidence.REFUSED: _("포트원이 거절했습니다."),
        Evidence.LEASE_EXPIRED: _("보내던 중에 처리가 끊겼습니다."),
        Evidence.MISMATCH: _("포트원에 같은 주문번호의 다른 예약이 있습니다. 포트원 콘솔에서 확인하세요."),
        Evidence.STILL_HELD: _("취소를 요청했지만 포트원에 예약이 그대로 있습니다."),
        Evidence.NOT_MOVED: _("시각을 바꾸려 했지만 포트원의 예약 시각은 그대로입니다."),
        Evidence.NOT_AGAIN: _("포트원의 예약이 그대로이고, 이 예약으로는 결제되지 않습니다."),
        Evidence.OVERDUE: _("예약 시각이 지났지만 포트원이 아직 실행하지 않았습니다. 계속 확인합니다."),
    }
    return Explained(words[evidence], detail)
