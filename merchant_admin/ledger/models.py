"""Tables of the books."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Date, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from merchant_admin.core.db import Base, UtcDateTime, Won, Word, one_of
from merchant_admin.core.settings import Mode


class EntryKind(StrEnum):
    CHARGE = "charge"
    REFUND = "refund"


class Account(StrEnum):
    RECEIVABLE = "receivable"  # what the PG owes the merchant
    SALES = "sales"
    REFUNDS = "refunds"


class LedgerEntry(Base):
    """One balanced entry: `amount_krw` from `credit` to `debit`. `ref` is the imp_uid or the cancellation's name."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        UniqueConstraint("kind", "ref"),
        one_of("kind", EntryKind),
        one_of("debit", Account),
        one_of("credit", Account),
        CheckConstraint("amount_krw > 0", name="amount_positive"),
        CheckConstraint("debit <> credit", name="two_accounts"),
        Index("ix_ledger_entries_imp_uid", "imp_uid"),
        Index("ix_ledger_entries_day", "seoul_day", "happened_at", "id"),
        Index("ix_ledger_entries_kind", "kind", "happened_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[EntryKind] = mapped_column(Word(EntryKind))
    ref: Mapped[str] = mapped_column(String(120))
    debit: Mapped[Account] = mapped_column(Word(Account))
    credit: Mapped[Account] = mapped_column(Word(Account))
    amount_krw: Mapped[int] = mapped_column(Won)
    imp_uid: Mapped[str] = mapped_column(String(32))
    payment_id: Mapped[str] = mapped_column(String(40))
    mode: Mapped[Mode] = mapped_column(Word(Mode))
    happened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seoul_day: Mapped[date] = mapped_column(Date)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DailyTotal(Base):
    """Count and sum of one kind of entry on one Seoul day; moved in the same commit as the entry."""

    __tablename__ = "daily_totals"
    __table_args__ = (one_of("kind", EntryKind),)

    seoul_day: Mapped[date] = mapped_column(Date, primary_key=True)
    mode: Mapped[Mode] = mapped_column(Word(Mode), primary_key=True)
    kind: Mapped[EntryKind] = mapped_column(Word(EntryKind), primary_key=True)
    entries: Mapped[int] = mapped_column(BigInteger, default=0)
    sum_krw: Mapped[int] = mapped_column(Won, default=0)
