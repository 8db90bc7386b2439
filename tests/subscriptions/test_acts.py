"""What staff can do with a subscription: each act once, on the version that was seen, with the dates it showed."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from merchant_admin.core.errors import Conflict, NotFound, RuleBroken
from merchant_admin.core.settings import Mode
from merchant_admin.customers.models import Customer
from merchant_admin.customers.service import archive_customer
from merchant_admin.subscriptions import clock, plans, service
from merchant_admin.subscriptions.models import Subscription
from merchant_admin.subscriptions.service import Change
from merchant_admin.subscriptions.states import (
    NEXT,
    NEXT_PERIOD,
    AfterLast,
    SubscriptionState,
    Unit,
    advance,
    advance_period,
)
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
from tests.support.furnish import payment_of, refund


def act(world, made, doing, *words):
    return doing(world.ctx(), made, fresh(world, made).version, *words)


@pytest.mark.parametrize(("table", "move"), [(NEXT, advance), (NEXT_PERIOD, advance_period)])
def test_every_pair_of_states_is_decided(table, move):
    for before in table:
        for after in table:
            if after in table[before]:
                assert move(before, after) is after
            else:
                with pytest.raises(RuleBroken):
                    move(before, after)


def test_the_database_refuses_a_move_the_table_does_not_hold(each_world):
    from sqlalchemy import text
    from sqlalchemy.exc import DatabaseError

    made = subscribed(each_world)
    act(each_world, made, service.cancel_now, "고객 요청")
    with pytest.raises(DatabaseError, match="forbidden move"), each_world.ctx().atomic() as session:
        session.execute(text("UPDATE subscriptions SET state = 'active', ended_at = NULL"))


def test_two_staff_at_once_one_is_told(each_world):
    made = subscribed(each_world, starts_on=day_of(each_world, 3))
    seen = fresh(each_world, made).version
    service.pause(each_world.ctx(), made, seen)
    with pytest.raises(Conflict):
        service.cancel_now(each_world.ctx(), made, seen, "고객 요청")
    assert fresh(each_world, made).state is SubscriptionState.PAUSED


def test_a_new_price_holds_from_the_next_charge_on(world):
    made = subscribed(world)
    turn(world)
    change = Change(amount_krw=12_000)
    shown = service.preview_change(world.session, fresh(world, made), change, today(world))
    act(world, made, service.change_terms, change)
    pass_days(world, 30)
    assert [one.amount_krw for one in shown] == [12_000] * 3
    assert sorted(taken(world)) == [9_900, 12_000]


def test_a_new_date_carries_the_later_ones_with_it(world):
    made = subscribed(world)
    turn(world)
    change = Change(next_on=date(2026, 12, 31))
    shown = service.preview_change(world.session, fresh(world, made), change, today(world))
    act(world, made, service.change_terms, change)
    assert [one.on.isoformat() for one in shown] == ["2026-12-31", "2027-01-31", "2027-02-28"]
    assert fresh(world, made).next_on == shown[0].on


def test_another_plan_brings_its_price_and_cycle(world):
    made = subscribed(world)
    turn(world)
    yearly = a_plan(world, name="연 구독", amount_krw=99_000, unit=Unit.YEAR)
    act(world, made, service.change_terms, Change(plan_id=yearly.id))
    held = fresh(world, made)
    assert (held.amount_krw, held.unit, held.next_on, held.plan_id) == (
        99_000,
        Unit.YEAR,
        date(2026, 12, 23),
        yearly.id,
    )


def test_a_monthly_plan_after_a_weekly_one_begins_on_its_next_date(world):
    made = subscribed(world, a_plan(world, unit=Unit.WEEK), starts_on=date(2026, 11, 24))
    world.clock.advance(days=1)
    turn(world)
    change = Change(plan_id=a_plan(world, name="월 구독").id)
    pass_days(world, 6)
    shown = service.preview_change(world.session, fresh(world, made), change, today(world))
    act(world, made, service.change_terms, change)
    assert [one.on.isoformat() for one in shown] == ["2026-12-01", "2027-01-01", "2027-02-01"]
    assert fresh(world, made).next_on == shown[0].on
    assert taken(world) == [9_900]


def test_the_end_of_the_month_stays_so_when_another_plan_or_date_is_taken(world):
    made = subscribed(world, starts_on=date(2027, 1, 31))
    world.clock.set(world.clock.now() + timedelta(days=69))
    turn(world)
    held = fresh(world, made)
    assert (taken(world), held.next_on) == ([9_900], date(2027, 2, 28))
    every_second = Change(plan_id=a_plan(world, every=2).id)
    last_days = Change(next_on=date(2027, 2, 28), at_month_end=True)
    same_days = Change(next_on=date(2027, 2, 28))
    shown = [
        [one.on.isoformat()[5:] for one in service.preview_change(world.session, held, change, today(world))]
        for change in (every_second, last_days, same_days)
    ]
    assert shown == [["02-28", "04-30", "06-30"], ["02-28", "03-31", "04-30"], ["02-28", "03-28", "04-28"]]


def test_a_pause_charges_nothing_and_missed_dates_are_not_made_up_for(world):
    made = subscribed(world)
    turn(world)
    act(world, made, service.pause)
    pass_days(world, 40)
    shown = service.preview_resume(fresh(world, made), today(world))
    act(world, made, service.resume)
    assert (taken(world), fresh(world, made).next_on, shown[0].on) == ([9_900], date(2027, 1, 23), date(2027, 1, 23))


def test_one_is_skipped_and_the_next_is_charged(world):
    made = subscribed(world, a_plan(world, unit=Unit.WEEK), times=2)
    turn(world)
    shown = service.preview_skip(fresh(world, made))
    act(world, made, service.skip_next)
    assert ([one.on for one in shown], fresh(world, made).next_on) == ([day_of(world, 14)], day_of(world, 14))
    assert periods(world, made)[1].settled_at == world.clock.now()
    pass_days(world, 14)
    assert (states(world, made), taken(world)) == (["paid", "skipped", "paid"], [9_900, 9_900])


def test_a_planned_end_comes_on_the_day_it_said_and_may_be_taken_back_before(world):
    made = subscribed(world, a_plan(world, unit=Unit.WEEK))
    turn(world)
    act(world, made, service.cancel_at_period_end, "고객 요청")
    act(world, made, service.keep)
    assert (fresh(world, made).state, fresh(world, made).next_on) == (SubscriptionState.ACTIVE, day_of(world, 7))
    act(world, made, service.cancel_at_period_end, "고객 요청")
    pass_days(world, 7)
    assert (fresh(world, made).state, taken(world)) == (SubscriptionState.ENDED, [9_900])


def test_a_trial_whose_end_was_taken_back_is_a_trial_again(world):
    made = subscribed(world, a_plan(world, trial_days=5))
    act(world, made, service.cancel_at_period_end, "고객 요청")
    act(world, made, service.keep)
    assert (fresh(world, made).state, taken(world)) == (SubscriptionState.TRIAL, [])
    pass_days(world, 5)
    assert (fresh(world, made).state, taken(world)) == (SubscriptionState.ACTIVE, [9_900])


def test_a_trial_that_is_made_longer_ends_on_the_new_day(world):
    made = subscribed(world, a_plan(world, trial_days=5))
    act(world, made, service.change_terms, Change(next_on=day_of(world, 9)))
    assert (fresh(world, made).state, fresh(world, made).trial_until) == (SubscriptionState.TRIAL, day_of(world, 9))


def test_a_sheet_that_was_used_starts_nothing_else(world):
    order, key = an_order(world), world.a_key()
    made = service.subscribe(world.ctx(), order)
    for other in ({"plan_id": a_plan(world).id}, {"customer_id": key.customer_id, "billing_key_id": key.id}):
        with pytest.raises(Conflict):
            service.subscribe(world.ctx(), replace(order, **other))
    assert world.session.scalars(select(Subscription.id)).all() == [made.id]


def test_an_early_end_suggests_the_unused_days_back(world):
    made = subscribed(world, a_plan(world, amount_krw=30_000))
    turn(world)
    world.clock.advance(days=9)
    found = service.refund_suggestion(world.session, made, today(world))
    assert (found.unused_days, found.all_days, found.amount_krw) == (20, 30, 20_000)


def test_only_the_newest_paid_period_is_given_back_and_none_that_is_over(world):
    made = subscribed(world, a_plan(world, unit=Unit.WEEK))
    turn(world)
    act(world, made, service.change_terms, Change(next_on=day_of(world, 3)))
    pass_days(world, 3)
    newest = attempts(world, made)[1].charge_id
    assert service.refund_suggestion(world.session, made, today(world)).charge_id == newest
    world.session.rollback()
    assert service.refund_suggestion(world.session, made, day_of(world, 6)) is None


def test_the_suggestion_is_rounded_down_and_never_more_than_is_left_of_the_payment(world):
    made = subscribed(world, a_plan(world, amount_krw=9_900, unit=Unit.WEEK))
    turn(world)
    world.clock.advance(days=1)
    found = service.refund_suggestion(world.session, made, today(world))
    assert (found.unused_days, found.all_days, found.amount_krw) == (5, 7, 7_071)  # 7,071.43
    charged = found.charge_id
    refund(world, payment_of(world, charged), 5_000)
    assert service.refund_suggestion(world.session, made, today(world)).amount_krw == 4_900
    refund(world, payment_of(world, charged), 4_900)
    assert service.refund_suggestion(world.session, made, today(world)) is None


@pytest.mark.parametrize("card", ["balance", "stopped"])
def test_a_planned_end_waits_until_nothing_is_owed(world, card):
    made = subscribed(world, card=card)
    turn(world)
    with pytest.raises(RuleBroken):
        act(world, made, service.cancel_at_period_end, "고객 요청")
    held = fresh(world, made)
    assert (held.state, held.ends_on, held.end_reason) == (SubscriptionState.PAST_DUE, None, None)


def test_after_the_last_agreed_time_nothing_is_taken_up_again(world):
    plan = a_plan(world, gaps=(), after_last=AfterLast.PAUSE)
    unpaid, paid = subscribed(world, plan, card="limit", times=1), subscribed(world, plan, times=1)
    turn(world)
    assert fresh(world, unpaid).state is SubscriptionState.PAUSED
    assert fresh(world, paid).state is SubscriptionState.CANCELLING
    for made, doing in ((unpaid, service.resume), (paid, service.keep)):
        with pytest.raises(RuleBroken):
            act(world, made, doing)
        assert fresh(world, made).next_on is None


def test_the_last_agreed_time_leaves_no_date_to_come_while_it_is_still_owed(world):
    made = subscribed(world, card="balance", times=1)
    turn(world)
    held = fresh(world, made)
    assert (held.state, held.times_left, held.next_on) == (SubscriptionState.PAST_DUE, 0, None)


def test_an_archived_customer_starts_nothing(world):
    order = an_order(world)
    archive_customer(world.ctx(), order.customer_id)
    with pytest.raises(RuleBroken, match="보관한 고객"):
        service.subscribe(world.ctx(), order)
    world.session.rollback()
    assert world.session.query(Subscription).count() == 0


def test_what_has_ended_gets_no_other_card_price_or_end(world):
    made = subscribed(world)
    key_id = fresh(world, made).billing_key_id
    act(world, made, service.cancel_now, "고객 요청")
    seen = fresh(world, made).version
    for doing, words in (
        (service.change_card, (key_id,)), (service.change_terms, (Change(amount_krw=5_000),)),
        (service.cancel_now, ("또",)),
    ):  # fmt: skip
        with pytest.raises(RuleBroken, match="끝난"):
            act(world, made, doing, *words)
    assert fresh(world, made).version == seen


def test_the_plans_tax_free_part_goes_with_the_plans_price_only(world):
    plan = a_plan(world, tax_free_krw=3_000)
    made = [
        subscribed(world, plan), subscribed(world, plan, amount_krw=5_000),
        subscribed(world, plan, amount_krw=5_000, tax_free_krw=1_000),
    ]  # fmt: skip
    assert [fresh(world, one).tax_free_krw for one in made] == [3_000, 0, 1_000]


def test_dates_of_another_mode_are_left_alone(world):
    made = subscribed(world, starts_on=day_of(world, 1))
    world.clock.advance(days=1)
    elsewhere = world.ctx()
    elsewhere.mode = Mode.TEST.value
    assert (clock.open_due(elsewhere), states(world, made)) == (0, [])
    assert (clock.open_due(world.ctx()), states(world, made)) == (1, ["due"])
    paused = subscribed(world, starts_on=day_of(world, 5))
    service.pause(world.ctx(), paused, fresh(world, paused).version, until=day_of(world, 2))
    world.clock.advance(days=2)
    assert (service.resume_due(elsewhere), fresh(world, paused).state) == (0, SubscriptionState.PAUSED)
    assert (service.resume_due(world.ctx()), fresh(world, paused).state) == (1, SubscriptionState.ACTIVE)


def test_what_cannot_be_is_refused_with_nothing_written(world):
    plan = a_plan(world)
    other = world.a_key(world.a_customer(name="박지훈"))
    bad = (
        {"amount_krw": 0}, {"amount_krw": 100_000_001}, {"starts_on": day_of(world, -1)}, {"starts_on": day_of(world, 400)},
        {"times": 0}, {"name": ""}, {"tax_free_krw": 10_000}, {"trial_days": 400},
    )  # fmt: skip
    for details in bad:
        with pytest.raises(RuleBroken):
            service.subscribe(world.ctx(), an_order(world, plan, **details))
    with pytest.raises(NotFound):
        service.subscribe(world.ctx(), an_order(world, plan, billing_key_id=other.id))
    plans.archive_plan(world.ctx(), plan.id)
    with pytest.raises(RuleBroken):
        service.subscribe(world.ctx(), an_order(world, plan))
    assert world.session.query(Subscription).count() == 0


def test_a_plan_in_use_is_archived_and_its_subscriptions_go_on(world):
    plan = a_plan(world, unit=Unit.DAY)
    made = subscribed(world, plan)
    plans.archive_plan(world.ctx(), plan.id)
    turn(world)
    pass_days(world, 1)
    assert states(world, made) == ["paid", "paid"]


def test_a_card_of_another_customer_is_not_taken(world):
    made = subscribed(world)
    with pytest.raises(NotFound):
        act(world, made, service.change_card, world.a_key(world.a_customer(name="박지훈")).id)
    assert world.session.get(Customer, fresh(world, made).customer_id) is not None
