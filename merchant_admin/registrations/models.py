"""The table of registrations."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from merchant_admin.core.db import Base, UtcDateTime, Won, Word, one_of
from merchant_admin.core.settings import Mode
from merchant_admin.registrations.states import Fact, RegistrationState

_LOOKED = text("next_look_at IS NOT NULL")
KEYED_IN = "kin"  # begins the order number of a card that staff typed: it never has a window
_PAID_ONLY = text("state = 'charge_only'")


class Registration(Base):
    __tablename__ = "registrations"
    __table_args__ = (
        one_of("state", RegistrationState),
        one_of("key_fact", Fact),
        one_of("charge_fact", Fact),
        one_of("mode", Mode),
        CheckConstraint("amount_krw BETWEEN 0 AND 100000000", name="amount_range"),
        CheckConstraint("tax_free_krw BETWEEN 0 AND amount_krw", name="tax_free_range"),
        CheckConstraint("(amount_krw = 0) = (charge_fact = 'not_asked')", name="charge_asked"),
        CheckConstraint("length(merchant_uid) BETWEEN 1 AND 40", name="merchant_uid_length"),
        Index("ix_registrations_customer", "customer_id", "created_at"),
        Index("ix_registrations_work", "next_look_at", sqlite_where=_LOOKED, postgresql_where=_LOOKED),
        Index("ix_registrations_paid_only", "created_at", sqlite_where=_PAID_ONLY, postgresql_where=_PAID_ONLY),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    return_token: Mapped[str] = mapped_column(String(40), unique=True)  # /return/<token>; a name, not a proof
    sheet_key: Mapped[str] = mapped_column(String(40), unique=True)
    mode: Mapped[Mode] = mapped_column(Word(Mode))
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"))
    customer_uid: Mapped[str] = mapped_column(String(80), unique=True)
    merchant_uid: Mapped[str] = mapped_column(String(40), unique=True)
    pg: Mapped[str] = mapped_column(String(80))  # with the billing MID, always
    issuers: Mapped[str] = mapped_column(String(200), default="")  # codes the window offers; empty = all
    name: Mapped[str] = mapped_column(String(40))
    amount_krw: Mapped[int] = mapped_column(Won, default=0)
    tax_free_krw: Mapped[int] = mapped_column(Won, default=0)
    attempt_id: Mapped[str | None] = mapped_column(ForeignKey("attempts.id"))  # the first charge's, if one was asked
    state: Mapped[RegistrationState] = mapped_column(Word(RegistrationState))
    key_fact: Mapped[Fact] = mapped_column(Word(Fact))
    charge_fact: Mapped[Fact] = mapped_column(Word(Fact))
    imp_uid: Mapped[str | None] = mapped_column(String(32))
    billing_key_id: Mapped[str | None] = mapped_column(ForeignKey("billing_keys.id"))
    told: Mapped[str | None] = mapped_column(String(256))  # what the window said, as it came
    hinted_imp_uid: Mapped[str | None] = mapped_column(String(32))  # what the browser named: a hint, until it is read
    evidence: Mapped[str | None] = mapped_column(String(256))  # what the latest look saw
    looks: Mapped[int] = mapped_column(Integer, default=0)
    key_absences: Mapped[int] = mapped_column(Integer, default=0)  # looks in a row without a key, after the window
    key_absent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_look_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    returned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def is_keyed_in(self) -> bool:
        """Whether staff typed the card: no window was ever open, and no return comes."""
        return self.merchant_uid.startswith(f"{KEYED_IN}_")
