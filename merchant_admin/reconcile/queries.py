"""What the reconciliation pages show."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from merchant_admin.core.settings import Mode
from merchant_admin.reconcile.closing import Figures, figures, frozen, is_genuine
from merchant_admin.reconcile.models import DayClosing, DayMatch, DutyRun
from merchant_admin.reconcile.states import Duty

DAYS_SHOWN = 14


@dataclass(frozen=True)
class StatusRow:
    """One status of one day: count, sum and part given back, ours and PortOne's."""

    status: str
    ours: tuple[int, int, int]
    theirs: tuple[int, int, int]

    @property
    def is_equal(self) -> bool:
        return self.ours == self.theirs


@dataclass(frozen=True)
class DayRow:
    """One day of the list. `matched_at` is None while nobody compared it."""

    day: date
    matched_at: datetime | None
    is_equal: bool
    differences: int
    reversals: int
    statuses: list[StatusRow]
    closed_at: datetime | None

    def taken(self) -> tuple[int, int]:
        """Count and sum of what was taken, whatever was given back since, by our records."""
        rows = [row.ours for row in self.statuses if row.status in {"paid", "cancelled"}]
        return sum(row[0] for row in rows), sum(row[1] for row in rows)


@dataclass(frozen=True)
class Closing:
    """A closed day: the figures as they were signed, and as the books have them now."""

    closed_at: datetime
    closed_by: str
    is_genuine: bool
    then: Figures
    now: Figures
    mac: str

    @property
    def has_moved(self) -> bool:
        return self.then.entries_sha256 != self.now.entries_sha256


@dataclass(frozen=True)
class DutyLine:
    """The last run of a duty that went well, and whether one is under way."""

    duty: Duty
    done_at: datetime | None
    seen: int
    changed: int
    skipped: int
    is_running: bool


def day_rows(session: Session, mode: Mode, today: date) -> list[DayRow]:
    """The last two weeks before today, the newest first."""
    days = [today - timedelta(days=back) for back in range(1, DAYS_SHOWN + 1)]
    return [day_row(session, mode, day) for day in days]


def day_row(session: Session, mode: Mode, day: date) -> DayRow:
    """One day as it was last matched."""
    match, closing = session.get(DayMatch, (day, mode)), session.get(DayClosing, (day, mode))
    closed_at = closing.closed_at if closing else None
    if match is None:
        return DayRow(day, None, False, 0, 0, [], closed_at)
    tallies: dict[str, Any] = json.loads(match.tallies)
    rows = [StatusRow(status, tuple(both["ours"]), tuple(both["theirs"])) for status, both in tallies.items()]
    return DayRow(day, match.matched_at, match.is_equal, match.differences, match.reversals, rows, closed_at)


def closing_of(session: Session, secret: bytes, mode: Mode, day: date) -> Closing | None:
    """The close of a day, if it was closed."""
    held = session.get(DayClosing, (day, mode))
    if held is None:
        return None
    words = frozen(held)
    then = Figures(**{name: words[name] for name in Figures.__dataclass_fields__})
    return Closing(
        held.closed_at, held.closed_by, is_genuine(secret, held), then, figures(session, mode, day), held.mac.hex()
    )


def duty_lines(session: Session) -> list[DutyLine]:
    """Each duty's last success."""
    return [_duty_line(session, duty) for duty in Duty]


def _duty_line(session: Session, duty: Duty) -> DutyLine:
    done = select(DutyRun).where(DutyRun.duty == duty, DutyRun.done_at.is_not(None))
    last = session.scalars(done.order_by(DutyRun.done_at.desc()).limit(1)).first()
    running = select(func.count()).where(DutyRun.duty == duty, DutyRun.done_at.is_(None))
    is_running = session.execute(running).scalar_one() > 0
    if last is None:
        return DutyLine(duty, None, 0, 0, 0, is_running)
    return DutyLine(duty, last.done_at, last.seen, last.changed, last.skipped, is_running)
