"""One migrated database per engine for all statements: each is rolled back."""

import pytest

from merchant_admin import create_app
from merchant_admin.core.db import db
from tests.support.world import settings_for


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def each_database(request, tmp_path_factory):
    """An app whose context is open, on a migrated database of each engine."""
    folder = tmp_path_factory.mktemp("statements")
    env = {}
    if request.param == "sqlite":
        (folder / "merchant.db").write_bytes(request.getfixturevalue("empty_database").read_bytes())
    else:
        server, template = request.getfixturevalue("postgres_server"), request.getfixturevalue("migrated_postgres")
        env["DATABASE_URL"] = server.database(template=template)
    app = create_app(settings_for(folder, **env))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    if env:
        request.getfixturevalue("postgres_server").drop(env["DATABASE_URL"])
