"""Taking an ordinary payment in the certified window: written down first, believed only when PortOne was read.

The order stands before any window. Each window gets its attempt, claimed until the window's time is over, and the
amount is locked at PortOne before it opens. One attempt of an order is open at most and none follows a paid one: the
database holds that, so a link can't be paid twice however often it is opened.
"""

from dataclasses import astuple, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.checkouts.looking import FIRST_LOOK, SUBJECT, locked, look_at_checkout
from merchant_admin.checkouts.models import Checkout
from merchant_admin.checkouts.standing import due_checkouts, standing_of
from merchant_admin.checkouts.tokens import hash_of, token_of
from merchant_admin.core.context import ActorKind, WorkContext
from merchant_admin.core.db import lease_now
from merchant_admin.core.errors import Conflict, InvalidInput, NotFound, RuleBroken
from merchant_admin.core.ids import new_id, new_merchant_uid, random_signs
from merchant_admin.core.money import MAX_AMOUNT_KRW, quota_is_allowed
from merchant_admin.core.settings import Mode, Settings
from merchant_admin.core.times import seoul_day
from merchant_admin.customers.models import Customer
from merchant_admin.customers.service import CustomerDetails, known_or_new
from merchant_admin.payments.models import Attempt, Charge
from merchant_admin.payments.service import open_window_again, start_window_charge
from merchant_admin.payments.states import AttemptState, PayMethod
from merchant_admin.payments.window import (
    NAME_MOST,
    WindowOrder,
    WindowPlace,
    belongs_elsewhere,
    hint_of,
    keep_issuers,
    kept_issuers,
    parameters,
)
from merchant_admin.portone.gateway import Gateway
from merchant_admin.portone.wire import clean_text

__all__ = [
    "CheckoutOrder", "create_checkout", "due_checkouts", "end_link", "look_at_checkout", "note_return", "open_window",
    "window_parameters",
]  # fmt: skip

WINDOW_LASTS = timedelta(minutes=30)
LINK_DAYS = (1, 3, 7, 14)
DEPOSIT_DAYS = (1, 2, 3, 5, 7, 14)
QUOTAS_MOST = (0, 2, 3, 6, 12)


@dataclass(frozen=True)
class CheckoutOrder:
    """What staff fill in. `link_days` 0 opens the window at the desk; more makes a link that lives so long."""

    sheet_key: str
    customer_id: str
    method: PayMethod
    name: str
    amount_krw: int
    tax_free_krw: int = 0
    quota_most: int = 0
    issuers: tuple[str, ...] = ()
    is_digital: bool = False
    deposit_days: int = 3
    link_days: int = 0

    def refuse_unusable(self) -> None:
        """Raises InvalidInput, by field."""
        wrong: dict[str, object] = {}
        if not 1 <= self.amount_krw <= MAX_AMOUNT_KRW:
            wrong["amount_krw"] = _("금액은 1원에서 1억 원까지입니다.")
        elif not 0 <= self.tax_free_krw <= self.amount_krw:
            wrong["tax_free_krw"] = _("면세 금액은 금액보다 클 수 없습니다.")
        elif not quota_is_allowed(self.amount_krw, self.quota_most):
            wrong["quota_most"] = _("할부는 ₩50,000부터 할 수 있습니다.")
        if not 1 <= len(self.name) <= NAME_MOST:
            wrong["name"] = _("주문명은 1자에서 40자까지입니다.")
        if self.link_days and self.link_days not in LINK_DAYS:
            wrong["link_days"] = _("목록에서 하나를 골라 주세요.")
        if wrong:
            raise InvalidInput(_("입력한 내용을 확인하세요."), wrong)


def create_checkout(
    ctx: WorkContext, gateway: Gateway, order: CheckoutOrder, newcomer: CustomerDetails | None = None
) -> Checkout:
    """Write an order down; nothing is sent and nothing can be paid yet.

    With a `newcomer` the order's customer is whoever has exactly this name and phone, or is written down with it. The
    second use of a sheet finds the first order; with other words it raises Conflict. Raises InvalidInput,
    RuleBroken for an archived customer, NotFound.
    """
    order.refuse_unusable()
    try:
        checkout = _write_down(ctx, gateway, order, newcomer)
    except IntegrityError:  # the same sheet, at the same moment
        found = ctx.session.scalar(select(Checkout).where(Checkout.sheet_key == order.sheet_key))
        if found is None:
            raise
        checkout = found
    if newcomer is not None and _is_of(ctx.session.get_one(Customer, checkout.customer_id), newcomer):
        order = replace(order, customer_id=checkout.customer_id)
    if _wish(checkout) != astuple(order)[1:-1] or bool(checkout.link_hash) != bool(order.link_days):
        raise Conflict(_("이 화면은 이미 다른 내용으로 보냈습니다. 새로 열어 다시 입력하세요."), checkout=checkout.id)
    return checkout


def _wish(checkout: Checkout) -> tuple[object, ...]:
    return (
        checkout.customer_id, checkout.method, checkout.name, checkout.amount_krw, checkout.tax_free_krw,
        checkout.quota_most, kept_issuers(checkout.issuers), checkout.is_digital, checkout.deposit_days,
    )  # fmt: skip


def _is_of(customer: Customer, details: CustomerDetails) -> bool:
    return (customer.name, customer.phone) == (details.name, details.phone)


def _write_down(ctx: WorkContext, gateway: Gateway, order: CheckoutOrder, newcomer: CustomerDetails | None) -> Checkout:
    with ctx.atomic() as session:
        known = session.scalar(select(Checkout).where(Checkout.sheet_key == order.sheet_key))
        if known is not None:
            return known
        customer = known_or_new(ctx, session, newcomer) if newcomer else session.get(Customer, order.customer_id)
        if customer is None:
            raise NotFound(_("고객을 찾을 수 없습니다."))
        if customer.is_archived:
            raise RuleBroken(_("보관한 고객은 결제할 수 없습니다. 먼저 고객을 되살리십시오."), customer=customer.id)
        now, checkout_id = ctx.now(), new_id("cko")
        checkout = Checkout(
            id=checkout_id, sheet_key=order.sheet_key, way_back=random_signs(32), mode=Mode(ctx.mode),
            customer_id=customer.id, pg=gateway.certified_pg, method=order.method, name=order.name,
            amount_krw=order.amount_krw, tax_free_krw=order.tax_free_krw, quota_most=order.quota_most,
            issuers=keep_issuers(order.issuers), is_digital=order.is_digital, deposit_days=order.deposit_days,
            link_hash=hash_of(token_of(ctx.secret, checkout_id)) if order.link_days else None,
            link_expires_at=now + timedelta(days=order.link_days) if order.link_days else None, looks=0,
            staff_id=ctx.actor.id if ctx.actor.kind is ActorKind.STAFF else None, created_at=now,
        )  # fmt: skip
        session.add(checkout)
        session.flush()
        act = "checkout.link_made" if order.link_days else "checkout.opened"
        record(
            ctx, act, (SUBJECT, checkout.id), customer_id=customer.id, amount_krw=order.amount_krw,
            method=order.method.value,
        )  # fmt: skip
    return checkout


def open_window(ctx: WorkContext, gateway: Gateway, checkout_id: str) -> Checkout:
    """Claim the order's window and lock its amount; only then may the window open.

    A window whose time is not over is opened again under its own order number, which PortOne lets succeed once. After
    a try that took nothing a new number is used. Raises RuleBroken when the order was paid, is being checked, waits
    for a deposit, or its link is over; GatewayError when the amount could not be locked: the window must stay shut
    then, and the same button may be pressed again.
    """
    try:
        merchant_uid, amount_krw = _claim_window(ctx, checkout_id)
    except IntegrityError as clash:  # two openings at the same moment
        raise RuleBroken(_("결제창을 여는 중입니다. 잠시 뒤 이 화면을 새로 여세요."), checkout=checkout_id) from clash
    ctx.end_reading()
    gateway.lock_amount(merchant_uid, amount_krw)
    return ctx.session.get_one(Checkout, checkout_id, populate_existing=True)


def _claim_window(ctx: WorkContext, checkout_id: str) -> tuple[str, int]:
    with ctx.atomic() as session:
        checkout = locked(session, checkout_id)
        customer = session.get_one(Customer, checkout.customer_id)
        now = lease_now(session, ctx.clock)
        standing = standing_of(session, checkout)
        if customer.is_archived or not standing.may_open(now):
            raise RuleBroken(_("지금은 결제창을 열 수 없습니다. 아무것도 결제되지 않았습니다."), checkout=checkout.id)
        checkout.returned_at = checkout.told = checkout.hinted_imp_uid = None
        checkout.next_look_at, checkout.looks = now + FIRST_LOOK, 0
        if standing.attempt is AttemptState.SENDING:
            return session.get_one(Attempt, checkout.attempt_id).merchant_uid, checkout.amount_krw
        checkout.window_until = now + WINDOW_LASTS
        attempt = _new_attempt(ctx, session, checkout)
        checkout.attempt_id, checkout.charge_id = attempt.id, attempt.charge_id
        record(
            ctx, "checkout.window_opened", (SUBJECT, checkout.id), customer_id=checkout.customer_id,
            amount_krw=checkout.amount_krw, merchant_uid=attempt.merchant_uid,
        )  # fmt: skip
        return attempt.merchant_uid, checkout.amount_krw


def _new_attempt(ctx: WorkContext, session: Session, checkout: Checkout) -> Attempt:
    assert checkout.window_until is not None
    merchant_uid, pg_id = new_merchant_uid(), checkout.pg.partition(".")[2]
    if checkout.charge_id is not None:
        charge = session.get_one(Charge, checkout.charge_id)
        return open_window_again(
            ctx, session, charge, merchant_uid=merchant_uid, pg_id=pg_id, lease_until=checkout.window_until
        )
    return start_window_charge(
        ctx, session, sheet_key=checkout.sheet_key, customer_id=checkout.customer_id, merchant_uid=merchant_uid,
        customer_uid=None, amount_krw=checkout.amount_krw, tax_free_krw=checkout.tax_free_krw, name=checkout.name,
        lease_until=checkout.window_until, pg_id=pg_id, staff_id=checkout.staff_id,
    )  # fmt: skip


def window_parameters(
    settings: Settings, checkout: Checkout, merchant_uid: str, customer: Customer, place: WindowPlace, now: datetime
) -> dict[str, Any]:
    """What `IMP.request_pay` is called with: no `customer_uid`, so the certified window (reference 13.2)."""
    codes = kept_issuers(checkout.issuers) or settings.window_issuers if checkout.method is PayMethod.CARD else ()
    order = WindowOrder(
        pg=checkout.pg, merchant_uid=merchant_uid, name=checkout.name, amount_krw=checkout.amount_krw,
        tax_free_krw=checkout.tax_free_krw, return_path=f"/checkouts/return/{checkout.way_back}", issuers=codes,
    )  # fmt: skip
    made = parameters(settings, settings.certified, order, customer, place)
    made |= {"pay_method": checkout.method.value, "custom_data": {"checkout": checkout.id}}
    match checkout.method:
        case PayMethod.CARD:
            made["display"] = {"card_quota": list(range(2, checkout.quota_most + 1))}
        case PayMethod.VBANK:
            made["vbank_due"] = (seoul_day(now) + timedelta(days=checkout.deposit_days)).isoformat()
        case PayMethod.PHONE:
            made["digital"] = checkout.is_digital
    return made


def note_return(ctx: WorkContext, checkout_id: str, imp_uid: str | None, told: str) -> Checkout:
    """Keep what the browser brought back, as a hint: no fact moves, PortOne has yet to be read.

    Raises Conflict, without any effect, for an `imp_uid` that is known to belong to another order.
    """
    hint = hint_of(imp_uid)
    with ctx.atomic() as session:
        checkout = locked(session, checkout_id)
        attempt = session.get(Attempt, checkout.attempt_id) if checkout.attempt_id else None
        if attempt is None:
            return checkout
        if hint and belongs_elsewhere(session, hint, attempt.merchant_uid):
            raise Conflict(
                _("이 주문의 거래가 아닙니다. 아무것도 바뀌지 않았습니다."), checkout=checkout_id, imp_uid=hint
            )
        if attempt.state is not AttemptState.SENDING:
            return checkout
        if checkout.returned_at is None:
            checkout.returned_at = checkout.next_look_at = ctx.now()
            checkout.looks, checkout.told = 0, clean_text(told)
            record(ctx, "checkout.returned", (SUBJECT, checkout.id), customer_id=checkout.customer_id, imp_uid=hint)
        checkout.hinted_imp_uid = checkout.hinted_imp_uid or hint
    return checkout


def end_link(ctx: WorkContext, checkout_id: str) -> Checkout:
    """Cancel a payment link: no window opens from it any more. One that is open already may still be paid.

    Raises RuleBroken when it was paid or an account waits for money.
    """
    with ctx.atomic() as session:
        checkout = locked(session, checkout_id)
        if checkout.ended_at is not None:
            return checkout
        standing = standing_of(session, checkout)
        if checkout.link_hash is None or standing.attempt is AttemptState.PAID or standing.has_account:
            raise RuleBroken(
                _("취소할 수 있는 결제 링크가 아닙니다. 아무것도 바뀌지 않았습니다."), checkout=checkout_id
            )
        checkout.ended_at = ctx.now()
        record(
            ctx, "checkout.link_ended", (SUBJECT, checkout.id), customer_id=checkout.customer_id,
            amount_krw=checkout.amount_krw,
        )  # fmt: skip
    return checkout
