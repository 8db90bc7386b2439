"""The lock after a restore: an older copy of the records sends nothing until it knows what PortOne knows."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from merchant_admin.audit.models import Event
from merchant_admin.audit.service import record
from merchant_admin.core.context import WorkContext
from merchant_admin.line.models import THE_ROW, PortOneLine

SUBJECT = ("line", "portone")
BEFORE_ITS_END = timedelta(days=1)  # what was on its way when the copy was made is read again too
WITHOUT_A_PAST = timedelta(days=30)


@dataclass(frozen=True)
class Restored:
    """A lock: since when, and from which instant on PortOne is read."""

    at: datetime
    read_from: datetime


def lock_restored(ctx: WorkContext) -> Restored:
    """Let nothing be sent to PortOne until the records caught up. Locking twice begins the catching up anew."""
    with ctx.atomic() as session:
        line = session.get_one(PortOneLine, THE_ROW, with_for_update=True, populate_existing=True)
        line.restored_at, line.known_until = ctx.now(), session.scalar(select(func.max(Event.at)))
        found = _restored(line)
        assert found is not None
        record(ctx, "line.restored", SUBJECT, read_from=found.read_from.isoformat())
    return found


def open_line(ctx: WorkContext, lock: Restored, why: str | None = None) -> bool:
    """End this lock; False if it is not the present one. `why`: a person opens it before the records caught up."""
    with ctx.atomic() as session:
        line = session.get_one(PortOneLine, THE_ROW, with_for_update=True, populate_existing=True)
        if _restored(line) != lock:
            return False
        line.restored_at = line.known_until = None
        record(ctx, "line.opened_by_hand" if why else "line.opened", SUBJECT, reason=why)
    return True


def restored(session: Session) -> Restored | None:
    """The present lock."""
    line = session.get(PortOneLine, THE_ROW, populate_existing=True)
    return None if line is None else _restored(line)


def _restored(line: PortOneLine) -> Restored | None:
    if line.restored_at is None:
        return None
    known_until = line.known_until or line.restored_at - WITHOUT_A_PAST
    return Restored(line.restored_at, known_until - BEFORE_ITS_END)
