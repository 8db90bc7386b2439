"""A consistent copy of the database, and the way back: SQLite by its own backup call, PostgreSQL by its own tools."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from merchant_admin.core.guards import TRIGGERS


class CopyRefused(Exception):
    """Nothing was changed; the message says why."""


def back_up(database_url: str, target: Path) -> None:
    """Write a copy to `target`, readable by its owner only, while the product runs. Raises CopyRefused."""
    if target.exists():
        raise CopyRefused(f"{target} exists already.")
    target.touch(mode=0o600)
    if database_url.startswith("sqlite"):
        _copy(_file_of(database_url), target)
        _refuse_unusable(target)
    else:
        _run("pg_dump", database_url, "--format=custom", f"--file={target}")


def bring_back(database_url: str, source: Path, kept_as: Path) -> None:
    """Put the copy in the database's place. An SQLite database is kept as `kept_as` first. Raises CopyRefused."""
    if not source.exists():
        raise CopyRefused(f"{source} does not exist.")
    if not database_url.startswith("sqlite"):
        _run("pg_restore", database_url, "--clean", "--if-exists", "--single-transaction", "--no-owner", str(source))
        return
    _refuse_unusable(source)
    present = _file_of(database_url)
    if present.exists():
        back_up(database_url, kept_as)
    _copy(source, present)


def _file_of(database_url: str) -> Path:
    return Path(database_url.removeprefix("sqlite:///"))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def _refuse_unusable(path: Path) -> None:
    """A copy counts only if it is whole, and is one of ours with its guards."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as copy:
            health = copy.execute("PRAGMA integrity_check").fetchone()[0]
            names = {name for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    except sqlite3.DatabaseError as wrong:
        raise CopyRefused(f"{path} is no SQLite database.") from wrong
    if health != "ok":
        raise CopyRefused(f"{path} is damaged: {health}")
    if not names >= TRIGGERS:
        raise CopyRefused(f"{path} is not a whole copy of this product's database.")


def _run(program: str, database_url: str, *words: str) -> None:
    """Run one of PostgreSQL's tools; the password goes through the environment, not through the list of processes."""
    found = shutil.which(program)
    if found is None:
        raise CopyRefused(f"{program} is not installed: apt-get install postgresql-client")
    parts = urlsplit(database_url.replace("+psycopg", "", 1))
    host = parts.netloc.rpartition("@")[2]
    plain = urlunsplit(parts._replace(netloc=f"{parts.username}@{host}" if parts.username else host))
    environment = {**os.environ, **({"PGPASSWORD": parts.password} if parts.password else {})}
    ended = subprocess.run(  # noqa: S603 - a fixed program
        [found, f"--dbname={plain}", *words], env=environment, capture_output=True, text=True, check=False
    )
    if ended.returncode != 0:
        raise CopyRefused(f"{program}: {ended.stderr.strip()}")
