"""Charging a stored key (`again`, schedules) or a card in the request (`onetime`)."""

import sqlite3
import time
from dataclasses import dataclass, field

from portone_sandbox import keys, payments
from portone_sandbox.cards import ISSUER_DOWN, Behaviour, Card, CardEntry, CardRefused, read_card
from portone_sandbox.envelope import NOT_OURS, Refusal
from portone_sandbox.fields import Fields
from portone_sandbox.hub import Hub
from portone_sandbox.keys import BillingKey, Holder
from portone_sandbox.line import line
from portone_sandbox.merchants import Channel, Merchant, Purpose, channel_by_key
from portone_sandbox.payments import Payment

BURNT = "이미 주문이 이루어진 건입니다. (동일한 merchant_uid로 결제 또는 취소된 기록이 있습니다)"
NO_KEY = "등록되지 않은 구매자입니다."
CARD_UNREADABLE = "카드정보 인증에 실패하였습니다. "
KEY_REFUSED = "카드정보 인증 및 빌키 발급에 실패하였습니다. "
INSTALMENTS_FROM_KRW = 50_000
LEASE_SECONDS = 120  # a process that dies while charging leaves its order number free again after this


@dataclass(frozen=True)
class Order:
    """What a merchant asks to be paid."""

    merchant_uid: str
    amount: int
    name: str | None = None
    currency: str = "KRW"
    tax_free: int = 0
    buyer_name: str | None = None
    buyer_email: str | None = None
    buyer_tel: str | None = None
    buyer_addr: str | None = None
    buyer_postcode: str | None = None
    card_quota: int = 0
    custom_data: str | None = None
    notice_urls: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, given: Fields, *, least: int = 1) -> "Order":
        """Read and check the fields of a charge; raises Refusal with code 1."""
        amount = given.need_whole("amount", least=least)
        return cls(
            merchant_uid=given.need("merchant_uid", 40), amount=amount, name=given.text("name", 40),
            currency=(given.text("currency", 3) or "KRW").upper(),
            tax_free=given.whole("tax_free", most=amount) or 0,
            buyer_name=given.text("buyer_name", 16), buyer_email=given.text("buyer_email", 64),
            buyer_tel=given.text("buyer_tel", 16), buyer_addr=given.text("buyer_addr", 128),
            buyer_postcode=given.text("buyer_postcode", 8), card_quota=read_quota(given, amount),
            custom_data=given.text("custom_data", 4000), notice_urls=given.texts("notice_url", 500),
        )  # fmt: skip

    def payment(self, imp_uid: str, merchant: Merchant, channel: Channel, now: int) -> Payment:
        """The row this order begins as."""
        return Payment(
            imp_uid=imp_uid, merchant_uid=self.merchant_uid, amount=self.amount, name=self.name, currency=self.currency,
            buyer_name=self.buyer_name, buyer_email=self.buyer_email, buyer_tel=self.buyer_tel,
            buyer_addr=self.buyer_addr, buyer_postcode=self.buyer_postcode, card_quota=self.card_quota,
            custom_data=self.custom_data, pg_provider=channel.pg_provider, pg_id=channel.pg_id,
            sandbox=merchant.sandbox_flag, started_at=now,
            inner=payments.Inner(tax_free=self.tax_free, notice_urls=self.notice_urls),
        )  # fmt: skip


def read_quota(given: Fields, amount: int) -> int:
    quota = given.whole("card_quota", most=60) or 0
    if quota == 1 or (quota and amount < INSTALMENTS_FROM_KRW):
        raise Refusal("할부개월수(card_quota)가 올바르지 않습니다.")
    return quota


def charge_key(hub: Hub, merchant: Merchant, order: Order, customer_uid: str) -> Payment:
    """Charge a stored card. A decline is a `failed` payment; raises Refusal for an unknown key or a burnt order."""
    with hub.store.write() as db:
        key = keys.find(db, merchant.imp_code, customer_uid)
        if key is None:
            raise Refusal(NO_KEY)
        if is_reserved(db, merchant.imp_code, order.merchant_uid):
            raise Refusal(BURNT)
        payment = begin_with_key(hub, db, merchant, order, key)
    return settle(hub, merchant, payment, key.stored_card)


def begin_with_key(
    hub: Hub, db: sqlite3.Connection, merchant: Merchant, order: Order, key: BillingKey, *, usage: str = "payment"
) -> Payment:  # fmt: skip
    """Write the row of a charge that goes to the card company next. Raises Refusal for a burnt order."""
    payment = _begin(hub, db, merchant, order, channel_by_key(key.channel_key))
    payment.customer_uid, payment.customer_uid_usage = key.customer_uid, usage
    hidden = hub.config.rows_hidden_in_flight
    payments.save(db, merchant.imp_code, payment, hub.clock.now(), busy_until=_lease(), hidden=hidden)
    return payment


def is_reserved(db: sqlite3.Connection, imp_code: str, merchant_uid: str) -> bool:
    """Whether an order number belongs to a schedule that is still to run."""
    found = db.execute(
        "SELECT 1 FROM schedules WHERE imp_code = ? AND merchant_uid = ? AND schedule_status = 'scheduled'",
        (imp_code, merchant_uid),
    ).fetchone()
    return found is not None


def charge_card(hub: Hub, merchant: Merchant, order: Order, given: Fields) -> Payment:
    """Charge a card whose data came with the request; with a `customer_uid` the card is stored as well."""
    now = hub.clock.now()
    channel = merchant.channel(Purpose.KEY_IN, pg=given.text("pg", 80), channel_key=given.text("channel_key", 55))
    customer_uid = given.text("customer_uid", 80)
    card = read_given_card(given, now, CARD_UNREADABLE)
    with hub.store.write() as db:
        if is_reserved(db, merchant.imp_code, order.merchant_uid):
            raise Refusal(BURNT)
        payment = _begin(hub, db, merchant, order, channel)
        if customer_uid:
            payment.customer_uid, payment.customer_uid_usage = customer_uid, "issue"
        payments.save(db, merchant.imp_code, payment, now, busy_until=_lease(), hidden=hub.config.rows_hidden_in_flight)
    paid = settle(hub, merchant, payment, card)
    if customer_uid and paid.status == "paid" and card.behaviour is not Behaviour.CHARGE_WITHOUT_KEY:
        holder = Holder(order.buyer_name, order.buyer_tel, order.buyer_email, order.buyer_addr, order.buyer_postcode)
        with hub.store.write() as db:
            keys.issue(db, merchant, channel, customer_uid, (card, holder, now))
            keys.count_charge(db, merchant.imp_code, customer_uid, approved=True)
    return paid


def issue_key(hub: Hub, merchant: Merchant, customer_uid: str, given: Fields) -> BillingKey:
    """Store a card whose data came with the request; raises Refusal (code -1) with the PG's words."""
    now = hub.clock.now()
    channel = merchant.channel(Purpose.KEY_IN, pg=given.text("pg", 80), channel_key=given.text("channel_key", 55))
    card = read_given_card(given, now, KEY_REFUSED)
    holder = Holder.of(given)
    if card.is_slow:
        line().wait(hub.config.slow_card_seconds)
    with hub.store.write() as db:
        key = keys.issue(db, merchant, channel, customer_uid, (card, holder, now))
    if card.loses_answer:
        line().cut()
    return key


def read_given_card(given: Fields, now: int, words: str) -> Card:
    """The card in a request; raises Refusal: code 1 when fields are missing, -1 when the card company says no."""
    entry = CardEntry(
        given.need("card_number", 30), given.need("expiry", 10), given.text("birth", 20), given.text("pwd_2digit", 10)
    )
    try:
        return read_card(entry, now, holder_checked=False)
    except CardRefused as refused:
        raise Refusal(words + str(refused), code=NOT_OURS) from None


def settle(hub: Hub, merchant: Merchant, payment: Payment, card: Card, *, tells_failure: bool = False) -> Payment:
    """Let the card company decide about a begun payment, and tell whom it concerns: of a decline only if asked to."""
    if card.is_slow:
        line().wait(hub.config.slow_card_seconds)
    now = hub.clock.now()
    with hub.store.write() as db:
        if card.behaviour is Behaviour.ISSUER_DOWN:
            db.execute("DELETE FROM payments WHERE imp_uid = ?", (payment.imp_uid,))
        else:
            decide(hub, db, merchant, payment, card)
            payments.save(db, merchant.imp_code, payment, now)
            if payment.status == "paid" or tells_failure:
                hub.webhooks.payment_changed(db, merchant, payment, now)
    hub.webhooks.wake()
    if card.behaviour is Behaviour.ISSUER_DOWN:
        raise Refusal(ISSUER_DOWN, code=NOT_OURS)
    if card.loses_answer:
        line().cut()
    return payment


def decide(hub: Hub, db: sqlite3.Connection, merchant: Merchant, payment: Payment, card: Card) -> None:
    """Approve or decline by what the card does and how often its key was charged."""
    now = hub.clock.now()
    key = keys.find(db, merchant.imp_code, payment.customer_uid) if payment.customer_uid else None
    reason = card.decline(tries=key.tries if key else 0, uses=key.uses if key else 0, now=now)
    rich = channel_of(payment).profile.rich_cards
    payment.show_card(card.issuer, card.mask, rich=rich)
    if reason is None:
        payment.approve(now)
    else:
        payment.issue_numbers(now)
        payment.fail(reason, now)
        if card.behaviour is Behaviour.LATE_APPROVAL:
            payment.inner.approves_at = now + hub.config.late_approval_seconds
    if key:
        keys.count_charge(db, merchant.imp_code, key.customer_uid, approved=reason is None)


def channel_of(payment: Payment) -> Channel:
    return Merchant("", "", "").channel(Purpose.BILLING, pg=f"{payment.pg_provider}.{payment.pg_id}")


def _begin(hub: Hub, db: sqlite3.Connection, merchant: Merchant, order: Order, channel: Channel) -> Payment:
    if payments.is_burnt(db, merchant.imp_code, order.merchant_uid, time.time()):
        raise Refusal(BURNT)
    return order.payment(payments.new_imp_uid(db, by_api=True), merchant, channel, hub.clock.now())


def _lease() -> float:
    return time.time() + LEASE_SECONDS
