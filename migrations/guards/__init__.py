"""Installing and dropping the triggers of migrations/guards/, one set of files for each change."""

import re
from pathlib import Path

from alembic import op
from sqlalchemy import text

FOLDER = Path(__file__).parent


def install(change: str) -> None:
    """Create the guards of `change` (such as "0001") in the engine at hand."""
    for statement in _statements(change):
        op.get_bind().execute(text(statement.replace(":", r"\:")))


def drop(change: str) -> None:
    """Drop the guards of `change`; needed before their tables are rebuilt or go."""
    for name, table in re.findall(r"CREATE TRIGGER (\w+) BEFORE \w+ ON (\w+)", _text(change)):
        op.execute(f"DROP TRIGGER IF EXISTS {name}" + (f" ON {table}" if _engine() == "postgresql" else ""))
    if _engine() == "postgresql":
        for name in re.findall(r"FUNCTION (guard_\w+)\(\) RETURNS", _text(change)):
            op.execute(f"DROP FUNCTION IF EXISTS {name}()")


def _engine() -> str:
    return op.get_bind().dialect.name


def _text(change: str) -> str:
    return (FOLDER / f"{change}_{_engine()}.sql").read_text()


def _statements(change: str) -> list[str]:
    if _engine() == "postgresql":
        parts = re.split(r"^-- end$", _text(change), flags=re.MULTILINE)
    else:
        parts = [part + "END;" for part in re.split(r"^END;$", _text(change), flags=re.MULTILINE)[:-1]]
    return [part.strip() for part in parts if part.strip()]
