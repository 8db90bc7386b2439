"""REST: reading and cancelling payments, and amounts registered before the window opens."""

from typing import Any

from flask import Blueprint, Response, request

from portone_sandbox import payments, reads
from portone_sandbox.auth import with_merchant
from portone_sandbox.cancels import CancelOrder, cancel
from portone_sandbox.envelope import NOT_OURS, Refusal, answer
from portone_sandbox.fields import Fields
from portone_sandbox.hub import hub
from portone_sandbox.merchants import Merchant

NOT_PREPARED = "사전등록된 결제정보가 존재하지 않습니다."
ALREADY_PREPARED = "결제정보 사전등록에 실패하였습니다(이미 등록된 merchant_uid입니다)."

bp = Blueprint("payments", __name__)


@bp.get("/payments/<imp_uid>")
@with_merchant
def one(merchant: Merchant, imp_uid: str) -> Response:
    given = Fields.of_query(request)
    with hub().store.read() as db:
        payment = payments.by_imp_uid(db, merchant.imp_code, imp_uid)
    if payment is None or (payment.sandbox and not given.flag("include_sandbox")):
        raise reads.not_found()
    return answer(payment.wire())


@bp.get("/payments")
@with_merchant
def many(merchant: Merchant) -> Response:
    given = Fields.of_query(request)
    imp_uids, merchant_uids = given.texts("imp_uid"), given.texts("merchant_uid")
    asked = len(imp_uids) + len(merchant_uids)
    if not 0 < asked <= reads.MOST_IDS:
        raise Refusal("imp_uid 또는 merchant_uid를 1개 이상 100개 이하로 지정해야 합니다.", status=400)
    with hub().store.read() as db:
        rows = db.execute(
            "SELECT body, inner FROM payments WHERE imp_code = ? AND NOT is_hidden AND"  # noqa: S608 - only marks
            f" (imp_uid IN ({_marks(imp_uids)}) OR merchant_uid IN ({_marks(merchant_uids)}))"
            " ORDER BY started_at DESC, rowid DESC",
            (merchant.imp_code, *imp_uids, *merchant_uids),
        ).fetchall()
    found = [payments.load(row).wire() for row in rows]
    if not found:
        raise reads.not_found()
    known = {one["imp_uid"] for one in found} | {one["merchant_uid"] for one in found}
    return answer(found, status=200 if known.issuperset(imp_uids + merchant_uids) else 207)


@bp.get("/payments/find/<merchant_uid>")
@bp.get("/payments/find/<merchant_uid>/<payment_status>")
@with_merchant
def find(merchant: Merchant, merchant_uid: str, payment_status: str | None = None) -> Response:
    order = reads.order_by(Fields.of_query(request))
    where, values = reads.by_order(merchant.imp_code, merchant_uid, reads.check_status(payment_status))
    with hub().store.read() as db:
        row = db.execute(f"SELECT body, inner FROM payments WHERE {where} ORDER BY {order} LIMIT 1", values).fetchone()  # noqa: S608
    if row is None:
        raise reads.not_found()
    return answer(payments.load(row).wire())


@bp.get("/payments/findAll/<merchant_uid>")
@bp.get("/payments/findAll/<merchant_uid>/<payment_status>")
@with_merchant
def find_all(merchant: Merchant, merchant_uid: str, payment_status: str | None = None) -> Response:
    given = Fields.of_query(request)
    where, values = reads.by_order(merchant.imp_code, merchant_uid, reads.check_status(payment_status))
    with hub().store.read() as db:
        page = reads.paged(db, given, where, values, reads.order_by(given))
    if not page["total"]:
        raise reads.not_found()
    return answer(page)


@bp.get("/payments/status/<payment_status>")
@with_merchant
def by_status(merchant: Merchant, payment_status: str) -> Response:
    given = Fields.of_query(request)
    status = reads.check_status(payment_status, may_be_all=True)
    where, values = reads.by_status(merchant.imp_code, status, given, hub().clock.now())
    with hub().store.read() as db:
        return answer(reads.paged(db, given, where, values, reads.order_by(given)))


@bp.get("/payments/<imp_uid>/balance")
@with_merchant
def balance(merchant: Merchant, imp_uid: str) -> Response:
    with hub().store.read() as db:
        if payments.by_imp_uid(db, merchant.imp_code, imp_uid) is None:
            raise reads.not_found()
    raise Refusal("(현재는 PAYCO, KCP만 지원됩니다) 결제수단별 잔액을 조회할 수 없습니다.", code=NOT_OURS, status=404)


@bp.post("/payments/cancel")
@with_merchant
def cancel_payment(merchant: Merchant) -> Response:
    return answer(cancel(hub(), merchant, CancelOrder.of(Fields.of_body(request))).wire())


@bp.post("/payments/prepare")
@with_merchant
def prepare(merchant: Merchant) -> Response:
    entry = _entry(Fields.of_body(request))
    with hub().store.write() as db:
        made = db.execute(
            "INSERT OR IGNORE INTO prepared (imp_code, merchant_uid, amount, currency) VALUES (?, ?, ?, ?)",
            (merchant.imp_code, *entry.values()),
        )
        if not made.rowcount:
            raise Refusal(ALREADY_PREPARED)
    return answer(entry)


@bp.put("/payments/prepare")
@with_merchant
def change_prepared(merchant: Merchant) -> Response:
    entry = _entry(Fields.of_body(request))
    with hub().store.write() as db:
        changed = db.execute(
            "UPDATE prepared SET amount = ?, currency = ? WHERE imp_code = ? AND merchant_uid = ?",
            (entry["amount"], entry["currency"], merchant.imp_code, entry["merchant_uid"]),
        )
        if not changed.rowcount:
            raise Refusal(NOT_PREPARED, code=NOT_OURS, status=404)
    return answer(entry)


@bp.get("/payments/prepare/<merchant_uid>")
@with_merchant
def prepared(merchant: Merchant, merchant_uid: str) -> Response:
    with hub().store.read() as db:
        row = db.execute(
            "SELECT merchant_uid, amount, currency FROM prepared WHERE imp_code = ? AND merchant_uid = ?",
            (merchant.imp_code, merchant_uid),
        ).fetchone()
    if row is None:
        raise Refusal(NOT_PREPARED, code=NOT_OURS, status=404)
    return answer(dict(row))


def _entry(given: Fields) -> dict[str, Any]:
    least = 0 if hub().config.prepare_takes_zero else 1
    return {
        "merchant_uid": given.need("merchant_uid", 40), "amount": given.need_whole("amount", least=least),
        "currency": given.text("currency", 3),
    }  # fmt: skip


def _marks(values: list[str]) -> str:
    return ", ".join("?" * len(values))
