"""Webhooks: written down in the same commit as the change, sent afterwards by a thread of their own.

An outgoing call goes only to the merchant's configured address or the `notice_url` of the payment.
"""

import json
import sqlite3
import threading
import time
from typing import Any, Literal, get_args

import requests

from portone_sandbox.clock import SandboxClock
from portone_sandbox.merchants import Merchant, Merchants
from portone_sandbox.payments import Payment
from portone_sandbox.store import Store

FIRST_TIMEOUT = (10, 30)
AGAIN_TIMEOUT = (10, 15)
MOST_TRIES = 6
MOST_SENDERS = 4  # a slow receiver holds up one of them
LEASE_SECONDS = 45.0
Mode = Literal["normal", "lost", "doubled", "delayed", "reordered"]
MODES: tuple[Mode, ...] = get_args(Mode)


class Webhooks:
    """The outbox of one sandbox."""

    def __init__(self, store: Store, clock: SandboxClock, merchants: Merchants, retry_seconds: float = 60.0) -> None:
        self.http = requests.Session()  # a test may mount an in-process adapter here
        self.http.trust_env = False
        self._store = store
        self._clock = clock
        self._merchants = merchants
        self._retry_seconds = retry_seconds
        self._work = threading.Condition()
        self._senders: list[threading.Thread] = []
        self._has_news = True  # something may wait from an earlier run
        self._stopped = threading.Event()

    def payment_changed(
        self,
        db: sqlite3.Connection,
        merchant: Merchant,
        payment: Payment,
        now: int,
        *,
        cancellation_id: str | None = None,
    ) -> None:
        """Write down the webhooks of a change; nothing for a key issued without a charge."""
        if payment.amount == 0:
            return
        body = {"imp_uid": payment.imp_uid, "merchant_uid": payment.merchant_uid, "status": payment.status}
        if cancellation_id:
            body["cancellation_id"] = cancellation_id
        targets = payment.inner.notice_urls or ([merchant.webhook_url] if merchant.webhook_url else [])
        for url in targets:
            self.write_down(db, merchant.imp_code, url, body, now)

    def write_down(self, db: sqlite3.Connection, imp_code: str, url: str, body: dict[str, str], now: int) -> None:
        """Put one call into the outbox, as the chosen mode wants it."""
        self._has_news = True
        for state, delay in _as_the_mode_wants(db):
            db.execute(
                "INSERT INTO webhooks (imp_code, url, body, made_at, due, state) VALUES (?, ?, ?, ?, ?, ?)",
                (imp_code, url, json.dumps(body), now, time.time() + delay, state),
            )

    def set_mode(self, mode: Mode, seconds: float = 2.0) -> None:
        """How webhooks reach their receiver from now on; `seconds` is the lag of delayed and reordered ones."""
        self._store.set_meta("webhook_mode", json.dumps({"mode": mode, "seconds": seconds}))

    def mode(self) -> tuple[Mode, float]:
        """The mode and its lag."""
        kept = json.loads(self._store.meta("webhook_mode") or '{"mode": "normal", "seconds": 0}')
        return kept["mode"], kept["seconds"]

    def log(self, most: int = 500) -> list[dict[str, Any]]:
        """The latest webhooks with every attempt and what came back, oldest first."""
        with self._store.read() as db:
            rows = db.execute("SELECT * FROM webhooks ORDER BY id DESC LIMIT ?", (most,)).fetchall()
            tried = db.execute(
                "SELECT * FROM webhook_attempts WHERE webhook_id >= ? ORDER BY id", (rows[-1]["id"] if rows else 0,)
            ).fetchall()
        attempts: dict[int, list[dict[str, Any]]] = {}
        for one in tried:
            seen = {name: one[name] for name in ("sent_at", "status", "error", "seconds")}
            attempts.setdefault(one["webhook_id"], []).append(seen)
        return [
            {
                "id": row["id"], "imp_code": row["imp_code"], "url": row["url"], "body": json.loads(row["body"]),
                "made_at": row["made_at"], "state": row["state"], "attempts": attempts.get(row["id"], []),
            }
            for row in reversed(rows)
        ]  # fmt: skip

    def send_all_again(self, state: str) -> int:
        """Send every webhook of one state (`lost`, `failed`, `sent`) once more; how many."""
        with self._store.write() as db:
            count = db.execute(
                "UPDATE webhooks SET state = 'waiting', due = ?, tries = 0 WHERE state = ?", (time.time(), state)
            ).rowcount
        self._has_news = True
        self.wake()
        return count

    def send_again(self, webhook_id: int) -> bool:
        """Send one more time, as the console's button does. False if there is no such webhook."""
        with self._store.write() as db:
            found = db.execute(
                "UPDATE webhooks SET state = 'waiting', due = ?, tries = 0 WHERE id = ? RETURNING id",
                (time.time(), webhook_id),
            ).fetchone()
        self._has_news = True
        self.wake()
        return found is not None

    def send_test(self, merchant: Merchant, url: str | None = None) -> bool:
        """The console's test button: a call about a payment that doesn't exist. False if there is no address."""
        target = url or merchant.webhook_url
        if target is None:
            return False
        body = {"imp_uid": "imp_000000000000", "merchant_uid": "sandbox_test", "status": "paid"}
        with self._store.write() as db:
            self.write_down(db, merchant.imp_code, target, body, self._clock.now())
        self.wake()
        return True

    def wake(self) -> None:
        """Let written webhooks go out, by threads that start when there is something to send. Never waits."""
        with self._work:
            if self._stopped.is_set() or not self._has_news:
                return
            self._has_news = False
            self._senders = [one for one in self._senders if one.is_alive()]
            if len(self._senders) < min(MOST_SENDERS, self._count_waiting()):
                sender = threading.Thread(target=self._run, name="sandbox-webhooks", daemon=True)
                self._senders.append(sender)
                sender.start()
            self._work.notify()

    def stop(self) -> None:
        """Send nothing more; what is waiting stays written down."""
        with self._work:
            self._stopped.set()
            self._work.notify_all()
        for sender in self._senders:
            if sender is not threading.current_thread():
                sender.join(timeout=2)

    def deliver_due(self) -> int:
        """Send everything that is due, now and in this thread; the number of calls made."""
        made = 0
        while not self._stopped.is_set() and (claimed := self._claim()) is not None:
            self._send(claimed)
            made += 1
        return made

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self.deliver_due()
                with self._work:  # looked at under the lock, so that news in between is not slept through
                    if not self._stopped.is_set():
                        self._work.wait(self._nap())
            except sqlite3.Error:
                if self._stopped.is_set():  # the database went away under us
                    return
                raise

    def _nap(self) -> float:
        with self._store.read() as db:
            row = db.execute("SELECT min(due) AS due FROM webhooks WHERE state = 'waiting'").fetchone()
        return 3600.0 if row["due"] is None else max(0.05, row["due"] - time.time())

    def _count_waiting(self) -> int:
        with self._store.read() as db:
            return int(db.execute("SELECT count(*) FROM webhooks WHERE state = 'waiting'").fetchone()[0])

    def _claim(self) -> sqlite3.Row | None:
        with self._store.write() as db:
            row: sqlite3.Row | None = db.execute(
                "UPDATE webhooks SET due = ?, tries = tries + 1 WHERE id ="
                " (SELECT id FROM webhooks WHERE state = 'waiting' AND due <= ? ORDER BY due, id LIMIT 1) RETURNING *",
                (time.time() + LEASE_SECONDS, time.time()),
            ).fetchone()
        return row

    def _send(self, row: sqlite3.Row) -> None:
        merchant = self._merchants.by_code(row["imp_code"])
        body = json.loads(row["body"])
        as_form = merchant is not None and merchant.webhook_format == "form"
        began, status, error = time.monotonic(), None, None
        try:
            with self.http.post(
                row["url"], data=body if as_form else None, json=None if as_form else body, stream=True,
                timeout=FIRST_TIMEOUT if row["tries"] == 1 else AGAIN_TIMEOUT, allow_redirects=False,
            ) as received:  # fmt: skip
                status = received.status_code
        except (requests.RequestException, ValueError) as problem:
            error = type(problem).__name__
        again = merchant is not None and merchant.webhook_retries and row["tries"] < MOST_TRIES
        retry = again and (status is None or status >= 500)
        state = "sent" if status == 200 else "waiting" if retry else "failed"
        with self._store.write() as db:
            db.execute(
                "INSERT INTO webhook_attempts (webhook_id, sent_at, status, error, seconds) VALUES (?, ?, ?, ?, ?)",
                (row["id"], self._clock.now(), status, error, time.monotonic() - began),
            )
            db.execute(  # unless somebody ordered it again meanwhile
                "UPDATE webhooks SET state = ?, due = ? WHERE id = ? AND due = ?",
                (state, time.time() + self._retry_seconds, row["id"], row["due"]),
            )


def _as_the_mode_wants(db: sqlite3.Connection) -> list[tuple[str, float]]:
    """State and lag of each call to write down for one change."""
    row = db.execute("SELECT value FROM meta WHERE name = 'webhook_mode'").fetchone()
    mode: dict[str, Any] = json.loads(row["value"]) if row else {"mode": "normal", "seconds": 0}
    lag = float(mode["seconds"])
    match mode["mode"]:
        case "lost":
            return [("lost", 0.0)]
        case "doubled":
            return [("waiting", 0.0), ("waiting", 0.0)]
        case "delayed":
            return [("waiting", lag)]
        case "reordered":  # every other one is overtaken by its follower
            earlier = db.execute("SELECT count(*) FROM webhooks").fetchone()[0]
            return [("waiting", lag if earlier % 2 == 0 else 0.0)]
        case _:
            return [("waiting", 0.0)]
