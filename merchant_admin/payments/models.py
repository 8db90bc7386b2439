"""Tables of charges, attempts, payments, cancellations and the history's lines."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from merchant_admin.core.db import Base, UtcDateTime, Won, Word, one_of
from merchant_admin.core.settings import Mode
from merchant_admin.payments.states import AttemptState, ChargeKind, LineState
from merchant_admin.portone.types import PaymentStatus

_OPEN = text("state IN ('ready', 'sending', 'uncertain')")
# The instant by which PortOne lists a payment of each status (reference section 7).
TIME_OF = {"ready": "started_at", "failed": "failed_at", "paid": "paid_at", "cancelled": "cancelled_at"}
_WHEN = tuple(
    Index(f"ix_payments_when_{status}", at, sqlite_where=text(each), postgresql_where=text(each))
    for status, at in TIME_OF.items()
    for each in (f"status = '{status}'",)
)


class Charge(Base):
    """What staff want: so many won from this card, once. `sheet_key` is made when the form is drawn."""

    __tablename__ = "charges"
    __table_args__ = (
        one_of("kind", ChargeKind),
        one_of("mode", Mode),
        CheckConstraint("amount_krw BETWEEN 1 AND 100000000", name="amount_range"),
        CheckConstraint("tax_free_krw BETWEEN 0 AND amount_krw", name="tax_free_range"),
        CheckConstraint("quota = 0 OR (quota BETWEEN 2 AND 12 AND amount_krw >= 50000)", name="quota_rule"),
        CheckConstraint("length(name) BETWEEN 1 AND 40", name="name_length"),
        Index("ix_charges_same", "customer_id", "amount_krw", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    sheet_key: Mapped[str] = mapped_column(String(40), unique=True)
    body_hash: Mapped[str] = mapped_column(String(64))
    kind: Mapped[ChargeKind] = mapped_column(Word(ChargeKind))
    mode: Mapped[Mode] = mapped_column(Word(Mode))
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"))
    billing_key_id: Mapped[str | None] = mapped_column(
        ForeignKey("billing_keys.id")
    )  # None until a first charge has one
    amount_krw: Mapped[int] = mapped_column(Won)
    tax_free_krw: Mapped[int] = mapped_column(Won, default=0)
    quota: Mapped[int] = mapped_column(Integer, default=0)  # months; 0 = lump sum
    name: Mapped[str] = mapped_column(String(40))
    memo: Mapped[str] = mapped_column(Text, default="")
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Attempt(Base):
    """One `merchant_uid`, and how far the talk with PortOne about it has come."""

    __tablename__ = "attempts"
    __table_args__ = (
        one_of("state", AttemptState),
        CheckConstraint("amount_krw > 0", name="amount_positive"),
        CheckConstraint("length(merchant_uid) BETWEEN 1 AND 40", name="merchant_uid_length"),
        CheckConstraint("sends BETWEEN 0 AND 3", name="sends_range"),
        CheckConstraint("(state = 'sending') = (lease_until IS NOT NULL)", name="lease_while_sending"),
        CheckConstraint("state IN ('ready', 'abandoned') OR sends >= 1 OR late", name="sent_before_known"),
        CheckConstraint("state <> 'paid' OR imp_uid IS NOT NULL", name="paid_has_imp_uid"),
        Index("uq_attempts_open", "charge_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_attempts_charge", "charge_id"),
        Index("ix_attempts_sent", "sent_at"),
        Index("ix_attempts_work", "state", "next_look_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    charge_id: Mapped[str] = mapped_column(ForeignKey("charges.id"))
    merchant_uid: Mapped[str] = mapped_column(String(40), unique=True)
    customer_uid: Mapped[str | None] = mapped_column(String(80))  # None: an ordinary payment, without a stored card
    pg_id: Mapped[str | None] = mapped_column(String(80))  # the MID the money must come through; None = any of ours
    amount_krw: Mapped[int] = mapped_column(Won)
    state: Mapped[AttemptState] = mapped_column(Word(AttemptState))
    sends: Mapped[int] = mapped_column(Integer, default=0)
    absences: Mapped[int] = mapped_column(Integer, default=0)  # looks in a row that found nothing, and counted
    looks: Mapped[int] = mapped_column(Integer, default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    owner: Mapped[str | None] = mapped_column(String(60))
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    absent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the latest absence that counted
    next_look_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    imp_uid: Mapped[str | None] = mapped_column(String(32))
    late: Mapped[bool] = mapped_column(Boolean, default=False)
    fail_reason: Mapped[str | None] = mapped_column(String(256))
    evidence: Mapped[str | None] = mapped_column(String(256))  # why the outcome is not known
    refused: Mapped[bool] = mapped_column(Boolean, default=False)  # the last send was answered with `code` other than 0
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Payment(Base):
    """What PortOne says of one `imp_uid`: its latest snapshot. Never moves backwards, never deleted."""

    __tablename__ = "payments"
    __table_args__ = (
        one_of("status", PaymentStatus),
        one_of("mode", Mode),
        CheckConstraint("amount_krw >= 0", name="amount_not_negative"),
        Index("ix_payments_merchant_uid", "merchant_uid"),
        Index("ix_payments_attempt", "attempt_id"),
        Index("ix_payments_billing_key", "billing_key_id", "started_at"),
        *_WHEN,
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    imp_uid: Mapped[str] = mapped_column(String(32), unique=True)
    merchant_uid: Mapped[str] = mapped_column(String(80))
    attempt_id: Mapped[str | None] = mapped_column(ForeignKey("attempts.id"))
    customer_id: Mapped[str | None] = mapped_column(ForeignKey("customers.id"))
    billing_key_id: Mapped[str | None] = mapped_column(ForeignKey("billing_keys.id"))
    mode: Mapped[Mode] = mapped_column(Word(Mode))
    status: Mapped[PaymentStatus] = mapped_column(Word(PaymentStatus))
    amount_krw: Mapped[int] = mapped_column(Won)
    cancelled_krw: Mapped[int] = mapped_column(Won, default=0)
    pg_provider: Mapped[str | None] = mapped_column(String(16))
    pg_id: Mapped[str | None] = mapped_column(String(80))
    pg_tid: Mapped[str | None] = mapped_column(String(80))
    method: Mapped[str | None] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(80), default="")
    issuer_code: Mapped[str | None] = mapped_column(String(16))
    issuer_name: Mapped[str | None] = mapped_column(String(40))
    last_four: Mapped[str | None] = mapped_column(String(4))
    quota: Mapped[int | None] = mapped_column(Integer)
    approval_number: Mapped[str | None] = mapped_column(String(20))
    receipt_url: Mapped[str | None] = mapped_column(String(300))
    fail_reason: Mapped[str | None] = mapped_column(String(256))
    bank_name: Mapped[str | None] = mapped_column(String(40))  # of a transfer, or of the account that was issued
    account_number: Mapped[str | None] = mapped_column(String(40))  # the account issued for this payment
    account_holder: Mapped[str | None] = mapped_column(String(40))
    deposit_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    snapshot: Mapped[str] = mapped_column(Text)  # JSON of allowed fields only, card number masked again
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def remaining_krw(self) -> int:
        """What is left to give back: amounts decide, never a status (reference section 12)."""
        return max(0, self.amount_krw - self.cancelled_krw)


class Cancellation(Base):
    """What PortOne says was given back: one row per entry of `cancel_history`, ours or not."""

    __tablename__ = "cancellations"
    __table_args__ = (
        UniqueConstraint("payment_id", "ref"),
        CheckConstraint("amount_krw > 0", name="amount_positive"),
        Index("ix_cancellations_newest", "cancelled_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    payment_id: Mapped[str] = mapped_column(ForeignKey("payments.id"))
    ref: Mapped[str] = mapped_column(String(60))  # cancellation_id, else instant:amount:position
    amount_krw: Mapped[int] = mapped_column(Won)
    cancelled_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(String(256))
    receipt_url: Mapped[str | None] = mapped_column(String(300))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PaymentLine(Base):
    """One line of the history: one per attempt until PortOne names it, then one per `imp_uid`.

    A read model kept by `payments.lines`; it can be made anew from the tables above. `id` is the payment's id as well.
    """

    __tablename__ = "payment_lines"
    __table_args__ = (
        one_of("state", LineState),
        Index("ix_payment_lines_newest", "asked_at", "id"),
        Index("ix_payment_lines_state", "state", "asked_at", "id"),
        Index("ix_payment_lines_customer", "customer_id", "asked_at", "id"),
        Index("ix_payment_lines_paid", "paid_at", "id"),
        Index("ix_payment_lines_refunded", "refunded_at", "id"),
        Index("ix_payment_lines_billing_key", "billing_key_id", "asked_at", "id"),
        Index("ix_payment_lines_last_four", "last_four", "asked_at", "id"),
        Index("ix_payment_lines_issuer", "issuer_code", "asked_at", "id"),
        Index("ix_payment_lines_staff", "staff_id", "asked_at", "id"),
        Index("ix_payment_lines_merchant_uid", "merchant_uid"),
        Index("ix_payment_lines_charge", "charge_id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    attempt_id: Mapped[str | None] = mapped_column(
        ForeignKey("attempts.id"), unique=True
    )  # the line born with an attempt
    charge_id: Mapped[str | None] = mapped_column(ForeignKey("charges.id"))
    state: Mapped[LineState] = mapped_column(Word(LineState))
    kind: Mapped[str] = mapped_column(String(16))  # a ChargeKind, or "elsewhere" for what we did not ask for
    mode: Mapped[Mode] = mapped_column(Word(Mode))
    customer_id: Mapped[str | None] = mapped_column(ForeignKey("customers.id"))
    billing_key_id: Mapped[str | None] = mapped_column(ForeignKey("billing_keys.id"))
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    name: Mapped[str] = mapped_column(String(80))
    amount_krw: Mapped[int] = mapped_column(Won)
    refunded_krw: Mapped[int] = mapped_column(Won, default=0)
    issuer_code: Mapped[str | None] = mapped_column(String(16))
    issuer_name: Mapped[str | None] = mapped_column(String(40))
    last_four: Mapped[str | None] = mapped_column(String(4))
    method: Mapped[str | None] = mapped_column(String(20))
    fail_reason: Mapped[str | None] = mapped_column(String(256))
    merchant_uid: Mapped[str] = mapped_column(String(80))
    imp_uid: Mapped[str | None] = mapped_column(String(32), unique=True)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refunded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
