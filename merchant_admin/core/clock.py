"""The only place that reads the wall clock. Everything else is handed a Clock."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - this is the one reader

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class FixedClock:
    """A clock that stands still until it is moved: for tests and for writing a demo's past."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return self._at

    def set(self, at: datetime) -> None:
        with self._lock:
            self._at = at

    def advance(self, seconds: float = 0, **parts: float) -> None:
        with self._lock:
            self._at += timedelta(seconds=seconds, **parts)

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)


def monotonic() -> float:
    """Seconds on a clock that is never set back: for token lives and time-outs."""
    return time.monotonic()
