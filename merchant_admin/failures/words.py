"""What a raw text is taken to mean without anyone's word, and what each class says to staff and to the customer."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from merchant_admin.failures.states import FailureClass

_LONG_NUMBER = re.compile(r"\d{5,}")  # order numbers, instants, amounts: what changes from one failure to the next
PATTERN_MOST = 256


@dataclass(frozen=True)
class Reading:
    """What happened, what staff can do, and what may be told to the customer."""

    failure_class: FailureClass
    title: LazyString
    advice: LazyString
    to_customer: LazyString


READINGS: dict[FailureClass, Reading] = {
    FailureClass.BALANCE: Reading(
        FailureClass.BALANCE,
        _("잔액이 부족합니다."),
        _("고객에게 알리고, 잔액을 채운 뒤 다시 결제하거나 다른 카드로 결제하세요."),
        _("카드에 연결된 계좌의 잔액이 부족해 결제되지 않았습니다. 잔액을 채우고 알려 주시거나 다른 카드를 써 주세요."),
    ),
    FailureClass.LIMIT: Reading(
        FailureClass.LIMIT,
        _("카드 한도를 넘었습니다."),
        _("고객이 한도를 확인한 뒤 다시 결제하거나 다른 카드로 결제하세요."),
        _("카드 한도를 넘어 결제되지 않았습니다. 카드사에 한도를 확인하시거나 다른 카드를 이용해 주세요."),
    ),
    FailureClass.LOST_OR_STOPPED: Reading(
        FailureClass.LOST_OR_STOPPED,
        _("정지되었거나 분실 신고된 카드입니다."),
        _("이 카드로는 다시 시도하지 마세요. 고객 본인에게 확인하고 다른 카드를 등록받으세요."),
        _("카드사에서 사용을 막아 둔 카드라 결제되지 않았습니다. 카드사에 확인하시거나 다른 카드를 등록해 주세요."),
    ),
    FailureClass.EXPIRED: Reading(
        FailureClass.EXPIRED,
        _("유효기간이 지난 카드입니다."),
        _("새 카드를 등록받아야 합니다."),
        _("등록된 카드의 유효기간이 지나 결제되지 않았습니다. 새로 받으신 카드를 등록해 주세요."),
    ),
    FailureClass.WRONG_DATA: Reading(
        FailureClass.WRONG_DATA,
        _("카드사가 이 요청의 정보를 받지 않았습니다."),
        _("카드가 재발급되었거나 금액·할부가 조건에 맞지 않을 수 있습니다. 카드를 다시 등록받거나 조건을 바꾸세요."),
        _("등록된 카드 정보가 카드사의 정보와 맞지 않아 결제되지 않았습니다. 카드를 다시 등록해 주세요."),
    ),
    FailureClass.ISSUER_DOWN: Reading(
        FailureClass.ISSUER_DOWN,
        _("카드사가 지금 응답하지 않습니다."),
        _("카드사 점검이 끝난 뒤 다시 결제하세요. 보통 몇 분에서 몇 시간입니다."),
        _("카드사 점검으로 결제되지 않았습니다. 잠시 뒤 저희가 다시 결제하겠습니다. 따로 하실 일은 없습니다."),
    ),
    FailureClass.SYSTEM: Reading(
        FailureClass.SYSTEM,
        _("PG나 포트원에서 오류가 났습니다."),
        _("고객의 카드 탓이 아닙니다. 잠시 뒤 다시 결제하고, 되풀이되면 PG에 문의하세요."),
        _("결제 시스템 오류로 결제되지 않았습니다. 카드에는 문제가 없습니다. 잠시 뒤 다시 결제하겠습니다."),
    ),
    FailureClass.UNKNOWN: Reading(
        FailureClass.UNKNOWN,
        _("카드사가 결제를 거절했습니다."),
        _("카드사가 보낸 글을 고객에게 알리고, 다른 카드로 결제하세요."),
        _("카드사가 결제를 거절했습니다. 카드사에 이유를 확인하시거나 다른 카드를 이용해 주세요."),
    ),
}  # fmt: skip

# In this order: "한도" inside "1회 한도금액 초과" is a limit, and "정지" wins over "카드번호".
_SIGNS = (
    (FailureClass.BALANCE, r"잔액|잔고|balance|insufficient"),
    (FailureClass.LOST_OR_STOPPED, r"분실|도난|lost|stolen"),
    (FailureClass.EXPIRED, r"유효기간\s*(경과|만료|지난)|만료된|기간\s*경과|expired"),
    (FailureClass.WRONG_DATA, r"할부|install?ment"),
    (FailureClass.LIMIT, r"한도|limit"),
    (FailureClass.LOST_OR_STOPPED, r"정지|중지|해지|탈회|suspended|stopped"),
    (FailureClass.WRONG_DATA, r"빌링키|빌키|customer_uid|billing\s*key"),
    (FailureClass.WRONG_DATA, r"카드번호|유효기간|비밀번호|생년월일|사업자번호|card\s*number|invalid\s*card"),
    (FailureClass.ISSUER_DOWN, r"점검|카드사\s*(장애|응답)|응답\s*(지연|없음)|issuer"),
    (FailureClass.SYSTEM, r"시스템\s*(오류|장애)|장애|통신|timeout|unavailable|error|오류"),
    (FailureClass.WRONG_DATA, r"금액|amount"),
)
_PATTERNS = tuple((found, re.compile(sign, re.IGNORECASE)) for found, sign in _SIGNS)


def built_in(text: str | None) -> FailureClass:
    """The class a text's signs tell of; UNKNOWN for one that nobody has met yet."""
    return next((found for found, pattern in _PATTERNS if pattern.search(text or "")), FailureClass.UNKNOWN)


def pattern_of(text: str | None) -> str:
    """The text by which failures are told apart: one spelling, one spacing, long numbers taken out."""
    plain = " ".join(unicodedata.normalize("NFC", text or "").split())
    return _LONG_NUMBER.sub("#", plain)[:PATTERN_MOST]


def id_of(pattern: str) -> str:
    """The name of a pattern in addresses, the same wherever it is made."""
    return f"fwd_{hashlib.sha256(pattern.encode()).hexdigest()[:24]}"
