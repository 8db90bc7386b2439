"""Every request passes here first: what is due by now is done, ordered trouble strikes, the call is noted."""

import io
import re
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

from portone_sandbox.faults import Fault, FaultKind
from portone_sandbox.hub import Hub
from portone_sandbox.line import Line, connected
from portone_sandbox.timetable import NEVER, Ticker, next_due, run_due

KEPT_REQUESTS = 2000
OWN_PLACES = {"", "_sandbox", "inspector", "static", "healthz", "favicon.ico"}  # which no fault may hit
_MAYBE_CARD = re.compile(r"\d{13,19}|(?:\d{4}[- ]){3}\d{2,4}")
_HTML = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr></body></html>"
_BUSY = '{"code":-1,"message":"Too Many Requests","response":null}'
_ALREADY_DONE = {
    FaultKind.CLOSE_AFTER,
    FaultKind.DELAY_AFTER,
    FaultKind.STATUS_AFTER,
    FaultKind.HTML_AFTER,
    FaultKind.HALF_JSON,
}

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Gate:
    """WSGI middleware around the whole sandbox."""

    def __init__(self, inside: Wsgi, hub: Hub) -> None:
        self._inside = inside
        self._hub = hub
        self._late: list[threading.Thread] = []
        self.ticker = Ticker(hub)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path, method = environ.get("PATH_INFO", ""), environ.get("REQUEST_METHOD", "GET")
        if path.lstrip("/").partition("/")[0] in OWN_PLACES:
            return self._inside(environ, start_response)
        began = time.perf_counter()
        self._hub.clock.refresh()
        ahead = run_due(self._hub)
        fault = self._hub.faults.strike(method, path)
        seen: list[str] = []

        def noting(status: str, headers: list[tuple[str, str]], problem: Any = None) -> Any:
            seen.append(status)
            return start_response(status, headers, problem) if problem else start_response(status, headers)

        with connected(environ) as line:
            try:
                answer = self._struck(fault, environ, line)(environ, noting) if fault else self._inside(environ, noting)
            finally:
                milliseconds = (time.perf_counter() - began) * 1000
                self._note(
                    (method, path, int(seen[-1][:3]) if seen else 0, milliseconds, fault.kind if fault else None)
                )
            if ahead != NEVER or (method != "GET" and next_due(self._hub) != NEVER):
                self.ticker.wake()
            if line.is_cut:
                line.finish_cut()
                return []
        return answer

    def finish_late_work(self) -> None:
        """Wait until the work that was ordered to come after its answer is done."""
        while self._late:
            self._late.pop().join()

    def _struck(self, fault: Fault, environ: dict[str, Any], line: Line) -> Wsgi:
        """What answers a call that a fault hits; the work itself is done before, never, or later."""
        kind, done = fault.kind, Response("")
        if kind is FaultKind.LATE:
            self._work_later(fault.seconds, environ)
        elif kind is FaultKind.DELAY_BEFORE:
            line.wait(fault.seconds)
            return self._inside
        elif kind in _ALREADY_DONE:
            done = self._work(environ)
        if kind in {FaultKind.LATE, FaultKind.CLOSE_BEFORE, FaultKind.CLOSE_AFTER}:
            line.cut()
        elif kind is FaultKind.DELAY_AFTER:
            line.wait(fault.seconds)
        elif kind is FaultKind.HALF_JSON:
            whole = done.get_data()
            done.set_data(whole[: len(whole) // 2])
        elif kind in {FaultKind.HTML_BEFORE, FaultKind.HTML_AFTER}:
            return Response(_HTML.format(Response(status=fault.status).status), fault.status, mimetype="text/html")
        else:
            return _trouble(fault.status)
        return done

    def _work(self, environ: dict[str, Any]) -> Response:
        body, status, headers = run_wsgi_app(self._inside, environ, buffered=True)
        return Response(body, status, headers)

    def _work_later(self, seconds: float, environ: dict[str, Any]) -> None:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
        kept = {
            key: value
            for key, value in environ.items()
            if not key.startswith(("werkzeug.", "gunicorn.", "portone_sandbox."))
        }
        kept["wsgi.input"] = io.BytesIO(body)

        def work() -> None:
            time.sleep(seconds)
            self._work(kept)

        thread = threading.Thread(target=work, name="sandbox-late", daemon=True)
        self._late.append(thread)
        thread.start()

    def _note(self, facts: tuple[str, str, int, float, str | None]) -> None:
        method, path, status, milliseconds, fault = facts
        with self._hub.store.write() as db:
            noted = db.execute(
                "INSERT INTO requests (at, method, path, status, ms, fault) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
                (self._hub.clock.now(), method[:20], _without_cards(path), status, milliseconds, fault),
            ).fetchone()["id"]
            if noted % 100 == 0:
                db.execute("DELETE FROM requests WHERE id <= ?", (noted - KEPT_REQUESTS,))


def _trouble(status: int) -> Response:
    """An answer of something that stands in front of the real server, or of the server in distress."""
    if status == 401:
        return Response(_BUSY.replace("Too Many Requests", "Unauthorized"), status, mimetype="application/json")
    if status == 429:
        return Response(_BUSY, status, mimetype="application/json")
    return Response("", status, mimetype="text/plain")


def _without_cards(path: str) -> str:
    """A path for the log: nothing in it that could be a card number, and not endless."""
    return _MAYBE_CARD.sub("<digits>", path.encode("latin-1", "replace").decode("utf-8", "replace"))[:300]
