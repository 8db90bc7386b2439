"""Where the process begins: real PortOne or the embedded sandbox. The only file that sees both packages."""

import os
import sys
from pathlib import Path

import requests
from dotenv import load_dotenv
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from merchant_admin import create_app
from merchant_admin.core import guards
from merchant_admin.core.clock import AheadClock, Clock
from merchant_admin.core.db import db
from merchant_admin.core.settings import EMBEDDED_API, Settings, UnsafeSettings, load
from portone_sandbox import SandboxConfig, create_sandbox
from portone_sandbox.inprocess import WsgiAdapter

ROOT = Path(__file__).resolve().parent
REFUSED_TO_SERVE = 3  # gunicorn ends as a whole on this, instead of trying for ever
_PR_SET_DUMPABLE = 4
OURSELVES = "http://merchant.sandbox"  # where the embedded sandbox sends its webhooks: answered inside the process


def build(settings: Settings, *, clock: Clock | None = None) -> Flask:
    """The app for these settings; in sandbox mode PortOne stands under /sandbox in the same process.

    The two speak in both directions without a socket. `app.extensions["embedded_sandbox"]` is the sandbox's handle.
    """
    if not settings.has_embedded_sandbox:
        return create_app(settings, clock=clock)
    sandbox = create_sandbox(
        SandboxConfig(
            database=str(settings.instance_dir / "sandbox.db"),
            imp_key=settings.imp_key,
            imp_secret=settings.imp_secret,
            imp_code=settings.imp_code,
            webhook_url="/".join(filter(None, (f"{OURSELVES}/webhooks/portone", settings.webhook_path))),
            public_prefix="/sandbox",
        )
    )
    http = requests.Session()
    http.trust_env = False
    http.mount(EMBEDDED_API, WsgiAdapter(sandbox))
    handle = sandbox.extensions["portone_sandbox"]
    clock = clock or AheadClock(
        settings.instance_dir / "test_clock", lambda at: handle.clock.set(max(int(at.timestamp()), handle.clock.now()))
    )
    app = create_app(settings, http=http, clock=clock)
    app.extensions["embedded_sandbox"] = handle
    handle.webhooks.http.mount(OURSELVES, WsgiAdapter(app))
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/sandbox": sandbox})  # type: ignore[method-assign]
    return app


def refuse_without_guards(app: Flask) -> None:
    """End this process with one line unless every trigger that holds a money rule stands in the database."""
    with app.app_context():
        missing = guards.missing(db.session())
        db.session.remove()
    if missing:
        print(  # noqa: T201 - a terminal is being spoken to
            "merchant-admin: the database lacks guards, run `flask --app app db upgrade`: "
            + ", ".join(sorted(missing)),
            file=sys.stderr,
            flush=True,
        )
        sys.exit(REFUSED_TO_SERVE)


def leave_no_core() -> None:
    """No crash of this process writes its memory to a file: a card may be in it (key-in), and secrets always are."""
    try:
        import ctypes  # noqa: PLC0415 - these two exist only where processes leave cores at all
        import resource  # noqa: PLC0415
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # a collector that takes cores through a pipe does not look at the limit
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def start_inline_worker(app: Flask) -> None:
    """Where the settings want it, let the worker run as a thread of this web process."""
    if app.extensions["merchant_admin"].settings.worker == "inline":
        from merchant_admin.worker import inline  # noqa: PLC0415

        inline.start(app)


def _start() -> Flask:
    os.umask(0o077)  # databases, logs and backups are nobody else's to read
    leave_no_core()
    load_dotenv(ROOT / ".env")
    try:
        return build(load(os.environ, ROOT))
    except UnsafeSettings as refusal:
        sys.exit(f"merchant-admin: {refusal}")


def __getattr__(name: str) -> Flask:
    """`app:app` for gunicorn and `flask --app app`: built when asked for, so that tests can import `build` alone."""
    if name != "app":
        raise AttributeError(name)
    found = globals()["app"] = _start()
    return found
