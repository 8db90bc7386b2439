"""Keyset pages by a day and an id, soonest first. The place in the address carries the day as its first instant."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import Select, SQLColumnExpression, tuple_
from sqlalchemy.orm import Session

from merchant_admin.core.paging import PAGE_ROWS, Page, Place
from merchant_admin.core.times import seoul_day

T = TypeVar("T")


def two_key_page(
    session: Session,
    query: Select[*tuple[Any, ...]],
    by: tuple[SQLColumnExpression[date], SQLColumnExpression[str]],
    place: Place | None,
    make: Callable[[Any], T],
    instant_of: Callable[[date], datetime],
) -> Page[T]:
    """One page of `query` by (day, id), from `place`."""
    day, row_id = by
    backwards = place is not None and place.backwards
    labelled = query.add_columns(day.label("page_on"), row_id.label("page_id"))
    if place is not None:
        here, there = tuple_(day, row_id), tuple_(seoul_day(place.at), place.id)
        labelled = labelled.where(here < there if backwards else here > there)
    order = (day.desc(), row_id.desc()) if backwards else (day, row_id)
    found = list(session.execute(labelled.order_by(*order).limit(PAGE_ROWS + 1)))
    more, found = len(found) > PAGE_ROWS, found[:PAGE_ROWS]
    if backwards:
        found.reverse()
    has_previous, has_next = (more, True) if backwards else (place is not None, more)

    def at(row: Any, *, back: bool) -> str:
        return Place(instant_of(row.page_on), row.page_id, backwards=back).text()

    return Page(
        [make(row) for row in found],
        at(found[0], back=True) if has_previous and found else None,
        at(found[-1], back=False) if has_next and found else None,
    )
