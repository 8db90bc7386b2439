"""A database and a sandbox on a real socket, and processes of the product that may be killed."""

import multiprocessing
import time

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
from tests.support.books import assert_books_agree, assert_books_balance
from tests.support.clocks import LaterClock
from tests.support.world import settings_for
from tests.worker import victim

SLOW = 1.5
AGAIN = "/subscribe/payments/again"
PROCESSES = multiprocessing.get_context("forkserver")  # real processes, without Python's start-up each time
PROCESSES.set_forkserver_preload(["tests.worker.warm"])


class Shop:
    """A database and a sandbox on a real socket, seen from outside; the product runs in processes of its own."""

    def __init__(self, folder, sandbox_app, url, database_url):
        self.folder, self.sandbox_app, self.sandbox = folder, sandbox_app, sandbox_app.extensions["portone_sandbox"]
        self.env = {"PORTONE_API_URL": url} | ({"DATABASE_URL": database_url} if database_url else {})
        self.app = create_app(settings_for(folder, **self.env))

    def a_sheet(self, card="slow", pg="jtnet.tpaytest2m"):
        uid, now = new_id("bks"), SystemClock().now()
        self.sandbox.window_key(customer_uid=uid, merchant_uid=new_id("reg"), card=card, pg=pg)
        pg_provider, _dot, pg_id = pg.partition(".")
        with self.app.app_context():
            ctx = context_of(self.app)
            customer_id = create_customer(ctx, CustomerDetails("김서연", None, None)).id
            with ctx.atomic() as session:
                session.add(
                    BillingKey(
                        id="key_one", customer_id=customer_id, customer_uid=uid, state=KeyState.ACTIVE,
                        source=KeySource.WINDOW, mode="sandbox", pg_provider=pg_provider, pg_id=pg_id,
                        is_default=True, registered_at=now,
                    )
                )  # fmt: skip
        sheet = {"sheet_key": new_id("sht"), "customer_id": customer_id, "billing_key_id": "key_one"}
        return sheet | {"amount_krw": 33_000, "name": "이용료"}

    def charging(self, point, sheet):
        """A process that charges the sheet and dies at `point`."""
        return self.running(victim.charge, ("charge_again", point), sheet)

    def running(self, act, deadly, *words):
        """A process that does `act` of the victim and dies at its call `deadly` = (method, "before" or "after")."""
        process = PROCESSES.Process(target=act, args=(str(self.folder), self.env, deadly, *words))
        process.start()
        return process

    def alive(self, act):
        """Do `act(ctx, gateway)` in this process, which lives on."""
        with self.app.app_context():
            try:
                return act(context_of(self.app), self.app.extensions["merchant_admin"].gateway)
            finally:
                db.session.remove()

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


def until(is_so, seconds=60):
    ends = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.05)


def is_at_work(sandbox):
    """Whether a charge has reached the card company and is not answered: its row is hidden from every reader."""
    with sandbox.hub.store.read() as rows:
        return rows.execute("SELECT count(*) AS n FROM payments WHERE is_hidden").fetchone()["n"] > 0
