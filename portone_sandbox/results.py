"""What a page learns from a window: the callback's `rsp`, long from old PG modules and short from new ones."""

from typing import Any

from portone_sandbox.charges import channel_of
from portone_sandbox.payments import Payment
from portone_sandbox.wanted import WindowRefused

PG_ERROR = "PG_ERR"
_TOLD = (
    "imp_uid", "merchant_uid", "pay_method", "name", "pg_provider", "pg_tid", "apply_num", "buyer_name", "buyer_email",
    "buyer_tel", "buyer_addr", "buyer_postcode", "status", "paid_at", "receipt_url", "card_name", "bank_name",
    "card_quota", "card_number", "currency",
)  # fmt: skip
_TOLD_OF_VBANK = ("vbank_num", "vbank_name", "vbank_holder", "vbank_date")


def of(payment: Payment, params: dict[str, Any]) -> dict[str, Any]:
    """The result of an ended window; `params` are the page's own, whose custom_data it gets back."""
    failed = payment.status == "failed"
    error = {"error_code": PG_ERROR, "error_msg": payment.fail_reason} if failed else {}
    if not channel_of(payment).profile.full_result:
        return {"imp_uid": payment.imp_uid, "merchant_uid": payment.merchant_uid, **error}
    told = {name: getattr(payment, name) for name in _TOLD}
    if payment.pay_method == "vbank":
        told |= {name: getattr(payment, name) for name in _TOLD_OF_VBANK}
    return {
        "success": not failed, **told, "paid_amount": payment.amount, "pg_type": "payment",
        "custom_data": params.get("custom_data"), **error,
    }  # fmt: skip


def of_refusal(refused: WindowRefused, params: dict[str, Any]) -> dict[str, Any]:
    """The result when no window opened."""
    return {
        "success": False, "imp_uid": None, "merchant_uid": params.get("merchant_uid"),
        "error_code": refused.error_code, "error_msg": refused.error_msg,
    }  # fmt: skip
