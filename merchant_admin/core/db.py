"""The database: one declarative base for SQLite and PostgreSQL, and how a write begins.

SQLite: write-ahead log, full sync, foreign keys on, and BEGIN IMMEDIATE for every write, since a deferred
transaction that turns into a write fails at once instead of waiting. PostgreSQL: READ COMMITTED and row locks.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    String,
    bindparam,
    event,
    func,
    select,
    text,
)
from sqlalchemy.engine import Connection
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Session
from sqlalchemy.types import TypeDecorator

from merchant_admin.core.clock import Clock, SystemClock

BUSY_SECONDS = 10
_WRITES = "merchant_admin_writes"


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant. A naive one is refused; SQLite keeps it without zone, PostgreSQL with."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive instant can't be stored")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


_E = TypeVar("_E", bound=StrEnum)


class Word(TypeDecorator[_E]):
    """An enum stored as its value, read back as its member. The table's CHECK lists the values."""

    impl = String(32)
    cache_ok = True

    def __init__(self, words: type[_E]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: _E | str | None, dialect: Dialect) -> str | None:
        return None if value is None else self.words(value).value

    def process_literal_param(self, value: _E | str | None, dialect: Dialect) -> str:
        return self.words(value).value if value is not None else ""

    def process_result_value(self, value: str | None, dialect: Dialect) -> _E | None:
        return None if value is None else self.words(value)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        },
    )


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": True})
Won = BigInteger


def one_of(column: str, words: type[StrEnum]) -> CheckConstraint:
    """The CHECK that a column holds one of an enum's values."""
    return CheckConstraint(f"{column} IN ({', '.join(repr(w.value) for w in words)})", name=f"{column}_known")


def among(column: InstrumentedAttribute[_E], words: Iterable[_E]) -> ColumnElement[bool]:
    """That the column holds one of `words`, written out in the order their enum has, as the partial indexes write them.

    Bound values would do for the answer, not for the plan: SQLite matches an index's WHERE by its text, so a query that
    lacks it, or asks for one word of several, reads the whole table.
    """
    wanted = frozenset(words)
    ordered = [word for word in type(next(iter(wanted))) if word in wanted]
    if len(ordered) == 1:
        return column == bindparam(None, ordered[0], literal_execute=True)
    return column.in_(bindparam(None, ordered, expanding=True, literal_execute=True))


def distinct(session: Session, column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None]) -> list[str]:
    """The different words of a column, in order, by leaping through an index that begins with it.

    The cost grows with the words, not with the rows: neither engine does this with a plain DISTINCT.
    """
    leap = select(func.min(column).label("word")).cte("leap", recursive=True)
    farther = select(func.min(column)).where(column > leap.c.word).scalar_subquery()
    leap = leap.union_all(select(farther).where(leap.c.word.is_not(None)))
    return list(session.scalars(select(leap.c.word).where(leap.c.word.is_not(None))))


def engine_options(url: str) -> dict[str, Any]:
    """Pool and driver options for the address's engine."""
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False, "isolation_level": None}}
    return {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 10}


@event.listens_for(Engine, "connect")
def _prepare_connection(connection: Any, _record: object) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_SECONDS * 1000}",
        "temp_store=MEMORY", "cache_size=-32000", "recursive_triggers=ON",
    ):  # fmt: skip
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def write_transaction(session: Session) -> Iterator[Session]:
    """One write: begun for writing, committed at the end, rolled back on any error.

    An open read is ended first, so that the write sees the newest rows. Not nestable: a unit of work has one commit.
    """
    if session.info.get(_WRITES):
        raise RuntimeError("a write transaction is already open")
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("changes were made outside a write transaction")
    session.rollback()
    session.connection(execution_options={_WRITES: True})
    session.info[_WRITES] = True
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info[_WRITES] = False


@contextmanager
def single_write(engine: Engine) -> Iterator[Connection]:
    """A write of one statement, on a connection of its own, apart from any unit of work. Never inside one."""
    with engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
        yield connection


def reading_engine(engine: Engine) -> Engine:
    """The same engine and pool, for reads of one statement: on PostgreSQL they cost no BEGIN and no ROLLBACK."""
    is_postgres = engine.dialect.name == "postgresql"
    return engine.execution_options(isolation_level="AUTOCOMMIT") if is_postgres else engine


def lease_now(session: Session, clock: Clock) -> datetime:
    """The instant by which leases and looks are measured: the database's clock where many machines share it."""
    if isinstance(clock, SystemClock) and session.get_bind().dialect.name == "postgresql":
        at: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
        return at.astimezone(UTC)
    return clock.now()
