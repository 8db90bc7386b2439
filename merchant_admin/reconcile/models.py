"""Claims of duties, results of daily matches, and closed days."""

from datetime import date, datetime

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from merchant_admin.core.db import Base, UtcDateTime, Word, one_of
from merchant_admin.core.settings import Mode
from merchant_admin.reconcile.states import Duty


class DutyRun(Base):
    """One duty in one slot of time: who holds it, how far it has come, and whether it is done."""

    __tablename__ = "duty_runs"
    __table_args__ = (one_of("duty", Duty), Index("ix_duty_runs_done", "duty", "done_at"))

    duty: Mapped[Duty] = mapped_column(Word(Duty), primary_key=True)
    slot: Mapped[str] = mapped_column(String(40), primary_key=True)
    place: Mapped[str] = mapped_column(String(200), default="")  # where the next turn goes on
    calls: Mapped[int] = mapped_column(Integer, default=0)
    seen: Mapped[int] = mapped_column(Integer, default=0)
    changed: Mapped[int] = mapped_column(Integer, default=0)
    skipped: Mapped[int] = mapped_column(Integer, default=0)  # rows nobody could read or record
    owner: Mapped[str | None] = mapped_column(String(60))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DayMatch(Base):
    """One Seoul day, ours against PortOne's, by count and sum of each status."""

    __tablename__ = "day_matches"
    __table_args__ = (one_of("mode", Mode),)

    seoul_day: Mapped[date] = mapped_column(Date, primary_key=True)
    mode: Mapped[Mode] = mapped_column(Word(Mode), primary_key=True)
    matched_at: Mapped[datetime] = mapped_column(UtcDateTime)
    is_equal: Mapped[bool] = mapped_column(Boolean)
    differences: Mapped[int] = mapped_column(Integer)
    reversals: Mapped[int] = mapped_column(Integer)  # of test payments by the PG at night: expected
    tallies: Mapped[str] = mapped_column(Text)  # JSON: status -> both sides' count, sum and part given back


class DayClosing(Base):
    """A closed day: its totals, frozen and signed. Never changed; what comes later shows as a difference."""

    __tablename__ = "day_closings"
    __table_args__ = (one_of("mode", Mode),)

    seoul_day: Mapped[date] = mapped_column(Date, primary_key=True)
    mode: Mapped[Mode] = mapped_column(Word(Mode), primary_key=True)
    closed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    closed_by: Mapped[str] = mapped_column(String(80))
    snapshot: Mapped[str] = mapped_column(Text)  # canonical JSON, exactly as it was signed
    mac: Mapped[bytes] = mapped_column(LargeBinary(32))
