"""The table of billing keys. No column can hold a card number; the last four signs are all that is kept."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from merchant_admin.billing_keys.states import KeySource, KeyState
from merchant_admin.core.db import Base, UtcDateTime, Word, one_of
from merchant_admin.core.settings import Mode

_GONE = text("state IN ('deleting', 'missing')")


class BillingKey(Base):
    __tablename__ = "billing_keys"
    __table_args__ = (
        one_of("state", KeyState),
        one_of("mode", Mode),
        CheckConstraint("length(customer_uid) BETWEEN 1 AND 80", name="customer_uid_length"),
        CheckConstraint("last_four IS NULL OR length(last_four) <= 4", name="last_four_length"),
        Index(
            "uq_billing_keys_default", "customer_id", unique=True,
            sqlite_where=text("is_default = 1"), postgresql_where=text("is_default"),
        ),
        Index("ix_billing_keys_customer", "customer_id", "registered_at"),
        Index("ix_billing_keys_newest", "registered_at", "id"),
        Index("ix_billing_keys_issuer", "issuer_code", "registered_at", "id"),
        Index("ix_billing_keys_mid", "pg_id", "registered_at", "id"),
        Index("ix_billing_keys_state", "state", "registered_at", "id"),
        Index("ix_billing_keys_gone", "mode", "id", sqlite_where=_GONE, postgresql_where=_GONE),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"))
    customer_uid: Mapped[str] = mapped_column(String(80), unique=True)
    state: Mapped[KeyState] = mapped_column(Word(KeyState))
    source: Mapped[KeySource] = mapped_column(Word(KeySource))
    mode: Mapped[Mode] = mapped_column(Word(Mode))
    pg_provider: Mapped[str] = mapped_column(String(16))
    pg_id: Mapped[str] = mapped_column(String(80))  # the MID that issued it
    issuer_code: Mapped[str | None] = mapped_column(String(16))
    issuer_name: Mapped[str | None] = mapped_column(String(40))
    last_four: Mapped[str | None] = mapped_column(String(4))
    is_default: Mapped[bool] = mapped_column(Boolean, default=False)
    registered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_charged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # None = never used
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
