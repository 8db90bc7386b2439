"""Charges that PortOne makes later: reserved, moved, revoked, run at their time, tried once more."""

import json
import sqlite3
import time
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from portone_sandbox import charges, keys, payments
from portone_sandbox.charges import LEASE_SECONDS, Order
from portone_sandbox.envelope import NOT_OURS, Refusal
from portone_sandbox.hub import Hub
from portone_sandbox.keys import BillingKey
from portone_sandbox.merchants import Merchant, channel_by_key
from portone_sandbox.payments import Payment

NOTHING_TO_REVOKE = "취소할 예약결제 기록이 존재하지 않습니다."
UNKNOWN = "존재하지 않는 결제예약입니다."
WRONG_STATE = "예약 상태를 변경할 수 없는 결제예약입니다."
TAKEN = "이미 등록되었거나 결제된 merchant_uid입니다."
PAST = "예약시각(schedule_at)은 현재 시각 이후여야 합니다."
NOT_OFFERED = "현재 지원되지 않는 PG사입니다."
ScheduleStatus = Literal["scheduled", "executed", "revoked"]
STATUSES = ("scheduled", "executed", "revoked")


@dataclass
class Inner:
    """What goes into the charge and is not told in the schedule."""

    tax_free: int = 0
    card_quota: int = 0
    notice_urls: list[str] = field(default_factory=list)


@dataclass
class Schedule:
    """One reservation, named and typed as on the wire."""

    merchant_uid: str
    customer_uid: str
    schedule_at: int
    amount: int
    name: str | None = None
    currency: str = "KRW"
    buyer_name: str | None = None
    buyer_email: str | None = None
    buyer_tel: str | None = None
    buyer_addr: str | None = None
    buyer_postcode: str | None = None
    custom_data: str | None = None
    customer_id: str | None = None
    executed_at: int = 0
    fail_reason: str | None = None
    imp_uid: str | None = None
    payment_status: str | None = None
    pg_id: str | None = None
    pg_provider: str | None = None
    promotion_id: str | None = None
    revoked_at: int = 0
    schedule_status: ScheduleStatus = "scheduled"
    inner: Inner = field(default_factory=Inner, repr=False)

    def wire(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _WIRE_FIELDS}

    @property
    def may_run_again(self) -> bool:
        return self.schedule_status == "revoked" or self.payment_status == "failed"

    def order(self) -> Order:
        return Order(
            self.merchant_uid, self.amount, self.name, self.currency, self.inner.tax_free, self.buyer_name,
            self.buyer_email, self.buyer_tel, self.buyer_addr, self.buyer_postcode, self.inner.card_quota,
            self.custom_data, self.inner.notice_urls,
        )  # fmt: skip

    def show_result(self, payment: Payment, now: int) -> None:
        self.schedule_status, self.executed_at, self.revoked_at = "executed", now, 0
        self.imp_uid, self.payment_status, self.fail_reason = payment.imp_uid, payment.status, payment.fail_reason
        self.pg_provider, self.pg_id = payment.pg_provider, payment.pg_id


_WIRE_FIELDS = tuple(sorted(one.name for one in fields(Schedule) if one.name != "inner"))


def save(db: sqlite3.Connection, imp_code: str, schedule: Schedule, *, running_until: float = 0) -> None:
    db.execute(
        "INSERT OR REPLACE INTO schedules (imp_code, merchant_uid, customer_uid, schedule_at, schedule_status,"
        " running_until, inner, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            imp_code, schedule.merchant_uid, schedule.customer_uid, schedule.schedule_at, schedule.schedule_status,
            running_until, json.dumps(asdict(schedule.inner)), json.dumps(schedule.wire()),
        ),
    )  # fmt: skip


def load(row: sqlite3.Row) -> Schedule:
    return Schedule(**json.loads(row["body"]), inner=Inner(**json.loads(row["inner"])))


def find(db: sqlite3.Connection, imp_code: str, merchant_uid: str) -> Schedule | None:
    row = db.execute(
        "SELECT body, inner FROM schedules WHERE imp_code = ? AND merchant_uid = ?", (imp_code, merchant_uid)
    ).fetchone()
    return load(row) if row else None


def need(db: sqlite3.Connection, imp_code: str, merchant_uid: str) -> Schedule:
    """Raises Refusal (404) for an unknown one."""
    schedule = find(db, imp_code, merchant_uid)
    if schedule is None:
        raise Refusal(UNKNOWN, code=NOT_OURS, status=404)
    return schedule


def reserve(hub: Hub, merchant: Merchant, wanted: list[Schedule]) -> None:
    """Write all of them, or none: raises Refusal (code 1) for a time in the past or an order number in use."""
    now, wall = hub.clock.now(), time.time()
    with hub.store.write() as db:
        for one in wanted:
            if one.schedule_at <= now:
                raise Refusal(PAST)
            is_used = payments.is_burnt(db, merchant.imp_code, one.merchant_uid, wall)
            if is_used or find(db, merchant.imp_code, one.merchant_uid):
                raise Refusal(TAKEN)
            save(db, merchant.imp_code, one)


def move(hub: Hub, merchant: Merchant, merchant_uid: str, schedule_at: int, *, is_again: bool) -> Schedule:
    """Give a pending schedule another time, or (`is_again`) let a failed or revoked one run once more then.

    Raises Refusal: 404 unknown, 400 wrong state or past.
    """
    with hub.store.write() as db:
        schedule = need(db, merchant.imp_code, merchant_uid)
        fits = schedule.may_run_again if is_again else schedule.schedule_status == "scheduled"
        if not fits or _is_running(db, merchant.imp_code, merchant_uid):
            raise Refusal(WRONG_STATE, status=400)
        if is_again:
            _check_offered(db, merchant, schedule.customer_uid)
        if schedule_at <= hub.clock.now():
            raise Refusal(PAST, status=400)
        schedule.schedule_at, schedule.schedule_status, schedule.revoked_at = schedule_at, "scheduled", 0
        if is_again:
            schedule.payment_status = schedule.fail_reason = schedule.imp_uid = None
            schedule.executed_at = 0
        save(db, merchant.imp_code, schedule)
    return schedule


def retry(hub: Hub, merchant: Merchant, merchant_uid: str) -> Payment:
    """Charge a failed or revoked schedule now, as a further payment of its order number. Raises Refusal."""
    with hub.store.write() as db:
        schedule = need(db, merchant.imp_code, merchant_uid)
        if not schedule.may_run_again or _is_running(db, merchant.imp_code, merchant_uid):
            raise Refusal(WRONG_STATE, status=400)
        key = _check_offered(db, merchant, schedule.customer_uid)
        payment = charges.begin_with_key(hub, db, merchant, schedule.order(), key, usage="payment.scheduled")
        save(db, merchant.imp_code, schedule, running_until=time.time() + LEASE_SECONDS)
    try:
        charges.settle(hub, merchant, payment, key.stored_card, tells_failure=True)
    except Refusal as refusal:
        _finish(hub, merchant, schedule, _keep_refused(hub, merchant, payment, refusal))
        raise
    _finish(hub, merchant, schedule, payment)
    return payment


def revoke(hub: Hub, merchant: Merchant, customer_uid: str | None, merchant_uids: list[str]) -> list[Schedule]:
    """Revoke pending ones: all of a key, or the named ones. Raises Refusal when nothing was pending."""
    now = hub.clock.now()
    where = "imp_code = ? AND schedule_status = 'scheduled' AND running_until < ?"
    values: list[str | float] = [merchant.imp_code, time.time()]
    if customer_uid:
        where, values = f"{where} AND customer_uid = ?", [*values, customer_uid]
    if merchant_uids:
        where, values = (
            f"{where} AND merchant_uid IN ({', '.join('?' * len(merchant_uids))})",
            [*values, *merchant_uids],
        )
    with hub.store.write() as db:
        rows = db.execute(
            f"SELECT body, inner FROM schedules WHERE {where} ORDER BY schedule_at, rowid",  # noqa: S608 - only marks
            values,
        ).fetchall()
        revoked = [load(row) for row in rows]
        for schedule in revoked:
            schedule.schedule_status, schedule.revoked_at = "revoked", now
            save(db, merchant.imp_code, schedule)
    if not revoked:
        raise Refusal(NOTHING_TO_REVOKE)
    return revoked


def follow(db: sqlite3.Connection, imp_code: str, payment: Payment) -> None:
    """Let a schedule show what has become of its payment since."""
    if payment.customer_uid_usage != "payment.scheduled":
        return
    schedule = find(db, imp_code, payment.merchant_uid)
    if schedule is not None and schedule.imp_uid == payment.imp_uid:
        schedule.payment_status, schedule.fail_reason = payment.status, payment.fail_reason
        save(db, imp_code, schedule)


def run_one(hub: Hub, until: int) -> bool:
    """Run the oldest schedule that is due by `until`, at its own time. False when there is none."""
    with hub.store.write() as db:
        row = db.execute(
            "SELECT imp_code, body, inner FROM schedules WHERE schedule_status = 'scheduled' AND schedule_at <= ?"
            " AND running_until < ? ORDER BY schedule_at, rowid LIMIT 1",
            (until, time.time()),
        ).fetchone()
        if row is None:
            return False
        merchant, schedule = hub.merchants.in_store(db, row["imp_code"]), load(row)
        save(db, row["imp_code"], schedule, running_until=time.time() + LEASE_SECONDS)
    if merchant is None:
        return False
    with hub.clock.as_of(schedule.schedule_at):
        _finish(hub, merchant, schedule, _charge(hub, merchant, schedule))
    return True


def _charge(hub: Hub, merchant: Merchant, schedule: Schedule) -> Payment:
    """The payment of a due schedule: what can't even be begun is a failed one too."""
    with hub.store.write() as db:
        key = keys.find(db, merchant.imp_code, schedule.customer_uid)
        earlier = payments.newest_of_order(db, merchant.imp_code, schedule.merchant_uid)
        if earlier and earlier.status in {"paid", "cancelled"}:  # a process died after the charge and before this line
            return earlier
        if key is None:
            return _failed(hub, db, merchant, schedule)
        payment = charges.begin_with_key(hub, db, merchant, schedule.order(), key, usage="payment.scheduled")
    try:
        return charges.settle(hub, merchant, payment, key.stored_card, tells_failure=True)
    except Refusal as refusal:
        return _keep_refused(hub, merchant, payment, refusal)


def _failed(hub: Hub, db: sqlite3.Connection, merchant: Merchant, schedule: Schedule) -> Payment:
    now = hub.clock.now()
    imp_uid = payments.new_imp_uid(db, by_api=True)
    payment = schedule.order().payment(imp_uid, merchant, channel_by_key(""), now)
    payment.customer_uid, payment.customer_uid_usage = schedule.customer_uid, "payment.scheduled"
    payment.fail(charges.NO_KEY, now)
    payments.save(db, merchant.imp_code, payment, now)
    hub.webhooks.payment_changed(db, merchant, payment, now)
    return payment


def _keep_refused(hub: Hub, merchant: Merchant, payment: Payment, refusal: Refusal) -> Payment:
    """Write down a charge that a direct call would have refused without a trace."""
    now = hub.clock.now()
    payment.fail(refusal.message, now)
    with hub.store.write() as db:
        payments.save(db, merchant.imp_code, payment, now)
        hub.webhooks.payment_changed(db, merchant, payment, now)
    return payment


def _finish(hub: Hub, merchant: Merchant, schedule: Schedule, payment: Payment) -> None:
    schedule.show_result(payment, hub.clock.now())
    with hub.store.write() as db:
        save(db, merchant.imp_code, schedule)
    hub.webhooks.wake()


def _is_running(db: sqlite3.Connection, imp_code: str, merchant_uid: str) -> bool:
    row = db.execute(
        "SELECT running_until FROM schedules WHERE imp_code = ? AND merchant_uid = ?", (imp_code, merchant_uid)
    ).fetchone()
    return row is not None and row["running_until"] > time.time()


def _check_offered(db: sqlite3.Connection, merchant: Merchant, customer_uid: str) -> BillingKey:
    """The schedule's key, if it exists (404) and its PG knows how to run a schedule again."""
    key = keys.find(db, merchant.imp_code, customer_uid)
    if key is None:
        raise keys.unknown(customer_uid, 404)
    if not channel_by_key(key.channel_key).profile.extras:
        raise Refusal(NOT_OFFERED, code=NOT_OURS)
    return key
