"""The migrations go up and down on both engines, and leave what the models describe, with every guard."""

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text

from merchant_admin import create_app
from merchant_admin.core import guards
from merchant_admin.core.db import db
from tests.policy.models_match_migrations import differences
from tests.support.world import ROOT, settings_for

FOLDER = str(ROOT / "migrations")
VERSIONS = sorted(path.stem.split("_")[0] for path in (ROOT / "migrations" / "versions").glob("[0-9]*.py"))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def env(request):
    """Settings for an empty database of each engine."""
    return {} if request.param == "sqlite" else {"DATABASE_URL": request.getfixturevalue("postgres_url")}


@pytest.fixture
def app(env, tmp_path):
    made = create_app(settings_for(tmp_path, **env))
    with made.app_context():
        yield made
        db.session.remove()
        db.engine.dispose()


def tables():
    return set(inspect(db.engine).get_table_names()) - {"alembic_version"}


def test_the_tables_are_those_of_the_models(env, tmp_path):
    assert differences(tmp_path, **env) == []


def test_every_guard_stands_after_every_migration(app):
    for version in VERSIONS:
        upgrade(directory=FOLDER, revision=version)
        if version == VERSIONS[-1]:
            assert guards.missing(db.session()) == frozenset()
        db.session.remove()


def test_down_leaves_nothing_and_up_again_brings_all_back(app):
    upgrade(directory=FOLDER)
    made = tables()
    downgrade(directory=FOLDER, revision="base")
    assert tables() == set()
    if db.engine.dialect.name == "postgresql":
        left = "SELECT proname FROM pg_proc WHERE proname LIKE 'guard\\_%'"
        assert list(db.session.execute(text(left)).scalars()) == []
    db.session.remove()
    upgrade(directory=FOLDER)
    assert tables() == made
    assert guards.missing(db.session()) == frozenset()


def test_a_dropped_guard_is_missed_by_name(app):
    upgrade(directory=FOLDER)
    on = " ON ledger_entries" if db.engine.dialect.name == "postgresql" else ""
    with db.engine.begin() as connection:
        connection.execute(text(f"DROP TRIGGER ledger_entries_no_update{on}"))
    assert guards.missing(db.session()) == {"ledger_entries_no_update"}


@pytest.mark.postgres
def test_a_disabled_guard_is_missed_too(postgres_url, tmp_path):
    made = create_app(settings_for(tmp_path, DATABASE_URL=postgres_url))
    with made.app_context():
        upgrade(directory=FOLDER)
        with db.engine.begin() as connection:
            connection.execute(text("ALTER TABLE attempts DISABLE TRIGGER attempts_move"))
        assert guards.missing(db.session()) == {"attempts_move"}
        db.session.remove()
        db.engine.dispose()


def test_sqlite_keeps_what_it_says(world):
    """A claim that a power cut could take back would be no claim."""
    with db.engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
