"""The table of refunds: what we asked to give back."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from merchant_admin.core.db import Base, UtcDateTime, Won, Word, one_of
from merchant_admin.core.settings import Mode
from merchant_admin.refunds.states import RefundReason, RefundState

_OPEN = text("state IN ('ready', 'sending', 'uncertain')")


class Refund(Base):
    __tablename__ = "refunds"
    __table_args__ = (
        one_of("state", RefundState),
        one_of("reason_code", RefundReason),
        one_of("mode", Mode),
        CheckConstraint("amount_krw > 0", name="amount_positive"),
        CheckConstraint("tax_free_krw BETWEEN 0 AND amount_krw", name="tax_free_range"),
        CheckConstraint("remaining_krw >= amount_krw", name="within_balance"),
        CheckConstraint("(state = 'sending') = (lease_until IS NOT NULL)", name="lease_while_sending"),
        CheckConstraint("sends BETWEEN 0 AND 3", name="sends_range"),
        Index("uq_refunds_open", "payment_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_refunds_payment", "payment_id", "created_at"),
        Index("ix_refunds_work", "state", "next_look_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    sheet_key: Mapped[str] = mapped_column(String(40), unique=True)
    body_hash: Mapped[str] = mapped_column(String(64))
    mode: Mapped[Mode] = mapped_column(Word(Mode))
    payment_id: Mapped[str] = mapped_column(ForeignKey("payments.id"))
    imp_uid: Mapped[str] = mapped_column(String(32))
    amount_krw: Mapped[int] = mapped_column(Won)
    tax_free_krw: Mapped[int] = mapped_column(Won, default=0)
    remaining_krw: Mapped[int] = mapped_column(Won)  # the balance believed in: the checksum
    reason_code: Mapped[RefundReason] = mapped_column(Word(RefundReason))
    reason_text: Mapped[str] = mapped_column(String(200), default="")
    pay_back_bank: Mapped[str | None] = mapped_column(String(3))  # of a virtual account's refund; both below masked
    pay_back_account: Mapped[str | None] = mapped_column(String(20))
    pay_back_holder: Mapped[str | None] = mapped_column(String(20))
    state: Mapped[RefundState] = mapped_column(Word(RefundState))
    sends: Mapped[int] = mapped_column(Integer, default=0)
    looks: Mapped[int] = mapped_column(Integer, default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    owner: Mapped[str | None] = mapped_column(String(60))
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_look_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancellation_ref: Mapped[str | None] = mapped_column(String(60))
    evidence: Mapped[str | None] = mapped_column(String(256))
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
