"""The table of reservations."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from merchant_admin.core.db import Base, UtcDateTime, Won, Word, one_of
from merchant_admin.core.settings import Mode
from merchant_admin.schedules.states import ScheduleSource, ScheduleState

_LOOKED = text("next_look_at IS NOT NULL")


class Schedule(Base):
    __tablename__ = "schedules"
    __table_args__ = (
        one_of("state", ScheduleState),
        one_of("source", ScheduleSource),
        one_of("mode", Mode),
        CheckConstraint("amount_krw BETWEEN 1 AND 100000000", name="amount_range"),
        CheckConstraint("tax_free_krw BETWEEN 0 AND amount_krw", name="tax_free_range"),
        CheckConstraint("length(merchant_uid) BETWEEN 1 AND 80", name="merchant_uid_length"),
        CheckConstraint("(state = 'sending') = (lease_until IS NOT NULL)", name="lease_while_sending"),
        CheckConstraint("source = 'found' OR billing_key_id IS NOT NULL", name="ours_has_a_card"),
        Index("ix_schedules_time", "schedule_at", "id"),
        Index("ix_schedules_state", "state", "schedule_at", "id"),
        Index("ix_schedules_customer", "customer_id", "schedule_at"),
        Index("ix_schedules_billing_key", "billing_key_id", "state"),
        Index("ix_schedules_work", "next_look_at", sqlite_where=_LOOKED, postgresql_where=_LOOKED),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    sheet_key: Mapped[str | None] = mapped_column(String(40), unique=True)  # None: found at PortOne
    merchant_uid: Mapped[str] = mapped_column(String(80), unique=True)
    source: Mapped[ScheduleSource] = mapped_column(Word(ScheduleSource))
    mode: Mapped[Mode] = mapped_column(Word(Mode))
    state: Mapped[ScheduleState] = mapped_column(Word(ScheduleState))
    customer_id: Mapped[str | None] = mapped_column(ForeignKey("customers.id"))
    billing_key_id: Mapped[str | None] = mapped_column(ForeignKey("billing_keys.id"))
    customer_uid: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(40))
    amount_krw: Mapped[int] = mapped_column(Won)
    tax_free_krw: Mapped[int] = mapped_column(Won, default=0)
    memo: Mapped[str] = mapped_column(Text, default="")
    schedule_at: Mapped[datetime] = mapped_column(UtcDateTime)
    wanted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # another time was asked for, not known to be set
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # of the latest request, whatever it was
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    owner: Mapped[str | None] = mapped_column(String(60))
    looks: Mapped[int] = mapped_column(Integer, default=0)  # since the latest request, or since its time
    absences: Mapped[int] = mapped_column(Integer, default=0)
    absent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_look_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    evidence: Mapped[str | None] = mapped_column(String(256))
    imp_uid: Mapped[str | None] = mapped_column(String(32))
    fail_reason: Mapped[str | None] = mapped_column(String(256))
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
