"""The refund form, read twice: for the confirm sheet, and when that is sent."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _

from merchant_admin.doubts.service import EVIDENCE_MOST
from merchant_admin.portone.types import RefundAccount
from merchant_admin.refunds.methods import BANKS
from merchant_admin.refunds.service import REASON_MOST, RefundSheet
from merchant_admin.refunds.states import RefundReason
from merchant_admin.web.forms import FormReader


@dataclass(frozen=True)
class RefundForm:
    """The reader for redrawing, and the sheet if everything in it can be used."""

    form: FormReader
    sheet: RefundSheet | None

    @classmethod
    def read(cls, data: Mapping[str, str], payment_id: str, *, asks_account: bool = False) -> "RefundForm":
        """Amounts are checked against the balance the form was drawn with; whether that still holds is the rules'."""
        form = FormReader(data)
        key = form.line("sheet_key", most=40, required=True)
        remaining = form.won("remaining_krw")
        amount = form.won("amount_krw")
        tax_free = form.won("tax_free_krw", least=0, required=False) or 0
        reason = form.choice("reason_code", RefundReason)
        text = form.line("reason_text", most=REASON_MOST)
        if amount and remaining and amount > remaining:
            form.refuse("amount_krw", _("남은 금액 ₩%(left)s까지 환불할 수 있습니다.", left=f"{remaining:,}"))
        if amount and tax_free > amount:
            form.refuse("tax_free_krw", _("면세 금액은 환불 금액보다 클 수 없습니다."))
        if reason is RefundReason.OTHER and not text:
            form.refuse("reason_text", _("기타를 고르면 사유를 적어야 합니다."))
        account = _account(form) if asks_account else None
        if not form.is_valid or amount is None or remaining is None or reason is None:
            return cls(form, None)
        return cls(form, RefundSheet(key, payment_id, amount, tax_free, remaining, reason, text, account))


def _account(form: FormReader) -> RefundAccount:
    """Where the money goes back to: passed on to PortOne, never stored whole."""
    bank = form.line("refund_bank", most=3, required=True)
    if bank and bank not in BANKS:
        form.refuse("refund_bank", _("목록에서 하나를 골라 주세요."))
    return RefundAccount(bank, form.account("refund_account"), form.line("refund_holder", most=16, required=True))


def read_closing(data: Mapping[str, str]) -> tuple[FormReader, str, str]:
    """Why staff want a refund closed by hand, and what they saw that speaks for it."""
    form = FormReader(data)
    reason = form.line("reason", most=REASON_MOST, required=True)
    return form, reason, form.text("evidence", most=EVIDENCE_MOST, required=True)
