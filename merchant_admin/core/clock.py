"""The only place that reads the wall clock. Everything else is handed a Clock."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, runtime_checkable

READ_AGAIN_SECONDS = 1.0


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        ...


@runtime_checkable
class MovableClock(Protocol):
    """A clock that can be taken forward, for rehearsals. Never backwards: what happened stays in the past."""

    def now(self) -> datetime: ...
    def sleep(self, seconds: float) -> None: ...
    def move_to(self, at: datetime) -> None:
        """Go on from `at`. Raises ValueError for an instant that is past."""
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

    def move_to(self, at: datetime) -> None:
        with self._lock:
            if at < self._at:
                raise ValueError("a clock only goes forward")
            self._at = at

    def advance(self, seconds: float = 0, **parts: float) -> None:
        with self._lock:
            self._at += timedelta(seconds=seconds, **parts)

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)


class AheadClock:
    """The real clock, ahead by what a file says, so that every process of a rehearsed shop agrees.

    `on_move` is told each new instant: the sandbox's own clock goes along.
    """

    def __init__(self, kept_in: Path, on_move: Callable[[datetime], object]) -> None:
        self._kept_in, self._on_move = kept_in, on_move
        self._lock = threading.Lock()
        self._ahead, self._read_at = 0.0, -READ_AGAIN_SECONDS

    def now(self) -> datetime:
        return SystemClock().now() + timedelta(seconds=self._seconds())

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def move_to(self, at: datetime) -> None:
        with self._lock:
            ahead = (at - SystemClock().now()).total_seconds()
            if ahead < self._kept():
                raise ValueError("a clock only goes forward")
            self._kept_in.write_text(str(ahead), "utf-8")
            self._ahead, self._read_at = ahead, monotonic()
        self._on_move(at)

    def _seconds(self) -> float:
        with self._lock:
            if monotonic() - self._read_at >= READ_AGAIN_SECONDS:
                self._ahead, self._read_at = self._kept(), monotonic()
            return self._ahead

    def _kept(self) -> float:
        try:
            return float(self._kept_in.read_text("utf-8"))
        except (OSError, ValueError):
            return 0.0


def monotonic() -> float:
    """Seconds on a clock that is never set back: for token lives and time-outs."""
    return time.monotonic()
