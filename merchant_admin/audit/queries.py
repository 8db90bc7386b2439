"""Reading the timeline of one record, one customer or everything."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from merchant_admin.audit.models import Event
from merchant_admin.core.paging import PAGE_ROWS

ACTORS_MOST = 200


@dataclass(frozen=True)
class EventRow:
    """One line as a screen shows it. `facts` is what the writer gave."""

    seq: int
    at: datetime
    actor_kind: str
    actor_id: str | None
    actor_name: str
    actor_address: str | None
    act: str
    subject_kind: str
    subject_id: str
    customer_id: str | None
    reason: str | None
    facts: dict[str, Any]


@dataclass(frozen=True)
class EventFilters:
    """What the list of everything shows. Empty means all; `subject` is the id of a record or of a customer."""

    actor_id: str = ""
    kind: str = ""
    subject: str = ""


@dataclass(frozen=True)
class EventPage:
    """One page, newest first; `previous` and `next` are words for the pages beside it (None = there is none)."""

    rows: Sequence[EventRow]
    previous: str | None
    next: str | None


_COLUMNS = select(
    Event.seq, Event.at, Event.actor_kind, Event.actor_id, Event.actor_name, Event.actor_address, Event.act,
    Event.subject_kind, Event.subject_id, Event.customer_id, Event.reason, Event.facts,
)  # fmt: skip
_Query = Select[*tuple[Any, ...]]


def of_subjects(session: Session, *subjects: tuple[str, str], limit: int = 50) -> list[EventRow]:
    """The newest lines about any of these (kind, id) records."""
    if not subjects:
        return []
    about = [(Event.subject_kind == kind) & (Event.subject_id == row_id) for kind, row_id in subjects]
    return _rows(session, _COLUMNS.where(or_(*about)).order_by(Event.seq.desc()).limit(limit))


def of_customer(session: Session, customer_id: str, limit: int = 50) -> list[EventRow]:
    """The newest lines about a customer and all that is theirs."""
    query = _COLUMNS.where(Event.customer_id == customer_id)
    return _rows(session, query.order_by(Event.seq.desc()).limit(limit))


def last_seq(session: Session) -> int:
    """The number of the newest line; 0 while there is none."""
    return session.scalar(select(func.max(Event.seq))) or 0


def after(session: Session, seq: int, customer_id: str | None = None, limit: int = 100) -> list[EventRow]:
    """The newest lines after this number, of one customer or of all."""
    query = _COLUMNS.where(Event.seq > seq).order_by(Event.seq.desc()).limit(limit)
    return _rows(session, query if customer_id is None else query.where(Event.customer_id == customer_id))


def event_page(session: Session, filters: EventFilters, place: str | None) -> EventPage:
    """One page of the timeline. `place` is `before-<seq>` or `after-<seq>`; anything else is the first page."""
    way, _dash, number = (place or "").partition("-")
    seq = int(number) if number.isdecimal() and len(number) < 19 else None
    query: _Query = _filtered(filters)
    backwards = way == "after" and seq is not None
    if backwards:
        query = query.where(Event.seq > seq).order_by(Event.seq.asc())
    elif way == "before" and seq is not None:
        query = query.where(Event.seq < seq).order_by(Event.seq.desc())
    else:
        seq, query = None, query.order_by(Event.seq.desc())
    found = _rows(session, query.limit(PAGE_ROWS + 1))
    more, rows = len(found) > PAGE_ROWS, found[:PAGE_ROWS]
    if backwards:
        rows.reverse()
    has_newer, has_older = (more, True) if backwards else (seq is not None, more)
    return EventPage(
        rows,
        f"after-{rows[0].seq}" if rows and has_newer else None,
        f"before-{rows[-1].seq}" if rows and has_older else None,
    )


def actors(session: Session) -> list[tuple[str, str]]:
    """(id, newest name) of all staff who stand in the timeline, found by leaps over the index, not by reading it."""
    found: list[tuple[str, str]] = []
    last = ""
    while len(found) < ACTORS_MOST:
        query = select(Event.actor_id, Event.actor_name).where(Event.actor_id > last)
        row = session.execute(query.order_by(Event.actor_id.asc(), Event.seq.asc()).limit(1)).first()
        if row is None or row.actor_id is None:
            break
        newest = select(Event.actor_name).where(Event.actor_id == row.actor_id).order_by(Event.seq.desc()).limit(1)
        found.append((row.actor_id, session.scalar(newest) or row.actor_name))
        last = row.actor_id
    return sorted(found, key=lambda actor: actor[1])


def _filtered(filters: EventFilters) -> _Query:
    query: _Query = _COLUMNS
    if filters.actor_id:
        query = query.where(Event.actor_id == filters.actor_id)
    if filters.kind:
        query = query.where(Event.subject_kind == filters.kind)
    if filters.subject.startswith("cus_"):
        query = query.where(Event.customer_id == filters.subject)
    elif filters.subject:
        query = query.where(Event.subject_id == filters.subject)
    return query


def _rows(session: Session, query: _Query) -> list[EventRow]:
    return [
        EventRow(
            row.seq, row.at, row.actor_kind, row.actor_id, row.actor_name, row.actor_address, row.act,
            row.subject_kind, row.subject_id, row.customer_id, row.reason, json.loads(row.facts),
        )
        for row in session.execute(query)
    ]  # fmt: skip
