"""Tables of staff, their sessions, and counted sign-in tries."""

from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from merchant_admin.core.db import Base, UtcDateTime, Word, one_of
from merchant_admin.core.permissions import Role

IDLE, ABSOLUTE = timedelta(minutes=30), timedelta(hours=12)  # how long a session lives unused, and at most


class Staff(Base):
    __tablename__ = "staff"
    __table_args__ = (one_of("role", Role), CheckConstraint("email = lower(email)", name="email_lower"))

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    email: Mapped[str] = mapped_column(String(200), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    role: Mapped[Role] = mapped_column(Word(Role))
    password_hash: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class StaffSession(Base):
    """One signed-in browser. Only the SHA-256 of the cookie's value is kept."""

    __tablename__ = "staff_sessions"
    __table_args__ = (Index("ix_staff_sessions_staff", "staff_id", "ended_at"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    address: Mapped[str | None] = mapped_column(String(45))
    browser: Mapped[str | None] = mapped_column(String(200))


class SignInTry(Base):
    """One try that has not succeeded, counted in one bucket: an account, an address or all (kept as a keyed hash).

    A customer's link that does not exist, opened by a stranger, is one too.

    Written before the password is looked at, so that a burst of parallel tries is counted too; taken back on success.
    """

    __tablename__ = "sign_in_tries"
    __table_args__ = (Index("ix_sign_in_tries_bucket", "bucket", "at"), Index("ix_sign_in_tries_at", "at"))

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    bucket: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
