"""Fixtures every test may use: an app on a fresh, migrated database, with the real sandbox inside the process."""

import socket
from datetime import UTC, datetime

import pytest
from tests.support.world import World, migrated_sqlite

NOON = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)  # 12:00 in Seoul


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory):
    """A migrated SQLite file that each test copies."""
    return migrated_sqlite(tmp_path_factory.mktemp("migrated"))


@pytest.fixture
def world(empty_database, tmp_path):
    """The product on SQLite, with its sandbox, a clock that stands still, and makers of records."""
    with World(tmp_path, template=empty_database, at=NOON) as made:
        yield made


@pytest.fixture
def client(world):
    """A browser without anyone signed in."""
    return world.client()


@pytest.fixture(autouse=True)
def no_outside_network(monkeypatch):
    """A test that reaches for another machine fails."""
    connect = socket.socket.connect

    def local_only(self, address):
        if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise AssertionError(f"a test tried to reach {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", local_only)
