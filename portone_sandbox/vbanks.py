"""Virtual accounts: an account number per order, paid into before its deadline."""

from dataclasses import dataclass

from portone_sandbox import payments, reads
from portone_sandbox.charges import BURNT, Order, channel_of
from portone_sandbox.codes import BANKS
from portone_sandbox.envelope import NOT_OURS, Refusal
from portone_sandbox.fields import Fields
from portone_sandbox.hub import Hub
from portone_sandbox.merchants import Merchant, Purpose
from portone_sandbox.payments import Payment

NOT_WAITING = "입금대기 상태의 가상계좌 결제건이 아닙니다."
REVOKED = "가상계좌 말소"
PAST = "vbank_due는 현재 시각 이후여야 합니다."


class NotPayable(Exception):
    """No money can come into this account (any more)."""


def issue(hub: Hub, merchant: Merchant, order: Order, given: Fields) -> Payment:
    """Raises Refusal: code -1 without a contract, code 1 for bad values and burnt orders."""
    now = hub.clock.now()
    channel = merchant.channel(Purpose.CERTIFIED, channel_key=given.need("channel_key", 55))
    bank, due = given.need("vbank_code", 10), given.need_whole("vbank_due", most=reads.LATEST)
    if bank not in BANKS:
        raise Refusal("vbank_code 값이 올바르지 않습니다.")
    if due <= now:
        raise Refusal(PAST)
    if not channel.profile.extras:
        raise Refusal("가상계좌 발급 API는 PG사와 별도 계약이 필요합니다.", code=NOT_OURS)
    with hub.store.write() as db:
        if payments.is_burnt(db, merchant.imp_code, order.merchant_uid, 0):
            raise Refusal(BURNT)
        payment = order.payment(payments.new_imp_uid(db, by_api=True), merchant, channel, now)
        payment.pay_method = "vbank"
        payment.issue_numbers(now)
        holder = given.text("vbank_holder", 16) or order.buyer_name
        payment.show_vbank((bank, BANKS[bank]), holder, issued_at=now, due=due)
        payments.save(db, merchant.imp_code, payment, now)
        hub.webhooks.payment_changed(db, merchant, payment, now)
    hub.webhooks.wake()
    return payment


def change(hub: Hub, merchant: Merchant, imp_uid: str, *, amount: int | None = None, due: int | None = None) -> Payment:
    """Another sum or deadline for an account that waits for money. Raises Refusal: 404 unknown, 400 wrong state."""
    now = hub.clock.now()
    with hub.store.write() as db:
        payment = _waiting(payments.by_imp_uid(db, merchant.imp_code, imp_uid))
        if due is not None and due <= now:
            raise Refusal(PAST, status=400)
        payment.amount, payment.vbank_date = amount or payment.amount, due or payment.vbank_date
        payments.save(db, merchant.imp_code, payment, now)
    return payment


def revoke(hub: Hub, merchant: Merchant, imp_uid: str) -> Payment:
    """No money is awaited any more. Raises Refusal: 404 unknown, 400 wrong state."""
    now = hub.clock.now()
    with hub.store.write() as db:
        payment = _waiting(payments.by_imp_uid(db, merchant.imp_code, imp_uid))
        payment.fail(REVOKED, now)
        payments.save(db, merchant.imp_code, payment, now)
    return payment


@dataclass(frozen=True)
class Deposit:
    """What a bank lets through. Most take only the whole sum in time; nothing says what PortOne tells of another.

    `amount` None is the whole sum. With `keeps_amount` PortOne tells a sum that differs in its deposits alone.
    """

    amount: int | None = None
    even_late: bool = False
    keeps_amount: bool = False


def pay_into(hub: Hub, merchant: Merchant, imp_uid: str, deposit: Deposit = Deposit()) -> Payment:
    """A buyer sends money to the account. Raises NotPayable when none is awaited, or too late for this deposit."""
    now = hub.clock.now()
    with hub.store.write() as db:
        payment = payments.by_imp_uid(db, merchant.imp_code, imp_uid)
        if payment is None or payment.status != "ready" or not payment.vbank_num:
            raise NotPayable(imp_uid)
        if now > payment.vbank_date and not deposit.even_late:
            raise NotPayable(imp_uid)
        if payments.is_burnt(db, merchant.imp_code, payment.merchant_uid, 0):
            raise NotPayable(imp_uid)
        came = payment.amount if deposit.amount is None else deposit.amount
        if came != payment.amount and not deposit.keeps_amount:
            payment.amount = came
        payment.approve(now)
        payment.apply_num = ""
        told = {"pg_tid": payment.pg_tid, "amount": came, "depositor_name": payment.buyer_name, "deposited_at": now}
        payment.deposit_history = [told] if deposit != Deposit() else []
        payments.save(db, merchant.imp_code, payment, now)
        hub.webhooks.payment_changed(db, merchant, payment, now)
    hub.webhooks.wake()
    return payment


def _waiting(payment: Payment | None) -> Payment:
    if payment is None:
        raise reads.not_found()
    if payment.status != "ready" or not payment.vbank_num:
        raise Refusal(NOT_WAITING, status=400)
    if not channel_of(payment).profile.extras:
        raise Refusal("현재 지원되지 않는 PG사입니다.", code=NOT_OURS, status=400)
    return payment
