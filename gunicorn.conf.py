"""How the production web process runs: gunicorn reads this file by itself from the project's folder.

SQLite wants one process with threads, since its writers wait in line anyway; PostgreSQL takes as many processes as
WEB_CONCURRENCY says.
"""

import os
from typing import Any

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "1"))
threads = int(os.environ.get("WEB_THREADS", "8"))
worker_class = "gthread"
timeout = 90  # longer than the 60 s a charge may take
graceful_timeout = 70  # a call in hand is finished before the process ends
keepalive = 5
loglevel = os.environ.get("LOG_LEVEL", "warning")
limit_request_line = 4094
limit_request_fields = 60
umask = 0o077


def when_ready(_server: Any) -> None:
    """Tell the person at the terminal where to look."""
    print(f"Ready: http://{bind}  (Ctrl-C stops it)", flush=True)  # noqa: T201 - a terminal is being spoken to


def post_worker_init(worker: Any) -> None:
    """Serve nothing without the database's guards; beside SQLite, start the worker.

    There it is a thread of this process; it begins after the fork, and waits for no request.
    """
    from app import refuse_without_guards, start_inline_worker  # noqa: PLC0415 - built only in the forked process

    refuse_without_guards(worker.wsgi)
    start_inline_worker(worker.wsgi)
