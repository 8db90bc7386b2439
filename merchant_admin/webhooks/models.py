"""The inbox of webhooks."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from merchant_admin.core.db import Base, UtcDateTime, Word, one_of

_WAITING = text("decision = 'waiting'")


class Decision(StrEnum):
    WAITING = "waiting"
    APPLIED = "applied"
    UNKNOWN_PAYMENT = "unknown_payment"  # PortOne does not know it: a test button, or a forgery
    FOREIGN_MODE = "foreign_mode"  # a test payment in live mode: never applied
    MALFORMED = "malformed"


class WebhookEvent(Base):
    """One delivery; copies that arrive while it waits are counted, not stored again."""

    __tablename__ = "webhook_events"
    __table_args__ = (
        one_of("decision", Decision),
        Index(
            "uq_webhook_events_waiting", "imp_uid", "status", "cancellation_id", unique=True,
            sqlite_where=_WAITING, postgresql_where=_WAITING,
        ),
        Index("ix_webhook_events_work", "decision", "next_look_at"),
        Index("ix_webhook_events_done", "decision", "done_at"),
        Index("ix_webhook_events_newest", "received_at", "id"),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    imp_uid: Mapped[str] = mapped_column(String(32), default="")
    merchant_uid: Mapped[str] = mapped_column(String(80), default="")
    status: Mapped[str] = mapped_column(String(20), default="")
    cancellation_id: Mapped[str] = mapped_column(String(60), default="")
    decision: Mapped[Decision] = mapped_column(Word(Decision))
    hits: Mapped[int] = mapped_column(Integer, default=1)
    looks: Mapped[int] = mapped_column(Integer, default=0)
    address: Mapped[str | None] = mapped_column(String(45))
    body: Mapped[str] = mapped_column(Text, default="")  # capped
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_look_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
