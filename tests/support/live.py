"""The product on a real socket, as a browser meets it: the composition of app.py, real clocks, the worker beside it."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.error import URLError

from werkzeug.serving import WSGIRequestHandler, make_server

from app import build, start_inline_worker
from merchant_admin.core.context import Actor, WorkContext
from merchant_admin.core.db import db
from merchant_admin.core.ids import new_id
from merchant_admin.core.permissions import Role
from merchant_admin.staff.models import Staff
from merchant_admin.worker import inline
from tests.support.books import assert_books_agree
from tests.support.world import ROOT, World, password_hash, settings_for


class _Quiet(WSGIRequestHandler):
    def log_request(self, code="-", size="-"):
        """The tests speak for themselves."""


def _whole(app):
    """The app, each body read to its end and closed here.

    The test server forgets to close one whose reader has gone, and a file left open is a warning in whichever test
    runs next.
    """

    def serve(environ, start_response):
        body = app(environ, start_response)
        try:
            return [b"".join(body)]
        finally:
            if hasattr(body, "close"):
                body.close()

    return serve


class LiveShop(AbstractContextManager):
    """A served shop in this process, on a copy of `template` or where DATABASE_URL says.

    `url` is its address, `sandbox` PortOne's own view of the world.
    """

    def __init__(self, folder, template=None, *, worker="inline", clock=None, **env):
        if template:
            shutil.copy(template, Path(folder) / "merchant.db")
        self.folder = Path(folder)
        # The web font's many files would take a good part of each journey; test_files_of_others loads them.
        self.settings = settings_for(folder, WORKER=worker, **{"UI_WEBFONT": "off", **env})
        self.app = build(self.settings, clock=clock)
        self.sandbox = self.app.extensions["embedded_sandbox"]
        self._server = make_server("127.0.0.1", 0, _whole(self.app), threaded=True, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        # Half a second, as is usual between two looks for the end, would be spent at the end of every test.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self):
        self._thread.start()
        start_inline_worker(self.app)
        return self

    def __exit__(self, *_):
        inline.stop(self.app)
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.sandbox.close()
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()

    def world(self):
        """This shop in the form that makers of records know; use it inside the app's context."""
        return _Maker(self)

    def ctx(self):
        return WorkContext(
            db.session,
            self.app.extensions["merchant_admin"].clock,
            Actor.job("test"),
            "sandbox",
            self.settings.secret_key.encode(),
        )

    def a_staff(self, role=Role.OWNER):
        """Someone who may sign in with PASSWORD; returns the address."""
        email = f"{role.value}@shop.example"
        with self.app.app_context():
            now = self.ctx().now()
            person = Staff(
                id=new_id("stf"),
                email=email,
                name="김직원",
                role=role,
                password_hash=password_hash(),
                created_at=now,
            )
            with self.ctx().atomic() as session:
                session.add(person)
            db.session.remove()
        return email

    def assert_books_agree(self):
        assert_books_agree(self.app, self.sandbox)


class _Maker(World):
    """A World's makers on a shop that is served already."""

    def __init__(self, shop):
        found = shop.app.extensions["merchant_admin"]
        self.app, self.settings, self.sandbox = shop.app, shop.settings, shop.sandbox
        self.gateway, self.clock = found.gateway, found.clock


class Process(AbstractContextManager):
    """gunicorn as people start it, in a process that can be killed and started again on the same folder."""

    def __init__(self, folder, port, **env):
        self.folder, self.port = Path(folder), port
        self.url = f"http://127.0.0.1:{port}"
        self._env = {
            **os.environ,
            "INSTANCE_DIR": str(folder),
            "PORT": str(port),
            "HOST": "127.0.0.1",
            "SECRET_KEY": "t" * 48,
            **env,
        }
        self._process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self):
        program = [Path(sys.executable).with_name("gunicorn"), "app:app"]
        log = (self.folder / "gunicorn.log").open("a")
        self._process = subprocess.Popen(
            program, cwd=ROOT, env=self._env, stdout=log, stderr=log, start_new_session=True
        )
        log.close()
        until(self._answers, 30)

    def kill(self):
        """SIGKILL to the whole group: no goodbye, as when the power goes."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _answers(self):
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:  # noqa: S310 - our own http address
                return answer.status == 200
        except (URLError, ConnectionError, TimeoutError):
            return False


def until(is_so, seconds, every=0.2):
    """Wait until `is_so()`; fails after `seconds`."""
    end = time.monotonic() + seconds
    while not (found := is_so()):
        assert time.monotonic() < end, "it never came true"
        time.sleep(every)
    return found
