"""Keyset pages: a page begins after a row, never after a count, so page one million costs what page one costs."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Row, Select, SQLColumnExpression, tuple_
from sqlalchemy.orm import Session

PAGE_ROWS = 25
T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """Where a page begins: just after (or, going back, just before) the row with this instant and id."""

    at: datetime
    id: str
    backwards: bool = False

    def text(self) -> str:
        """The place as one word for an address."""
        raw = json.dumps([self.at.isoformat(), self.id, int(self.backwards)]).encode()
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    @classmethod
    def read(cls, word: str | None) -> "Place | None":
        """The place an address names; None for the first page or a word that isn't one."""
        if not word:
            return None
        try:
            at, row_id, backwards = json.loads(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
            return cls(_aware(at), str(row_id), bool(backwards))
        except (ValueError, TypeError, binascii.Error):
            return None


def _aware(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return at


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of rows, newest first, with the words for the pages beside it (None = there is none)."""

    rows: Sequence[T]
    previous: str | None
    next: str | None


def keyset_page(
    session: Session,
    query: Select[*tuple[Any, ...]],
    by: tuple[SQLColumnExpression[datetime], SQLColumnExpression[str]],
    place: Place | None,
    make: Callable[[Row[*tuple[Any, ...]]], T],
    *,
    soonest_first: bool = False,
) -> Page[T]:
    """Read one page of `query`, newest first by (instant, id), from `place`; `soonest_first` turns the order round.

    The query's rows must carry the two `by` columns under the labels `page_at` and `page_id`; this adds them.
    """
    at, row_id = by
    labelled = query.add_columns(at.label("page_at"), row_id.label("page_id"))
    backwards = place is not None and place.backwards
    if place is not None:
        here = tuple_(at, row_id)
        there = tuple_(place.at, place.id)
        labelled = labelled.where(here > there if backwards is not soonest_first else here < there)
    order = (at.asc(), row_id.asc()) if backwards is not soonest_first else (at.desc(), row_id.desc())
    found = list(session.execute(labelled.order_by(*order).limit(PAGE_ROWS + 1)))
    more = len(found) > PAGE_ROWS
    found = found[:PAGE_ROWS]
    if backwards:
        found.reverse()
    has_previous = more if backwards else place is not None
    has_next = True if backwards else more
    return Page(
        [make(row) for row in found],
        Place(found[0].page_at, found[0].page_id, backwards=True).text() if has_previous and found else None,
        Place(found[-1].page_at, found[-1].page_id).text() if has_next and found else None,
    )
