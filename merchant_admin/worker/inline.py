"""The worker as a thread of the web process: the default with SQLite, where one process does everything."""

import atexit
import os
import threading

from flask import Flask

from merchant_admin.worker.loop import keep_working

_KEY = "merchant_admin_inline_worker"
JOIN_SECONDS = 70.0  # longer than one call to PortOne may take
_lock = threading.Lock()


class InlineWorker:
    """A daemon thread that stops between two rows when asked. `pid`: a forked child has no thread of its own yet."""

    def __init__(self, app: Flask) -> None:
        self.pid = os.getpid()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=keep_working, args=(app, self._stop), name="worker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the call in hand, then end."""
        if self.pid == os.getpid():
            self._stop.set()
            self._thread.join(JOIN_SECONDS)


def start(app: Flask) -> InlineWorker:
    """The one inline worker of this process; starting it again is no more than asking for it."""
    with _lock:
        running: InlineWorker | None = app.extensions.get(_KEY)
        if running is None or running.pid != os.getpid():
            running = app.extensions[_KEY] = InlineWorker(app)
            atexit.register(running.stop)
        return running


def stop(app: Flask) -> None:
    """End the inline worker, if one runs."""
    with _lock:
        running: InlineWorker | None = app.extensions.pop(_KEY, None)
    if running is not None:
        running.stop()
        atexit.unregister(running.stop)
