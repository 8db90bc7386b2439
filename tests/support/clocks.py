"""Clocks for tests whose processes live in real time."""

from datetime import timedelta

from merchant_admin.core.clock import SystemClock


class LaterClock:
    """A real clock, some seconds ahead."""

    def __init__(self, ahead=0):
        self.ahead = ahead

    def now(self):
        return SystemClock().now() + timedelta(seconds=self.ahead)

    def sleep(self, seconds):
        SystemClock().sleep(seconds)
