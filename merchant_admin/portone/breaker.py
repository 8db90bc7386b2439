"""Stops calling PortOne while it is in trouble: after five failures in a row, but for one probe every 30 seconds.

What is known of the line is kept in a memory: of this process alone, or one that all processes share. A refused call
never left, so nothing is uncertain because of it.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from merchant_admin.core.clock import monotonic
from merchant_admin.core.errors import GatewayUnreachable

MOST_FAILURES = 5
PROBE_SECONDS = 30.0


@dataclass(frozen=True)
class Standing:
    """What is known of the line. `tried_at` and `opened_at` are seconds of the breaker's clock."""

    failures: int = 0
    tried_at: float = 0.0
    opened_at: float | None = None
    restored_at: datetime | None = None  # an older copy was put back, and has not caught up yet: reads only


class Memory(Protocol):
    """Where the standing is kept. `now` is always the breaker's clock."""

    def look(self) -> Standing:
        """What is known, perhaps half a second old."""

    def admit(self, now: float) -> Standing:
        """What is known now, before a call; takes the call from the budget. Raises GatewayUnreachable without one."""

    def claim_probe(self, seen: Standing, now: float) -> bool:
        """Whether this caller, and no other, tries the line again."""

    def failed(self, now: float) -> None:
        """One more failure."""

    def succeeded(self) -> None:
        """The line works."""


class OwnMemory:
    """The memory of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._standing = Standing()

    def look(self) -> Standing:
        with self._lock:
            return self._standing

    def admit(self, now: float) -> Standing:  # noqa: ARG002 - no budget here
        return self.look()

    def claim_probe(self, seen: Standing, now: float) -> bool:
        with self._lock:
            if self._standing.tried_at != seen.tried_at:
                return False
            self._standing = replace(self._standing, tried_at=now)
            return True

    def failed(self, now: float) -> None:
        with self._lock:
            self._standing = after_failure(self._standing, now)

    def succeeded(self) -> None:
        with self._lock:
            self._standing = replace(self._standing, failures=0, opened_at=None)


def after_failure(before: Standing, now: float) -> Standing:
    """The standing after one more failure; the fifth stops the calls."""
    failures = before.failures + 1
    opened_at = now if failures == MOST_FAILURES else before.opened_at
    return replace(before, failures=failures, tried_at=now, opened_at=opened_at)


class Breaker:
    """Counts failures in a row. `clock` gives seconds; a shared memory needs one that all processes share."""

    def __init__(self, clock: Callable[[], float] = monotonic, memory: Memory | None = None) -> None:
        self.clock = clock
        self._memory: Memory = memory or OwnMemory()

    @property
    def open_seconds(self) -> float | None:
        """For how long calls have been refused; None while they are let through."""
        opened_at = self._memory.look().opened_at
        return None if opened_at is None else self.clock() - opened_at

    @property
    def is_open(self) -> bool:
        """Whether calls are being refused."""
        return self._memory.look().failures >= MOST_FAILURES

    @property
    def may_probe(self) -> bool:
        """Whether the next call would be let through."""
        known = self._memory.look()
        return known.failures < MOST_FAILURES or self.clock() - known.tried_at >= PROBE_SECONDS

    @property
    def restored_at(self) -> datetime | None:
        """Since when only reads are let through, because an older copy of the records has not caught up yet."""
        return self._memory.look().restored_at

    def admit(self, *, is_read: bool = True) -> None:
        """Let one call through, or raise GatewayUnreachable before a byte of it leaves."""
        now = self.clock()
        known = self._memory.admit(now)
        if known.restored_at is not None and not is_read:
            raise GatewayUnreachable("an older copy is catching up: nothing is sent", error="restored")
        if known.failures < MOST_FAILURES:
            return
        if now - known.tried_at < PROBE_SECONDS or not self._memory.claim_probe(known, now):
            raise GatewayUnreachable("calls to PortOne are stopped", error="stopped")

    def failed(self) -> None:
        """A call got no usable answer."""
        self._memory.failed(self.clock())

    def succeeded(self) -> None:
        """PortOne answered, yes or no."""
        self._memory.succeeded()
