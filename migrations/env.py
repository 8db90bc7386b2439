"""Runs migrations on the app's own engine, SQLite or PostgreSQL."""

import sys
from pathlib import Path

from alembic import context
from flask import current_app

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

db = current_app.extensions["migrate"].db


def _plain_type(kind, item, _autogen):
    """Write the product's column types as the plain types they are stored in: history must not follow the code."""
    if kind == "type" and type(item).__module__.startswith("merchant_admin"):
        name = type(item).__name__
        return "sa.String(length=32)" if name == "Word" else "UtcDateTime()"
    return False


def run_migrations():
    with db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            render_item=_plain_type,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run_migrations()
