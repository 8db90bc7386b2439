"""REST: charges that are reserved for later."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, request

from portone_sandbox import keys, reads, schedules
from portone_sandbox.auth import with_merchant
from portone_sandbox.cards import ISSUER_DOWN, Behaviour, Card
from portone_sandbox.charges import Order, read_given_card
from portone_sandbox.envelope import OUR_RULE, Refusal, answer
from portone_sandbox.fields import Fields
from portone_sandbox.hub import hub
from portone_sandbox.keys import BillingKey, Holder
from portone_sandbox.merchants import Merchant, Purpose
from portone_sandbox.schedules import Inner, Schedule

NO_KEY = "등록된 고객정보가 없습니다."
CARD_REFUSED = "카드정보 확인에 실패하였습니다. "
MOST_SECONDS = 93 * 86_400  # three months, whichever they are

bp = Blueprint("schedules", __name__, url_prefix="/subscribe")


@bp.post("/payments/schedule")
@with_merchant
def create(merchant: Merchant) -> Response:
    given = Fields.of_body(request)
    customer_uid = given.need("customer_uid", 80)
    wanted = [_read(one, customer_uid, given.text("customer_id", 80)) for one in given.objects("schedules")]
    if not wanted:
        raise Refusal("schedules 파라미터가 누락되었습니다.")
    if len({one.merchant_uid for one in wanted}) < len(wanted):
        raise Refusal(schedules.TAKEN)
    key = _key_for(merchant, customer_uid, given)
    named = [_filled_from(one, key) for one in wanted]
    schedules.reserve(hub(), merchant, named)
    return answer([one.wire() for one in named])


@bp.get("/payments/schedule")
@with_merchant
def all_of_a_time(merchant: Merchant) -> Response:
    given = Fields.of_query(request)
    order = given.text("sorting", 20)
    if order not in {None, "scheduled", "-scheduled"}:
        raise Refusal("지원되지 않는 정렬값입니다.", status=400)
    return answer(_page(merchant, given, oldest_first=order == "scheduled"))


@bp.get("/payments/schedule/customers/<customer_uid>")
@bp.get("/customers/<customer_uid>/schedules")
@with_merchant
def all_of_a_key(merchant: Merchant, customer_uid: str) -> Response:
    return answer(_page(merchant, Fields.of_query(request), customer_uid))


@bp.get("/payments/schedule/<merchant_uid>")
@with_merchant
def one(merchant: Merchant, merchant_uid: str) -> Response:
    with hub().store.read() as db:
        return answer(schedules.need(db, merchant.imp_code, merchant_uid).wire())


@bp.put("/payments/schedule/<merchant_uid>")
@with_merchant
def change(merchant: Merchant, merchant_uid: str) -> Response:
    return answer(schedules.move(hub(), merchant, merchant_uid, _new_time(), is_again=False).wire())


@bp.post("/payments/schedule/<merchant_uid>/reschedule")
@with_merchant
def reschedule(merchant: Merchant, merchant_uid: str) -> Response:
    return answer(schedules.move(hub(), merchant, merchant_uid, _new_time(), is_again=True).wire())


@bp.post("/payments/schedule/<merchant_uid>/retry")
@with_merchant
def retry(merchant: Merchant, merchant_uid: str) -> Response:
    return answer(schedules.retry(hub(), merchant, merchant_uid).wire())


@bp.post("/payments/unschedule")
@with_merchant
def unschedule(merchant: Merchant) -> Response:
    given = Fields.of_body(request)
    customer_uid, merchant_uids = given.text("customer_uid", 80), given.texts("merchant_uid", 40)
    if not customer_uid and not merchant_uids:
        raise Refusal("customer_uid 또는 merchant_uid 중 하나는 지정해주셔야합니다.")
    return answer([one.wire() for one in schedules.revoke(hub(), merchant, customer_uid, merchant_uids)])


def _read(given: Fields, customer_uid: str, customer_id: str | None) -> Schedule:
    order = Order.of(given)
    if hub().config.name_required:
        given.need("name", 40)
    return Schedule(
        order.merchant_uid, customer_uid, given.need_whole("schedule_at", most=reads.LATEST), order.amount, order.name,
        order.currency, order.buyer_name, order.buyer_email, order.buyer_tel, order.buyer_addr, order.buyer_postcode,
        order.custom_data, customer_id, promotion_id=given.text("promotion_id", 80),
        inner=Inner(order.tax_free, order.card_quota, order.notice_urls),
    )  # fmt: skip


def _filled_from(schedule: Schedule, key: BillingKey) -> Schedule:
    """What the merchant left out of the buyer's data comes from the key."""
    return replace(
        schedule,
        buyer_name=schedule.buyer_name or (key.customer_name and key.customer_name[:16]),
        buyer_email=schedule.buyer_email or (key.customer_email and key.customer_email[:64]),
        buyer_tel=schedule.buyer_tel or (key.customer_tel and key.customer_tel[:16]),
        buyer_addr=schedule.buyer_addr or (key.customer_addr and key.customer_addr[:128]),
        buyer_postcode=schedule.buyer_postcode or key.customer_postcode,
    )


def _key_for(merchant: Merchant, customer_uid: str, given: Fields) -> BillingKey:
    """The stored card, or a new one from the request. Raises Refusal (code 1) when there is neither."""
    parts, now = hub(), hub().clock.now()
    if given.text("card_number", 30) is None:
        with parts.store.read() as db:
            key = keys.find(db, merchant.imp_code, customer_uid)
        if key is None:
            raise Refusal(NO_KEY)
        _check_card(key.stored_card, key, given, now)
        return key
    channel = merchant.channel(Purpose.KEY_IN, channel_key=given.text("channel_key", 55))
    try:
        card = read_given_card(given, now, CARD_REFUSED)
    except Refusal as refusal:
        raise Refusal(refusal.message, code=OUR_RULE) from None
    _check_card(card, None, given, now)
    with parts.store.write() as db:
        return keys.issue(db, merchant, channel, customer_uid, (card, Holder.of(given), now))


def _check_card(card: Card, key: BillingKey | None, given: Fields, now: int) -> None:
    """A `checking_amount` is charged and given back at once; a card that declines it isn't reserved for."""
    if not given.whole("checking_amount"):
        return
    reason = card.decline(tries=key.tries if key else 0, uses=key.uses if key else 0, now=now)
    if card.behaviour is Behaviour.ISSUER_DOWN:
        reason = ISSUER_DOWN
    if reason:
        raise Refusal(CARD_REFUSED + reason)


def _new_time() -> int:
    return Fields.of_body(request, bad_status=400).need_whole("schedule_at", most=reads.LATEST)


def _page(
    merchant: Merchant, given: Fields, customer_uid: str | None = None, *, oldest_first: bool = False
) -> dict[str, Any]:
    since, until = (_bound(given, name, customer_uid) for name in ("from", "to"))
    if not 0 < until - since <= MOST_SECONDS:
        raise Refusal("조회기간은 최대 3개월까지 지정할 수 있습니다.", status=400)
    status = given.text("schedule_status", 20) or given.text("schedule-status", 20)
    if status not in {None, *schedules.STATUSES}:
        raise Refusal(reads.BAD_STATUS, status=400)
    where = "imp_code = ?1 AND schedule_at >= ?2 AND schedule_at < ?3 AND (?4 IS NULL OR schedule_status = ?4)"
    where += " AND customer_uid = ?5" if customer_uid else " AND ?5 IS NULL"
    values = (merchant.imp_code, since, until, status, customer_uid)
    limit = reads.PAGE_SIZE if customer_uid else given.whole("limit", least=1, most=1000) or reads.PAGE_SIZE
    page = given.whole("page", least=1, most=10**9) or 1
    way = "ASC" if oldest_first else "DESC"
    with hub().store.read() as db:
        total = db.execute(f"SELECT count(*) FROM schedules WHERE {where}", values).fetchone()[0]  # noqa: S608
        reads.check_page(page, limit, total)
        rows = db.execute(
            f"SELECT body, inner FROM schedules WHERE {where}"  # noqa: S608 - words of ours only
            f" ORDER BY schedule_at {way}, rowid {way} LIMIT ?6 OFFSET ?7",
            (*values, limit, (page - 1) * limit),
        ).fetchall()
    return reads.page_of(total, page, limit, [schedules.load(row).wire() for row in rows])


def _bound(given: Fields, name: str, customer_uid: str | None) -> int:
    """One end of the range; the per-key lists take both spellings of its name."""
    value = given.whole(f"schedule_{name}", most=reads.LATEST)
    if value is None and customer_uid:
        value = given.whole(name, most=reads.LATEST)
    if value is None:
        raise Refusal(f"schedule_{name} 파라미터가 누락되었습니다.", status=400)
    return value
