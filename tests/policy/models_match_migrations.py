"""Whether the tables the migrations make are the ones the models describe: `python -m tests.policy.models_match_migrations`."""

import sys
import tempfile
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from merchant_admin import create_app
from merchant_admin.core.db import db
from tests.support.world import migrate, settings_for


def differences(folder: Path, **env: str) -> list[object]:
    """What a new migration would have to change; empty when models and migrations agree."""
    migrate(folder, **env)
    app = create_app(settings_for(folder, **env))
    with app.app_context():
        with db.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            found = compare_metadata(context, db.metadata)
        db.engine.dispose()
    return list(found)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        left = differences(Path(folder))
    print("\n".join(map(str, left)) or "migrations: they make what the models describe")
    sys.exit(bool(left))
