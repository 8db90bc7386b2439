"""Charge a typed card, store one, or both in one step: written down first, sent once, settled by reading.

Storing is a registration like any other, without a window: whether a key was issued and whether money was taken are
two facts, kept apart. The card itself is handed to the gateway and to nobody else.
"""

from dataclasses import dataclass
from datetime import timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.core.context import ActorKind, WorkContext
from merchant_admin.core.db import lease_now
from merchant_admin.core.errors import Conflict, GatewayError, GatewayRejected, GatewayUnreachable, NotFound, RuleBroken
from merchant_admin.core.ids import new_customer_uid, new_id, new_merchant_uid, random_signs
from merchant_admin.core.money import MAX_AMOUNT_KRW, quota_is_allowed
from merchant_admin.core.settings import Mode
from merchant_admin.customers.models import Customer
from merchant_admin.payments import looks
from merchant_admin.payments.facts import is_foreign, record_transaction
from merchant_admin.payments.models import Attempt, Charge
from merchant_admin.payments.service import start_window_charge
from merchant_admin.payments.states import AttemptState, ChargeKind, Evidence
from merchant_admin.portone.gateway import Gateway
from merchant_admin.portone.typed_cards import CardOrder, TypedCard
from merchant_admin.portone.types import Transaction
from merchant_admin.registrations.looking import look_at_registration
from merchant_admin.registrations.models import KEYED_IN, Registration
from merchant_admin.registrations.states import Fact, RegistrationState

LEASE = timedelta(seconds=240)  # longer than the longest talk; no answer can come after it


@dataclass(frozen=True)
class KeyInOrder:
    """What is wanted of a typed card. `amount_krw` 0 only stores it."""

    sheet_key: str
    customer_id: str
    amount_krw: int
    tax_free_krw: int
    quota: int
    name: str
    stores_card: bool

    def refuse_impossible(self) -> None:
        """Raises RuleBroken."""
        least = 0 if self.stores_card else 1
        problems = (
            (not least <= self.amount_krw <= MAX_AMOUNT_KRW, _("결제 금액은 1원부터 100,000,000원까지입니다.")),
            (not 0 <= self.tax_free_krw <= self.amount_krw, _("면세 금액은 결제 금액보다 클 수 없습니다.")),
            (not quota_is_allowed(self.amount_krw, self.quota), _("할부는 50,000원부터 2~12개월로 할 수 있습니다.")),
            (not 1 <= len(self.name) <= 40, _("주문명은 1자에서 40자까지입니다.")),
        )
        for is_wrong, message in problems:
            if is_wrong:
                raise RuleBroken(message)


@dataclass(frozen=True)
class Written:
    """What stands in the database for one sheet: a registration, a charge, or both."""

    registration_id: str | None
    charge_id: str | None
    attempt_id: str | None
    is_new: bool
    order: CardOrder | None = None
    customer_uid: str | None = None
    buyer: tuple[tuple[str, str], ...] = ()


def key_in(ctx: WorkContext, gateway: Gateway, order: KeyInOrder, card: TypedCard) -> Written:
    """Charge, store, or both, at most once per sheet. What is not known afterwards settles itself by reading.

    Raises RuleBroken, NotFound, Conflict (the sheet was used for something else), or GatewayUnreachable while sending
    is stopped: then nothing was written and nothing sent.
    """
    order.refuse_impossible()
    if used_sheet(ctx, order.sheet_key) is None:
        ctx.end_reading()
        gateway.refuse_if_stopped()
    try:
        written = _write_down(ctx, gateway, order)
    except IntegrityError:  # the same sheet, at the same moment
        written = _write_down(ctx, gateway, order)
    if written.is_new:
        ctx.end_reading()
        _send(ctx, gateway, written, card)
    return written


def used_sheet(ctx: WorkContext, sheet_key: str) -> Written | None:
    """What a sheet was used for before."""
    registration = ctx.session.scalar(select(Registration).where(Registration.sheet_key == sheet_key))
    if registration is not None:
        return Written(registration.id, None, registration.attempt_id, is_new=False)
    charge_id = ctx.session.scalar(select(Charge.id).where(Charge.sheet_key == sheet_key))
    return None if charge_id is None else Written(None, charge_id, None, is_new=False)


def _write_down(ctx: WorkContext, gateway: Gateway, order: KeyInOrder) -> Written:
    with ctx.atomic() as session:
        used = used_sheet(ctx, order.sheet_key)
        if used is not None:
            _refuse_other_words(session, used, order)
            return used
        customer = session.get(Customer, order.customer_id)
        if customer is None:
            raise NotFound(_("고객을 찾을 수 없습니다."))
        if customer.is_archived:
            raise RuleBroken(_("보관한 고객은 결제할 수 없습니다. 먼저 고객을 되살리십시오."), customer=customer.id)
        until = lease_now(session, ctx.clock) + LEASE
        merchant_uid = new_merchant_uid(KEYED_IN)
        customer_uid = new_customer_uid(ctx.mode) if order.stores_card else None
        attempt = None
        if order.amount_krw:
            attempt = start_window_charge(
                ctx, session, sheet_key=order.sheet_key, customer_id=customer.id, merchant_uid=merchant_uid,
                customer_uid=customer_uid, amount_krw=order.amount_krw, tax_free_krw=order.tax_free_krw,
                name=order.name, lease_until=until, pg_id=gateway.key_in_mid, kind=ChargeKind.KEY_IN,
                quota=order.quota,
            )  # fmt: skip
        registration = None
        if customer_uid:
            registration = Registration(
                id=new_id("reg"), return_token=random_signs(32), sheet_key=order.sheet_key, mode=Mode(ctx.mode),
                customer_id=customer.id, customer_uid=customer_uid, merchant_uid=merchant_uid, pg=gateway.key_in_pg,
                name=order.name, amount_krw=order.amount_krw, tax_free_krw=order.tax_free_krw,
                attempt_id=attempt.id if attempt else None, state=RegistrationState.OPEN, key_fact=Fact.UNKNOWN,
                charge_fact=Fact.UNKNOWN if attempt else Fact.NOT_ASKED, looks=0, key_absences=0, next_look_at=until,
                staff_id=ctx.actor.id if ctx.actor.kind is ActorKind.STAFF else None, created_at=ctx.now(),
                expires_at=until,
            )  # fmt: skip
            session.add(registration)
            session.flush()
            record(
                ctx, "registration.keyed_in", ("registration", registration.id), customer_id=customer.id,
                amount_krw=order.amount_krw, merchant_uid=merchant_uid,
            )  # fmt: skip
        buyer = {"name": customer.name[:16], "tel": (customer.phone or "")[:16], "email": customer.email or ""}
        return Written(
            registration.id if registration else None, attempt.charge_id if attempt else None,
            attempt.id if attempt else None, is_new=True, customer_uid=customer_uid,
            buyer=tuple((f"customer_{word}", value) for word, value in buyer.items() if value),
            order=CardOrder(
                merchant_uid, order.amount_krw, order.name, order.tax_free_krw, order.quota, customer_uid,
                buyer_name=buyer["name"] or None, buyer_tel=buyer["tel"] or None,
                buyer_email=buyer["email"] if 0 < len(buyer["email"]) <= 64 else None,
            ) if order.amount_krw else None,
        )  # fmt: skip


def _refuse_other_words(session: Session, used: Written, order: KeyInOrder) -> None:
    """The same sheet must ask for the same: another card with it can't be told apart, and is not charged."""
    kept: Registration | Charge = (
        session.get_one(Registration, used.registration_id)
        if used.registration_id
        else session.get_one(Charge, used.charge_id)
    )
    fields = ("customer_id", "amount_krw", "tax_free_krw", "name")
    is_same = all(getattr(kept, field) == getattr(order, field) for field in fields)
    if not is_same or bool(used.registration_id) is not order.stores_card:
        raise Conflict(_("이 화면으로 이미 다른 결제를 요청했습니다. 이번 요청은 보내지 않았습니다."))


def _send(ctx: WorkContext, gateway: Gateway, written: Written, card: TypedCard) -> None:
    """Ask PortOne once. Whatever was answered, the facts come from what it shows when read."""
    transaction: Transaction | None = None
    wrong: GatewayError | None = None
    try:
        if written.order is not None:
            transaction = gateway.charge_card(written.order, card)
        elif written.customer_uid is not None:
            gateway.issue_card(written.customer_uid, card, dict(written.buyer))
    except GatewayError as failed:
        wrong = failed
    told = card.scrub(str(wrong)) if isinstance(wrong, GatewayRejected) else None
    if written.attempt_id is not None:
        _settle_charge(ctx, written.attempt_id, transaction, wrong, told)
    if written.registration_id is not None:
        _settle_registration(ctx, gateway, written.registration_id, wrong, told)
    elif written.attempt_id is not None and wrong is not None:
        looks.look_at_attempt(ctx, gateway, written.attempt_id)


def _settle_charge(
    ctx: WorkContext, attempt_id: str, transaction: Transaction | None, wrong: GatewayError | None, told: str | None
) -> None:
    """Write the answer down. Approval and decline are ours only if everything is; all else stays UNCERTAIN."""
    with ctx.atomic() as session:
        attempt = looks.locked(session, attempt_id)
        if transaction is not None and not is_foreign(ctx.mode, transaction):
            record_transaction(ctx, session, transaction, source="answer")
        attempt = session.get_one(Attempt, attempt_id, populate_existing=True)
        if attempt.state is AttemptState.SENDING:
            looks.make_uncertain(ctx, session, attempt, _evidence(wrong, told), refused=told is not None)


def _evidence(wrong: GatewayError | None, told: str | None) -> str:
    if told is not None:
        return Evidence.REFUSED.with_detail(told)
    if isinstance(wrong, GatewayUnreachable):
        return Evidence.UNREACHABLE.value
    return (Evidence.MISMATCH if wrong is None else Evidence.NO_ANSWER).value


def _settle_registration(
    ctx: WorkContext, gateway: Gateway, registration_id: str, wrong: GatewayError | None, told: str | None
) -> None:
    """A definite answer ends the waiting; a lost one waits until no answer can come any more."""
    if wrong is None or told is not None or isinstance(wrong, GatewayUnreachable):
        with ctx.atomic() as session:
            registration = session.get_one(Registration, registration_id, with_for_update=True, populate_existing=True)
            registration.returned_at, registration.state = ctx.now(), RegistrationState.CHECKING
            registration.next_look_at = ctx.now()
            registration.told = told
    try:
        look_at_registration(ctx, gateway, registration_id)
    except GatewayError:
        return  # the worker looks again
