"""What a buyer does in a payment window, as plain acts on a hub: no page, no HTTP.

A window is opened with the parameters a page gave to `IMP.request_pay`; then exactly one of `register_card` (the
non-certified window), `pay_card`, `pay_transfer`, `issue_vbank`, `pay_phone` (the certified one) or `close_window` ends
it. Ending it twice changes nothing. A typed card lives for one call and is kept nowhere.
"""

import json
import secrets
import sqlite3
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from portone_sandbox import keys, payments, results
from portone_sandbox.cards import ISSUER_DOWN, ISSUER_OFF, Behaviour, Card, CardEntry, CardRefused, read_card
from portone_sandbox.charges import LEASE_SECONDS, channel_of
from portone_sandbox.codes import BANKS, CARDS
from portone_sandbox.confirm import ask_merchant
from portone_sandbox.hub import Hub
from portone_sandbox.keys import Holder
from portone_sandbox.line import line
from portone_sandbox.merchants import Merchant
from portone_sandbox.payments import Payment
from portone_sandbox.wanted import Wanted, WindowRefused, read_wanted

GAVE_UP = "[결제포기] 사용자가 결제를 취소하셨습니다"
ALREADY_PAID = ("F1002", "이미 결제가 이루어진 거래건입니다.")
AMOUNT_MOVED = ("F0004", "결제요청 금액이 사전등록된 금액과 일치하지 않습니다.")
NOT_OPEN = ("F0006", "이미 종료된 결제창입니다.")
VBANK_DAYS = 3
__all__ = ["Window", "WindowRefused", "close_window", "find_window", "open_window", "payment_of", "register_card"]


@dataclass(frozen=True)
class Window:
    """One opened window. `result` is what the page's callback gets once `state` is done."""

    id: str
    imp_code: str
    imp_uid: str
    state: Literal["open", "done"]
    params: dict[str, Any] = field(repr=False)
    device: Literal["pc", "mobile"] = "pc"
    origin: str = ""
    result: dict[str, Any] | None = None

    @property
    def wanted(self) -> Wanted:
        return read_wanted(self.params)


def open_window(
    hub: Hub, imp_code: str, params: dict[str, Any], *, device: Literal["pc", "mobile"] = "pc",
    origin: str = "", user_agent: str | None = None,
) -> Window:  # fmt: skip
    """Check what a page asks for and begin its payment (`ready`). Raises WindowRefused: no window, no payment."""
    wanted = read_wanted(params)
    now = hub.clock.now()
    with hub.store.write() as db:
        merchant = hub.merchants.in_store(db, imp_code)
        if merchant is None:
            raise WindowRefused("F0001", "등록되지 않은 가맹점 식별코드입니다.")
        _check_order(db, imp_code, wanted)
        payment = wanted.payment(payments.new_imp_uid(db, by_api=False), merchant, now)
        payment.channel, payment.user_agent = device, user_agent and user_agent[:256]
        payments.save(db, imp_code, payment, now)
        window = Window(secrets.token_hex(16), imp_code, payment.imp_uid, "open", params, device, origin)
        db.execute(
            "INSERT INTO windows (id, imp_code, imp_uid, state, body) VALUES (?, ?, ?, ?, ?)",
            (window.id, imp_code, payment.imp_uid, window.state, json.dumps(asdict(window))),
        )
    return window


def find_window(hub: Hub, window_id: str) -> Window | None:
    with hub.store.read() as db:
        row = db.execute("SELECT body FROM windows WHERE id = ?", (window_id,)).fetchone()
    return Window(**json.loads(row["body"])) if row else None


def payment_of(hub: Hub, window: Window) -> Payment:
    """The payment of a window. Raises LookupError if the sandbox was reset meanwhile."""
    with hub.store.read() as db:
        payment = payments.by_imp_uid(db, window.imp_code, window.imp_uid)
    if payment is None:
        raise LookupError(window.imp_uid)
    return payment


def issuers(window: Window) -> dict[str, str]:
    """Code and name of the card issuers that the page left open."""
    return {code: name for code, name in CARDS.items() if window.wanted.lets_in(code)}


def quotas(window: Window) -> list[int]:
    """The instalment months on offer, 0 (at once) first."""
    return window.wanted.quotas()


def register_card(hub: Hub, window: Window, entry: CardEntry, quota: int = 0) -> Window:
    """The non-certified window: store the card, and charge it if there is an amount.

    Raises CardRefused for a card that the company doesn't know or the page shut out: the window stays open. A decline
    ends the window with a failed payment. Raises WindowRefused when the order was paid elsewhere meanwhile.
    """
    now = hub.clock.now()
    card = read_card(entry, now, holder_checked=True)
    if not window.wanted.lets_in(card.issuer):
        raise CardRefused(ISSUER_OFF)

    def store_and_charge(db: sqlite3.Connection, merchant: Merchant, payment: Payment) -> None:
        _take_card(hub, payment, card, quota)
        if _keeps_key(card, payment):
            wanted = window.wanted
            holder = Holder(
                wanted.buyer_name, wanted.buyer_tel, wanted.buyer_email, wanted.buyer_addr, wanted.buyer_postcode
            )
            uid = str(payment.customer_uid)
            keys.issue(db, merchant, channel_of(payment), uid, (card, holder, hub.clock.now()))
            if payment.amount:
                keys.count_charge(db, merchant.imp_code, uid, approved=payment.status == "paid")

    done = _finish(hub, window, store_and_charge, seconds=hub.config.slow_card_seconds if card.is_slow else 0)
    if card.loses_answer:
        line().cut()
    return done


def pay_card(hub: Hub, window: Window, issuer: str, quota: int = 0, behaviour: Behaviour = Behaviour.APPROVE) -> Window:
    """The certified window: the buyer identifies at the issuer's own page, no number is typed. Raises CardRefused."""
    if not window.wanted.lets_in(issuer):
        raise CardRefused(ISSUER_OFF)
    card = Card(issuer, f"0000{issuer}0****001*", "001*", behaviour)

    def charge(_db: sqlite3.Connection, _merchant: Merchant, payment: Payment) -> None:
        _take_card(hub, payment, card, quota)

    done = _finish(hub, window, charge, seconds=hub.config.slow_card_seconds if card.is_slow else 0)
    if card.loses_answer:
        line().cut()
    return done


def pay_transfer(hub: Hub, window: Window, bank: str) -> Window:
    """The certified window: the buyer sends money from a bank account. Raises WindowRefused for an unknown bank."""
    name = _bank(bank)

    def transfer(_db: sqlite3.Connection, _merchant: Merchant, payment: Payment) -> None:
        payment.bank_code, payment.bank_name = bank, name
        payment.approve(hub.clock.now())
        payment.apply_num = ""

    return _finish(hub, window, transfer)


def issue_vbank(hub: Hub, window: Window, bank: str, holder: str | None = None) -> Window:
    """The certified window: an account number to pay into; the payment stays `ready` until money comes."""
    name = _bank(bank)

    def issue(_db: sqlite3.Connection, _merchant: Merchant, payment: Payment) -> None:
        now = hub.clock.now()
        payment.issue_numbers(now)
        due = window.wanted.vbank_due or now + VBANK_DAYS * 86_400
        payment.show_vbank((bank, name), holder or payment.buyer_name, issued_at=now, due=due)

    return _finish(hub, window, issue)


def pay_phone(hub: Hub, window: Window, carrier: str) -> Window:  # noqa: ARG001 - PortOne tells the carrier to nobody
    """The certified window: the sum goes on the buyer's phone bill."""

    def bill(_db: sqlite3.Connection, _merchant: Merchant, payment: Payment) -> None:
        payment.approve(hub.clock.now())
        payment.apply_num = payment.receipt_url = None

    return _finish(hub, window, bill)


def close_window(hub: Hub, window: Window) -> Window:
    """The buyer closes it: the payment has failed."""

    def give_up(_db: sqlite3.Connection, _merchant: Merchant, payment: Payment) -> None:
        payment.fail(GAVE_UP, hub.clock.now())

    return _finish(hub, window, give_up, asks_merchant=False)


Act = Callable[[sqlite3.Connection, Merchant, Payment], None]


def _finish(hub: Hub, window: Window, act: Act, *, seconds: float = 0, asks_merchant: bool = True) -> Window:
    """Claim the window, let the other side decide, write down what came of it. Raises WindowRefused."""
    claimed = _claim(hub, window)
    if isinstance(claimed, Window):
        return claimed
    merchant, payment = claimed
    refused = ask_merchant(hub, window.wanted.confirm_url, payment) if asks_merchant else None
    if seconds:
        line().wait(seconds)
    now = hub.clock.now()
    with hub.store.write() as db:
        if refused:
            payment.fail(refused, now)
        else:
            act(db, merchant, payment)
        payments.save(db, merchant.imp_code, payment, now)
        done = replace(window, state="done", result=results.of(payment, window.params))
        db.execute("UPDATE windows SET state = 'done', body = ? WHERE id = ?", (json.dumps(asdict(done)), window.id))
        if payment.status == "paid" or payment.vbank_num:
            hub.webhooks.payment_changed(db, merchant, payment, now)
    hub.webhooks.wake()
    return done


def _claim(hub: Hub, window: Window) -> tuple[Merchant, Payment] | Window:
    """The merchant and the payment, now marked as being decided; or the window as somebody else has ended it."""
    now, wall = hub.clock.now(), time.time()
    with hub.store.write() as db:
        row = db.execute("SELECT state, body FROM windows WHERE id = ?", (window.id,)).fetchone()
        if row is not None and row["state"] == "done":
            return Window(**json.loads(row["body"]))
        merchant = hub.merchants.in_store(db, window.imp_code)
        payment = payments.by_imp_uid(db, window.imp_code, window.imp_uid)
        if row is None or merchant is None or payment is None:
            raise WindowRefused(*NOT_OPEN)
        if payments.is_burnt(db, window.imp_code, payment.merchant_uid, wall):
            raise WindowRefused(*ALREADY_PAID)
        payments.save(db, window.imp_code, payment, now, busy_until=wall + LEASE_SECONDS)
    return merchant, payment


def _take_card(hub: Hub, payment: Payment, card: Card, quota: int) -> None:
    now = hub.clock.now()
    payment.show_card(card.issuer, card.mask, rich=channel_of(payment).profile.rich_cards)
    payment.card_quota = quota
    reason = card.decline(tries=0, uses=0, now=now) if payment.amount else None
    if payment.amount and card.behaviour is Behaviour.ISSUER_DOWN:
        reason = ISSUER_DOWN
    if reason is None:
        payment.approve(now)
        return
    payment.issue_numbers(now)
    payment.fail(reason, now)
    if card.behaviour is Behaviour.LATE_APPROVAL:
        payment.inner.approves_at = now + hub.config.late_approval_seconds


def _keeps_key(card: Card, payment: Payment) -> bool:
    """Whether a key comes of it; a first charge that is declined takes the key with it, but for one kind of card."""
    if payment.status == "paid":
        return not (payment.amount and card.behaviour is Behaviour.CHARGE_WITHOUT_KEY)
    return card.behaviour is Behaviour.FIRST_DECLINED


def _check_order(db: sqlite3.Connection, imp_code: str, wanted: Wanted) -> None:
    if payments.is_burnt(db, imp_code, wanted.merchant_uid, time.time()):
        raise WindowRefused(*ALREADY_PAID)
    prepared = db.execute(
        "SELECT amount, currency FROM prepared WHERE imp_code = ? AND merchant_uid = ?", (imp_code, wanted.merchant_uid)
    ).fetchone()
    if prepared and (prepared["amount"] != wanted.amount or prepared["currency"] not in {None, wanted.currency}):
        raise WindowRefused(*AMOUNT_MOVED)


def _bank(code: str) -> str:
    if code not in BANKS:
        raise WindowRefused("F0005", "지원되지 않는 은행입니다.")
    return BANKS[code]
