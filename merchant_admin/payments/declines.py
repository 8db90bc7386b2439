"""Why a card was refused, in words staff can act on.

PortOne hands on the PG's text and no code of its own. The text is read here to choose a sentence for the screen and
nothing else: no rule depends on it, and it is always shown beside the sentence as it came.
"""

import re
from dataclasses import dataclass

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString


@dataclass(frozen=True)
class Decline:
    """One class of refusal: what happened, and what a person can do about it."""

    word: str
    title: LazyString
    advice: LazyString


BALANCE = Decline(
    "balance", _("잔액이 부족합니다."), _("고객에게 알리고, 잔액을 채운 뒤 다시 결제하거나 다른 카드로 결제하세요.")
)
LIMIT = Decline(
    "limit", _("카드 한도를 넘었습니다."), _("고객이 한도를 확인한 뒤 다시 결제하거나 다른 카드로 결제하세요.")
)
STOPPED = Decline(
    "stopped", _("거래가 정지된 카드입니다."), _("이 카드로는 다시 시도하지 마세요. 다른 카드를 등록받으세요.")
)
EXPIRED = Decline("expired", _("유효기간이 지난 카드입니다."), _("새 카드를 등록받아야 합니다."))
LOST = Decline(
    "lost", _("분실 또는 도난 신고된 카드입니다."), _("이 카드로는 다시 시도하지 마세요. 고객 본인에게 확인하세요.")
)
WRONG_CARD = Decline(
    "wrong_card", _("카드 정보가 맞지 않습니다."), _("카드가 재발급되었을 수 있습니다. 카드를 다시 등록받으세요.")
)
NO_KEY = Decline(
    "no_key", _("포트원에 이 빌링키가 없습니다."), _("빌링키가 다른 곳에서 삭제되었습니다. 카드를 다시 등록받으세요.")
)
ISSUER_DOWN = Decline(
    "issuer_down",
    _("카드사가 지금 응답하지 않습니다."),
    _("카드사 점검이 끝난 뒤 다시 결제하세요. 보통 몇 분에서 몇 시간입니다."),
)
INSTALMENT = Decline("instalment", _("이 카드로는 할부를 쓸 수 없습니다."), _("일시불로 다시 결제하세요."))
AMOUNT = Decline(
    "amount",
    _("카드사가 이 금액을 받지 않습니다."),
    _("카드사의 최소·최대 결제 금액을 확인하고 금액을 바꾸어 결제하세요."),
)
UNKNOWN = Decline(
    "unknown", _("카드사가 결제를 거절했습니다."), _("아래의 카드사 응답을 고객에게 알리고, 다른 카드로 결제하세요.")
)

# In this order: "한도" inside "1회 한도금액 초과" is a limit, and "정지" wins over "카드번호".
_SIGNS = (
    (BALANCE, r"잔액|잔고|balance|insufficient"),
    (LOST, r"분실|도난|lost|stolen"),
    (EXPIRED, r"유효기간\s*(경과|만료|지난)|만료된|기간\s*경과|expired"),
    (INSTALMENT, r"할부|install?ment"),
    (LIMIT, r"한도|limit"),
    (STOPPED, r"정지|중지|해지|탈회|suspended|stopped"),
    (NO_KEY, r"빌링키|빌키|customer_uid|billing\s*key"),
    (WRONG_CARD, r"카드번호|유효기간|비밀번호|생년월일|사업자번호|card\s*number|invalid\s*card"),
    (ISSUER_DOWN, r"점검|장애|응답\s*(지연|없음)|시스템\s*오류|timeout|unavailable"),
    (AMOUNT, r"금액|amount"),
)
_PATTERNS = tuple((decline, re.compile(pattern, re.IGNORECASE)) for decline, pattern in _SIGNS)


def explain(text: str | None) -> Decline:
    """The class of refusal a PG's text tells of; UNKNOWN for a text nobody has met yet."""
    return next((decline for decline, pattern in _PATTERNS if pattern.search(text or "")), UNKNOWN)
