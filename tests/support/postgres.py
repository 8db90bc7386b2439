"""A PostgreSQL of the tests' own: made in a temporary folder, gone afterwards; nothing of the machine's is touched.

The folder is none of pytest's: those are shut to other accounts again by every run that begins, and a server that root
starts runs as another account.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

CI = os.environ.get("CI") == "true"
QUICK = (
    "-c",
    "fsync=off",
    "-c",
    "autovacuum=off",
    "-c",
    "synchronous_commit=off",
    "-c",
    "full_page_writes=off",
    "-c",
    "shared_buffers=32MB",
)


class Postgres:
    """A running server. `database()` makes a database, copied from `template` where one is named."""

    def __init__(self, address, process=None, folder=None):
        self.address, self._process, self._folder = address, process, folder
        self._made = 0

    def url(self, name):
        return urlunsplit(urlsplit(self.address)._replace(scheme="postgresql", path=f"/{name}"))

    def database(self, template="template1"):
        self._made += 1
        name = f"merchant_{os.getpid()}_{self._made}"
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop(self, url):
        self.run(f"DROP DATABASE IF EXISTS {name_of(url)} WITH (FORCE)")

    def run(self, statement):
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def files(self):
        """Every file of a server that is ours, the log of writes among them."""
        return [path for path in self._folder.rglob("*") if path.is_file()] if self._folder else []

    def stop(self):
        if self._process:
            self._process.send_signal(signal.SIGINT)  # at once, whoever is still connected
            self._process.wait(20)
            shutil.rmtree(self._folder, ignore_errors=True)


def name_of(url):
    return urlsplit(url).path.removeprefix("/")


def programs():
    """The folder of PostgreSQL's programs, or None."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None, key=lambda folder: int(folder.parent.name))


def start(settings=QUICK):
    """The server that TEST_POSTGRES_URL names, else a new one; a skip (with CI=true a failure) where there is none.

    `settings`: options of a new server; without them it is as durable as any.
    """
    named = os.environ.get("TEST_POSTGRES_URL")
    if named:
        return Postgres(named)
    bin_folder = programs()
    if bin_folder is None:
        (pytest.fail if CI else pytest.skip)("PostgreSQL is not installed: sudo apt-get install postgresql")
    owner = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="merchant-postgres-"))
    data, runs = folder / "data", folder / "run"
    runs.mkdir()
    if owner:
        shutil.chown(folder, owner)
        shutil.chown(runs, owner)
    subprocess.run(
        [bin_folder / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
        check=True, capture_output=True, user=owner, cwd=folder,
    )  # fmt: skip
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (folder / "log").open("w")
    process = subprocess.Popen(
        [bin_folder / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", runs, "-c", "max_connections=120", *settings],
        stdout=log, stderr=log, user=owner, cwd=folder,
    )  # fmt: skip
    log.close()
    server = Postgres(f"postgresql://postgres@127.0.0.1:{port}/postgres", process, folder)
    _until_it_answers(server, folder / "log")
    return server


def _until_it_answers(server, log):
    for _ in range(300):
        try:
            return server.run("SELECT 1")
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


def _unprivileged():
    """PostgreSQL refuses to run as root: the account to run it as, or None for our own."""
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
