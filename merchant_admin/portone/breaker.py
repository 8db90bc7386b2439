"""Stops calling PortOne while it is in trouble: after five failures in a row, but for one probe every 30 seconds.

State is of this process. A refused call never left, so nothing is uncertain because of it.
"""

import threading
from collections.abc import Callable

from merchant_admin.core.clock import monotonic
from merchant_admin.core.errors import GatewayUnreachable

MOST_FAILURES = 5
PROBE_SECONDS = 30.0


class Breaker:
    """Counts failures in a row. `clock` gives seconds that are never set back."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._tried_at = 0.0
        self._opened_at: float | None = None

    @property
    def open_seconds(self) -> float | None:
        """For how long calls have been refused; None while they are let through."""
        with self._lock:
            return None if self._opened_at is None else self.clock() - self._opened_at

    @property
    def is_open(self) -> bool:
        """Whether calls are being refused."""
        with self._lock:
            return self._failures >= MOST_FAILURES

    @property
    def may_probe(self) -> bool:
        """Whether the next call would be let through."""
        with self._lock:
            return self._failures < MOST_FAILURES or self.clock() - self._tried_at >= PROBE_SECONDS

    def admit(self) -> None:
        """Let one call through, or raise GatewayUnreachable before a byte of it leaves."""
        with self._lock:
            if self._failures < MOST_FAILURES:
                return
            if self.clock() - self._tried_at < PROBE_SECONDS:
                raise GatewayUnreachable("calls to PortOne are stopped", error="stopped")
            self._tried_at = self.clock()

    def failed(self) -> None:
        """A call got no usable answer."""
        with self._lock:
            self._failures += 1
            self._tried_at = self.clock()
            if self._failures == MOST_FAILURES:
                self._opened_at = self._tried_at

    def succeeded(self) -> None:
        """PortOne answered, yes or no."""
        with self._lock:
            self._failures, self._opened_at = 0, None
