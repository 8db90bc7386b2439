"""kill -9 before the call, during it and after the answer: after a restart the charge is settled, and charged once."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from merchant_admin import create_app
from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeySource, KeyState
from merchant_admin.core.clock import SystemClock
from merchant_admin.core.db import db
from merchant_admin.core.ids import new_id
from merchant_admin.customers.service import CustomerDetails, create_customer
from merchant_admin.payments.models import Attempt
from merchant_admin.worker.loop import context_of
from merchant_admin.worker.service import run_once
from portone_sandbox import SandboxConfig, create_sandbox
from portone_sandbox.server import Server
from tests.support.books import assert_books_agree, assert_books_balance
from tests.support.world import ROOT, settings_for
from tests.worker import victim

SLOW = 1.5
AGAIN = "/subscribe/payments/again"
PROCESSES = multiprocessing.get_context("forkserver")  # real processes, without Python's start-up each time
PROCESSES.set_forkserver_preload(["tests.worker.victim"])


class LaterClock:
    """A real clock, some seconds ahead."""

    ahead = 0

    def now(self):
        return SystemClock().now() + timedelta(seconds=self.ahead)

    def sleep(self, seconds):
        SystemClock().sleep(seconds)


class Shop:
    """A database and a sandbox on a real socket, seen from outside; the product runs in processes of its own."""

    def __init__(self, folder, sandbox_app, url, database_url):
        self.folder, self.sandbox_app, self.sandbox = folder, sandbox_app, sandbox_app.extensions["portone_sandbox"]
        self.env = {"PORTONE_API_URL": url} | ({"DATABASE_URL": database_url} if database_url else {})
        self.app = create_app(settings_for(folder, **self.env))

    def a_sheet(self, card="slow"):
        uid, now = new_id("bks"), SystemClock().now()
        self.sandbox.window_key(customer_uid=uid, merchant_uid=new_id("reg"), card=card)
        with self.app.app_context():
            ctx = context_of(self.app)
            customer_id = create_customer(ctx, CustomerDetails("김서연", None, None)).id
            with ctx.atomic() as session:
                session.add(
                    BillingKey(
                        id="key_one", customer_id=customer_id, customer_uid=uid, state=KeyState.ACTIVE,
                        source=KeySource.WINDOW, mode="sandbox", pg_provider="jtnet", pg_id="tpaytest2m",
                        is_default=True, registered_at=now,
                    )
                )  # fmt: skip
        sheet = {"sheet_key": new_id("sht"), "customer_id": customer_id, "billing_key_id": "key_one"}
        return sheet | {"amount_krw": 33_000, "name": "이용료"}

    def charging(self, point, sheet):
        """A process that charges the sheet and dies at `point`."""
        process = PROCESSES.Process(target=victim.charge, args=(str(self.folder), self.env, point, sheet))
        process.start()
        return process

    def settle(self, seconds=(0, 250, 440, 505)):
        """What a restarted product does: rounds of the worker, by a clock that goes on."""
        clock = LaterClock()
        app = create_app(settings_for(self.folder, **self.env), clock=clock)
        with app.app_context():
            for clock.ahead in seconds:
                run_once(context_of(app), app.extensions["merchant_admin"].gateway)
            db.session.remove()
            db.engine.dispose()
        return self.attempt()

    def attempt(self):
        with self.app.app_context():
            try:
                return db.session.scalars(select(Attempt)).one()
            finally:
                db.session.remove()

    def sends(self):
        return sum(call["path"] == AGAIN for call in self.sandbox.requests_log())

    def assert_right(self):
        assert_books_agree(self.app, self.sandbox)
        with self.app.app_context():
            assert_books_balance(db.session)
            db.session.remove()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def shop(request, tmp_path, empty_database):
    database_url = None
    if request.param == "sqlite":
        (tmp_path / "merchant.db").write_bytes(empty_database.read_bytes())
    else:
        server, template = request.getfixturevalue("postgres_server"), request.getfixturevalue("migrated_postgres")
        database_url = server.database(template=template)
    sandbox_app = create_sandbox(SandboxConfig(database=str(tmp_path / "sandbox.db"), slow_card_seconds=SLOW))
    server = Server(sandbox_app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made = Shop(tmp_path, sandbox_app, server.url, database_url)
    yield made
    server.shutdown()
    thread.join()
    server.server_close()
    made.sandbox.close()
    with made.app.app_context():
        db.engine.dispose()
    if database_url:
        request.getfixturevalue("postgres_server").drop(database_url)


def until(is_so, seconds=60):
    ends = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.05)


@pytest.mark.parametrize("point", ["before", "during", "after"])
def test_a_killed_charge_is_settled_once_after_the_restart(shop, point):
    process = shop.charging(point, shop.a_sheet("slow" if point == "during" else "approve"))
    if point == "during":
        until(lambda: _is_at_work(shop.sandbox))
        process.kill()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert shop.attempt().state == "sending"
    if point == "during":
        until(lambda: any(one["amount"] for one in shop.sandbox.payments()))
    settled = shop.settle()
    never_left = point == "before"
    assert (settled.state, settled.absences) == (("uncertain", 2) if never_left else ("paid", 0))
    assert shop.sends() == (0 if never_left else 1)
    shop.assert_right()


def test_a_dead_sender_is_not_waited_for(shop):
    """Its lease has minutes to run, but its process is gone: a restarted product looks at once."""
    shop.charging("after", shop.a_sheet("approve")).join(60)
    assert shop.settle(seconds=(0, 6)).state == "paid"
    assert shop.sends() == 1


def test_the_same_sheet_after_a_kill_sends_nothing(shop):
    sheet = shop.a_sheet("approve")
    shop.charging("after", sheet).join(60)
    again = shop.charging("never", sheet)
    again.join(60)
    assert (again.exitcode, shop.attempt().state, shop.sends()) == (0, "sending", 1)


def test_a_worker_process_settles_and_ends_politely(shop):
    shop.sandbox.faults.plan("close_after", AGAIN)
    shop.charging("never", shop.a_sheet("approve")).join(60)
    assert shop.attempt().state == "uncertain"
    env = os.environ | shop.env | {"INSTANCE_DIR": str(shop.folder), "SECRET_KEY": "t" * 48, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "flask", "--app", "app", "worker"]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as worker:
        until(lambda: shop.attempt().state == "paid")
        worker.terminate()
        said, _ = worker.communicate(timeout=30)
    assert (worker.returncode, said.split()[-1]) == (0, "stopped")
    shop.assert_right()


def _is_at_work(sandbox):
    """Whether a charge has reached the card company and is not answered: its row is hidden from every reader."""
    with sandbox.hub.store.read() as rows:
        return rows.execute("SELECT count(*) AS n FROM payments WHERE is_hidden").fetchone()["n"] > 0
