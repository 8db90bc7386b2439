"""A merchant's webhook address behind a real socket: notes what comes, answers as told."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """`calls` holds (content type, body, path) in order of arrival. `status` is answered after `delay` seconds,
    or what `first_statuses` holds as long as it lasts."""

    def __init__(self):
        self.calls, self.first_statuses, self.status, self.delay, self.answer = [], [], 200, 0.0, b"ok"
        self._arrived = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver._note((self.headers["Content-Type"], body, self.path))
                time.sleep(receiver.delay)
                self.send_response(receiver.first_statuses.pop(0) if receiver.first_statuses else receiver.status)
                self.end_headers()
                self.wfile.write(receiver.answer)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def wait_for(self, count, seconds=8):
        """The first `count` calls; fails when fewer come."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.calls) >= count, seconds), self.calls
            return self.calls[:count]

    @property
    def bodies(self):
        return [json.loads(body) for _, body, _ in self.calls]

    def _note(self, call):
        with self._arrived:
            self.calls.append(call)
            self._arrived.notify_all()
