"""One payment and one charge as their own screens show them. Read models: frozen rows, made from our tables alone."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.core.errors import NotFound
from merchant_admin.core.money import vat_krw
from merchant_admin.core.settings import Mode
from merchant_admin.customers.models import Customer
from merchant_admin.payments.models import Attempt, Cancellation, Charge, Payment, PaymentLine
from merchant_admin.payments.states import (
    MAX_SENDS,
    OPEN,
    AttemptState,
    ChargeKind,
    Evidence,
    LineState,
    read_evidence,
)
from merchant_admin.staff.models import Staff

ENOUGH_ABSENCES = 2
REPEAT_WITHIN = timedelta(hours=24)


@dataclass(frozen=True)
class AttemptRow:
    """One order number, and how far it came."""

    id: str
    merchant_uid: str
    amount_krw: int
    state: AttemptState
    sends: int
    absences: int
    looks: int
    sent_at: datetime | None
    next_look_at: datetime | None
    imp_uid: str | None
    late: bool
    fail_reason: str | None
    evidence: str | None
    created_at: datetime
    settled_at: datetime | None
    refused: bool

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def may_send_again(self) -> bool:
        """Whether a person may press: seen absent twice, or written down and never sent."""
        if self.state is AttemptState.UNCERTAIN:
            return self.absences >= ENOUGH_ABSENCES and self.sends < MAX_SENDS
        return self.state is AttemptState.READY and self.sends < MAX_SENDS

    @property
    def may_be_closed(self) -> bool:
        if self.state is AttemptState.UNCERTAIN:
            return self.absences >= ENOUGH_ABSENCES
        return self.state is AttemptState.READY


@dataclass(frozen=True)
class CancellationRow:
    """Money given back, as PortOne says, ours or not."""

    id: str
    ref: str
    amount_krw: int
    cancelled_at: datetime
    reason: str | None
    receipt_url: str | None


@dataclass(frozen=True)
class ChargeFacts:
    """What staff asked for."""

    id: str
    kind: ChargeKind
    mode: Mode
    amount_krw: int
    tax_free_krw: int
    quota: int
    name: str
    memo: str
    created_at: datetime
    customer_id: str
    customer_name: str
    customer_archived_at: datetime | None
    billing_key_id: str | None
    issuer_name: str | None
    last_four: str | None
    staff_name: str | None

    @property
    def vat_krw(self) -> int:
        return vat_krw(self.amount_krw, self.tax_free_krw)


@dataclass(frozen=True)
class PaidBy:
    """The means, as far as PortOne has told: the method's word, and a card."""

    method: str | None
    issuer_name: str | None
    last_four: str | None


@dataclass(frozen=True)
class ChargeView:
    """A charge with its attempts, newest first, and the history lines that came of it."""

    charge: ChargeFacts
    attempts: list[AttemptRow]
    lines: list[tuple[str, LineState]]
    paid_by: PaidBy

    @property
    def attempt(self) -> AttemptRow:
        return self.attempts[0]

    @property
    def line_id(self) -> str | None:
        return self.lines[0][0] if self.lines else None

    @property
    def state(self) -> AttemptState:
        return self.attempt.state

    @property
    def is_final(self) -> bool:
        return not self.attempt.is_open

    @property
    def awaits_deposit(self) -> bool:
        """Whether an account was issued and its money is awaited: no trouble, and nothing to press."""
        return self.attempt.is_open and read_evidence(self.attempt.evidence)[0] is Evidence.AWAITING_DEPOSIT

    @property
    def paid_by_window(self) -> bool:
        """Whether the means were chosen in a window: no stored card is behind it."""
        return self.charge.kind is ChargeKind.WINDOW

    @property
    def paid_twice(self) -> bool:
        """Whether PortOne says that this one wish took money more than once."""
        taken = {LineState.PAID, LineState.PARTLY_REFUNDED}
        return sum(state in taken for _id, state in self.lines) > 1


@dataclass(frozen=True)
class PaymentFacts:
    """What PortOne says of an `imp_uid`, with the receipt and the redacted raw answer."""

    status: str
    cancelled_krw: int
    pg_provider: str | None
    pg_id: str | None
    pg_tid: str | None
    method: str | None
    quota: int | None
    approval_number: str | None
    receipt_url: str | None
    failed_at: datetime | None
    cancelled_at: datetime | None
    bank_name: str | None
    account_number: str | None
    account_holder: str | None
    deposit_due_at: datetime | None
    snapshot: str
    read_at: datetime


@dataclass(frozen=True)
class LineDetail:
    """One line of the history with all that hangs on it."""

    id: str
    attempt_id: str | None
    charge_id: str | None
    state: LineState
    kind: str
    mode: Mode
    customer_id: str | None
    billing_key_id: str | None
    name: str
    amount_krw: int
    refunded_krw: int
    issuer_name: str | None
    last_four: str | None
    fail_reason: str | None
    merchant_uid: str
    imp_uid: str | None
    asked_at: datetime
    paid_at: datetime | None
    refunded_at: datetime | None
    customer_name: str | None
    staff_name: str | None
    payment: PaymentFacts | None
    charge: ChargeFacts | None
    attempts: list[AttemptRow]
    cancellations: list[CancellationRow]

    @property
    def method(self) -> str | None:
        return self.payment.method if self.payment else None

    @property
    def took_money(self) -> bool:
        return self.paid_at is not None or self.state in {LineState.PAID, LineState.PARTLY_REFUNDED, LineState.REFUNDED}

    @property
    def remaining_krw(self) -> int:
        return self.amount_krw - self.refunded_krw if self.took_money else 0

    @property
    def may_refund(self) -> bool:
        return self.imp_uid is not None and self.remaining_krw > 0 and self.state is not LineState.UNKNOWN

    @property
    def tax_free_krw(self) -> int:
        return self.charge.tax_free_krw if self.charge else 0

    @property
    def vat_krw(self) -> int:
        return vat_krw(self.amount_krw, self.tax_free_krw)

    @property
    def quota(self) -> int:
        if self.payment is not None and self.payment.quota is not None:
            return self.payment.quota
        return self.charge.quota if self.charge else 0


_LINE = (
    PaymentLine.id, PaymentLine.attempt_id, PaymentLine.charge_id, PaymentLine.state, PaymentLine.kind,
    PaymentLine.mode, PaymentLine.customer_id, PaymentLine.billing_key_id, PaymentLine.name, PaymentLine.amount_krw,
    PaymentLine.refunded_krw, PaymentLine.issuer_name, PaymentLine.last_four, PaymentLine.fail_reason,
    PaymentLine.merchant_uid, PaymentLine.imp_uid, PaymentLine.asked_at, PaymentLine.paid_at, PaymentLine.refunded_at,
)  # fmt: skip
_ATTEMPT = (
    Attempt.id, Attempt.merchant_uid, Attempt.amount_krw, Attempt.state, Attempt.sends, Attempt.absences,
    Attempt.looks, Attempt.sent_at, Attempt.next_look_at, Attempt.imp_uid, Attempt.late, Attempt.fail_reason,
    Attempt.evidence, Attempt.created_at, Attempt.settled_at, Attempt.refused,
)  # fmt: skip


def line_detail(session: Session, line_id: str) -> LineDetail:
    """One line with its payment, charge, attempts and cancellations. Raises NotFound."""
    found: Any = session.execute(
        select(*_LINE, Customer.name, Staff.name)
        .outerjoin(Customer, Customer.id == PaymentLine.customer_id)
        .outerjoin(Staff, Staff.id == PaymentLine.staff_id)
        .where(PaymentLine.id == line_id)
    ).first()
    if found is None:
        raise NotFound(_("결제를 찾을 수 없습니다."))
    charge_id = found.charge_id
    rest: Any = (
        _payment(session, line_id),
        charge_facts(session, charge_id) if charge_id else None,
        attempts_of(session, charge_id) if charge_id else [],
        cancellations_of(session, line_id),
    )
    return LineDetail(*found, *rest)


def _payment(session: Session, payment_id: str) -> PaymentFacts | None:
    found: Any = session.execute(
        select(
            Payment.status, Payment.cancelled_krw, Payment.pg_provider, Payment.pg_id, Payment.pg_tid, Payment.method,
            Payment.quota, Payment.approval_number, Payment.receipt_url, Payment.failed_at, Payment.cancelled_at,
            Payment.bank_name, Payment.account_number, Payment.account_holder, Payment.deposit_due_at,
            Payment.snapshot, Payment.read_at,
        ).where(Payment.id == payment_id)
    ).first()  # fmt: skip
    if found is None:
        return None
    last: Any = (_pretty(found.snapshot), found.read_at)
    return PaymentFacts(*found[:-2], *last)


def _pretty(snapshot: str) -> str:
    """The kept answer, laid out for eyes. It was redacted before it was kept."""
    kept: Any = json.loads(snapshot)
    return json.dumps(kept, ensure_ascii=False, indent=2, sort_keys=True)


def attempts_of(session: Session, charge_id: str) -> list[AttemptRow]:
    """A charge's attempts, newest first."""
    rows: Any = session.execute(
        select(*_ATTEMPT).where(Attempt.charge_id == charge_id).order_by(Attempt.created_at.desc(), Attempt.id.desc())
    )
    return [AttemptRow(*row) for row in rows]


def cancellations_of(session: Session, payment_id: str) -> list[CancellationRow]:
    """What PortOne says was given back of a payment, newest first."""
    rows: Any = session.execute(
        select(
            Cancellation.id, Cancellation.ref, Cancellation.amount_krw, Cancellation.cancelled_at,
            Cancellation.reason, Cancellation.receipt_url,
        )
        .where(Cancellation.payment_id == payment_id)
        .order_by(Cancellation.cancelled_at.desc(), Cancellation.id)
    )  # fmt: skip
    return [CancellationRow(*row) for row in rows]


def charge_facts(session: Session, charge_id: str) -> ChargeFacts:
    """What staff asked for. Raises NotFound."""
    found: Any = session.execute(
        select(
            Charge.id, Charge.kind, Charge.mode, Charge.amount_krw, Charge.tax_free_krw, Charge.quota, Charge.name,
            Charge.memo, Charge.created_at, Charge.customer_id, Customer.name, Customer.archived_at,
            Charge.billing_key_id, BillingKey.issuer_name, BillingKey.last_four, Staff.name,
        )
        .join(Customer, Customer.id == Charge.customer_id)
        .outerjoin(BillingKey, BillingKey.id == Charge.billing_key_id)
        .outerjoin(Staff, Staff.id == Charge.staff_id)
        .where(Charge.id == charge_id)
    ).first()  # fmt: skip
    if found is None:
        raise NotFound(_("결제 요청을 찾을 수 없습니다."))
    return ChargeFacts(*found)


def charge_view(session: Session, charge_id: str) -> ChargeView:
    """A charge as its result page shows it. Raises NotFound."""
    query = select(
        PaymentLine.id, PaymentLine.state, PaymentLine.method, PaymentLine.issuer_name, PaymentLine.last_four
    ).where(PaymentLine.charge_id == charge_id)
    lines = list(session.execute(query.order_by(PaymentLine.asked_at.desc(), PaymentLine.id)))
    facts = charge_facts(session, charge_id)
    told = next((row for row in lines if row.method or row.issuer_name), None)
    paid_by = PaidBy(
        told.method if told else None, (told and told.issuer_name) or facts.issuer_name,
        (told and told.last_four) or facts.last_four,
    )  # fmt: skip
    return ChargeView(facts, attempts_of(session, charge_id), [(row.id, row.state) for row in lines], paid_by)


def charge_of_sheet(session: Session, sheet_key: str) -> str | None:
    """The charge a sheet already made, if it was used before."""
    return session.scalar(select(Charge.id).where(Charge.sheet_key == sheet_key))


@dataclass(frozen=True)
class EarlierCharge:
    """The charge a confirm sheet shows before the same sum is taken again."""

    id: str
    name: str
    amount_krw: int
    created_at: datetime
    staff_name: str | None


def same_recent_charge(session: Session, customer_id: str, amount_krw: int, now: datetime) -> EarlierCharge | None:
    """The newest charge of the same sum from the same customer within a day that took money or still may."""
    found: Any = session.execute(
        select(Charge.id, Charge.name, Charge.amount_krw, Charge.created_at, Staff.name)
        .join(Attempt, Attempt.charge_id == Charge.id)
        .outerjoin(Staff, Staff.id == Charge.staff_id)
        .where(
            Charge.customer_id == customer_id,
            Charge.amount_krw == amount_krw,
            Charge.created_at > now - REPEAT_WITHIN,
            Attempt.state.in_(OPEN | {AttemptState.PAID}),
        )
        .order_by(Charge.created_at.desc(), Charge.id)
        .limit(1)
    ).first()
    return EarlierCharge(*found) if found else None
