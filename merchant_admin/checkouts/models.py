"""The table of ordinary payments: what staff ask for, and how the customer gets to the window."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from merchant_admin.core.db import Base, UtcDateTime, Won, Word, one_of
from merchant_admin.core.settings import Mode
from merchant_admin.payments.states import PayMethod

_DUE = text("next_look_at IS NOT NULL")


class Checkout(Base):
    __tablename__ = "checkouts"
    __table_args__ = (
        one_of("mode", Mode),
        one_of("method", PayMethod),
        CheckConstraint("amount_krw BETWEEN 1 AND 100000000", name="amount_range"),
        CheckConstraint("tax_free_krw BETWEEN 0 AND amount_krw", name="tax_free_range"),
        CheckConstraint("length(name) BETWEEN 1 AND 40", name="name_length"),
        CheckConstraint("quota_most = 0 OR (quota_most BETWEEN 2 AND 12 AND amount_krw >= 50000)", name="quota_rule"),
        CheckConstraint("deposit_days BETWEEN 1 AND 14", name="deposit_days_range"),
        CheckConstraint("(link_hash IS NULL) = (link_expires_at IS NULL)", name="link_expires"),
        Index("ix_checkouts_customer", "customer_id", "created_at"),
        Index("ix_checkouts_work", "next_look_at", sqlite_where=_DUE, postgresql_where=_DUE),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    sheet_key: Mapped[str] = mapped_column(String(40), unique=True)
    way_back: Mapped[str] = mapped_column(String(40), unique=True)  # where a phone comes back to; a name, not a proof
    mode: Mapped[Mode] = mapped_column(Word(Mode))
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"))
    pg: Mapped[str] = mapped_column(String(80))  # with the certified MID, always
    method: Mapped[PayMethod] = mapped_column(Word(PayMethod))
    name: Mapped[str] = mapped_column(String(40))
    amount_krw: Mapped[int] = mapped_column(Won)
    tax_free_krw: Mapped[int] = mapped_column(Won, default=0)
    quota_most: Mapped[int] = mapped_column(Integer, default=0)  # months the buyer may choose up to; 0 = lump sum
    issuers: Mapped[str] = mapped_column(String(200), default="")
    is_digital: Mapped[bool] = mapped_column(Boolean, default=False)  # what is sold by phone (reference 13.2)
    deposit_days: Mapped[int] = mapped_column(Integer, default=3)  # to pay into a virtual account
    link_hash: Mapped[str | None] = mapped_column(String(64), unique=True)  # the token itself is kept nowhere
    link_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # staff cancelled the link
    charge_id: Mapped[str | None] = mapped_column(ForeignKey("charges.id"), unique=True)  # from the first window on
    attempt_id: Mapped[str | None] = mapped_column(ForeignKey("attempts.id"), unique=True)  # the newest window's
    window_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    returned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    told: Mapped[str | None] = mapped_column(String(256))
    hinted_imp_uid: Mapped[str | None] = mapped_column(String(32))
    looks: Mapped[int] = mapped_column(Integer, default=0)
    next_look_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
