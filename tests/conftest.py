"""Fixtures every test may use: an app on a fresh, migrated database, with the real sandbox inside the process."""

import ipaddress
import socket
from datetime import UTC, datetime

import pytest

from tests.support import postgres, sharing
from tests.support.world import World, migrate, migrated_sqlite

pytest_plugins = ["tests.support.browser"]
sharing.share()
sharing.work_in_memory()
NOON = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)  # 12:00 in Seoul


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Files with long tests come first: cores that are done take over what waits behind them, and all end together."""
    long = {item.path for item in items if item.get_closest_marker("long")}
    items.sort(key=lambda item: item.path not in long)


def pytest_collection_finish():
    sharing.leave_the_old_alone()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory):
    """A migrated SQLite file that each test copies."""
    return migrated_sqlite(tmp_path_factory.mktemp("migrated"))


@pytest.fixture
def world(empty_database, tmp_path):
    """The product on SQLite, with its sandbox, a clock that stands still, and makers of records."""
    with World(tmp_path, template=empty_database, at=NOON) as made:
        yield made


@pytest.fixture(scope="session")
def postgres_server():
    """A PostgreSQL server of this run's own."""
    server = postgres.start()
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres_server):
    """The address of a new, empty PostgreSQL database."""
    url = postgres_server.database()
    yield url
    postgres_server.drop(url)


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server, tmp_path_factory):
    """The name of a PostgreSQL database with all tables and guards, to be copied."""
    url = postgres_server.database()
    migrate(tmp_path_factory.mktemp("migrating"), DATABASE_URL=url)
    return postgres.name_of(url)


@pytest.fixture
def postgres_world(postgres_server, migrated_postgres, tmp_path):
    """As `world`, on PostgreSQL."""
    url = postgres_server.database(template=migrated_postgres)
    with World(tmp_path, at=NOON, DATABASE_URL=url) as made:
        yield made
    postgres_server.drop(url)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def each_world(request):
    """`world` and then `postgres_world`: for rules that must hold on both engines."""
    return request.getfixturevalue("world" if request.param == "sqlite" else "postgres_world")


@pytest.fixture
def client(world):
    """A browser without anyone signed in."""
    return world.client()


@pytest.fixture(autouse=True)
def no_outside_network(monkeypatch):
    """A test that reaches for another machine fails."""
    connect = socket.socket.connect

    def local_only(self, address):
        if isinstance(address, tuple) and not _is_here(address[0]):
            raise AssertionError(f"a test tried to reach {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", local_only)


def _is_here(host):
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
