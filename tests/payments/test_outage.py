"""PortOne away: charges are refused, or held by the clerk's choice and sent once, in turn, when it answers again."""

from types import SimpleNamespace

import pytest
from sqlalchemy import select

from merchant_admin.billing_keys.states import KeyState
from merchant_admin.core.errors import Conflict, GatewayUnreachable, RuleBroken
from merchant_admin.payments import holding
from merchant_admin.payments.models import Attempt, Charge
from merchant_admin.payments.service import hold_charge
from merchant_admin.payments.states import AttemptState
from merchant_admin.worker.service import run_once
from tests.payments.acting import attempt_of, charge, sends
from tests.support.books import assert_books_agree


@pytest.fixture
def outage(each_world):
    """Stops all calls; `over()` lets PortOne answer again."""
    world, now = each_world, SimpleNamespace(at=0.0)
    world.gateway.breaker.clock = lambda: now.at

    def begin():
        world.sandbox.faults.plan("status_before", "*", times=100_000)
        for _ in range(5):
            world.gateway.breaker.failed()

    def over():
        world.sandbox.faults.clear()
        now.at += 31

    return SimpleNamespace(begin=begin, over=over, now=now)


def go(world):
    world.session.rollback()
    return run_once(world.ctx(), world.gateway)


def ready(world):
    world.session.rollback()
    return list(world.session.scalars(select(Attempt).where(Attempt.state == AttemptState.READY)))


def test_by_default_a_charge_is_refused_and_nothing_is_written(each_world, outage, sheet):
    key = each_world.a_key()
    outage.begin()
    with pytest.raises(GatewayUnreachable):
        charge(each_world, sheet(key))
    assert each_world.session.scalars(select(Charge)).all() == []


def test_a_held_charge_is_written_and_not_sent_until_portone_answers_and_then_sent_once(each_world, outage, sheet):
    world, key = each_world, each_world.a_key()
    outage.begin()
    held = hold_charge(world.ctx(), sheet(key))
    assert (attempt_of(world, held).state, attempt_of(world, held).evidence) == (AttemptState.READY, "held")
    for _ in range(3):
        go(world)
    assert sends(world) == 0
    outage.over()
    for _ in range(3):
        go(world)
        world.clock.advance(2)
    assert attempt_of(world, held).state is AttemptState.PAID
    assert sends(world) == 1
    assert_books_agree(world.app, world.sandbox)


def test_one_sheet_is_held_or_sent_and_never_both(each_world, outage, sheet):
    world, filled = each_world, sheet(each_world.a_key())
    outage.begin()
    first = hold_charge(world.ctx(), filled).id
    assert hold_charge(world.ctx(), filled).id == first
    outage.over()
    assert charge(world, filled).id == first
    assert sends(world) == 0
    go(world)
    assert charge(world, filled).id == first
    assert sends(world) == 1


def test_a_held_charge_counts_as_the_same_sum(world, sheet):
    key = world.a_key()
    hold_charge(world.ctx(), sheet(key))
    with pytest.raises(RuleBroken):
        charge(world, sheet(key))
    with pytest.raises(RuleBroken):
        hold_charge(world.ctx(), sheet(key))


def test_another_wish_on_a_held_sheet_is_a_conflict(world, sheet):
    import dataclasses

    filled = sheet(world.a_key())
    hold_charge(world.ctx(), filled)
    with pytest.raises(Conflict):
        hold_charge(world.ctx(), dataclasses.replace(filled, amount_krw=1_000))


def test_after_the_outage_they_leave_in_due_order_and_never_in_a_burst(each_world, outage, sheet):
    world, key = each_world, each_world.a_key()
    outage.begin()
    wanted = []
    for number in range(8):
        wanted.append(hold_charge(world.ctx(), sheet(key, 10_000 + number)).id)
        world.clock.advance(1)
    outage.over()
    rounds = []
    while ready(world):
        before = sends(world)
        go(world)
        go(world)  # a second worker in the same second
        rounds.append(sends(world) - before)
        world.clock.advance(1.5)
    assert max(rounds) <= holding.MOST_A_SECOND
    assert sum(rounds) == 8
    sent = select(Attempt.charge_id).order_by(Attempt.sent_at, Attempt.created_at)
    assert list(world.session.scalars(sent)) == wanted
    assert_books_agree(world.app, world.sandbox)


def test_a_held_charge_whose_card_is_gone_ends_unsent(world, sheet):
    key = world.a_key()
    held = hold_charge(world.ctx(), sheet(key))
    with world.ctx().atomic() as session:
        session.get_one(type(key), key.id).state = KeyState.MISSING
    go(world)
    assert attempt_of(world, held).state is AttemptState.ABANDONED
    assert sends(world) == 0


def test_what_waited_for_more_than_a_day_is_left_to_a_person(world, sheet):
    held = hold_charge(world.ctx(), sheet(world.a_key()))
    world.clock.advance(hours=25)
    go(world)
    assert attempt_of(world, held).state is AttemptState.READY
    assert sends(world) == 0


def test_two_workers_send_a_held_charge_once(world, sheet):
    held = hold_charge(world.ctx(), sheet(world.a_key()))
    attempt_id = attempt_of(world, held).id
    world.session.rollback()
    assert [holding.send_held(world.ctx(), world.gateway, attempt_id) for _ in range(2)] == [True, False]
    assert sends(world) == 1


def test_the_breaker_says_since_when(world):
    breaker, now = world.gateway.breaker, SimpleNamespace(at=100.0)
    breaker.clock = lambda: now.at
    assert breaker.open_seconds is None
    for _ in range(5):
        breaker.failed()
    now.at += 90
    breaker.failed()
    assert breaker.open_seconds == 90
    breaker.succeeded()
    assert breaker.open_seconds is None
