"""The texts as they are shipped, and the variables each kind may use. Korean: they go to the merchant's customers.

A variable is written #{이름}, the way senders of Korean text messages write theirs. There is no logic in a text: a
variable is replaced by its value, once, and a value is never read again as a text.
"""

from dataclasses import dataclass

from merchant_admin.core.outgoing import Channel
from merchant_admin.notices.states import NoticeKind

_K = NoticeKind
COMMON = ("상호", "고객명", "상품명")
VARIABLES: dict[NoticeKind, tuple[str, ...]] = {
    _K.RENEWAL_SOON: (*COMMON, "금액", "결제일", "카드"),
    _K.CHARGED: (*COMMON, "금액", "결제일", "카드", "회차"),
    _K.FAILED: (*COMMON, "금액", "카드", "사유", "다음시도일"),
    _K.CARD_NEEDED: (*COMMON, "금액", "카드", "사유", "기한", "카드링크"),
    _K.PRICE_RISE: (*COMMON, "이전주기", "이전금액", "새주기", "새금액", "시행일", "기한", "동의링크"),
    _K.TRIAL_END: (*COMMON, "주기", "금액", "결제일", "기한", "동의링크"),
    _K.REFUNDED: (*COMMON, "환불금액", "환불일"),
    _K.ENDED_UNPAID: (*COMMON, "금액", "카드", "사유", "종료일"),
    _K.CARD_LINK: ("상호", "고객명", "카드", "기한", "카드링크"),
}
# The variable that is a link with a secret: put in at the moment of sending, and never into a subject.
LINK_VARIABLES: dict[NoticeKind, str] = {
    _K.PRICE_RISE: "동의링크", _K.TRIAL_END: "동의링크", _K.CARD_LINK: "카드링크", _K.CARD_NEEDED: "카드링크",
}  # fmt: skip
WORTHLESS_WITHOUT = frozenset({_K.CARD_LINK})  # the link is all that such a text is for
SAMPLES: dict[str, str] = {
    "상호": "온빛상점", "고객명": "김서연", "상품명": "원두 정기 배송", "금액": "18,500원",
    "결제일": "2026년 12월 23일(수)",
    "카드": "신한카드 4321", "회차": "3", "사유": "한도를 넘었습니다", "다음시도일": "2026년 12월 24일(목)",
    "기한": "2026년 12월 30일(수)", "이전금액": "18,500원", "새금액": "19,900원", "시행일": "2026년 12월 23일(수)",
    "환불금액": "5,000원", "환불일": "2026년 11월 23일(월)", "종료일": "2026년 12월 30일(수)",
    "이전주기": "매월", "새주기": "매월", "주기": "매월",
    "동의링크": "https://shop.example/consent/••••••••", "카드링크": "https://shop.example/register/••••••••",
}  # fmt: skip


@dataclass(frozen=True)
class Wording:
    """One text: version 0 is the shipped one. `subject` is empty where the channel has none."""

    kind: NoticeKind
    channel: Channel
    version: int
    is_on: bool
    subject: str
    body: str


_MAIL: dict[NoticeKind, tuple[str, str]] = {
    _K.RENEWAL_SOON: (
        "[#{상호}] #{결제일} 정기결제 안내",
        (
            "#{고객명}님, 안녕하세요.\n\n#{상품명} 정기결제가 곧 이루어집니다.\n\n"
            "- 결제일: #{결제일}\n- 금액: #{금액}\n- 카드: #{카드}\n\n"
            "카드를 바꾸거나 해지하시려면 결제일 전에 #{상호}로 연락해 주세요."
        ),
    ),
    _K.CHARGED: (
        "[#{상호}] #{상품명} #{금액} 결제 완료",
        (
            "#{고객명}님, 안녕하세요.\n\n#{상품명} #{회차}회차가 결제되었습니다.\n\n"
            "- 결제일: #{결제일}\n- 금액: #{금액}\n- 카드: #{카드}\n\n이용해 주셔서 감사합니다."
        ),
    ),
    _K.FAILED: (
        "[#{상호}] #{상품명} 결제가 되지 않았습니다",
        (
            "#{고객명}님, 안녕하세요.\n\n#{상품명} #{금액} 결제가 되지 않았습니다. 돈은 빠져나가지 않았습니다.\n\n"
            "- 카드: #{카드}\n- 사유: #{사유}\n- 다시 시도: #{다음시도일}\n\n카드의 한도나 잔액을 확인해 주세요."
        ),
    ),
    _K.CARD_NEEDED: (
        "[#{상호}] #{상품명} 카드를 바꿔 주세요",
        (
            "#{고객명}님, 안녕하세요.\n\n등록하신 카드로 #{상품명} #{금액}을 결제할 수 없습니다. "
            "돈은 빠져나가지 않았습니다.\n\n"
            "- 카드: #{카드}\n- 사유: #{사유}\n- 기한: #{기한}\n\n"
            "기한까지 새 카드를 등록해 주시면 계속 이용하실 수 있습니다.\n\n새 카드 등록: #{카드링크}"
        ),
    ),
    _K.PRICE_RISE: (
        "[#{상호}] #{상품명} 금액 변경 동의 요청",
        (
            "#{고객명}님, 안녕하세요.\n\n#{상품명}의 정기결제 금액이 바뀝니다.\n\n"
            "- 지금: #{이전주기} #{이전금액}\n- 바뀐 뒤: #{새주기} #{새금액}\n- 바뀌는 날: #{시행일}\n\n"
            "아래 링크에서 동의하거나 거절하실 수 있습니다(#{기한}까지, 한 번만).\n#{동의링크}\n\n"
            "동의하셔야 바뀐 금액으로 결제됩니다. 동의하지 않으시면 바뀐 금액으로 결제하지 않습니다. "
            "동의하신 뒤에도 바뀌는 날 전까지 #{상호}로 연락하시면 동의를 취소하거나 해지하실 수 있습니다."
        ),
    ),
    _K.TRIAL_END: (
        "[#{상호}] #{상품명} 무료 체험 종료와 유료 전환 동의 요청",
        (
            "#{고객명}님, 안녕하세요.\n\n#{상품명} 무료 체험이 끝나고 유료로 바뀝니다.\n\n"
            "- 첫 결제일: #{결제일}\n- 금액: #{주기} #{금액}\n\n"
            "아래 링크에서 동의하거나 거절하실 수 있습니다(#{기한}까지, 한 번만).\n#{동의링크}\n\n"
            "동의하셔야 결제됩니다. 동의하지 않으시면 결제하지 않습니다. "
            "동의하신 뒤에도 첫 결제일 전까지 #{상호}로 연락하시면 동의를 취소하거나 해지하실 수 있습니다."
        ),
    ),
    _K.REFUNDED: (
        "[#{상호}] #{환불금액} 환불 완료",
        (
            "#{고객명}님, 안녕하세요.\n\n#{상품명} #{환불금액}을 환불했습니다(#{환불일}).\n\n"
            "카드사에 따라 며칠 뒤에 취소 내역이 보일 수 있습니다."
        ),
    ),
    _K.ENDED_UNPAID: (
        "[#{상호}] #{상품명} 이용이 종료되었습니다",
        (
            "#{고객명}님, 안녕하세요.\n\n#{상품명} #{금액}이 결제되지 않아 #{종료일}에 정기결제가 끝났습니다. "
            "이 금액은 빠져나가지 않았고, 앞으로도 결제하지 않습니다.\n\n"
            "- 카드: #{카드}\n- 사유: #{사유}\n\n다시 이용하시려면 #{상호}로 연락해 주세요."
        ),
    ),
    _K.CARD_LINK: (
        "[#{상호}] 새 카드를 등록해 주세요",
        (
            "#{고객명}님, 안녕하세요.\n\n#{상호}에서 쓰실 카드를 아래 링크에서 새로 등록해 주세요. "
            "지금은 결제되지 않습니다.\n\n- 지금 카드: #{카드}\n- 기한: #{기한}\n\n#{카드링크}\n\n"
            "링크는 한 번만 쓸 수 있습니다. 다른 사람에게 전달하지 마세요."
        ),
    ),
}
_TEXT: dict[NoticeKind, str] = {
    _K.RENEWAL_SOON: "[#{상호}] #{고객명}님, #{결제일}에 #{상품명} #{금액}이 결제됩니다.",
    _K.CHARGED: "[#{상호}] #{고객명}님, #{상품명} #{금액} 결제 완료(#{카드}).",
    _K.FAILED: "[#{상호}] #{고객명}님, #{상품명} #{금액} 결제가 되지 않았습니다. #{다음시도일}에 다시 시도합니다.",
    _K.CARD_NEEDED: (
        "[#{상호}] #{고객명}님, #{기한}까지 #{상품명} 카드를 바꿔 주세요. 돈은 안 빠졌습니다. 새 카드 등록: #{카드링크}"
    ),
    _K.PRICE_RISE: (
        "[#{상호}] #{고객명}님, #{시행일}부터 #{상품명} 결제가 #{이전주기} #{이전금액}에서 "
        "#{새주기} #{새금액}으로 바뀝니다. 동의하셔야 바뀐 금액으로 결제됩니다. #{동의링크}"
    ),
    _K.TRIAL_END: (
        "[#{상호}] #{고객명}님, #{상품명} 체험이 끝나고 #{결제일}부터 #{주기} #{금액}이 결제됩니다. "
        "동의하셔야 결제됩니다. #{동의링크}"
    ),
    _K.REFUNDED: "[#{상호}] #{고객명}님, #{상품명} #{환불금액}을 환불했습니다.",
    _K.ENDED_UNPAID: (
        "[#{상호}] #{고객명}님, #{상품명} #{금액}이 결제되지 않아 이용이 끝났습니다. 돈은 빠져나가지 않았습니다."
    ),
    _K.CARD_LINK: "[#{상호}] #{고객명}님, 새 카드를 등록해 주세요. 지금은 결제되지 않습니다. #{카드링크} (#{기한}까지)",
}


def shipped(kind: NoticeKind, channel: Channel) -> Wording:
    """The text of this kind as it came with the product."""
    subject, body = _MAIL[kind] if channel is Channel.EMAIL else ("", _TEXT[kind])
    return Wording(kind, channel, 0, is_on=True, subject=subject, body=body)
