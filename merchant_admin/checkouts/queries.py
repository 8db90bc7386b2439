"""Reading ordinary payments: for their own pages and for a customer's page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from merchant_admin.checkouts.models import Checkout
from merchant_admin.checkouts.standing import payment_of, standing_of
from merchant_admin.checkouts.states import LIVE, WAITING, CheckoutState
from merchant_admin.checkouts.tokens import hash_of
from merchant_admin.core.errors import NotFound
from merchant_admin.customers.models import Customer
from merchant_admin.payments.facts import is_taken
from merchant_admin.payments.models import Attempt
from merchant_admin.payments.states import PayMethod
from merchant_admin.staff.models import Staff


@dataclass(frozen=True)
class Account:
    """The account the buyer pays into."""

    bank_name: str | None
    number: str
    holder: str | None
    due_at: datetime | None


@dataclass(frozen=True)
class CheckoutView:
    """One ordinary payment as its pages show it, at one instant."""

    id: str
    way_back: str
    customer_id: str
    customer_name: str
    pg: str
    method: PayMethod
    name: str
    amount_krw: int
    tax_free_krw: int
    quota_most: int
    issuers: str
    is_digital: bool
    deposit_days: int
    has_link: bool
    link_expires_at: datetime | None
    charge_id: str | None
    merchant_uid: str | None
    told: str | None
    fail_reason: str | None
    staff_name: str | None
    created_at: datetime
    state: CheckoutState
    may_open: bool
    payment_id: str | None
    imp_uid: str | None
    account: Account | None
    came_krw: int | None  # what PortOne says was paid
    back_krw: int  # and given back since
    paid_at: datetime | None

    @property
    def came_late(self) -> bool:
        """Whether the money came after the account's deadline."""
        due_at = self.account.due_at if self.account else None
        return due_at is not None and self.paid_at is not None and self.paid_at > due_at

    @property
    def is_live(self) -> bool:
        """Whether the outcome comes soon: the page asks again by itself."""
        return self.state in LIVE

    @property
    def is_waiting(self) -> bool:
        return self.state in WAITING

    @property
    def may_end(self) -> bool:
        return self.has_link and self.state in {
            CheckoutState.OPEN, CheckoutState.IN_WINDOW, CheckoutState.CHECKING, CheckoutState.FAILED,
        }  # fmt: skip


def checkout_view(session: Session, checkout_id: str, now: datetime) -> CheckoutView:
    """The ordinary payment of this id. Raises NotFound."""
    return _view(session, _first(session, _ROWS.where(Checkout.id == checkout_id)), now)


def checkout_of_token(session: Session, token: str, now: datetime) -> CheckoutView:
    """The order of a payment link. Raises NotFound."""
    return _view(session, _first(session, _ROWS.where(Checkout.link_hash == hash_of(token))), now)


def checkout_of_return(session: Session, way_back: str, now: datetime) -> CheckoutView:
    """The order a phone came back from. Raises NotFound."""
    return _view(session, _first(session, _ROWS.where(Checkout.way_back == way_back)), now)


def checkouts_of_customer(session: Session, customer_id: str, now: datetime, limit: int = 5) -> list[CheckoutView]:
    """A customer's newest ordinary payments."""
    rows = session.execute(
        _ROWS.where(Checkout.customer_id == customer_id).order_by(Checkout.created_at.desc()).limit(limit)
    )
    return [_view(session, row, now) for row in rows]


def checkout_of_charge(session: Session, charge_id: str) -> str | None:
    """The ordinary payment behind a charge, if there is one."""
    return session.scalar(select(Checkout.id).where(Checkout.charge_id == charge_id))


_ROWS: Select[*tuple[Any, ...]] = (
    select(Checkout, Customer.name, Staff.name)
    .join(Customer, Customer.id == Checkout.customer_id)
    .outerjoin(Staff, Staff.id == Checkout.staff_id)
)


def _first(session: Session, query: Select[*tuple[Any, ...]]) -> Any:
    row = session.execute(query).first()
    if row is None:
        raise NotFound(_("결제창 결제를 찾을 수 없습니다."))
    return row


def _view(session: Session, row: Any, now: datetime) -> CheckoutView:
    checkout, customer_name, staff_name = row
    attempt = session.get(Attempt, checkout.attempt_id) if checkout.attempt_id else None
    payment = payment_of(session, attempt)
    standing = standing_of(session, checkout)
    account = None
    if payment is not None and payment.account_number:
        account = Account(payment.bank_name, payment.account_number, payment.account_holder, payment.deposit_due_at)
    return CheckoutView(
        id=checkout.id, way_back=checkout.way_back, customer_id=checkout.customer_id, customer_name=customer_name,
        pg=checkout.pg, method=checkout.method, name=checkout.name, amount_krw=checkout.amount_krw,
        tax_free_krw=checkout.tax_free_krw, quota_most=checkout.quota_most, issuers=checkout.issuers,
        is_digital=checkout.is_digital, deposit_days=checkout.deposit_days, has_link=checkout.link_hash is not None,
        link_expires_at=checkout.link_expires_at, charge_id=checkout.charge_id,
        merchant_uid=attempt.merchant_uid if attempt else None, told=checkout.told,
        fail_reason=attempt.fail_reason if attempt else None, staff_name=staff_name, created_at=checkout.created_at,
        state=standing.at(now), may_open=standing.may_open(now), payment_id=payment.id if payment else None,
        imp_uid=payment.imp_uid if payment else None, account=account,
        came_krw=payment.amount_krw if payment and is_taken(payment) else None,
        back_krw=payment.cancelled_krw if payment else 0, paid_at=payment.paid_at if payment else None,
    )  # fmt: skip
