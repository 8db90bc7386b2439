"""REST: cash receipts and virtual accounts, which only some PGs offer."""

from flask import Blueprint, Response, request

from portone_sandbox import reads, receipts, vbanks
from portone_sandbox.auth import with_merchant
from portone_sandbox.charges import Order
from portone_sandbox.envelope import answer
from portone_sandbox.fields import Fields
from portone_sandbox.hub import hub
from portone_sandbox.merchants import Merchant, Purpose
from portone_sandbox.receipts import Kind, ReceiptOrder

bp = Blueprint("extras", __name__)


@bp.get("/receipts/<imp_uid>")
@with_merchant
def receipt(merchant: Merchant, imp_uid: str) -> Response:
    return answer(receipts.need(hub(), merchant, Kind.PAYMENT, imp_uid).wire(Kind.PAYMENT))


@bp.post("/receipts/<imp_uid>")
@with_merchant
def issue_receipt(merchant: Merchant, imp_uid: str) -> Response:
    order = ReceiptOrder.of(Fields.of_body(request, bad_status=400), with_amount=False)
    return answer(receipts.issue_for_payment(hub(), merchant, imp_uid, order).wire(Kind.PAYMENT))


@bp.delete("/receipts/<imp_uid>")
@with_merchant
def cancel_receipt(merchant: Merchant, imp_uid: str) -> Response:
    return answer(receipts.cancel(hub(), merchant, Kind.PAYMENT, imp_uid).wire(Kind.PAYMENT))


@bp.get("/receipts/external/<merchant_uid>")
@with_merchant
def external_receipt(merchant: Merchant, merchant_uid: str) -> Response:
    return answer(receipts.need(hub(), merchant, Kind.EXTERNAL, merchant_uid).wire(Kind.EXTERNAL))


@bp.post("/receipts/external/<merchant_uid>")
@with_merchant
def issue_external_receipt(merchant: Merchant, merchant_uid: str) -> Response:
    given = Fields.of_body(request, bad_status=400)
    channel = merchant.channel(Purpose.CERTIFIED, channel_key=given.need("channel_key", 55))
    given.need("name", 100)
    order = ReceiptOrder.of(given, with_amount=True)
    return answer(receipts.issue_external(hub(), merchant, merchant_uid, channel, order).wire(Kind.EXTERNAL))


@bp.delete("/receipts/external/<merchant_uid>")
@with_merchant
def cancel_external_receipt(merchant: Merchant, merchant_uid: str) -> Response:
    return answer(receipts.cancel(hub(), merchant, Kind.EXTERNAL, merchant_uid).wire(Kind.EXTERNAL))


@bp.post("/vbanks")
@with_merchant
def issue_vbank(merchant: Merchant) -> Response:
    given = Fields.of_body(request)
    return answer(vbanks.issue(hub(), merchant, Order.of(given), given).wire())


@bp.put("/vbanks/<imp_uid>")
@with_merchant
def change_vbank(merchant: Merchant, imp_uid: str) -> Response:
    given = Fields.of_body(request, bad_status=400)
    amount, due = given.whole("amount", least=1), given.whole("vbank_due", most=reads.LATEST)
    return answer(vbanks.change(hub(), merchant, imp_uid, amount=amount, due=due).wire())


@bp.delete("/vbanks/<imp_uid>")
@with_merchant
def revoke_vbank(merchant: Merchant, imp_uid: str) -> Response:
    return answer(vbanks.revoke(hub(), merchant, imp_uid).wire())
