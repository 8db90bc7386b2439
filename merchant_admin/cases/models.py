"""The table of cases."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from merchant_admin.cases.states import CaseKind, CaseState
from merchant_admin.core.db import Base, UtcDateTime, Word, one_of

_OPEN = text("state = 'open'")


class Case(Base):
    """One named problem. `subject` is what it is about: an imp_uid, a registration, a Seoul day, a MID."""

    __tablename__ = "cases"
    __table_args__ = (
        UniqueConstraint("kind", "subject"),
        one_of("kind", CaseKind),
        one_of("state", CaseState),
        CheckConstraint("(state = 'resolved') = (resolved_at IS NOT NULL)", name="resolved_when_said"),
        CheckConstraint("state = 'open' OR length(resolution) > 0", name="resolution_given"),
        Index("ix_cases_newest", "state", "opened_at", "id"),
        Index("ix_cases_open", "opened_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[CaseKind] = mapped_column(Word(CaseKind))
    subject: Mapped[str] = mapped_column(String(120))
    state: Mapped[CaseState] = mapped_column(Word(CaseState))
    # Features above this one are named by their ids alone.
    payment_id: Mapped[str | None] = mapped_column(String(40))
    charge_id: Mapped[str | None] = mapped_column(String(40))
    registration_id: Mapped[str | None] = mapped_column(String(40))
    day: Mapped[str | None] = mapped_column(String(10))  # of the daily match that found it
    customer_id: Mapped[str | None] = mapped_column(ForeignKey("customers.id"))
    amount_krw: Mapped[int | None] = mapped_column(BigInteger)
    detail: Mapped[str] = mapped_column(Text)  # JSON: the facts as they were found; other facts open it again
    owner_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resolved_by: Mapped[str | None] = mapped_column(String(80))
    resolution: Mapped[str] = mapped_column(String(500), default="")
