"""Keyset pages by a day and an id, soonest first. The place in the address carries the day as its first instant.

A page is picked from an index first and its rows are read after that, so that no row is opened only to be sorted away.
"""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import Select, SQLColumnExpression, tuple_
from sqlalchemy.orm import Session

from merchant_admin.core.paging import PAGE_ROWS, Page, Place
from merchant_admin.core.times import seoul_day, start_of

T = TypeVar("T")


def two_key_page(
    session: Session,
    picked: Select[*tuple[Any, ...]],
    by: tuple[SQLColumnExpression[date], SQLColumnExpression[str]],
    place: Place | None,
    load: Callable[[list[str]], Iterable[T]],
) -> Page[T]:
    """One page by (day, id), from `place`. `picked` selects these two; `load` reads their rows, in any order."""
    day, row_id = by
    backwards = place is not None and place.backwards
    if place is not None:
        here, there = tuple_(day, row_id), tuple_(seoul_day(place.at), place.id)
        picked = picked.where(here < there if backwards else here > there)
    order = (day.desc(), row_id.desc()) if backwards else (day, row_id)
    found = [(each[0], each[1]) for each in session.execute(picked.order_by(*order).limit(PAGE_ROWS + 1))]
    more, found = len(found) > PAGE_ROWS, found[:PAGE_ROWS]
    if backwards:
        found.reverse()
    has_previous, has_next = (more, True) if backwards else (place is not None, more)
    rows: dict[str, Any] = {row.id: row for row in load([each for _day, each in found])} if found else {}  # type: ignore[attr-defined]
    return Page(
        [rows[each] for _day, each in found],
        _place(found[0], backwards=True) if has_previous and found else None,
        _place(found[-1], backwards=False) if has_next and found else None,
    )


def _place(row: tuple[date, str], *, backwards: bool) -> str:
    return Place(start_of(row[0]), row[1], backwards=backwards).text()
