"""Renewals at scale: all subscriptions due at one minute, a PortOne that takes 100 ms, 16 calls at a time.

`python -m bench.renewals --due 10000` on SQLite with the inline worker; `--database-url` (an empty PostgreSQL database)
with four worker processes. The first half is timed against a bare pool of `requests` threads that makes the same
calls to the same sandbox before and after; in the second half workers are killed with SIGKILL. In the end every
subscription must have been charged once, and the books must say what the sandbox took.
"""

import argparse
import multiprocessing
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import requests
from flask_migrate import upgrade
from sqlalchemy import func, select

from app import ROOT
from bench import promised
from bench.sandbox import _free_port, _wait_for
from merchant_admin import create_app
from merchant_admin.core.clock import SystemClock
from merchant_admin.core.db import db
from merchant_admin.core.settings import load
from merchant_admin.core.times import seoul_day
from merchant_admin.ledger.models import LedgerEntry
from merchant_admin.ledger.queries import differences
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.subscriptions.models import Period
from merchant_admin.worker.loop import context_of
from merchant_admin.worker.renewals import keep_promises
from merchant_admin.worker.service import run_once
from portone_sandbox import SandboxConfig
from portone_sandbox.merchants import Merchant

AT_ONCE, ANSWER_SECONDS, MOST_RATIO = 16, 0.1, 1.3
AGAIN = "/subscribe/payments/again"
LATER = (0, 20, 250, 320, 400, 480, 560)  # seconds: when what killed workers left is looked at and sent again
MOST_IN_HAND = 200  # periods of a killed worker, which others leave alone for two minutes
PATIENCE_SECONDS = 600.0
POLL_SECONDS = 0.1
WARM = 500
BARE = Merchant("imp-bare", "bare_key", "bare_secret")  # whose payments are none of ours, and none that we reconcile


class LaterClock:
    """The real clock, some seconds ahead; none of the system's, so that leases are measured by it too."""

    ahead = 0

    def now(self) -> datetime:
        return SystemClock().now() + timedelta(seconds=self.ahead)

    def sleep(self, seconds: float) -> None:
        SystemClock().sleep(seconds)


@dataclass
class Run:
    """One merchant with `due` subscriptions, a sandbox on a socket, and workers that can be killed."""

    folder: Path
    due: int
    database_url: str | None = None
    workers: int = 1
    port: int = field(default_factory=_free_port)

    def __post_init__(self) -> None:
        self.url = f"http://127.0.0.1:{self.port}"
        self.sandbox_file = self.folder / "portone.db"
        words = {
            "INSTANCE_DIR": str(self.folder), "SECRET_KEY": "b" * 48, "PORTONE_API_URL": self.url,
            "CHARGE_HOURS": "00:00-23:59:59", "CALLS_AT_ONCE": str(max(1, AT_ONCE // self.workers)),
            "WORKER": "process" if self.database_url else "inline",
        }  # fmt: skip
        self.env = words | ({"DATABASE_URL": self.database_url} if self.database_url else {})
        self.clock = LaterClock()
        self.app = create_app(load(self.env, ROOT), clock=self.clock)

    def fill(self, bare: int) -> list[str]:
        """Write the merchant; returns the cards that the bare pool charges."""
        with self.app.app_context():
            upgrade(directory=str(ROOT / "migrations"))
            now = self.clock.now()
            uids = promised.fill(self.due, now, due_on=seoul_day(now))
            db.session.remove()
        spare = [f"bare-{number}" for number in range(bare)]
        promised.register(str(self.sandbox_file), uids)
        promised.register(str(self.sandbox_file), spare, BARE)
        return spare

    @contextmanager
    def sandbox(self) -> Iterator[None]:
        """Serve PortOne, whose charges take their time."""
        trouble = f"kind=delay_before,path={AGAIN},seconds={ANSWER_SECONDS},times=1000000000"
        command = [sys.executable, "-m", "portone_sandbox", "--port", str(self.port), "--db", str(self.sandbox_file)]
        with subprocess.Popen([*command, "--fault", trouble], stdout=subprocess.DEVNULL, cwd=ROOT) as served:
            try:
                _wait_for(self.port)
                yield
            finally:
                served.terminate()

    def start(self) -> subprocess.Popen[bytes]:
        """A worker: a process of its own beside PostgreSQL, a thread of the web process beside SQLite."""
        gunicorn = [sys.executable, "-m", "gunicorn", "app:app"]
        command = [sys.executable, "-m", "flask", "--app", "app", "worker"] if self.database_url else gunicorn
        env = os.environ | self.env | {"HOST": "127.0.0.1", "PORT": str(_free_port()), "PYTHONUNBUFFERED": "1"}
        with (self.folder / "workers.log").open("a") as said:
            return subprocess.Popen(command, cwd=ROOT, env=env, stdout=said, stderr=said, start_new_session=True)

    def taken(self) -> int:
        """How many subscriptions the sandbox was paid for, by its own rows; counted along an index, to disturb nobody."""
        with closing(sqlite3.connect(f"{self.sandbox_file.as_uri()}?mode=ro", uri=True, timeout=30)) as rows:
            paid = "SELECT count(*) FROM payments WHERE imp_code = ? AND status = 'paid'"
            return int(rows.execute(paid, (SandboxConfig().imp_code,)).fetchone()[0])

    def wait_until_taken(self, count: int) -> float:
        """The instant at which so many were paid for."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while self.taken() < count:
            if time.monotonic() > ends:
                raise SystemExit(f"only {self.taken()} of {count} were charged:\n{self.log()}")
            time.sleep(POLL_SECONDS)
        return time.monotonic()

    def log(self) -> str:
        """The end of what the workers said."""
        return (self.folder / "workers.log").read_text(errors="replace")[-3000:]

    def settle(self) -> None:
        """What restarted workers do about the charges that killed ones left behind, by a clock that goes on."""
        with self.app.app_context():
            gateway = self.app.extensions["merchant_admin"].gateway
            for self.clock.ahead in LATER:
                for _round in range(6):
                    run_once(context_of(self.app), gateway)
                keep_promises(context_of(self.app), gateway, Hours(*load(self.env, ROOT).charge_hours), at_once=AT_ONCE)
            db.session.remove()

    def assert_all_charged_once(self) -> None:
        """By the sandbox's rows, by our periods and by the ledger."""
        with closing(sqlite3.connect(self.sandbox_file)) as rows:
            paid = rows.execute(
                "SELECT customer_uid FROM payments WHERE status = 'paid' AND customer_uid NOT LIKE 'bare-%'"
            ).fetchall()
        times = Counter(paid)
        assert len(times) == self.due, f"{len(times)} of {self.due} cards were charged"
        assert set(times.values()) == {1}, times.most_common(3)
        with self.app.app_context():
            states = dict(db.session.execute(select(Period.state, func.count()).group_by(Period.state)).all())
            assert {state.value: count for state, count in states.items()} == {"paid": self.due}, states
            booked = select(func.count(), func.sum(LedgerEntry.amount_krw))
            entries, won = db.session.execute(booked).one()
            assert (entries, won) == (self.due, self.due * promised.PRICE_KRW), (entries, won)
            assert differences(db.session()) == []
            db.session.remove()


def bare(url: str, uids: list[str]) -> float:
    """Calls a second of a bare pool of `requests` threads: a process of its own, one session, the same body."""
    with multiprocessing.get_context("spawn").Pool(1) as process:
        return process.apply(_bare, (url, uids))


def _bare(url: str, uids: list[str]) -> float:
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=AT_ONCE))
    credentials = {"imp_key": BARE.imp_key, "imp_secret": BARE.imp_secret}
    token = session.post(f"{url}/users/getToken", json=credentials).json()["response"]["access_token"]
    dice = random.SystemRandom().getrandbits(40)

    def one(numbered: tuple[int, str]) -> None:
        number, uid = numbered
        body = {
            "customer_uid": uid, "merchant_uid": f"bare-{dice}-{number}", "amount": promised.PRICE_KRW, "currency": "KRW",
            "name": "월 이용료", "tax_free": 0, "card_quota": 0, "buyer_name": "고객", "buyer_tel": "010-0000-0000",
        }  # fmt: skip
        answer = session.post(url + AGAIN, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=60)
        assert answer.json()["response"]["status"] == "paid"

    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as hands:
        list(hands.map(one, enumerate(uids)))
    return len(uids) / (time.perf_counter() - began)


@dataclass(frozen=True)
class Figures:
    """Calls a second of the bare pool and of ours, and how many workers were killed."""

    bare: float
    ours: float  # of the first half, while none was killed
    meanwhile: float  # of what followed, while they were
    kills: int

    @property
    def ratio(self) -> float:
        """How many times as long as the bare pool; 1.0 is as fast."""
        return self.bare / self.ours

    def __str__(self) -> str:
        mark = "" if self.ratio <= MOST_RATIO else f"  <-- above {MOST_RATIO}"
        killed = f"; {self.meanwhile:.0f} a second while {self.kills} were killed" if self.kills else ""
        return f"{self.ours:.0f} a second, bare pool {self.bare:.0f}, ratio {self.ratio:.2f}{mark}{killed}"


def measure(run: Run, kills: int) -> Figures:
    """Charge everything once, kill `kills` workers on the way, and look at every book."""
    spare = run.fill(max(AT_ONCE, run.due // 8))
    with run.sandbox(), ExitStack() as ends:
        before = bare(run.url, spare)
        workers = [run.start() for _each in range(run.workers)]
        ends.callback(lambda: [_kill(worker) for worker in workers])
        warm = max(run.due // 20, min(WARM, run.due // 4))  # by then every worker has started
        began = run.wait_until_taken(warm)
        half = run.due // 2
        halved = run.wait_until_taken(half)
        ours = (half - warm) / (halved - began)
        for number in range(kills):
            run.wait_until_taken(half + (run.due - half) * (number + 1) // (kills + 2))
            _kill(workers[number % run.workers])
            workers[number % run.workers] = run.start()
        rest = run.due - kills * MOST_IN_HAND
        meanwhile = max(0, rest - half) / (run.wait_until_taken(rest) - halved)
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(60)
        after = bare(run.url, spare)
        run.settle()
    run.assert_all_charged_once()
    return Figures((before + after) / 2, ours, meanwhile, kills)


def measured(due: int, kills: int, database_url: str | None = None, workers: int = 4) -> str:
    """One run in a folder of its own, as a line to print."""
    workers = workers if database_url else 1
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Run(Path(folder), due, database_url, workers), kills)
    where = f"PostgreSQL, {workers} workers" if database_url else "SQLite, inline"
    return f"{due:,} renewals at one minute, {where}: {figures}"


def _kill(worker: subprocess.Popen[bytes]) -> None:
    if worker.poll() is None:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


def main() -> None:
    words = argparse.ArgumentParser(prog="python -m bench.renewals", description=__doc__)
    words.add_argument("--due", type=int, default=10_000)
    words.add_argument("--kills", type=int, default=4)
    words.add_argument("--workers", type=int, default=4, help="processes beside PostgreSQL")
    words.add_argument("--database-url", help="an empty PostgreSQL database; else SQLite with the inline worker")
    asked = words.parse_args()
    print(measured(asked.due, asked.kills, asked.database_url, asked.workers), flush=True)


if __name__ == "__main__":
    main()
