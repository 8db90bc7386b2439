"""Whoever writes down many charges locks them in one order, so that two of them never wait for each other in a ring."""

import threading
import time

import pytest
from sqlalchemy import select, text

from merchant_admin.core.db import db, reading_engine
from merchant_admin.payments import sending
from merchant_admin.payments.models import Attempt
from merchant_admin.reconcile.intake import take_in
from merchant_admin.subscriptions import clock, collecting
from tests.subscriptions.acting import a_plan, states, subscribed

LONGEST_SECONDS = 20


def _takes_in(world, answered):
    take_in(world.ctx(), [answer.transaction for _one, answer in answered], source="sync")


def _writes_down(world, answered):
    collecting.write_down(world.ctx(), answered)


@pytest.mark.parametrize(
    ("act", "card"), [(_takes_in, "approve"), (_writes_down, "approve"), (_writes_down, "balance")]
)
def test_who_waits_for_the_first_charge_holds_none_of_the_others(postgres_world, act, card):
    world, plan = postgres_world, a_plan(postgres_world)
    made = [subscribed(world, plan, card) for _each in range(6)]
    claimed, _others = collecting.claim(world.ctx(), clock.claim_due(world.ctx()))
    answered = [(one, sending.ask(world.gateway, one.send)) for one in claimed]
    ids = sorted(one.send.attempt_id for one in claimed)
    answered.sort(key=lambda pair: pair[0].send.attempt_id, reverse=True)  # the other way round
    with db.engine.connect() as other:
        _lock(other, ids[0])
        thread = threading.Thread(target=_in_the_app, args=(world, lambda: act(world, answered)))
        thread.start()
        _wait_until_somebody_waits(thread)
        for attempt_id in ids[1:]:
            _lock(other, attempt_id)
        other.rollback()
    thread.join(LONGEST_SECONDS)
    paid = ["paid"] if card == "approve" else ["retrying"]
    assert [states(world, one) for one in made] == [paid] * 6


def _lock(connection, attempt_id):
    connection.execute(select(Attempt.id).where(Attempt.id == attempt_id).with_for_update(nowait=True)).one()


def _in_the_app(world, act):
    with world.app.app_context():
        try:
            act()
        finally:
            db.session.remove()


def _wait_until_somebody_waits(thread):
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    ends = time.monotonic() + LONGEST_SECONDS
    with reading_engine(db.engine).connect() as connection:
        while not connection.execute(waiting).scalar_one():
            assert thread.is_alive()
            assert time.monotonic() < ends
            time.sleep(0.01)
