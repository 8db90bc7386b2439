"""One row for the whole product: what is known of the line to PortOne."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Float, Integer
from sqlalchemy.orm import Mapped, mapped_column

from merchant_admin.core.db import Base, UtcDateTime

THE_ROW = 1


class PortOneLine(Base):
    """`tried_at`, `opened_at` and `booked_until` are epoch seconds: they are computed with in single statements."""

    __tablename__ = "portone_line"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"), CheckConstraint("failures >= 0", name="failures"))

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    failures: Mapped[int] = mapped_column(Integer, default=0)  # in a row, of all processes
    tried_at: Mapped[float] = mapped_column(Float(53), default=0)
    opened_at: Mapped[float | None] = mapped_column(Float(53))
    booked_until: Mapped[float] = mapped_column(Float(53), default=0)  # the budget is spent up to this instant
    restored_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # nothing is sent until the records caught up
    known_until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the last thing the restored copy knew of
