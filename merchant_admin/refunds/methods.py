"""How money can be given back depends on how it was paid (reference 11.3). Checked before anything is sent."""

from datetime import datetime
from typing import Protocol

from flask_babel import lazy_gettext as _

from merchant_admin.core.errors import InvalidInput, RuleBroken
from merchant_admin.core.times import seoul_day
from merchant_admin.payments.states import PayMethod
from merchant_admin.portone.types import RefundAccount

# The PG's bank codes (reference section 21). JTNET belongs to the group with three digits.
BANKS = {
    "004": "KB국민은행", "088": "신한은행", "020": "우리은행", "081": "하나은행", "011": "농협", "003": "기업은행",
    "090": "카카오뱅크", "092": "토스뱅크", "089": "케이뱅크", "002": "산업은행", "007": "수협", "012": "축협",
    "023": "SC제일은행", "027": "한국씨티은행", "031": "대구은행", "032": "부산은행", "034": "광주은행",
    "035": "제주은행", "037": "전북은행", "039": "경남은행", "045": "새마을금고", "048": "신협", "071": "우체국",
    "209": "유안타증권", "218": "현대증권", "230": "미래에셋증권", "238": "대우증권", "240": "삼성증권",
    "243": "한국투자증권", "247": "우리투자증권", "261": "교보증권", "262": "하이투자증권", "263": "HMC증권",
    "264": "키움증권", "265": "이트레이드증권", "266": "SK증권", "267": "대신증권", "268": "솔로몬증권",
    "269": "한화증권",
    "270": "하나대투증권", "278": "굿모닝신한증권", "279": "동부증권", "280": "유진증권", "287": "메리츠증권",
    "289": "NH증권", "290": "부국증권",
}  # fmt: skip


class Paid(Protocol):
    """What of a payment the rules need."""

    @property
    def method(self) -> str | None: ...
    @property
    def amount_krw(self) -> int: ...
    @property
    def paid_at(self) -> datetime | None: ...


def is_out_of_month(payment: Paid, now: datetime) -> bool:
    """Whether a phone payment can't be given back any more: only in the same month, as Seoul counts it."""
    if payment.method != PayMethod.PHONE or payment.paid_at is None:
        return False
    paid, today = seoul_day(payment.paid_at), seoul_day(now)
    return (paid.year, paid.month) != (today.year, today.month)


def refuse_by_method(payment: Paid, amount_krw: int, account: RefundAccount | None, now: datetime) -> None:
    """Raises RuleBroken or InvalidInput for what the means of payment can't do; nothing was sent then."""
    if is_out_of_month(payment, now):
        raise RuleBroken(_("휴대폰 결제는 결제한 달 안에만 환불할 수 있습니다. 환불하지 않았습니다."))
    if payment.method == PayMethod.PHONE and amount_krw != payment.amount_krw:
        wrong = _("휴대폰 결제는 전액만 환불할 수 있습니다.")
        raise InvalidInput(wrong, {"amount_krw": wrong})
    if (payment.method == PayMethod.VBANK) != (account is not None):
        wrong = _("가상계좌로 받은 돈은 돌려받을 계좌를 적어야 환불할 수 있습니다.")
        raise InvalidInput(wrong, {"refund_account": wrong})
    if account is not None and account.bank_code not in BANKS:
        wrong = _("목록에서 하나를 골라 주세요.")
        raise InvalidInput(wrong, {"refund_bank": wrong})


def masked(account: RefundAccount) -> tuple[str, str, str]:
    """Bank, number and holder as they may be stored: the last four digits, the first sign of the name."""
    return account.bank_code, f"****{account.number[-4:]}", f"{account.holder[:1]}**"


def kept_account(account: RefundAccount | None) -> dict[str, str]:
    """The columns of a refund's row."""
    if account is None:
        return {}
    return dict(zip(("pay_back_bank", "pay_back_account", "pay_back_holder"), masked(account), strict=True))
