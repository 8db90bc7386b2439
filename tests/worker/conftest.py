"""A shop whose processes may be killed, on each database."""

import threading

import pytest

from merchant_admin.core.db import db
from portone_sandbox import SandboxConfig, create_sandbox
from portone_sandbox.server import Server
from tests.worker.shop import SLOW, Shop


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def shop(request, tmp_path, empty_database):
    database_url = None
    if request.param == "sqlite":
        (tmp_path / "merchant.db").write_bytes(empty_database.read_bytes())
    else:
        server, template = request.getfixturevalue("postgres_server"), request.getfixturevalue("migrated_postgres")
        database_url = server.database(template=template)
    sandbox_app = create_sandbox(SandboxConfig(database=str(tmp_path / "sandbox.db"), slow_card_seconds=SLOW))
    server = Server(sandbox_app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    made = Shop(tmp_path, sandbox_app, server.url, database_url)
    yield made
    server.shutdown()
    thread.join()
    server.server_close()
    made.sandbox.close()
    with made.app.app_context():
        db.engine.dispose()
    if database_url:
        request.getfixturevalue("postgres_server").drop(database_url)
