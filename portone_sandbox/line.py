"""The line between a caller and the sandbox: it can be slow, and it can be cut.

Code anywhere below a request asks `line()` to wait or to be cut; what that means depends on who is at the other end:
a socket, an in-process adapter, or nobody (a scheduled charge).
"""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

ENVIRON_KEY = "portone_sandbox.line"


class LineCut(Exception):
    """The in-process caller's connection closed without an answer."""


class Line:
    """Nobody at the other end: no wait is felt, and no cut either."""

    is_cut = False

    def wait(self, seconds: float) -> None:
        """Let `seconds` pass on this line."""

    def cut(self) -> None:
        """The answer of this request will not reach the caller."""

    def finish_cut(self) -> None:
        """Close the connection for good, after the work."""


class SocketLine(Line):
    """A caller behind a real socket, as werkzeug and gunicorn hand it out."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self._socket: socket.socket | None = environ.get("werkzeug.socket") or environ.get("gunicorn.socket")

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def cut(self) -> None:
        self.is_cut = True

    def finish_cut(self) -> None:
        if self._socket is None:
            return
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:  # the caller hung up first
            return


_NOBODY = Line()
_current: ContextVar[Line] = ContextVar("portone_sandbox_line", default=_NOBODY)


def line() -> Line:
    return _current.get()


@contextmanager
def connected(environ: dict[str, Any]) -> Iterator[Line]:
    """While this lasts, the caller of this WSGI request is the one that `line()` speaks of."""
    current: Line = environ.get(ENVIRON_KEY) or SocketLine(environ)
    mark = _current.set(current)
    try:
        yield current
    finally:
        _current.reset(mark)
