"""What happens by itself as time passes, each thing at its own time, however far the clock jumped."""

import threading
import time
from datetime import timedelta

from portone_sandbox import payments, schedules
from portone_sandbox.clock import in_seoul
from portone_sandbox.hub import Hub

REVERSAL_HOUR, REVERSAL_MINUTE = 23, 30  # inside JTNET's nightly window
LOOK_EVERY_SECONDS = 1.0
NEVER = 2**62


def run_due(hub: Hub) -> int:
    """Do everything that is due by now, oldest first. Returns when something is due next, as next_due does."""
    ahead = next_due(hub)
    if ahead > hub.clock.now():
        return ahead
    with hub.one_at_a_time:
        now = hub.clock.now()
        while min(due := _due_of_each_kind(hub)) <= now:
            late_approval, schedule, night = due
            if night <= min(late_approval, schedule):
                _reverse(hub, night)
            elif late_approval <= schedule:
                _approve(hub, late_approval)
            else:
                schedules.run_one(hub, now)
    return min(due)


def next_due(hub: Hub) -> int:
    """The second at which something happens next; NEVER if nothing is in sight."""
    return min(_due_of_each_kind(hub))


class Ticker:
    """Looks at the timetable every second for as long as something stands in it."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Start looking, if nobody does."""
        with self._lock:
            if self._stopped.is_set() or (self._thread is not None and self._thread.is_alive()):
                return
            self._thread = threading.Thread(target=self._run, name="sandbox-timetable", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopped.wait(LOOK_EVERY_SECONDS):
            if run_due(self._hub) == NEVER:
                return


def _due_of_each_kind(hub: Hub) -> tuple[int, int, int]:
    """When the next late approval, schedule and nightly reversal are due."""
    with hub.store.read() as db:
        row = db.execute(
            "SELECT (SELECT min(due_at) FROM payments WHERE due_at > 0) AS approval,"
            " (SELECT min(schedule_at) FROM schedules WHERE schedule_status = 'scheduled' AND running_until < ?)"
            " AS schedule,"
            " (SELECT value FROM meta WHERE name = 'next_reversal') AS night",
            (time.time(),),
        ).fetchone()
    return row["approval"] or NEVER, row["schedule"] or NEVER, int(row["night"] or NEVER)


def _approve(hub: Hub, then: int) -> None:
    """A card company that answered late with a no says yes after all, unless the order was paid meanwhile."""
    with hub.store.write() as db:
        row = db.execute(
            "SELECT imp_code, body, inner FROM payments WHERE due_at > 0 AND due_at <= ?"
            " ORDER BY due_at, rowid LIMIT 1",
            (then,),
        ).fetchone()
        if row is None:
            return
        payment = payments.load(row)
        payment.inner.approves_at = 0
        merchant = hub.merchants.in_store(db, row["imp_code"])
        is_approved = not payments.is_burnt(db, row["imp_code"], payment.merchant_uid, time.time())
        if is_approved:
            payment.approve(then)
        payments.save(db, row["imp_code"], payment, then)
        schedules.follow(db, row["imp_code"], payment)
        if is_approved and merchant is not None:
            hub.webhooks.payment_changed(db, merchant, payment, then)
    hub.webhooks.wake()


def reverse_nightly(hub: Hub, *, is_on: bool) -> None:
    """Switch JTNET's nightly reversal of test payments on or off."""
    if not is_on:
        hub.store.drop_meta("next_reversal")
    elif hub.store.meta("next_reversal") is None:
        hub.store.set_meta("next_reversal", str(_night_after(hub.clock.now())))


def _reverse(hub: Hub, night: int) -> None:
    """The PG takes back the day's test payments. PortOne's rows stay as they are; only a later cancel notices."""
    with hub.store.write() as db:
        db.execute(
            "UPDATE payments SET inner = json_set(inner, '$.reversed_by_pg', json('true'))"
            " WHERE status IN ('paid', 'cancelled') AND paid_at BETWEEN 1 AND ?"
            " AND json_extract(body, '$.pg_provider') = 'jtnet' AND json_extract(body, '$.sandbox')",
            (night,),
        )
        db.execute("UPDATE meta SET value = ? WHERE name = 'next_reversal'", (str(_night_after(night)),))


def _night_after(second: int) -> int:
    tonight = in_seoul(second).replace(hour=REVERSAL_HOUR, minute=REVERSAL_MINUTE, second=0)
    return int((tonight if tonight.timestamp() > second else tonight + timedelta(days=1)).timestamp())
