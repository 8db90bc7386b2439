"""Reading the timeline of one record, one customer or everything."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from merchant_admin.audit.models import Event


@dataclass(frozen=True)
class EventRow:
    """One line as a screen shows it. `facts` is what the writer gave."""

    seq: int
    at: datetime
    actor_kind: str
    actor_name: str
    act: str
    subject_kind: str
    subject_id: str
    facts: dict[str, Any]
    reason: str | None


_COLUMNS = select(
    Event.seq, Event.at, Event.actor_kind, Event.actor_name, Event.act,
    Event.subject_kind, Event.subject_id, Event.facts, Event.reason,
)  # fmt: skip


def of_subjects(session: Session, *subjects: tuple[str, str], limit: int = 50) -> list[EventRow]:
    """The newest lines about any of these (kind, id) records."""
    if not subjects:
        return []
    about = [(Event.subject_kind == kind) & (Event.subject_id == row_id) for kind, row_id in subjects]
    return _rows(session, _COLUMNS.where(or_(*about)), limit)


def of_customer(session: Session, customer_id: str, limit: int = 50) -> list[EventRow]:
    """The newest lines about a customer and all that is theirs."""
    return _rows(session, _COLUMNS.where(Event.customer_id == customer_id), limit)


def newest(session: Session, before: int | None = None, limit: int = 50) -> list[EventRow]:
    """The newest lines of all, from line `before` on downwards."""
    query = _COLUMNS if before is None else _COLUMNS.where(Event.seq < before)
    return _rows(session, query, limit)


def _rows(session: Session, query: Select[Any], limit: int) -> list[EventRow]:
    found = session.execute(query.order_by(Event.seq.desc()).limit(limit))
    return [EventRow(*row[:7], facts=json.loads(row.facts), reason=row.reason) for row in found]
