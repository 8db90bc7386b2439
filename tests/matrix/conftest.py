"""Halls: one for each database and test file, filled by all its cases."""

import pytest

from tests.conftest import NOON
from tests.matrix.hall import Hall


@pytest.fixture
def counted(request):
    """Notes a fact of the test for the page that `report.py` writes."""
    return lambda name, value: request.node.user_properties.append((name, value))


@pytest.fixture(scope="module")
def sqlite_hall(empty_database, tmp_path_factory):
    with Hall(tmp_path_factory.mktemp("hall"), template=empty_database, at=NOON) as made:
        yield made
        made.assert_all_books()


@pytest.fixture(scope="module")
def postgres_hall(postgres_server, migrated_postgres, tmp_path_factory):
    url = postgres_server.database(template=migrated_postgres)
    with Hall(tmp_path_factory.mktemp("hall"), at=NOON, DATABASE_URL=url) as made:
        yield made
        made.assert_all_books()
    postgres_server.drop(url)
