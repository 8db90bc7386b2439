"""One SQLite database behind everything: a file shared by threads and processes, or memory shared by threads."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = Path(__file__).with_name("schema.sql")
TABLES = (
    "tokens", "billing_keys", "payments", "prepared", "schedules", "windows", "receipts",
    "webhooks", "webhook_attempts", "faults", "requests", "meta", "merchants",
)  # fmt: skip


class Store:
    """Hands out connections: `read()` for a consistent look, `write()` for one change at a time."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.in_memory = database == ":memory:"
        self._one_at_a_time = threading.RLock()  # only used in memory, where there is one connection
        self._pool: list[sqlite3.Connection] = []
        self._pool_lock = threading.Lock()
        self._pid = os.getpid()
        if not self.in_memory:
            Path(database).parent.mkdir(parents=True, exist_ok=True)
        with self._connection() as db:
            db.executescript(SCHEMA.read_text("utf-8"))

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        with self._connection() as db:
            db.execute("BEGIN")
            try:
                yield db
            finally:
                db.execute("ROLLBACK")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        with self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def meta(self, name: str) -> str | None:
        with self.read() as db:
            row = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(row["value"]) if row else None

    def set_meta(self, name: str, value: str) -> None:
        with self.write() as db:
            db.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))

    def drop_meta(self, name: str) -> None:
        with self.write() as db:
            db.execute("DELETE FROM meta WHERE name = ?", (name,))

    def reset(self) -> None:
        """Forget everything."""
        with self.write() as db:
            for table in TABLES:
                db.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the tuple above

    def snapshot(self, path: str) -> None:
        """Write the whole state to a file that `restore` can read."""
        with self._connection() as db:
            copy = sqlite3.connect(path)
            db.backup(copy)
            copy.close()

    def restore(self, path: str) -> None:
        """Take over the state of a snapshot, forgetting the present one. Raises ValueError for any other file."""
        source = sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)
        try:
            held = {row[0] for row in source.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not held.issuperset(TABLES):
                raise ValueError(path)
            with self._connection() as db:
                source.backup(db)
        except sqlite3.DatabaseError:
            raise ValueError(path) from None
        finally:
            source.close()

    def close(self) -> None:
        with self._pool_lock:
            while self._pool:
                self._pool.pop().close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        if self.in_memory:
            with self._one_at_a_time:
                if not self._pool:
                    self._pool.append(self._open())
                yield self._pool[0]
            return
        db = self._take()
        try:
            yield db
        finally:
            with self._pool_lock:
                self._pool.append(db)

    def _take(self) -> sqlite3.Connection:
        with self._pool_lock:
            if self._pid != os.getpid():  # a forked child must not use its parent's connections
                self._pool, self._pid = [], os.getpid()
            if self._pool:
                return self._pool.pop()
        return self._open()

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.database, timeout=30, isolation_level=None, check_same_thread=False)
        db.row_factory = sqlite3.Row
        if not self.in_memory:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
        return db
