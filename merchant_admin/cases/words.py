"""What each kind of case means and what a person can do, in words for staff."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from merchant_admin.cases.states import CaseKind, Ending
from merchant_admin.web.filters import won


@dataclass(frozen=True)
class Explained:
    """One sentence of what is wrong and one of what to do."""

    what: LazyString
    todo: LazyString


_WORDS: dict[CaseKind, Explained] = {
    CaseKind.PAID_TWICE: Explained(
        _("한 번의 결제 요청으로 두 번 결제되었습니다. 고객의 돈이 두 번 빠져나갔습니다."),
        _("나중 결제를 환불하고 고객에게 알리세요."),
    ),
    CaseKind.MISMATCH: Explained(
        _("우리 주문번호로 된 결제가 요청한 금액, 카드 또는 모드와 다릅니다. 장부에는 있는 그대로 적었습니다."),
        _("포트원 콘솔에서 누가 만든 결제인지 확인하고, 잘못된 결제면 환불하세요."),
    ),
    CaseKind.WRONG_MID: Explained(
        _("결제가 요청한 것과 다른 가맹점 번호(MID)로 들어왔습니다. 정산이 다른 계약으로 갑니다."),
        _("결제 통로 설정과 포트원 채널을 비교하고, 필요하면 환불한 뒤 다시 결제하세요."),
    ),
    CaseKind.AMOUNT_CHANGED: Explained(
        _("포트원이 같은 거래의 금액을 전과 다르게 알려 왔습니다. 장부는 바꾸지 않았습니다."),
        _("포트원에 문의해 맞는 금액을 확인하세요."),
    ),
    CaseKind.TEST_IN_LIVE: Explained(
        _("실제 결제 모드인데 테스트 결제가 들어왔습니다. 돈은 움직이지 않았고 장부에 적지 않았습니다."),
        _("위조일 수 있습니다. 결제 통로 설정을 확인하고, 상품을 내주지 마세요."),
    ),
    CaseKind.HISTORY_DIFFERS: Explained(
        _("포트원의 취소 기록을 더한 값이 포트원이 말하는 취소 합계와 다릅니다."),
        _("포트원 콘솔의 취소 내역과 비교하세요. 짐작해서 고치지 않습니다."),
    ),
    CaseKind.CHARGE_ONLY: Explained(
        _("카드 등록 중에 결제만 되고 카드는 등록되지 않았습니다."),
        _("결제를 환불하거나 카드를 다시 등록하세요."),
    ),
    CaseKind.MISSING_HERE: Explained(
        _("포트원에는 있는 결제가 우리 기록에 없습니다."),
        _("다시 대조해도 남으면 포트원 콘솔에서 거래를 확인하세요."),
    ),
    CaseKind.MISSING_THERE: Explained(
        _("우리 기록에 있는 결제가 포트원의 그날 목록에 없습니다."),
        _("포트원 콘솔에서 거래번호를 찾아보고, 없으면 포트원에 문의하세요."),
    ),
    CaseKind.DIFFERS: Explained(
        _("같은 결제인데 포트원과 우리 기록의 상태나 금액이 다릅니다."),
        _("다시 대조해도 남으면 포트원 콘솔의 금액과 비교하세요."),
    ),
    CaseKind.BOOKS_DIFFER: Explained(
        _("우리 장부, 결제 기록, 일별 합계가 서로 맞지 않습니다."),
        _("결제를 멈추고 개발자에게 알리세요. 장부는 고치지 않습니다."),
    ),
    CaseKind.CLOSED_DAY_MOVED: Explained(
        _("마감한 날에 늦게 알려진 결제나 환불이 있습니다. 마감한 숫자는 그대로입니다."),
        _("달라진 금액을 다음 정산에 반영하고 여기에 적으세요."),
    ),
    CaseKind.DEPOSIT_DIFFERS: Explained(
        _("포트원은 가상계좌를 결제 완료라고 하지만 들어온 돈은 다릅니다. 장부에는 포트원의 결제 금액을 적었습니다."),
        _("상품을 내주기 전에 입금을 확인하세요. 모자라면 나머지를 새로 받고, 넘치면 차액을 환불하세요."),
    ),
    CaseKind.OTHER_ISSUER: Explained(
        _("고르지 못하게 한 카드사의 카드로 결제하거나 등록했습니다. 결제는 되었고 장부에 있습니다."),
        _("받아도 되는지 정하세요. 받을 수 없으면 환불하거나 카드를 지우고 다른 카드로 다시 받으세요."),
    ),
    CaseKind.UNKNOWN_CHANNEL: Explained(
        _("설정한 가맹점 번호(MID)가 포트원의 채널 목록에 없습니다."),
        _("포트원 콘솔에 채널을 추가하거나 설정의 MID를 고치세요."),
    ),
}


def explain(kind: CaseKind) -> Explained:
    """The words of a kind."""
    return _WORDS[kind]


_ENDINGS: dict[str, LazyString] = {
    Ending.SUMS_AGAIN: _("포트원의 취소 내역이 다시 합계와 맞아 저절로 끝났습니다."),
    Ending.CHANNEL_THERE: _("포트원의 채널 목록에 있어 저절로 끝났습니다."),
    Ending.BOOKS_AGREE: _("장부가 다시 맞아 저절로 끝났습니다."),
    Ending.FOUND_EQUAL: _("다시 맞추어 보니 같아 저절로 끝났습니다."),
}


def ending(resolution: str) -> str:
    """How a case ended: a rule's ending in the reader's language, a person's words as they were written."""
    return str(_ENDINGS.get(resolution, resolution))


_FACTS: dict[str, LazyString] = {
    "fields": _("요청과 다른 것"),
    "first": _("먼저 된 결제"),
    "asked_krw": _("요청한 금액"),
    "came_krw": _("들어온 금액"),
    "issuer": _("카드사"),
    "allowed": _("허용한 카드사"),
    "ours": _("우리 기록"),
    "theirs": _("포트원"),
    "entered_krw": _("취소 기록의 합"),
    "cancelled_krw": _("포트원의 취소 합계"),
    "off_krw": _("차이"),
    "purpose": _("쓰임"),
    "before_krw": _("마감 때 순매출"),
    "now_krw": _("지금 순매출"),
    "imp_uid": _("포트원 거래번호"),
}
_FIELDS: dict[str, LazyString] = {
    "amount": _("금액"), "currency": _("통화"), "customer_uid": _("빌링키"), "mode": _("테스트/실제 구분"),
    "pg_id": _("가맹점 번호(MID)"), "method": _("결제 방법"), "certified": _("인증결제"), "billing": _("정기결제"),
    "key_in": _("수기결제"), "second_billing": _("정기결제 · 옮겨 갈 통로"),
}  # fmt: skip


def facts_of(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """What the rule found, as labels and texts for the screen."""
    return [(str(_FACTS.get(name, name)), _text(name, value)) for name, value in facts.items() if value is not None]


def _text(name: str, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(_FIELDS.get(item, item)) for item in value)
    if name.endswith("_krw") and isinstance(value, int):
        return won(value)
    return str(_FIELDS.get(value, value))
