"""REST: billing keys and the charges made with them or with a card in the request."""

from flask import Blueprint, Response, request

from portone_sandbox import keys, reads
from portone_sandbox.auth import with_merchant
from portone_sandbox.charges import Order, charge_card, charge_key, issue_key
from portone_sandbox.envelope import Refusal, answer
from portone_sandbox.fields import Fields
from portone_sandbox.hub import hub
from portone_sandbox.keys import BillingKey
from portone_sandbox.merchants import Merchant

bp = Blueprint("subscribe", __name__, url_prefix="/subscribe")


@bp.get("/customers")
@with_merchant
def many(merchant: Merchant) -> Response:
    asked = Fields.of_query(request).texts("customer_uid")
    if not 0 < len(asked) <= reads.MOST_IDS:
        raise Refusal("customer_uid를 1개 이상 100개 이하로 지정해야 합니다.", status=400)
    with hub().store.read() as db:
        found = [keys.find(db, merchant.imp_code, uid) for uid in dict.fromkeys(asked)]
    known = [key.wire() for key in found if key]
    if not known:
        raise keys.unknown(", ".join(asked), 404)
    return answer(known, status=200 if len(known) == len(found) else 207)


@bp.get("/customers/<customer_uid>")
@with_merchant
def one(merchant: Merchant, customer_uid: str) -> Response:
    return answer(_known(merchant, customer_uid).wire())


@bp.post("/customers/<customer_uid>")
@with_merchant
def issue(merchant: Merchant, customer_uid: str) -> Response:
    if len(customer_uid) > 80:
        raise Refusal("customer_uid 값은 80자를 넘을 수 없습니다.")
    return answer(issue_key(hub(), merchant, customer_uid, Fields.of_body(request)).wire())


@bp.delete("/customers/<customer_uid>")
@with_merchant
def delete(merchant: Merchant, customer_uid: str) -> Response:
    with hub().store.write() as db:
        key = keys.find(db, merchant.imp_code, customer_uid)
        if key is None:
            raise keys.unknown(customer_uid, hub().config.unknown_customer_status)
        keys.delete(db, merchant.imp_code, customer_uid)
    return answer(key.wire())


@bp.get("/customers/<customer_uid>/payments")
@with_merchant
def payments_of(merchant: Merchant, customer_uid: str) -> Response:
    given = Fields.of_query(request)
    where = "imp_code = ? AND customer_uid = ? AND NOT is_hidden"
    with hub().store.read() as db:
        page = reads.paged(db, given, where, (merchant.imp_code, customer_uid), reads.order_by(given))
        if not page["total"] and keys.find(db, merchant.imp_code, customer_uid) is None:
            raise keys.unknown(customer_uid, hub().config.unknown_customer_status)
    return answer(page)


@bp.post("/payments/again")
@with_merchant
def again(merchant: Merchant) -> Response:
    given = Fields.of_body(request)
    customer_uid = given.need("customer_uid", 80)
    if hub().config.name_required:
        given.need("name", 40)
    return answer(charge_key(hub(), merchant, Order.of(given), customer_uid).wire())


@bp.post("/payments/onetime")
@with_merchant
def onetime(merchant: Merchant) -> Response:
    given = Fields.of_body(request)
    return answer(charge_card(hub(), merchant, Order.of(given), given).wire())


def _known(merchant: Merchant, customer_uid: str) -> BillingKey:
    with hub().store.read() as db:
        key = keys.find(db, merchant.imp_code, customer_uid)
    if key is None:
        raise keys.unknown(customer_uid, hub().config.unknown_customer_status)
    return key
