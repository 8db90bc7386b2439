"""The table of texts that staff put into another class than the built-in signs do."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from merchant_admin.core.db import Base, UtcDateTime, Word, one_of
from merchant_admin.failures.states import FailureClass


class FailureWord(Base):
    """One text and the class a person gave it. `id` follows from the text, so that one text has one row."""

    __tablename__ = "failure_words"
    __table_args__ = (
        one_of("failure_class", FailureClass),
        CheckConstraint("length(pattern) > 0", name="pattern_given"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    pattern: Mapped[str] = mapped_column(String(256), unique=True)  # the text with long numbers taken out
    failure_class: Mapped[FailureClass] = mapped_column(Word(FailureClass))
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
