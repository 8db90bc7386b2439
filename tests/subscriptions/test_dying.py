"""A worker that stops for ever in the middle of the due duty: before the call, after it, between two writes."""

import pytest

from merchant_admin.core.db import db
from merchant_admin.subscriptions import clock, dunning
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.worker.renewals import keep_promises
from tests.subscriptions.acting import attempts, states, subscribed, taken, turn
from tests.support.books import assert_books_agree, assert_books_balance


class Death(BaseException):
    """Nothing of the process runs after it, as after SIGKILL: the database holds what was committed."""


class DyingGateway:
    """The real gateway, for a process that dies just before a charge or just after its answer."""

    def __init__(self, real, point):
        self._real, self._point = real, point

    def __getattr__(self, name):
        return getattr(self._real, name)

    def charge_again(self, order):
        if self._point == "before":
            raise Death
        self._real.charge_again(order)
        raise Death


def die(world, act):
    with pytest.raises(Death):
        act()
    db.session.remove()


@pytest.mark.parametrize("point", ["before", "after"])
def test_a_worker_killed_at_the_call_leaves_one_charge(each_world, point):
    made = subscribed(each_world)
    gateway = DyingGateway(each_world.gateway, point)
    die(each_world, lambda: keep_promises(each_world.ctx(), gateway, Hours()))
    for seconds in (0, 250, 190, 70, 70):
        each_world.clock.advance(seconds=seconds)
        turn(each_world)
    assert (states(each_world, made), taken(each_world)) == (["paid"], [9_900])
    assert len(attempts(each_world, made)) == 1
    assert_books_balance(each_world.session)
    assert_books_agree(each_world.app, each_world.sandbox)


def test_a_worker_killed_before_it_wrote_the_outcome_down_forgets_nothing(each_world, monkeypatch):
    made = subscribed(each_world)
    clock.open_due(each_world.ctx())
    (period_id,) = clock.claim_due(each_world.ctx())
    with monkeypatch.context() as patched:
        patched.setattr(dunning, "settle", lambda *_words: (_ for _ in ()).throw(Death))
        die(each_world, lambda: clock.see_to(each_world.ctx(), each_world.gateway, period_id))
    turn(each_world)
    assert (states(each_world, made), taken(each_world)) == (["paid"], [9_900])


def test_the_duty_replayed_for_the_same_period_charges_nothing_more(each_world):
    made = subscribed(each_world)
    (period_id,) = clock.claim_due(each_world.ctx())
    for _again in range(3):
        clock.see_to(each_world.ctx(), each_world.gateway, period_id)
        clock.collect(each_world.ctx(), each_world.gateway, period_id, number=1)
        clock.follow_up(each_world.ctx(), each_world.gateway, period_id)
    assert (states(each_world, made), taken(each_world)) == (["paid"], [9_900])
