"""The tables of looks and of closings by hand."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from merchant_admin.core.db import Base, UtcDateTime, Word, one_of
from merchant_admin.doubts.states import ClosingState, DoubtKind, LookAnswer

_ASKED = text("state = 'asked'")


class Look(Base):
    """One question to PortOne about something whose outcome was not known, and the answer. Append only."""

    __tablename__ = "looks"
    __table_args__ = (
        one_of("kind", DoubtKind),
        one_of("answer", LookAnswer),
        Index("ix_looks_subject", "subject_id", "at", "id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[DoubtKind] = mapped_column(Word(DoubtKind))
    subject_id: Mapped[str] = mapped_column(String(40))  # the charge, or the refund
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    answer: Mapped[LookAnswer] = mapped_column(Word(LookAnswer))
    detail: Mapped[str] = mapped_column(String(120), default="")  # PortOne's status, or how it could not be asked
    actor_name: Mapped[str] = mapped_column(String(80))  # empty for the worker


class HandClosing(Base):
    """One wish to close a doubt by hand. It is agreed to by a second person or not at all: the table holds that."""

    __tablename__ = "hand_closings"
    __table_args__ = (
        one_of("kind", DoubtKind),
        one_of("state", ClosingState),
        CheckConstraint("length(reason) > 0", name="reason_given"),
        CheckConstraint("length(evidence) > 0", name="evidence_given"),
        CheckConstraint("state <> 'agreed' OR decided_by <> asked_by", name="second_person"),
        CheckConstraint("(state IN ('asked', 'overtaken')) = (decided_by IS NULL)", name="decided_by_someone"),
        CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name="decided_at_some_time"),
        Index(
            "uq_hand_closings_asked", "kind", "subject_id", unique=True, sqlite_where=_ASKED, postgresql_where=_ASKED
        ),
        Index("ix_hand_closings_subject", "subject_id", "asked_at"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[DoubtKind] = mapped_column(Word(DoubtKind))
    subject_id: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(200))
    evidence: Mapped[str] = mapped_column(String(1000))  # what the asker saw, and where
    state: Mapped[ClosingState] = mapped_column(Word(ClosingState))
    asked_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
