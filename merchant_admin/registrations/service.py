"""Registering a card in the non-certified window: written down first, believed only when PortOne was read.

The window belongs to the PG and runs in a browser that may vanish at any moment. So the row, its order number and the
first charge's attempt stand before the window opens, what the browser says is a hint, and a look at PortOne decides
two facts apart: was a key issued, was the first charge paid.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.core.context import ActorKind, WorkContext
from merchant_admin.core.errors import Conflict, InvalidInput, NotFound, RuleBroken
from merchant_admin.core.ids import new_customer_uid, new_id, new_merchant_uid, random_signs
from merchant_admin.core.money import MAX_AMOUNT_KRW
from merchant_admin.core.settings import Mode, Settings
from merchant_admin.customers.models import Customer
from merchant_admin.payments.service import start_window_charge
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
from merchant_admin.registrations.looking import look_at_registration
from merchant_admin.registrations.models import Registration
from merchant_admin.registrations.states import LIVE, Fact, RegistrationState

__all__ = [
    "RegistrationOrder", "WindowPlace", "due_registrations", "look_at_registration", "note_return",
    "open_registration", "registration_of_order", "window_parameters",
]  # fmt: skip

SUBJECT = "registration"
WINDOW_LASTS = timedelta(minutes=30)
FIRST_LOOK = timedelta(seconds=30)


@dataclass(frozen=True)
class RegistrationOrder:
    """What staff fill in. `amount_krw` 0 stores the card only; more is charged in the same step."""

    sheet_key: str
    customer_id: str
    amount_krw: int
    tax_free_krw: int
    name: str
    issuers: tuple[str, ...] = ()  # the only ones the window offers; none named = all
    pg: str = ""  # the profile that is to issue the key; empty = the usual one

    def refuse_unusable(self) -> None:
        """Raises InvalidInput, by field."""
        wrong: dict[str, object] = {}
        if not 0 <= self.amount_krw <= MAX_AMOUNT_KRW:
            wrong["amount_krw"] = _("금액은 0원에서 1억 원까지입니다.")
        elif not 0 <= self.tax_free_krw <= self.amount_krw:
            wrong["tax_free_krw"] = _("면세 금액은 금액보다 클 수 없습니다.")
        if not 1 <= len(self.name) <= NAME_MOST:
            wrong["name"] = _("주문명은 1자에서 40자까지입니다.")
        if wrong:
            raise InvalidInput(_("입력한 내용을 확인하세요."), wrong)


def open_registration(ctx: WorkContext, gateway: Gateway, order: RegistrationOrder) -> Registration:
    """Write a registration down, and lock the amount its window may take.

    The second use of a sheet finds the first registration; with other words it raises Conflict. Raises RuleBroken for
    an archived customer, GatewayError when the amount could not be locked: the window must not open then, and the
    same sheet may be sent again.
    """
    order.refuse_unusable()
    try:
        registration = _write_down(ctx, gateway, order)
    except IntegrityError:  # the same sheet, at the same moment
        registration = _of_sheet(ctx.session, order.sheet_key)
    if not _is_same(registration, order):
        raise Conflict(
            _("이 화면은 이미 다른 내용으로 보냈습니다. 새로 열어 다시 입력하세요."), registration=registration.id
        )
    registration_id, merchant_uid, amount = registration.id, registration.merchant_uid, registration.amount_krw
    if amount and registration.state is RegistrationState.OPEN:
        ctx.end_reading()
        gateway.lock_amount(merchant_uid, amount)
    return _fresh(ctx.session, registration_id)


def _write_down(ctx: WorkContext, gateway: Gateway, order: RegistrationOrder) -> Registration:
    with ctx.atomic() as session:
        known = session.scalar(select(Registration).where(Registration.sheet_key == order.sheet_key))
        if known is not None:
            return known
        customer = session.get(Customer, order.customer_id)
        if customer is None:
            raise NotFound(_("고객을 찾을 수 없습니다."))
        if customer.is_archived:
            raise RuleBroken(_("보관된 고객의 카드는 등록할 수 없습니다. 먼저 고객을 복원하세요."))
        now = ctx.now()
        registration = Registration(
            id=new_id("reg"), return_token=random_signs(32), sheet_key=order.sheet_key, mode=Mode(ctx.mode),
            customer_id=customer.id, customer_uid=new_customer_uid(ctx.mode), merchant_uid=new_merchant_uid("reg"),
            pg=order.pg or gateway.billing_pg, issuers=keep_issuers(order.issuers),
            name=order.name, amount_krw=order.amount_krw, tax_free_krw=order.tax_free_krw,
            state=RegistrationState.OPEN, key_fact=Fact.UNKNOWN,
            charge_fact=Fact.UNKNOWN if order.amount_krw else Fact.NOT_ASKED,
            looks=0, key_absences=0, next_look_at=now + FIRST_LOOK, staff_id=_staff_id(ctx),
            created_at=now, expires_at=now + WINDOW_LASTS,
        )  # fmt: skip
        if order.amount_krw:
            attempt = start_window_charge(
                ctx, session, sheet_key=order.sheet_key, customer_id=customer.id,
                merchant_uid=registration.merchant_uid, customer_uid=registration.customer_uid,
                amount_krw=order.amount_krw, tax_free_krw=order.tax_free_krw, name=order.name,
                lease_until=registration.expires_at, pg_id=registration.pg.partition(".")[2] or None,
            )  # fmt: skip
            registration.attempt_id = attempt.id
        session.add(registration)
        session.flush()
        record(
            ctx, "registration.opened", (SUBJECT, registration.id), customer_id=customer.id,
            amount_krw=order.amount_krw, merchant_uid=registration.merchant_uid,
        )  # fmt: skip
    return registration


def _is_same(registration: Registration, order: RegistrationOrder) -> bool:
    return (
        registration.customer_id == order.customer_id
        and registration.amount_krw == order.amount_krw
        and registration.tax_free_krw == order.tax_free_krw
        and registration.name == order.name
        and registration.issuers == keep_issuers(order.issuers)
        and order.pg in {"", registration.pg}
    )


def _staff_id(ctx: WorkContext) -> str | None:
    return ctx.actor.id if ctx.actor.kind is ActorKind.STAFF else None


def window_parameters(
    settings: Settings,
    registration: Registration,
    customer: Customer,
    place: WindowPlace,
    return_path: str | None = None,
) -> dict[str, Any]:
    """What `IMP.request_pay` is called with. `customer_uid` makes it the non-certified window (reference 13.2)."""
    channel = settings.billing_channels.get(registration.pg, settings.billing)
    order = WindowOrder(
        pg=registration.pg, merchant_uid=registration.merchant_uid, name=registration.name,
        amount_krw=registration.amount_krw, tax_free_krw=registration.tax_free_krw,
        return_path=return_path or f"/return/{registration.return_token}",
        issuers=kept_issuers(registration.issuers) or settings.window_issuers,
    )  # fmt: skip
    return parameters(settings, channel, order, customer, place) | {
        "pay_method": "card",
        "customer_uid": registration.customer_uid,
        "custom_data": {"registration": registration.id},
        "display": {"card_quota": []},
    }


def note_return(ctx: WorkContext, registration_id: str, imp_uid: str | None, told: str) -> Registration:
    """Keep what the browser brought back, as a hint: no fact moves, PortOne has yet to be read.

    A settled registration and a repeated return are left as they are. Raises Conflict, without any effect, for an
    `imp_uid` that is known to belong to another order.
    """
    hint = hint_of(imp_uid)
    with ctx.atomic() as session:
        registration = _locked(session, registration_id)
        if hint and belongs_elsewhere(session, hint, registration.merchant_uid):
            raise Conflict(
                _("이 등록의 거래가 아닙니다. 아무것도 바뀌지 않았습니다."), registration=registration_id, imp_uid=hint
            )
        if registration.state not in LIVE:
            return registration
        if registration.returned_at is None:
            registration.returned_at, registration.state = ctx.now(), RegistrationState.CHECKING
            registration.next_look_at = ctx.now()
            registration.told = clean_text(told)
            record(
                ctx, "registration.returned", (SUBJECT, registration.id), customer_id=registration.customer_id,
                imp_uid=hint,
            )  # fmt: skip
        registration.hinted_imp_uid = registration.hinted_imp_uid or hint
    return registration


def due_registrations(session: Session, now: datetime, limit: int = 20) -> list[str]:
    """Ids of registrations whose next look has come, the oldest first."""
    return list(
        session.scalars(
            select(Registration.id)
            .where(Registration.next_look_at <= now)
            .order_by(Registration.next_look_at)
            .limit(limit)
        )
    )


def registration_of_order(session: Session, merchant_uid: str) -> str | None:
    """The id of the registration with this order number, if it is one's."""
    return session.scalar(select(Registration.id).where(Registration.merchant_uid == merchant_uid))


def _of_sheet(session: Any, sheet_key: str) -> Registration:
    found: Registration | None = session.scalar(select(Registration).where(Registration.sheet_key == sheet_key))
    if found is None:
        raise Conflict(_("이 화면은 이미 다른 곳에서 쓰였습니다. 새로 열어 다시 입력하세요."))
    return found


def _fresh(session: Any, registration_id: str) -> Registration:
    found: Registration | None = session.get(Registration, registration_id, populate_existing=True)
    if found is None:
        raise NotFound(_("카드 등록을 찾을 수 없습니다."))
    return found


def _locked(session: Session, registration_id: str) -> Registration:
    found = session.get(Registration, registration_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound(_("카드 등록을 찾을 수 없습니다."))
    return found
