"""Cash receipts: for money that was transferred, or for an order paid elsewhere. Whom one is for is never kept."""

import json
import secrets
import sqlite3
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from portone_sandbox import payments, reads
from portone_sandbox.charges import channel_of
from portone_sandbox.envelope import NOT_OURS, OUR_RULE, Refusal
from portone_sandbox.fields import Fields
from portone_sandbox.hub import Hub
from portone_sandbox.merchants import Channel, Merchant
from portone_sandbox.payments import Payment

NOT_OFFERED = "현재 지원되지 않는 PG사입니다."
IDENTIFIER_TYPES = {"person", "business", "phone", "taxcard"}
TYPES = {"person", "company"}


class Kind(StrEnum):
    PAYMENT = "payment"
    EXTERNAL = "external"


@dataclass
class Receipt:
    """One cash receipt. `uid` goes out as imp_uid or, for an order paid elsewhere, as merchant_uid."""

    uid: str
    receipt_tid: str
    apply_num: str
    type: str
    amount: int
    vat: int
    applied_at: int
    receipt_url: str | None = None
    cancelled_at: int = 0

    def wire(self, kind: Kind) -> dict[str, Any]:
        told = asdict(self)
        return {"imp_uid" if kind is Kind.PAYMENT else "merchant_uid": told.pop("uid"), **told}


@dataclass(frozen=True)
class ReceiptOrder:
    type: str
    tax_free: int
    amount: int | None = None  # None: what is left of the payment

    @classmethod
    def of(cls, given: Fields, *, with_amount: bool) -> "ReceiptOrder":
        """Read and check the fields of a request; raises Refusal (400)."""
        given.need("identifier", 30)
        if (given.text("identifier_type", 20) or "person") not in IDENTIFIER_TYPES:
            raise Refusal("identifier_type 값이 올바르지 않습니다.", status=400)
        kind = given.text("type", 20) or "person"
        if kind not in TYPES:
            raise Refusal("type 값이 올바르지 않습니다.", status=400)
        amount = given.need_whole("amount", least=1) if with_amount else None
        return cls(kind, given.whole("tax_free") or 0, amount)


def issue_for_payment(hub: Hub, merchant: Merchant, imp_uid: str, order: ReceiptOrder) -> Receipt:
    """Raises Refusal: 404 unknown payment, 501 the PG has no receipts, 400 anything else."""
    with hub.store.write() as db:
        payment = _payment(db, merchant, imp_uid)
        if payment.pay_method not in {"trans", "vbank"} or not payment.paid_at or payment.remaining <= 0:
            raise Refusal("현금영수증을 발행할 수 있는 결제건이 아닙니다.", status=400)
        return _issue(hub, db, merchant, Kind.PAYMENT, imp_uid, (order, payment.remaining))


def issue_external(hub: Hub, merchant: Merchant, merchant_uid: str, channel: Channel, order: ReceiptOrder) -> Receipt:
    """Raises Refusal: 501 the PG has no receipts, 400 issued already."""
    _check_offered(channel)
    with hub.store.write() as db:
        return _issue(hub, db, merchant, Kind.EXTERNAL, merchant_uid, (order, order.amount or 0))


def cancel(hub: Hub, merchant: Merchant, kind: Kind, uid: str) -> Receipt:
    """Raises Refusal: 404 or 400 when there is nothing to cancel."""
    with hub.store.write() as db:
        if kind is Kind.PAYMENT:
            _payment(db, merchant, uid)
        receipt = find(db, merchant, kind, uid)
        if receipt is None or receipt.cancelled_at:
            status = 404 if receipt is None and kind is Kind.EXTERNAL else 400
            code = NOT_OURS if status == 404 else OUR_RULE
            raise Refusal("취소할 현금영수증이 존재하지 않습니다.", code=code, status=status)
        receipt.cancelled_at = hub.clock.now()
        _save(db, merchant, kind, receipt)
    return receipt


def need(hub: Hub, merchant: Merchant, kind: Kind, uid: str) -> Receipt:
    """Raises Refusal (404)."""
    with hub.store.read() as db:
        receipt = find(db, merchant, kind, uid)
    if receipt is None:
        raise Refusal("현금영수증이 발행되지 않은 결제건입니다.", code=NOT_OURS, status=404)
    return receipt


def find(db: sqlite3.Connection, merchant: Merchant, kind: Kind, uid: str) -> Receipt | None:
    row = db.execute(
        "SELECT body FROM receipts WHERE imp_code = ? AND kind = ? AND uid = ?", (merchant.imp_code, kind, uid)
    ).fetchone()
    return Receipt(**json.loads(row["body"])) if row else None


def _issue(
    hub: Hub, db: sqlite3.Connection, merchant: Merchant, kind: Kind, uid: str, wanted: tuple[ReceiptOrder, int]
) -> Receipt:  # fmt: skip
    order, amount = wanted
    before = find(db, merchant, kind, uid)
    if before is not None and not before.cancelled_at:
        raise Refusal("이미 현금영수증이 발행된 건입니다.", status=400)
    if order.tax_free > amount:
        raise Refusal("tax_free 값이 올바르지 않습니다.", status=400)
    receipt = Receipt(
        uid, f"R{secrets.randbelow(10**12):012d}", f"{secrets.randbelow(10**9):09d}", order.type, amount,
        (amount - order.tax_free) // 11, hub.clock.now(),
    )  # fmt: skip
    _save(db, merchant, kind, receipt)
    return receipt


def _save(db: sqlite3.Connection, merchant: Merchant, kind: Kind, receipt: Receipt) -> None:
    db.execute(
        "INSERT OR REPLACE INTO receipts (imp_code, kind, uid, body) VALUES (?, ?, ?, ?)",
        (merchant.imp_code, kind, receipt.uid, json.dumps(asdict(receipt))),
    )


def _payment(db: sqlite3.Connection, merchant: Merchant, imp_uid: str) -> Payment:
    payment = payments.by_imp_uid(db, merchant.imp_code, imp_uid)
    if payment is None:
        raise reads.not_found()
    _check_offered(channel_of(payment))
    return payment


def _check_offered(channel: Channel) -> None:
    if not channel.profile.extras:
        raise Refusal(NOT_OFFERED, status=501)
