"""Giving money back, in whole or in part."""

import secrets
import sqlite3
import string
from dataclasses import dataclass

from portone_sandbox import payments, schedules
from portone_sandbox.envelope import NOT_OURS, Refusal
from portone_sandbox.fields import Fields
from portone_sandbox.hub import Hub
from portone_sandbox.merchants import Merchant
from portone_sandbox.payments import Payment

NOTHING_TO_CANCEL = "취소할 결제건이 존재하지 않습니다."
ALREADY_CANCELLED = "이미 전액취소된 주문입니다."
PG_ALREADY_CANCELLED = "결제취소에 실패하였습니다. [C201]기취소성공"
DEFAULT_REASON = "취소요청api"
_ID_LETTERS = string.ascii_uppercase + string.digits


@dataclass(frozen=True)
class CancelOrder:
    imp_uid: str | None
    merchant_uid: str | None
    amount: int | None = None  # None and 0 mean all that is left
    tax_free: int = 0
    checksum: int | None = None
    reason: str | None = None
    enable_webhook: bool = False
    refund_account: str | None = None

    @classmethod
    def of(cls, given: Fields) -> "CancelOrder":
        return cls(
            given.text("imp_uid", 64), given.text("merchant_uid", 64), given.whole("amount"),
            given.whole("tax_free") or 0, given.whole("checksum"), given.text("reason", 256),
            given.flag("enable_webhook"), given.text("refund_account", 40),
        )  # fmt: skip


def cancel(hub: Hub, merchant: Merchant, order: CancelOrder) -> Payment:
    """Cancel all or a part; raises Refusal, and then nothing has changed."""
    now = hub.clock.now()
    with hub.store.write() as db:
        payment = _find(db, merchant.imp_code, order)
        amount = _checked_amount(payment, order)
        entry = {
            "pg_tid": payment.pg_tid, "amount": amount, "cancelled_at": now, "reason": order.reason or DEFAULT_REASON,
            "cancellation_id": "".join(secrets.choice(_ID_LETTERS) for _ in range(20)), "receipt_url": None,
        }  # fmt: skip
        payment.cancel_history.append(entry)
        payment.cancel_amount += amount
        payment.inner.cancelled_tax_free += order.tax_free
        payment.status, payment.cancelled_at, payment.cancel_reason = "cancelled", now, str(entry["reason"])
        payments.save(db, merchant.imp_code, payment, now)
        schedules.follow(db, merchant.imp_code, payment)
        if order.enable_webhook:
            hub.webhooks.payment_changed(db, merchant, payment, now, cancellation_id=str(entry["cancellation_id"]))
    hub.webhooks.wake()
    return payment


def _find(db: sqlite3.Connection, imp_code: str, order: CancelOrder) -> Payment:
    if order.imp_uid:  # wins, even if it is wrong and the merchant_uid beside it is right
        payment = payments.by_imp_uid(db, imp_code, order.imp_uid)
    elif order.merchant_uid:
        payment = payments.newest_of_order(db, imp_code, order.merchant_uid)
    else:
        raise Refusal("imp_uid 또는 merchant_uid 중 하나는 지정해주셔야합니다.", status=400)
    if payment is None or payment.status in {"ready", "failed"}:
        raise Refusal(NOTHING_TO_CANCEL)
    return payment


def _checked_amount(payment: Payment, order: CancelOrder) -> int:
    if payment.amount == 0:
        raise Refusal(NOTHING_TO_CANCEL)
    if payment.remaining == 0:
        raise Refusal(ALREADY_CANCELLED)
    if payment.inner.reversed_by_pg:
        raise Refusal(PG_ALREADY_CANCELLED, code=NOT_OURS)
    if order.checksum is not None and order.checksum != payment.remaining:
        raise Refusal("취소 가능 금액이 checksum과 일치하지 않습니다.")
    amount = order.amount or payment.remaining
    if amount > payment.remaining:
        raise Refusal("취소 요청 금액이 취소 가능 금액보다 큽니다.")
    tax_free_left = payment.inner.tax_free - payment.inner.cancelled_tax_free
    if order.tax_free > min(amount, tax_free_left):
        raise Refusal("취소 요청한 면세 금액이 올바르지 않습니다.")
    if payment.pay_method == "vbank" and not order.refund_account:
        raise Refusal("가상계좌 환불은 환불계좌 정보가 필요합니다.")
    return amount
