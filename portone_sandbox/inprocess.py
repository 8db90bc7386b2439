"""A `requests` adapter that calls a sandbox in the same process: no socket, no port, the same outcomes.

A cut line becomes `requests.ConnectionError`, a wait beyond the caller's read time-out `requests.ReadTimeout`; in both
cases the work has been done (or not) as on a real line. A wait that would end in a time-out anyway isn't slept through.
"""

import io
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse
from werkzeug.test import run_wsgi_app

from portone_sandbox.line import ENVIRON_KEY, Line, LineCut

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _CallerLine(Line):
    """A caller in this process who hangs up after `patience` seconds."""

    def __init__(self, patience: float | None) -> None:
        self._patience = patience
        self._waited = 0.0
        self.has_hung_up = False

    def wait(self, seconds: float) -> None:
        self._waited += seconds
        if self._patience is not None and self._waited >= self._patience:
            self.has_hung_up = True
        else:
            time.sleep(seconds)

    def cut(self) -> None:
        self.is_cut = True

    def finish_cut(self) -> None:
        raise LineCut


class WsgiAdapter(BaseAdapter):
    """Mount it on a `requests.Session` under any address."""

    def __init__(self, app: Wsgi) -> None:
        super().__init__()
        self._app = app

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002, ARG002
        timeout: float | tuple[float | None, float | None] | None = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002, ARG002
        cert: Any = None,  # noqa: ARG002
        proxies: Any = None,  # noqa: ARG002
    ) -> requests.Response:
        line = _CallerLine(timeout[1] if isinstance(timeout, tuple) else timeout)
        try:
            body, status, headers = run_wsgi_app(self._app, _environ(request, line), buffered=True)
        except LineCut:
            raise requests.ConnectionError("the connection was closed without an answer", request=request) from None
        if line.has_hung_up:
            raise requests.ReadTimeout("no answer within the read time-out", request=request)
        content = b"".join(body)
        answer = requests.Response()
        answer.status_code = int(status[:3])
        answer.reason = status[4:]
        answer.headers = CaseInsensitiveDict(headers.items())
        answer.encoding = requests.utils.get_encoding_from_headers(answer.headers)
        answer.raw = HTTPResponse(
            io.BytesIO(content), headers=dict(headers.items()), status=answer.status_code, preload_content=False
        )
        answer.url = request.url or ""
        answer.request = request
        answer.connection = self  # type: ignore[assignment]
        return answer

    def close(self) -> None:
        """There is nothing to close."""


def _environ(request: requests.PreparedRequest, line: Line) -> dict[str, Any]:
    address = urlsplit(request.url or "")
    body = request.body or b""
    data = body.encode() if isinstance(body, str) else bytes(body)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method, "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(address.path).decode("latin-1"), "QUERY_STRING": address.query,
        "SERVER_NAME": address.hostname or "sandbox", "SERVER_PORT": str(address.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "CONTENT_LENGTH": str(len(data)),
        "CONTENT_TYPE": _text(request.headers.get("Content-Type", "")), "wsgi.version": (1, 0),
        "wsgi.url_scheme": address.scheme, "wsgi.input": io.BytesIO(data), "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False, ENVIRON_KEY: line,
    }  # fmt: skip
    for name, value in request.headers.items():
        if name.lower() not in {"content-type", "content-length"}:
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = _text(value)
    return environ


def _text(value: Any) -> str:
    """A header's value, which requests lets a caller give as bytes."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
