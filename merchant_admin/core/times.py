"""Instants and days. Inside: aware UTC. People and PortOne's windows: days of Asia/Seoul."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SEOUL = ZoneInfo("Asia/Seoul")


def from_epoch(seconds: int | None) -> datetime | None:
    """PortOne's epoch seconds as an instant; 0 and None mean "never" (reference 2.4)."""
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def to_epoch(at: datetime) -> int:
    """An aware instant as whole epoch seconds."""
    return int(at.timestamp())


def seoul_day(at: datetime) -> date:
    """The Seoul calendar day an instant falls on."""
    return at.astimezone(SEOUL).date()


def start_of(day: date) -> datetime:
    """The first instant of a Seoul day, in UTC."""
    return datetime.combine(day, time(), SEOUL).astimezone(UTC)


@dataclass(frozen=True)
class Interval:
    """A half-open span of UTC instants: `start <= at < end`."""

    start: datetime
    end: datetime

    @classmethod
    def of_days(cls, first: date, last: date) -> "Interval":
        """All instants of the Seoul days `first` to `last`, both included."""
        return cls(start_of(first), start_of(last + timedelta(days=1)))
