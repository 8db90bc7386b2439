"""The product and the sandbox with a real socket between them, on one database that all cases of a run share.

Time is a clock that is moved, for both sides alike: minutes of waiting cost nothing. A call that would be waited for
too long is given up after `patience` real seconds, so that a slow line needs no minute either.
"""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from sqlalchemy import event, exists, or_, select, update

from merchant_admin import create_app
from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeySource, KeyState
from merchant_admin.core.clock import FixedClock
from merchant_admin.core.db import db
from merchant_admin.core.errors import ConsoleError
from merchant_admin.core.ids import new_id
from merchant_admin.ledger.models import EntryKind, LedgerEntry
from merchant_admin.payments.models import Attempt
from merchant_admin.payments.states import AttemptState
from merchant_admin.portone.client import PortOneClient
from merchant_admin.portone.gateway import Gateway
from merchant_admin.refunds.models import Refund
from merchant_admin.refunds.states import RefundState
from merchant_admin.registrations.models import Registration
from merchant_admin.registrations.states import LIVE
from merchant_admin.schedules.models import Schedule
from merchant_admin.schedules.states import CHECKING, ScheduleState
from merchant_admin.worker.service import DUTIES, run_once
from portone_sandbox import SandboxConfig, create_sandbox
from portone_sandbox.server import Server
from tests.matrix.cases import CASES
from tests.matrix.people import two_people
from tests.support.books import assert_books_agree, assert_books_balance
from tests.support.world import World, settings_for

# Seconds after the first call at which a round of the worker runs; the last is the longest that anything may stay open.
ROUNDS = (1, 7, 19, 40, 75, 150, 200, 262, 330, 410, 480)
CLAIMED = select(
    or_(
        exists().where(Attempt.state == AttemptState.SENDING), exists().where(Refund.state == RefundState.SENDING),
        exists().where(Schedule.state == ScheduleState.SENDING), exists().where(BillingKey.state == KeyState.DELETING),
    )
)  # fmt: skip
LATEST_WORK = 19  # slow work of the other end is done by then: between two looks


class ImpatientAdapter(HTTPAdapter):
    """Real sockets, but a read time-out of a minute is shortened, as if a minute were that short."""

    patience = 20.0
    held_path = None  # the next request to it stays under way until it is let go
    held = None

    def send(self, request, stream=False, timeout=None, **more):  # noqa: FBT002 - as the parent's
        connect, read = timeout
        if (
            self.held_path
            and urlsplit(request.url).path.startswith(self.held_path)
            and self.held_method == request.method
        ):
            self.held_path, self.held = None, (request, stream, timeout, more)
            raise requests.ReadTimeout("still under way", request=request)
        return super().send(request, stream=stream, timeout=(connect, min(read, self.patience)), **more)

    def hold(self, method, path):
        """Keep the next such request on its way: its sender hears nothing."""
        self.held_method, self.held_path = method, path.rstrip("*")

    def let_go(self):
        """What was under way arrives at last; nobody waits for the answer any more."""
        if self.held is not None:
            (request, stream, timeout, more), self.held = self.held, None
            self.send(request, stream, timeout, **more).close()


class Hall(World):
    """One database, one sandbox behind a socket, and any number of workers. Cases bring records of their own."""

    def __init__(self, folder, *, template=None, at=None, **env):
        self.folder = folder
        self.clock = FixedClock(at)
        self.sandbox_app = create_sandbox(SandboxConfig(real_time=lambda: self.clock.now().timestamp()))
        self.sandbox = self.sandbox_app.extensions["portone_sandbox"]
        self.server = Server(self.sandbox_app)
        if template is not None:
            (folder / "merchant.db").write_bytes(template.read_bytes())
        self.settings = settings_for(folder, PORTONE_API_URL=self.server.url, **env)
        self.line = ImpatientAdapter(pool_connections=2, pool_maxsize=32, max_retries=0)
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.mount("http://", self.line)
        self.app = create_app(self.settings, http=self.http, clock=self.clock)
        self.app.config["TESTING"] = True
        self.gateway = self.a_gateway()
        self._context = self.app.app_context()
        self._pool = ThreadPoolExecutor(10)
        self._amount = 10_000

    def __enter__(self):
        super().__enter__()
        if self.settings.uses_sqlite:
            event.listen(db.engine, "connect", _hurry)  # no power fails here: the kill tests prove what is on the disk
        self.server.__enter__()
        self.customer, self.people = self.a_customer(), two_people(self)
        return self

    def __exit__(self, *problem):
        self._pool.shutdown()
        self.server.__exit__()
        self.http.close()
        super().__exit__(*problem)

    def a_gateway(self):
        """PortOne as a process sees it that has just started: no token yet, no failures remembered."""
        client = PortOneClient(self.settings.api_url, self.settings.imp_key, self.settings.imp_secret, http=self.http)
        return Gateway(client, self.settings)

    def an_amount(self):
        """A sum that no other case uses."""
        self._amount += 7
        return self._amount

    def a_card(self, card="approve", pg="jtnet.tpaytest2m"):
        """A card of the one customer, here and at the sandbox."""
        uid, (pg_provider, _dot, pg_id) = new_id("bks"), pg.partition(".")
        self.sandbox.window_key(customer_uid=uid, merchant_uid=new_id("reg"), card=card, pg=pg)
        return self.add(
            BillingKey(
                id=new_id("key"), customer_id=self.customer.id, customer_uid=uid, state=KeyState.ACTIVE,
                source=KeySource.WINDOW, mode=self.settings.mode, pg_provider=pg_provider, pg_id=pg_id,
                is_default=False, registered_at=self.clock.now(),
            )
        )  # fmt: skip

    def at_once(self, hands, act):
        """`hands` threads do the same at one instant, each as a unit of work of its own. What each got, or raised."""
        gate = threading.Barrier(hands)

        def run():
            with self.app.app_context():
                gate.wait(60)
                try:
                    return act()
                except ConsoleError as refusal:
                    return refusal
                finally:
                    db.session.remove()

        self.session.rollback()
        found = [one.result() for one in [self._pool.submit(run) for _ in range(hands)]]
        self.session.rollback()
        return found

    def settle(self, workers, is_settled, case):
        """Rounds of so many workers as time goes on, until nothing is open. After how many seconds that was.

        What a slow line still has under way at the other end happens within the first minute: between two looks.
        """
        gateways = [self.a_gateway() for _ in range(workers)]
        began = self.clock.now()
        for second in ROUNDS:
            self.clock.advance(second - (self.clock.now() - began).total_seconds())
            turns, due = iter(gateways), self._due()
            racing = workers if due or self.session.scalar(CLAIMED) else 1
            self.at_once(racing, lambda turns=turns, due=due: run_once(self.ctx(), next(turns), duties=due))
            self.session.expire_all()
            if second == LATEST_WORK:
                case.wait_for_slow_work(self)
            if second == case.arrives_after:
                self.line.let_go()
            if is_settled():
                case.wait_for_slow_work(self)
                return second
        raise AssertionError(f"still open after {ROUNDS[-1]} seconds")

    def _due(self):
        """The duties that have anything to do now. Where none has, one worker finds that out, and not all ten."""
        return [duty for duty in DUTIES if duty.find(self.ctx(), self.clock.now())]

    def calls(self, method, path, since=0):
        """How many calls of this kind the sandbox has noted after number `since`."""
        with self.sandbox.hub.store.read() as rows:
            sql = "SELECT count(*) FROM requests WHERE id > ? AND method = ? AND path LIKE ?"
            return rows.execute(sql, (since, method, path)).fetchone()[0]

    def last_call(self):
        with self.sandbox.hub.store.read() as rows:
            return rows.execute("SELECT coalesce(max(id), 0) FROM requests").fetchone()[0]

    def wait_for_slow_work(self, fault):
        """Until the sandbox has done what it does for a caller who hung up."""
        self.sandbox.finish_late_work()
        end = time.monotonic() + 30
        while fault.startswith("delay") and self.sandbox.faults.planned() and not self._is_noted(fault):
            assert time.monotonic() < end, "the fault was never met"
            time.sleep(0.02)

    def _is_noted(self, fault):
        fired = sum(one.fired for one in self.sandbox.faults.planned() if one.fault.kind == fault)
        with self.sandbox.hub.store.read() as rows:
            noted = rows.execute("SELECT count(*) FROM requests WHERE id > ? AND fault = ?", (self.mark, fault))
            return noted.fetchone()[0] >= fired

    mark = 0

    def begin(self, case):
        """A new case: no trouble is left over, and its calls are counted from here.

        Its sums are its own, whatever cases ran before: by them the acts choose who does what.
        """
        self._amount = 10_000 + 210 * CASES.index(case) + 7 * random.Random(case.id).randrange(6)
        self.sandbox.faults.clear()
        self.line.patience, self.line.held, self.line.held_path = 20.0, None, None
        self.mark = self.last_call()
        self._leave_the_others_alone()
        self.clock.advance(5)

    def _leave_the_others_alone(self):
        """Earlier cases are settled; what they would read once more in hours is not looked at in this one's rounds."""
        settled = (
            (Schedule, Schedule.state.not_in(CHECKING) & Schedule.wanted_at.is_(None)),
            (Registration, Registration.state.not_in(LIVE)),
        )
        with self.ctx().atomic() as session:
            for row, is_settled in settled:  # only those that would be looked at: a row left as it was is written anew
                leaves = update(row).where(is_settled, row.next_look_at.is_not(None)).values(next_look_at=None)
                session.execute(leaves, execution_options={"synchronize_session": False})

    def assert_agrees(self, merchant_uid):
        """The sandbox's truth about one order and our books, payment by payment; and it was paid once at most."""
        truth = {
            one["imp_uid"]: (one["amount"], one["cancel_amount"])
            for one in self.sandbox.payments(merchant_uid)
            if one["status"] in {"paid", "cancelled"} and one["amount"]
        }
        booked = {imp_uid: self._booked(imp_uid) for imp_uid in truth}
        assert booked == truth
        assert len(truth) <= 1, "the same debt was charged twice"
        return truth

    def times_taken(self, amount_krw):
        """How many payments of this sum the sandbox took, whatever their order numbers."""
        sql = (
            "SELECT count(*) FROM payments WHERE NOT is_hidden AND json_extract(body, '$.amount') = ?"
            " AND json_extract(body, '$.status') IN ('paid', 'cancelled')"
        )
        with self.sandbox.hub.store.read() as rows:
            return rows.execute(sql, (amount_krw,)).fetchone()[0]

    def is_stored(self, customer_uid):
        """Whether PortOne holds this card."""
        with self.sandbox.hub.store.read() as rows:
            found = rows.execute("SELECT count(*) FROM billing_keys WHERE customer_uid = ?", (customer_uid,))
            return found.fetchone()[0] == 1

    def _booked(self, imp_uid):
        rows = self.session.scalars(select(LedgerEntry).where(LedgerEntry.imp_uid == imp_uid)).all()
        paid = sum(row.amount_krw for row in rows if row.kind is EntryKind.CHARGE)
        return paid, sum(row.amount_krw for row in rows) - paid

    def assert_all_books(self):
        """Everything this hall ever did, to the won."""
        self.session.rollback()
        assert_books_agree(self.app, self.sandbox)
        assert_books_balance(self.session)


def _hurry(connection, _record):
    connection.execute("PRAGMA synchronous=OFF")
