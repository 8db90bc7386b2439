"""What a refusal leads to: retries with gaps, a wait for another card, an end or a pause."""

from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from merchant_admin.core.errors import RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.core.permissions import Role
from merchant_admin.customers.models import Customer
from merchant_admin.failures.states import FailureClass
from merchant_admin.failures.words import READINGS
from merchant_admin.payments.facts import record_transaction
from merchant_admin.payments.models import Payment
from merchant_admin.payments.service import ChargeSheet, charge_billing_key
from merchant_admin.portone.types import PaymentStatus
from merchant_admin.subscriptions import clock, service
from merchant_admin.subscriptions.elsewhere import settle_paid_elsewhere
from merchant_admin.subscriptions.states import AfterLast, CatchUp, EndReason, SubscriptionState, Unit
from tests.subscriptions.acting import (
    a_plan,
    attempts,
    day_of,
    fresh,
    pass_days,
    periods,
    states,
    subscribed,
    taken,
    turn,
)
from tests.support.books import assert_books_balance


def test_a_soft_refusal_is_retried_after_the_plans_gaps_and_then_ends_it(each_world):
    made = subscribed(each_world, a_plan(each_world, gaps=(1, 3)), card="balance")
    turn(each_world)
    assert (fresh(each_world, made).state, states(each_world, made)) == (SubscriptionState.PAST_DUE, ["retrying"])
    pass_days(each_world, 6)
    held = fresh(each_world, made)
    assert (held.state, held.end_reason, states(each_world, made)) == (
        SubscriptionState.ENDED, EndReason.UNPAID, ["uncollected"],
    )  # fmt: skip
    tries = [one.created_at for one in attempts(each_world, made)]
    assert [(later - tries[0]).days for later in tries] == [0, 1, 4]
    assert periods(each_world, made)[0].failed_on == day_of(each_world, -6)  # the first of them
    assert_books_balance(each_world.session)


def test_after_the_last_try_a_plan_may_pause_instead(world):
    made = subscribed(world, a_plan(world, gaps=(), after_last=AfterLast.PAUSE), card="limit")
    turn(world)
    assert (fresh(world, made).state, states(world, made)) == (SubscriptionState.PAUSED, ["uncollected"])
    service.resume(world.ctx(), made, fresh(world, made).version)
    assert fresh(world, made).next_on.isoformat() == "2026-12-23"


@pytest.mark.parametrize("card", ["stopped", "lost_card", "expired"])
def test_a_card_that_will_never_do_is_not_tried_again(world, card):
    made = subscribed(world, a_plan(world, gaps=(1, 3)), card=card)
    turn(world)
    pass_days(world, 3)
    assert (len(attempts(world, made)), states(world, made)) == (1, ["needs_card"])
    pass_days(world, 2)
    assert (len(attempts(world, made)), fresh(world, made).end_reason) == (1, EndReason.UNPAID)


@pytest.mark.parametrize("card", ["stopped", "balance"])
def test_a_new_card_pays_what_was_owed_at_once_and_the_dates_stay(each_world, card):
    made = subscribed(each_world, card=card)
    turn(each_world)
    held = fresh(each_world, made)
    other = each_world.a_key(each_world.session.get(Customer, held.customer_id))
    held = fresh(each_world, made)
    service.change_card(each_world.ctx(), made, held.version, other.id)
    turn(each_world)
    held = fresh(each_world, made)
    assert (held.state, states(each_world, made)) == (SubscriptionState.ACTIVE, ["paid"])
    assert periods(each_world, made)[0].failure is None
    assert held.next_on.isoformat() == "2026-12-23"


def test_tries_by_staff_are_counted_apart_and_use_none_up(world):
    made = subscribed(world, a_plan(world, gaps=(2, 2)), card="balance")
    turn(world)
    planned = periods(world, made)[0].try_at
    for number in (2, 3):
        service.collect_now(world.ctx(), world.gateway, made, number)
    period = periods(world, made)[0]
    assert (period.tries, period.hand_tries, period.state.value) == (1, 2, "retrying")
    assert period.try_at == planned  # nor do they bring the clock's own forward
    pass_days(world, 5)
    assert (periods(world, made)[0].tries, fresh(world, made).state) == (3, SubscriptionState.ENDED)


def test_a_press_with_another_card_after_the_last_try_is_the_last_word(world):
    made = subscribed(world, a_plan(world, gaps=()), card="lost_card")
    turn(world)
    assert (states(world, made), fresh(world, made).state) == (["needs_card"], SubscriptionState.PAST_DUE)
    held = fresh(world, made)
    other = world.a_key(world.session.get(Customer, held.customer_id), card="balance")
    service.change_card(world.ctx(), made, held.version, other.id)
    service.collect_now(world.ctx(), world.gateway, made)
    assert (states(world, made), fresh(world, made).state) == (["uncollected"], SubscriptionState.ENDED)


def test_a_wait_for_another_card_that_staff_began_anew_is_not_cut_short_by_a_worker(world):
    """It took the period in hand to give it up; before it did, staff tried the card once more."""
    made = subscribed(world, a_plan(world, gaps=(2,)), card="lost_card")
    turn(world)
    world.clock.advance(days=2)
    (period_id,) = clock.claim_due(world.ctx())
    service.collect_now(world.ctx(), world.gateway, made)
    clock.see_to(world.ctx(), world.gateway, period_id)
    assert (states(world, made), len(attempts(world, made))) == (["needs_card"], 2)
    world.clock.advance(days=2)
    turn(world)
    assert states(world, made) == ["uncollected"]


def test_a_deleted_card_is_not_sent_and_waits_for_another(world):
    made = subscribed(world)
    from merchant_admin.billing_keys.models import BillingKey
    from merchant_admin.billing_keys.states import KeyState

    with world.ctx().atomic() as session:
        session.get(BillingKey, fresh_key(session, made)).state = KeyState.MISSING
    turn(world)
    assert (states(world, made), taken(world)) == (["needs_card"], [])
    with pytest.raises(RuleBroken):
        service.collect_now(world.ctx(), world.gateway, made)


def fresh_key(session, subscription_id):
    from merchant_admin.subscriptions.models import Subscription

    return session.get(Subscription, subscription_id).billing_key_id


def test_a_late_approval_still_pays_a_period_that_was_given_up(world):
    made = subscribed(world)
    world.sandbox.faults.plan("close_after", "/subscribe/payments/again")
    turn(world)
    world.sandbox.faults.clear()
    service.cancel_now(world.ctx(), made, fresh(world, made).version, "고객 요청")
    assert states(world, made) == ["charging"]
    world.clock.advance(seconds=10)
    turn(world)
    assert (fresh(world, made).state, states(world, made)) == (SubscriptionState.ENDED, ["paid"])


def test_dates_that_pass_while_a_card_is_awaited_are_not_collected_afterwards(world):
    """With "let it pass" one new card pays the month that was owed; what fell due meanwhile was never ready to be charged."""
    plan = a_plan(world, unit=Unit.DAY, every=2, gaps=(3, 3), catch_up=CatchUp.SKIP)
    made = subscribed(world, plan, "lost_card")
    turn(world)
    assert states(world, made) == ["needs_card"]
    pass_days(world, 5)
    held = fresh(world, made)
    key = world.a_key(world.session.get(Customer, held.customer_id))
    service.change_card(world.ctx(), made, held.version, key.id)
    turn(world)
    turn(world)
    assert states(world, made) == ["paid", "skipped", "paid"]
    assert [period.due_on for period in periods(world, made)] == [day_of(world, days) for days in (-5, -3, -1)]
    assert fresh(world, made).next_on == day_of(world, 1)
    assert_books_balance(world.session)


def test_a_late_approval_of_a_month_that_was_given_up_settles_no_other(world):
    made = subscribed(world, a_plan(world, unit=Unit.WEEK, gaps=(1,), after_last=AfterLast.PAUSE), card="limit")
    turn(world)
    pass_days(world, 1)
    service.resume(world.ctx(), made, fresh(world, made).version)
    pass_days(world, 6)
    assert states(world, made) == ["uncollected", "retrying"]
    (told,) = world.gateway.payments_of(attempts(world, made)[0].merchant_uid)
    ctx = world.ctx()
    with ctx.atomic() as session:
        late = replace(told, status=PaymentStatus.PAID, paid_at=ctx.now(), failed_at=None)
        record_transaction(ctx, session, late, source="webhook")
    assert (states(world, made), fresh(world, made).state) == (["paid", "retrying"], SubscriptionState.PAST_DUE)


def test_a_date_that_came_while_the_outcome_was_unknown_was_not_missed(world):
    """With "let it pass": nobody could charge it before the charge of the date before it was known to be paid."""
    made = subscribed(world, a_plan(world, unit=Unit.WEEK, catch_up=CatchUp.SKIP))
    world.sandbox.faults.plan("close_after", "/subscribe/payments/again")
    turn(world)
    world.clock.advance(days=9)
    turn(world)
    turn(world)
    assert (states(world, made), taken(world)) == (["paid", "paid"], [9_900, 9_900])
    assert fresh(world, made).next_on == day_of(world, 5)


def test_a_date_that_came_while_a_debt_was_paid_elsewhere_was_not_missed(world):
    made = subscribed(world, a_plan(world, unit=Unit.WEEK, gaps=(10,), catch_up=CatchUp.SKIP))
    turn(world)
    held = fresh(world, made)
    key = world.a_key(world.session.get(Customer, held.customer_id), card="first_declined")
    service.change_card(world.ctx(), made, held.version, key.id)
    pass_days(world, 16)  # refused on the 7th day; the 14th is a date
    assert states(world, made) == ["paid", "retrying"]
    sheet = ChargeSheet(new_id("sht"), key.customer_id, key.id, 9_900, name="월 이용료")
    charge_billing_key(world.ctx(), world.gateway, sheet)
    newest = select(Payment.id).order_by(Payment.paid_at.desc())
    settle_paid_elsewhere(world.ctx(), [world.session.scalars(newest).first()])
    turn(world)
    assert (states(world, made), taken(world)) == (["paid", "skipped", "paid"], [9_900] * 3)


def test_a_dead_cards_page_asks_for_a_new_card_first_and_says_why(world):
    client = world.signed_in(Role.OWNER)
    made = subscribed(world, card="lost_card")
    turn(world)
    shown = BeautifulSoup(client.get(f"/subscriptions/{made}").text, "html.parser").find(id="main")
    first, *others = shown.select("a.btn.primary, button.btn.primary")
    assert others == []
    assert first["href"].startswith(f"/customers/{fresh(world, made).customer_id}/card-links/new")
    assert str(READINGS[FailureClass.LOST_OR_STOPPED].title) in shown.text
