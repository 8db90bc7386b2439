"""A small threaded web server for one WSGI app: connections stay open between calls, and a fault can cut them.

For development and tests. It answers one request per connection at a time and knows no TLS.
"""

import io
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, cast
from urllib.parse import unquote_to_bytes, urlsplit

IDLE_SECONDS = 75
_TOLD_OTHERWISE = {"HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"}
MOST_DRAINED = 16 * 1024 * 1024  # a body above the app's limit is read to here, so that its sender sees the refusal
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS
    server_version = "portone-sandbox"
    sys_version = ""

    def handle_one_request(self) -> None:
        try:
            self.raw_requestline = self.rfile.readline(65_537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            self._answer()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """The sandbox keeps its own log of requests."""

    def _answer(self) -> None:
        body = self._body()
        if body is None:
            return
        head: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _problem: Any = None) -> None:
            head.append((status, headers))

        served: Iterable[bytes] = []
        try:
            served = cast("Server", self.server).app(self._environ(body), start_response)
            self._send(served, head)
        finally:
            close = getattr(served, "close", None)
            if close:
                close()

    def _send(self, served: Iterable[bytes], head: list[tuple[str, list[tuple[str, str]]]]) -> None:
        status, headers = head[-1] if head else ("500 Internal Server Error", [])
        names = {name.lower() for name, _ in headers}
        if "content-length" not in names:
            self.close_connection = True  # the end of the answer is the end of the connection
            headers = [*headers, ("Connection", "close")]
        elif self.close_connection:
            headers = [*headers, ("Connection", "close")]
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers), "", ""]
        pending = "\r\n".join(lines).encode("latin-1")
        for part in served:
            if self.command != "HEAD":
                self.wfile.write(pending + part)
                pending = b""
        if pending:
            self.wfile.write(pending)

    def _body(self) -> bytes | None:
        """The request's body; None when it can't be read, and then the connection ends."""
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self._chunks()
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal():
            self.close_connection = True
            self.wfile.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return None
        if int(length) > MOST_DRAINED:
            self.close_connection = True
        return self.rfile.read(min(int(length), MOST_DRAINED))

    def _chunks(self) -> bytes | None:
        whole = io.BytesIO()
        while True:
            size = self.rfile.readline(64).split(b";")[0].strip()
            try:
                length = int(size, 16)
            except ValueError:
                self.close_connection = True
                return None
            if length < 0 or whole.tell() + length > MOST_DRAINED:
                self.close_connection = True
                return None
            if length == 0:
                while self.rfile.readline(8192).strip():
                    continue
                return whole.getvalue()
            whole.write(self.rfile.read(length))
            self.rfile.readline(8)

    def _environ(self, body: bytes) -> dict[str, Any]:
        address = urlsplit(self.path)
        serving = cast("Server", self.server)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command, "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(address.path).decode("latin-1"), "QUERY_STRING": address.query,
            "SERVER_NAME": serving.server_name, "SERVER_PORT": str(serving.server_port),
            "SERVER_PROTOCOL": self.request_version, "REMOTE_ADDR": self.client_address[0],
            "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr, "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
            "werkzeug.socket": self.connection,
        }  # fmt: skip
        for name, value in self.headers.items():
            key = f"HTTP_{name.upper().replace('-', '_')}"
            if key not in _TOLD_OTHERWISE:
                environ[key] = f"{environ[key]},{value}" if key in environ else value
        return environ


class Server(ThreadingHTTPServer):
    """Serves `app` at `host`; port 0 takes any free one. As a context manager it serves from a thread of its own."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, app: Wsgi, host: str = "127.0.0.1", port: int = 0) -> None:
        self.app = app
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        host = f"[{self.server_name}]" if ":" in self.server_name else self.server_name
        return f"http://{host}:{self.server_port}"

    def server_bind(self) -> None:
        """As the parent's, without asking the name service who we are."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """One broken request is noted and harms no other."""
        traceback.print_exc(limit=-5)

    def __enter__(self) -> Self:
        threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="sandbox-server", daemon=True
        ).start()
        return self

    def __exit__(self, *_problem: object) -> None:
        self.shutdown()
        self.server_close()
