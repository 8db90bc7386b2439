"""Two hundred renewals due at one minute, 16 calls at a time, a worker killed on the way: all charged, none twice.

The same at full size, with figures: `python -m bench.renewals` (docs/performance.md).
"""

from collections import Counter

import pytest
from sqlalchemy import func, select

from bench import promised
from merchant_admin import create_app
from merchant_admin.core.clock import SystemClock
from merchant_admin.core.db import db
from merchant_admin.core.times import seoul_day
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.subscriptions.models import Period
from merchant_admin.worker.loop import context_of
from merchant_admin.worker.renewals import keep_promises
from merchant_admin.worker.service import run_once
from tests.support.clocks import LaterClock
from tests.support.world import settings_for
from tests.worker import victim
from tests.worker.shop import AGAIN, PROCESSES, until

DUE, ALL_AT_ONCE = 200, 16


@pytest.mark.long
def test_all_are_charged_once_although_a_worker_is_killed(shop):
    with shop.app.app_context():
        now = SystemClock().now()
        uids = promised.fill(DUE, now, due_on=seoul_day(now))
        db.session.remove()
    promised.register(str(shop.folder / "sandbox.db"), uids)
    shop.sandbox.faults.plan("delay_before", AGAIN, seconds=0.1, times=1_000_000)
    workers = [_worker(shop) for _each in range(_how_many(shop))]
    until(lambda: _paid(shop) >= DUE // 4)
    workers[0].kill()
    workers.append(_worker(shop))
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers[1:]] == [0] * (len(workers) - 1)
    _settle(shop)
    assert set(Counter(payment["customer_uid"] for payment in _payments(shop)).values()) == {1}
    with shop.app.app_context():
        assert db.session.execute(select(Period.state, func.count()).group_by(Period.state)).all() == [("paid", DUE)]
        db.session.remove()
    shop.assert_right()


def _how_many(shop):
    return 4 if "DATABASE_URL" in shop.env else 1


def _worker(shop):
    process = PROCESSES.Process(target=victim.renew, args=(str(shop.folder), shop.env, ALL_AT_ONCE // _how_many(shop)))
    process.start()
    return process


def _payments(shop):
    return [payment for payment in shop.sandbox.payments() if payment["status"] == "paid" and payment["amount"]]


def _paid(shop):
    with shop.sandbox.hub.store.read() as rows:
        return rows.execute("SELECT count(*) FROM payments WHERE status = 'paid' AND NOT is_hidden").fetchone()[0]


def _settle(shop):
    """What a restarted worker does about the rest, by a clock that goes on."""
    clock = LaterClock()
    app = create_app(settings_for(shop.folder, **shop.env), clock=clock)
    shop.sandbox.faults.clear()
    with app.app_context():
        gateway = app.extensions["merchant_admin"].gateway
        for clock.ahead in (0, 130, 250, 320, 400, 480):
            for _round in range(5):  # twenty looks in each
                run_once(context_of(app), gateway)
            keep_promises(context_of(app), gateway, Hours(*victim.ALL_DAY), at_once=ALL_AT_ONCE)
        db.session.remove()
        db.engine.dispose()
