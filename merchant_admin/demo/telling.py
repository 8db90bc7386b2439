"""The story carried out: every act goes through the service that staff use, at its own time on both clocks."""

import gc
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import event, select

from merchant_admin.billing_keys.service import adopt_card, delete_card
from merchant_admin.core.clock import FixedClock
from merchant_admin.core.context import Actor, ActorKind, WorkContext
from merchant_admin.core.db import db
from merchant_admin.core.ids import new_customer_uid, new_id
from merchant_admin.core.settings import Settings
from merchant_admin.core.times import to_epoch
from merchant_admin.customers.service import CustomerDetails, archive_customer, create_customer
from merchant_admin.demo import agreements, new_cards, promises
from merchant_admin.demo.cast import ONCE, REGULAR, Goods
from merchant_admin.demo.story import LAST_SCENES, Joins, Pays, Registers, Scene, Special
from merchant_admin.payments.facts import record_transaction
from merchant_admin.payments.models import Attempt, Payment
from merchant_admin.payments.service import ChargeSheet, charge_billing_key
from merchant_admin.payments.states import ChargeKind
from merchant_admin.portone.gateway import Gateway
from merchant_admin.refunds.service import RefundSheet, refund_payment
from merchant_admin.refunds.states import RefundReason
from merchant_admin.registrations.looking import look_at_registration
from merchant_admin.registrations.service import RegistrationOrder, open_registration

_REASONS = (
    (RefundReason.CUSTOMER_REQUEST, ""),
    (RefundReason.CUSTOMER_REQUEST, "단순 변심"),
    (RefundReason.NOT_DELIVERED, "배송 중 파손"),
    (RefundReason.WRONG_AMOUNT, "할인 미적용"),
    (RefundReason.DUPLICATE, "중복 주문"),
)
_ELSEWHERE_KRW = 5_000


class SandboxHandle(Protocol):
    """What the story needs of the embedded sandbox: its clock, and what a buyer or a console does there."""

    clock: Any
    faults: Any
    webhooks: Any

    def window_key(self, **window: Any) -> str: ...

    def console_cancel(self, imp_uid: str, amount: int | None = None, reason: str = "") -> Any: ...


@dataclass
class _Known:
    """A customer as the story remembers one."""

    customer_id: str
    name: str
    key_ids: list[str] = field(default_factory=list)
    last_paid: str | None = None  # the payment's id


class Teller:
    """Plays scenes in order. Refunds are played when their day comes, between the scenes."""

    def __init__(self, settings: Settings, gateway: Gateway, sandbox: SandboxHandle, team: list[Actor]) -> None:
        self._settings = settings
        self._gateway = gateway
        self._sandbox = sandbox
        self._team = team  # those who may refund and delete stand first
        self._clock = FixedClock(datetime.max.replace(tzinfo=UTC))  # set before each act
        self._dice = random.Random(len(team))  # noqa: S311 - a story, no secret
        self._known: dict[int, _Known] = {}
        self._refunds_to_come: list[tuple[datetime, str, str]] = []
        self._serial = 100
        self._number = 0
        self._plans: dict[str, str] = {}
        self._promised: dict[int, str] = {}

    def tell(self, scenes: list[Scene], until: datetime) -> None:
        """Play everything up to `until`; the sandbox's own clock is not moved."""
        self._gateway.channels()  # a token of the present stays good for all of the past
        self._sandbox.webhooks.set_mode("lost")  # nobody listens in the past
        try:
            for scene in scenes:
                self._give_back_until(scene.at)
                if scene.at > until - LAST_SCENES:
                    self._sandbox.webhooks.set_mode("normal")
                with self._at(scene.at):
                    self._play(scene)
            self._give_back_until(until)
            self._sandbox.webhooks.deliver_due()
        finally:
            self._sandbox.faults.clear()
            self._sandbox.webhooks.set_mode("normal")

    def _play(self, scene: Scene) -> None:
        match scene.act:
            case Joins(who, person):
                details = CustomerDetails(person.name, person.phone, person.email, person.memo)
                made = create_customer(self._ctx(), details)
                self._known[who] = _Known(made.id, person.name)
            case Registers():
                self._register(scene.act)
            case Pays():
                self._pay(scene.act, scene.at)
            case Special(name, who, number):
                self._number = number
                getattr(self, f"_{name}")(self._known[who])

    def _ctx(self, *, leads: bool = False) -> WorkContext:
        """Somebody at work: of those who may refund and delete, if `leads`."""
        db.session.remove()
        actor = self._dice.choice(self._team[:2] if leads else self._team)
        secret = self._settings.secret_key.encode()
        return WorkContext(db.session, self._clock, actor, self._settings.mode.value, secret, self._settings.outgoing)

    @contextmanager
    def _at(self, at: datetime) -> Iterator[None]:
        """Both clocks stand at this instant."""
        self._clock.set(at)
        with self._sandbox.clock.as_of(to_epoch(at)):
            yield

    def _register(self, act: Registers) -> None:
        known, goods = self._known[act.who], act.goods
        order = RegistrationOrder(
            sheet_key=new_id("sht"),
            customer_id=known.customer_id,
            amount_krw=goods.amount_krw if goods else 0,
            tax_free_krw=goods.amount_krw if goods and goods.is_tax_free else 0,
            name=goods.name if goods else "카드 등록",
        )
        ctx = self._ctx()
        opened = open_registration(ctx, self._gateway, order)
        registration_id = opened.id
        self._serial += 1
        self._sandbox.window_key(
            customer_uid=opened.customer_uid, merchant_uid=opened.merchant_uid, card=act.card, issuer=act.issuer,
            serial=self._serial, amount=order.amount_krw, name=order.name, pg=opened.pg, tax_free=order.tax_free_krw,
        )  # fmt: skip
        seen = look_at_registration(ctx, self._gateway, registration_id)
        if seen.billing_key_id:
            known.key_ids.append(seen.billing_key_id)

    def _pay(self, act: Pays, at: datetime) -> None:
        known = self._known[act.who]
        if act.card < len(known.key_ids):
            payment_id = self._charge(known, act.goods, known.key_ids[act.card], act.quota)
            if payment_id and act.refund:
                later = at + timedelta(days=self._dice.randint(1, 6), minutes=self._dice.randint(0, 300))
                self._refunds_to_come.append((later, payment_id, act.refund))

    def _charge(self, known: _Known, goods: Goods, key_id: str, quota: int = 0) -> str | None:
        """Charge once; the id of the payment if it was paid."""
        sheet = ChargeSheet(
            sheet_key=new_id("sht"),
            customer_id=known.customer_id,
            billing_key_id=key_id,
            amount_krw=goods.amount_krw,
            tax_free_krw=goods.amount_krw if goods.is_tax_free else 0,
            quota=quota,
            name=goods.name,
            memo="",
            kind=ChargeKind.AGAIN if known.last_paid and goods.days else ChargeKind.ONE_OFF,
            confirms_repeat=True,
        )
        charge = charge_billing_key(self._ctx(), self._gateway, sheet)
        paid = select(Payment.id).join(Attempt, Payment.attempt_id == Attempt.id)
        found = db.session.scalar(paid.where(Attempt.charge_id == charge.id, Payment.paid_at.is_not(None)))
        known.last_paid = found or known.last_paid
        return found

    def _give_back_until(self, at: datetime) -> None:
        due = sorted(one for one in self._refunds_to_come if one[0] <= at)
        for when, payment_id, how_much in due:
            with self._at(when):
                self._refund(payment_id, part=how_much == "part")
            self._refunds_to_come.remove((when, payment_id, how_much))

    def _refund(self, payment_id: str, *, part: bool) -> None:
        ctx = self._ctx(leads=True)
        payment = db.session.get_one(Payment, payment_id)
        amount = payment.remaining_krw // 3000 * 1000 if part else payment.remaining_krw
        code, text = self._dice.choice(_REASONS)
        is_tax_free = any(goods.name == payment.name and goods.is_tax_free for goods in REGULAR)
        sheet = RefundSheet(
            sheet_key=new_id("sht"),
            payment_id=payment_id,
            amount_krw=amount,
            tax_free_krw=amount if is_tax_free else 0,
            remaining_krw=payment.remaining_krw,
            reason_code=code,
            reason_text=text,
        )
        refund_payment(ctx, self._gateway, sheet)

    # Scenes of one record each, named by story.Special.

    def _offers_plans(self, _known: _Known) -> None:
        self._plans = promises.offer(self._ctx(leads=True))

    def _promises(self, known: _Known) -> None:
        promise = promises.PROMISES[self._number]
        if promise.card < len(known.key_ids):
            key_id, plan_id = known.key_ids[promise.card], self._plans[promise.plan]
            made = promises.begin(self._ctx(), promise, plan_id, known.customer_id, key_id)
            self._promised[self._number] = made

    def _thinks_again(self, known: _Known) -> None:
        promise, held = promises.PROMISES[self._number], self._promised[self._number]
        promises.think_again(self._ctx(), promise, held, known.key_ids[0])

    def _is_refused_today(self, known: _Known) -> None:
        """A subscription whose first charge is declined: it waits for tomorrow's retry, and for a call."""
        promise = promises.REFUSED_TODAY
        plan_id, key_id = self._plans[promise.plan], known.key_ids[promise.card]
        promises.begin(self._ctx(), promise, plan_id, known.customer_id, key_id)
        self._clock_works(sends=False)

    def _switches_card(self, _known: _Known) -> None:
        ctx = self._ctx()
        self._brings_a_new_card(ctx, new_cards.ask(ctx, self._gateway, self._promised[self._number]))

    def _opens_a_link(self, _known: _Known) -> None:
        ctx = self._ctx()
        new_cards.note_opened(ctx, new_cards.ask(ctx, self._gateway, self._promised[self._number]))

    def _leaves_the_pg(self, _known: _Known) -> None:
        """Half of the cards' customers have their link; some of those have come."""
        links = new_cards.leave(self._ctx(leads=True), self._gateway)
        customer = self._ctx()
        customer.actor = Actor(ActorKind.CUSTOMER, None, "card link")
        for link_id in links[: new_cards.NEW_CARDS]:
            self._brings_a_new_card(customer, link_id)
        for link_id in links[new_cards.NEW_CARDS :][: new_cards.OPENED]:
            new_cards.note_opened(customer, link_id)

    def _brings_a_new_card(self, ctx: WorkContext, link_id: str) -> None:
        """From then on the story pays with the new card, too."""
        self._serial += 1
        agreed = new_cards.agree(ctx, self._settings, link_id)
        old, new = new_cards.register(ctx, self._gateway, self._sandbox, link_id, self._serial, agreed)
        for known in self._known.values():
            known.key_ids = [new if key_id == old else key_id for key_id in known.key_ids]

    def _clock_turns(self, _known: _Known) -> None:
        self._clock_works(sends=self._number == 0)  # what came up lately waits

    def _clock_works(self, *, sends: bool) -> None:
        ctx = self._ctx()
        ctx.actor = Actor.job("worker")
        promises.turn(ctx, self._gateway)
        agreements.tell(ctx, sends=sends)

    def _agrees(self, _known: _Known) -> None:
        if self._number in self._promised:
            agreements.agree(self._ctx(), self._promised[self._number])

    def _costs_more(self, _known: _Known) -> None:
        agreements.raise_price(self._ctx(leads=True), self._promised[self._number])

    def _leaves_for_good(self, known: _Known) -> None:
        archive_customer(self._ctx(), known.customer_id)

    def _loses_a_card(self, known: _Known) -> None:
        delete_card(self._ctx(leads=True), self._gateway, known.key_ids[-1], "고객 요청: 카드 분실")

    def _brings_a_card_along(self, known: _Known) -> None:
        """A key that another system registered is taken over by its customer_uid."""
        customer_uid = new_customer_uid(self._settings.mode.value)
        self._serial += 1
        self._sandbox.window_key(
            customer_uid=customer_uid, merchant_uid=new_id("old"), card="approve", serial=self._serial
        )
        adopt_card(self._ctx(), self._gateway, known.customer_id, customer_uid)

    def _closes_the_window(self, known: _Known) -> None:
        order = RegistrationOrder(new_id("sht"), known.customer_id, 0, 0, "카드 등록")
        open_registration(self._ctx(), self._gateway, order)

    def _is_refunded_elsewhere(self, known: _Known) -> None:
        """A part is given back in PortOne's console; we learn of it by reading."""
        payment = db.session.get_one(Payment, self._charge(known, ONCE[0], known.key_ids[0]))
        imp_uid = payment.imp_uid
        self._sandbox.console_cancel(imp_uid, _ELSEWHERE_KRW, "관리자 콘솔에서 취소")
        told = self._gateway.payment(imp_uid)
        ctx = self._ctx()
        ctx.actor = Actor(ActorKind.WEBHOOK, None, "portone")
        with ctx.atomic() as session:
            assert told is not None
            record_transaction(ctx, session, told, source="webhook")

    def _is_refunded_in_part(self, known: _Known) -> None:
        payment_id = self._charge(known, ONCE[2], known.key_ids[0])
        if payment_id:
            self._refund(payment_id, part=True)

    def _is_lost_on_the_way(self, known: _Known) -> None:
        """The request never reached PortOne and nobody knows yet: it waits for two looks, then for a person."""
        self._sandbox.faults.plan("close_before", "/subscribe/payments/again")
        self._charge(known, REGULAR[1], known.key_ids[0])
        self._sandbox.faults.clear()


@contextmanager
def hurried() -> Iterator[None]:
    """Thousands of small writes in a row, nothing of value there yet: SQLite does not wait for the disk."""

    def hurry(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    engine, is_sqlite = db.engine, db.engine.dialect.name == "sqlite"
    usual = gc.get_threshold()
    gc.set_threshold(100_000, 50, 50)
    db.session.remove()
    if is_sqlite:
        engine.dispose()
        event.listen(engine, "connect", hurry)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        db.session.remove()
        if is_sqlite:
            event.remove(engine, "connect", hurry)
            engine.dispose()
