"""Many rows in one statement, where the unit of work sends one for each.

On PostgreSQL a heap's values travel as arrays, so that the statement reads the same however many rows there are, and is
prepared once. SQLite is inside this process: a statement for each row is no journey there.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, FromClause, bindparam, func, insert, inspect, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from merchant_admin.core.db import Base


def insert_rows(session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows that all name the same columns, in the open write."""
    table: Any = model.__table__
    if not rows:
        return
    if session.get_bind().dialect.name != "postgresql":
        session.connection().execute(insert(table), [dict(row) for row in rows])
        return
    names = list(rows[0])
    heap = _heap([table.c[name] for name in names])
    fresh = insert(table).from_select(names, select(*(heap.c[name] for name in names)))
    session.connection().execute(fresh, {f"all_{name}": [row[name] for row in rows] for name in names})


def insert_new(session: Session, rows: Iterable[Base]) -> None:
    """Add new rows of one model, in the open write. They stay outside the session: nobody changes them afterwards."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        told = {name: value for name, value in inspect(row).dict.items() if not name.startswith("_")}
        alike[tuple(sorted(told))].append(told)
        model = type(row)
    for heap in alike.values():
        insert_rows(session, model, heap)


def write_changed(session: Session, rows: Iterable[Base]) -> None:
    """Write, in the open write, what was changed in these locked rows of one model: what a flush would write.

    Rows that changed in the same columns share a statement. Must come before anything that flushes.
    """
    if session.get_bind().dialect.name != "postgresql":
        session.flush()
        return
    alike: dict[tuple[str, ...], list[Base]] = defaultdict(list)
    for row in rows:
        alike[_changed(row)].append(row)
    for names, heap in alike.items():
        if names:
            _update(session, heap, names)


def _changed(row: Base) -> tuple[str, ...]:
    """The columns whose value is another than was read. Our columns are named as their attributes."""
    state = inspect(row)
    now = state.dict
    return tuple(sorted(name for name, before in state.committed_state.items() if now.get(name) != before))


def _update(session: Session, rows: Sequence[Base], names: Sequence[str]) -> None:
    table: Any = type(rows[0]).__table__
    (key,) = table.primary_key.columns
    heap = _heap([key, *(table.c[name] for name in names)])
    changed = update(table).where(key == heap.c[key.name]).values({name: heap.c[name] for name in names})
    told = {f"all_{name}": [getattr(row, name) for row in rows] for name in (key.name, *names)}
    found = session.connection().execute(changed, told).rowcount
    if found != len(rows):
        raise RuntimeError(f"{found} of {len(rows)} rows of {table.name} were there to be changed")
    for row in rows:
        for name in names:
            set_committed_value(row, name, getattr(row, name))


def _heap(columns: Sequence[Column[Any]]) -> FromClause:
    """The heap as a table, of one array for each column: `all_id` and so on are its parameters."""
    arrays = [bindparam(f"all_{column.name}", type_=ARRAY(column.type)) for column in columns]
    named = func.unnest(*arrays).table_valued(*(Column(column.name, column.type) for column in columns), name="heap")
    return named.render_derived()
