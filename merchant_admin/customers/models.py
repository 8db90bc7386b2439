"""Tables of customers and of the pieces of text they are found by."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from merchant_admin.core.db import Base, UtcDateTime

# Byte order on both databases, so that "begins with" is one range of the index.
_BYTE_ORDER = String(64).with_variant(String(64, collation="C"), "postgresql")


class Customer(Base):
    __tablename__ = "customers"
    __table_args__ = (
        # One partial index for each tab: "IS NULL" in front of the columns would make PostgreSQL sort.
        Index(
            "ix_customers_active", "created_at", "id",
            sqlite_where=text("archived_at IS NULL"), postgresql_where=text("archived_at IS NULL"),
        ),
        Index(
            "ix_customers_archived", "created_at", "id",
            sqlite_where=text("archived_at IS NOT NULL"), postgresql_where=text("archived_at IS NOT NULL"),
        ),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    phone: Mapped[str | None] = mapped_column(String(20))  # as people write it: 010-1234-5678
    email: Mapped[str | None] = mapped_column(String(64))
    memo: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(Integer, default=1)  # grows with each edit; a stale form is refused
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None


class CustomerTerm(Base):
    """One piece of text a customer is found by (core.search). `source` put it there: `customer` or a key's id."""

    __tablename__ = "customer_terms"
    __table_args__ = (Index("ix_customer_terms_customer", "customer_id", "term"), {"sqlite_with_rowid": False})

    term: Mapped[str] = mapped_column(_BYTE_ORDER, primary_key=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"), primary_key=True)
    source: Mapped[str] = mapped_column(String(40), primary_key=True)
