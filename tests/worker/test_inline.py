"""The worker as a thread of the web process."""

import threading
import time

from merchant_admin.payments.states import AttemptState
from merchant_admin.worker import inline
from tests.payments.acting import attempt_of
from tests.worker.test_rounds import a_lost_charge


def test_the_inline_worker_settles_a_lost_charge_and_stops_cleanly(world):
    done = a_lost_charge(world)
    world.clock.advance(6)
    worker = inline.start(world.app)
    assert inline.start(world.app) is worker
    ends = time.monotonic() + 30
    while attempt_of(world, done).state is not AttemptState.PAID:
        assert time.monotonic() < ends
        time.sleep(0.05)
    inline.stop(world.app)
    assert "worker" not in {thread.name for thread in threading.enumerate()}


def test_no_worker_runs_beside_a_test(world, client):
    client.get("/healthz")
    assert "worker" not in {thread.name for thread in threading.enumerate()}
