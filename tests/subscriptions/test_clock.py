"""Due dates become one charge each: on time, within hours, once, and never in a burst."""

from dataclasses import replace
from datetime import time, timedelta

import pytest
from sqlalchemy.exc import DatabaseError

from merchant_admin.core.errors import Conflict, RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.payments.models import Charge
from merchant_admin.payments.states import ChargeKind
from merchant_admin.subscriptions import clock, service
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.subscriptions.models import PeriodCharge
from merchant_admin.subscriptions.states import CatchUp, SubscriptionState, Unit
from merchant_admin.worker.renewals import keep_promises, side_by_side
from tests.subscriptions.acting import (
    a_plan,
    an_order,
    attempts,
    day_of,
    fresh,
    pass_days,
    periods,
    states,
    subscribed,
    taken,
    today,
    turn,
)
from tests.support.books import assert_books_agree, assert_books_balance

DAILY = {"unit": Unit.DAY, "every": 1}


def test_a_start_today_is_charged_in_the_next_turn_and_then_each_month(each_world):
    made = subscribed(each_world)
    turn(each_world)
    pass_days(each_world, 31)
    assert states(each_world, made) == ["paid", "paid"]
    assert [period.due_on.isoformat() for period in periods(each_world, made)] == ["2026-11-23", "2026-12-23"]
    assert fresh(each_world, made).next_on.isoformat() == "2027-01-23"
    assert_books_balance(each_world.session)
    assert_books_agree(each_world.app, each_world.sandbox)


def test_the_same_turn_again_charges_nothing(each_world):
    subscribed(each_world)
    for _turn in range(4):
        turn(each_world)
    assert taken(each_world) == [9_900]


def test_a_charge_of_a_period_is_a_renewal_by_nobody(world):
    made = subscribed(world)
    turn(world)
    charge = world.session.get(Charge, attempts(world, made)[0].charge_id)
    assert (charge.kind, charge.staff_id, charge.sheet_key) == (
        ChargeKind.RENEWAL,
        None,
        f"{periods(world, made)[0].id}.1",
    )


def test_nothing_is_sent_outside_the_hours(world):
    made = subscribed(world)
    turn(world, Hours(time(13), time(20)))
    assert states(world, made) == ["due"]
    world.clock.advance(hours=1)
    turn(world, Hours(time(13), time(20)))
    assert states(world, made) == ["paid"]


def test_after_three_days_off_one_charge_is_made_and_the_rest_skipped(each_world):
    made = subscribed(each_world, a_plan(each_world, **DAILY))
    turn(each_world)
    each_world.clock.advance(days=3)
    for _turn in range(3):
        turn(each_world)
    assert states(each_world, made) == ["paid", "skipped", "skipped", "paid"]
    assert taken(each_world) == [9_900, 9_900]


def test_a_plan_may_let_a_missed_date_pass(world):
    made = subscribed(world, a_plan(world, catch_up=CatchUp.SKIP), starts_on=day_of(world, 1))
    world.clock.advance(days=4)
    turn(world)
    assert (states(world, made), taken(world)) == (["skipped"], [])
    assert fresh(world, made).next_on.isoformat() == "2026-12-24"


def test_a_lost_answer_blocks_the_period_and_is_settled_by_looking(each_world):
    made = subscribed(each_world, a_plan(each_world, **DAILY))
    each_world.sandbox.faults.plan("close_after", "/subscribe/payments/again")
    turn(each_world)
    assert states(each_world, made) == ["charging"]
    each_world.sandbox.faults.clear()
    each_world.clock.advance(days=1)
    turn(each_world)
    turn(each_world)
    assert states(each_world, made) == ["paid", "paid"]
    assert taken(each_world) == [9_900, 9_900]


def test_a_charge_that_never_arrived_is_sent_again_by_itself_under_the_same_number(each_world):
    made = subscribed(each_world)
    each_world.sandbox.faults.plan("close_before", "/subscribe/payments/again")
    turn(each_world)
    each_world.sandbox.faults.clear()
    for seconds in (190, 70, 70):
        each_world.clock.advance(seconds=seconds)
        turn(each_world)
    assert [(one.state.value, one.sends) for one in attempts(each_world, made)] == [("paid", 2)]
    assert states(each_world, made) == ["paid"]


def test_the_agreed_number_of_times_ends_it_when_the_last_period_is_over(world):
    made = subscribed(world, a_plan(world, **DAILY), times=2)
    turn(world)
    pass_days(world, 1)
    held = fresh(world, made)
    assert (held.state, held.ends_on) == (SubscriptionState.CANCELLING, day_of(world, 1))
    pass_days(world, 1)
    assert fresh(world, made).state is SubscriptionState.ENDED
    assert states(world, made) == ["paid", "paid"]


def test_a_trial_is_charged_on_its_last_day_and_not_before(world):
    made = subscribed(world, a_plan(world, trial_days=14))
    pass_days(world, 13)
    assert (fresh(world, made).state, states(world, made)) == (SubscriptionState.TRIAL, [])
    pass_days(world, 1)
    assert (fresh(world, made).state, states(world, made)) == (SubscriptionState.ACTIVE, ["paid"])


def test_a_pressed_charge_is_the_same_try_as_the_clocks(world):
    made = subscribed(world)
    service.collect_now(world.ctx(), world.gateway, made, 1)
    with pytest.raises(RuleBroken):
        service.collect_now(world.ctx(), world.gateway, made, 1)
    turn(world)
    assert (taken(world), states(world, made)) == ([9_900], ["paid"])


def test_a_second_charge_for_a_period_is_refused_by_the_database(each_world):
    made = subscribed(each_world)
    turn(each_world)
    period, other = periods(each_world, made)[0].id, subscribed(each_world)
    service.collect_now(each_world.ctx(), each_world.gateway, other)
    charge_id = attempts(each_world, other)[0].charge_id
    spare = Charge(
        id=new_id("chg"), sheet_key=new_id("sht"), body_hash="x", kind=ChargeKind.RENEWAL, mode=each_world.settings.mode,
        customer_id=fresh(each_world, made).customer_id, amount_krw=9_900, tax_free_krw=0, quota=0, name="x", memo="",
        created_at=each_world.clock.now(),
    )  # fmt: skip
    each_world.add(spare)
    with pytest.raises(DatabaseError, match="one live charge"):
        each_world.add(PeriodCharge(charge_id=spare.id, period_id=period, number=2, by_hand=False))
    assert charge_id


def test_a_page_drawn_before_a_date_came_leaves_no_later_date_out(world):
    made = subscribed(world, starts_on=day_of(world, 1))
    seen = fresh(world, made).version
    world.clock.advance(days=1)
    assert clock.open_due(world.ctx()) == 1
    with pytest.raises(Conflict):
        service.skip_next(world.ctx(), made, seen)
    assert states(world, made) == ["due"]


def test_forty_are_charged_side_by_side_and_none_twice(world):
    plan = a_plan(world)
    made = [subscribed(world, plan) for _each in range(40)]
    spread = side_by_side(world.app, lambda _app: world.ctx(), 8)
    keep_promises(world.ctx(), world.gateway, Hours(), spread=spread)
    assert taken(world) == [9_900] * 40
    assert {state for one in made for state in states(world, one)} == {"paid"}


def test_a_sheet_used_twice_is_one_subscription(world):
    order = an_order(world)
    assert service.subscribe(world.ctx(), order).id == service.subscribe(world.ctx(), order).id


def test_a_worker_that_died_with_a_batch_in_hand_holds_nobody_up_for_long(world):
    made = subscribed(world)
    assert len(clock.claim_due(world.ctx())) == 1
    turn(world)
    assert states(world, made) == ["due"]
    world.clock.advance(seconds=timedelta(minutes=2).total_seconds() + 1)
    turn(world)
    assert (states(world, made), today(world)) == (["paid"], day_of(world, 0))


def test_what_is_due_in_another_mode_is_left_alone(world):
    subscribed(world)
    other = replace(world.ctx(), mode="test")
    assert clock.claim_due(other) == []
    world.clock.advance(days=40)
    assert clock.open_due(other) == clock.end_due(other) == 0
    assert len(clock.claim_due(world.ctx())) == 1
