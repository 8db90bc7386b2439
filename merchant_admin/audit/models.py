"""The table of the timeline."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from merchant_admin.core.db import Base, UtcDateTime


class Event(Base):
    """One line of the timeline. `seq` has no gaps; `mac` covers this line and the one before it."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_subject", "subject_id", "subject_kind", "seq"),
        Index("ix_events_kind", "subject_kind", "seq"),
        Index("ix_events_customer", "customer_id", "seq"),
        Index("ix_events_actor", "actor_id", "seq"),
    )

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str | None] = mapped_column(String(40))
    actor_name: Mapped[str] = mapped_column(String(80))
    actor_address: Mapped[str | None] = mapped_column(String(45))
    act: Mapped[str] = mapped_column(String(60))
    subject_kind: Mapped[str] = mapped_column(String(24))
    subject_id: Mapped[str] = mapped_column(String(80))
    customer_id: Mapped[str | None] = mapped_column(String(40))
    facts: Mapped[str] = mapped_column(Text)  # JSON: before, after and what else the line says
    reason: Mapped[str | None] = mapped_column(String(300))
    mac: Mapped[bytes] = mapped_column(LargeBinary(32))


class ChainHead(Base):
    """The end of the chain, sealed in the commit of each line, so that a cut-off tail shows too.

    Without the key nobody can seal an earlier end. Whoever kept an old copy of this row can put it back together with
    a cut tail: against that, `audit verify` prints the end, to be kept elsewhere, and checks one that was kept.
    """

    __tablename__ = "chain_heads"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    mac: Mapped[bytes] = mapped_column(LargeBinary(32))
    seal: Mapped[bytes] = mapped_column(LargeBinary(32))
