"""Reading refunds: those of a payment, the open one, and one for its page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from merchant_admin.core.errors import NotFound
from merchant_admin.customers.models import Customer
from merchant_admin.payments.models import Attempt, Charge, Payment
from merchant_admin.portone.types import PaymentStatus
from merchant_admin.refunds.models import Refund
from merchant_admin.refunds.states import OPEN, RefundReason, RefundState
from merchant_admin.staff.models import Staff


@dataclass(frozen=True)
class RefundRow:
    """One refund as screens show it: what was asked, by whom, and what became of it."""

    id: str
    payment_id: str
    imp_uid: str
    amount_krw: int
    tax_free_krw: int
    remaining_krw: int
    reason_code: RefundReason
    reason_text: str
    state: RefundState
    sends: int
    evidence: str | None
    cancellation_ref: str | None
    staff_name: str | None
    created_at: datetime
    next_look_at: datetime | None
    settled_at: datetime | None
    pay_back_bank: str | None
    pay_back_account: str | None
    pay_back_holder: str | None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def left_krw(self) -> int:
        """What this refund leaves of the balance it believed in."""
        return self.remaining_krw - self.amount_krw


@dataclass(frozen=True)
class RefundablePayment:
    """The payment a refund sheet is about. `remaining_krw` is what our copy says is left."""

    id: str
    imp_uid: str
    merchant_uid: str
    name: str
    amount_krw: int
    cancelled_krw: int
    status: PaymentStatus
    paid_at: datetime | None
    quota: int | None
    issuer_name: str | None
    last_four: str | None
    customer_id: str | None
    customer_name: str | None
    method: str | None
    bank_name: str | None
    tax_free_krw: int  # of what we charged; 0 for payments made elsewhere
    tax_free_back_krw: int  # of what we gave back already

    @property
    def tax_free_left_krw(self) -> int:
        return max(0, min(self.tax_free_krw - self.tax_free_back_krw, self.remaining_krw))

    @property
    def remaining_krw(self) -> int:
        return max(0, self.amount_krw - self.cancelled_krw)

    @property
    def may_refund(self) -> bool:
        return self.status in {PaymentStatus.PAID, PaymentStatus.CANCELLED} and self.remaining_krw > 0


def refundable_payment(session: Session, payment_id: str) -> RefundablePayment:
    """The payment of this id, for its refund sheet. Raises NotFound."""
    given_back = select(func.sum(Refund.tax_free_krw)).where(
        Refund.payment_id == payment_id, Refund.state == RefundState.DONE
    )
    row: Any = session.execute(
        select(
            Payment.id, Payment.imp_uid, Payment.merchant_uid, Payment.name, Payment.amount_krw,
            Payment.cancelled_krw, Payment.status, Payment.paid_at, Payment.quota, Payment.issuer_name,
            Payment.last_four, Payment.customer_id, Customer.name.label("customer_name"), Payment.method,
            Payment.bank_name,
            func.coalesce(Charge.tax_free_krw, 0), func.coalesce(given_back.scalar_subquery(), 0),
        )
        .outerjoin(Attempt, Attempt.id == Payment.attempt_id)
        .outerjoin(Charge, Charge.id == Attempt.charge_id)
        .outerjoin(Customer, Customer.id == Payment.customer_id)
        .where(Payment.id == payment_id)
    ).first()  # fmt: skip
    if row is None:
        raise NotFound(_("환불할 수 있는 결제를 찾을 수 없습니다."))
    return RefundablePayment(*row)


def refunds_of_payment(session: Session, payment_id: str) -> list[RefundRow]:
    """Every refund asked for this payment, the newest first."""
    found = session.execute(_COLUMNS.where(Refund.payment_id == payment_id).order_by(Refund.created_at.desc()))
    return [_row(row) for row in found]


def open_refund(session: Session, payment_id: str) -> RefundRow | None:
    """The refund of this payment whose outcome is not known yet; there is at most one."""
    row = session.execute(_COLUMNS.where(Refund.payment_id == payment_id, Refund.state.in_(OPEN))).first()
    return None if row is None else _row(row)


def refund_view(session: Session, refund_id: str) -> RefundRow:
    """The refund of this id. Raises NotFound."""
    row = session.execute(_COLUMNS.where(Refund.id == refund_id)).first()
    if row is None:
        raise NotFound(_("환불을 찾을 수 없습니다."))
    return _row(row)


_COLUMNS: Select[*tuple[Any, ...]] = select(
    Refund.id, Refund.payment_id, Refund.imp_uid, Refund.amount_krw, Refund.tax_free_krw, Refund.remaining_krw,
    Refund.reason_code, Refund.reason_text, Refund.state, Refund.sends, Refund.evidence, Refund.cancellation_ref,
    Staff.name.label("staff_name"), Refund.created_at, Refund.next_look_at, Refund.settled_at,
    Refund.pay_back_bank, Refund.pay_back_account, Refund.pay_back_holder,
).outerjoin(Staff, Staff.id == Refund.staff_id)  # fmt: skip


def _row(row: Any) -> RefundRow:
    return RefundRow(*row)
