"""Nothing is charged at a price the customer did not agree to: on the renewal clock, with the database as witness."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from merchant_admin.core.errors import Conflict, RuleBroken
from merchant_admin.notices import consents
from merchant_admin.notices.consents import Said
from merchant_admin.notices.models import Consent, ConsentWord
from merchant_admin.notices.states import (
    NEXT_CONSENT,
    ConsentKind,
    ConsentState,
    NoticeKind,
    NoticeState,
    SaidBy,
    Why,
    advance_consent,
)
from merchant_admin.subscriptions import service
from merchant_admin.subscriptions.service import Change
from merchant_admin.subscriptions.states import CatchUp, Unit
from merchant_admin.worker.notifying import send_notices
from tests.conftest import NOON
from tests.notices.acting import notices
from tests.subscriptions.acting import a_plan, fresh, pass_days, periods, states, subscribed, taken, turn
from tests.support.world import World


@pytest.fixture
def shop(empty_database, tmp_path):
    with World(tmp_path, template=empty_database, at=NOON, TEXT_NOTICES="csv", CONSENT_DAYS="30") as made:
        yield made


def tasks(world):
    world.session.rollback()
    return list(world.session.scalars(select(Consent).order_by(Consent.created_at, Consent.version.desc())))


def newest(world):
    return next(task for task in reversed(tasks(world)) if task.state is not ConsentState.WITHDRAWN)


def answer(world, *, agrees=True, **more):
    task = newest(world)
    said = {"said_by": SaidBy.PHONE, "said_at": world.clock.now(), "text_version": 0, "version": task.version}
    return consents.answer(world.ctx(), task.id, Said(agrees, **{**said, **more}))


def change(world, made, **wish):
    held = fresh(world, made)
    return service.change_terms(world.ctx(), made, held.version, Change(**wish))


def to_the_due_day(world, made):
    days = (fresh(world, made).next_on - NOON.date()).days
    world.clock.set(NOON + timedelta(days=days))
    turn(world)


def test_a_higher_price_is_not_charged_before_the_customer_agreed(shop):
    made = subscribed(shop)
    turn(shop)
    change(shop, made, amount_krw=12_900)
    to_the_due_day(shop, made)
    pass_days(shop, 2)
    assert (taken(shop), states(shop, made), len(tasks(shop))) == ([9_900], ["paid"], 1)  # held, and not forgotten
    answer(shop)
    turn(shop)
    assert (taken(shop), states(shop, made)) == ([9_900, 12_900], ["paid", "paid"])
    assert newest(shop).state is ConsentState.APPLIED
    pass_days(shop, 31)
    assert taken(shop) == [9_900, 12_900, 12_900]  # agreed to once


def test_a_price_put_back_needs_no_word_and_is_charged(shop):
    made = subscribed(shop)
    turn(shop)
    change(shop, made, amount_krw=12_900)
    change(shop, made, amount_krw=15_900)
    assert (newest(shop).agreed_krw, newest(shop).amount_krw) == (9_900, 15_900)  # 12,900 was never agreed to
    answer(shop, agrees=False)
    to_the_due_day(shop, made)
    assert taken(shop) == [9_900]
    change(shop, made, amount_krw=9_900)
    turn(shop)
    assert taken(shop) == [9_900, 9_900]
    assert {task.state for task in tasks(shop)} == {ConsentState.WITHDRAWN}


def test_a_shorter_cycle_is_a_higher_price_and_a_lower_sum_is_not(shop):
    made = subscribed(shop)
    turn(shop)
    change(shop, made, amount_krw=5_000)
    assert tasks(shop) == []
    weekly = a_plan(shop, name="주간", amount_krw=4_000, unit=Unit.WEEK)
    change(shop, made, plan_id=weekly.id)
    held = fresh(shop, made)
    service.skip_next(shop.ctx(), made, held.version)
    assert newest(shop).state is ConsentState.OPEN


def test_more_at_a_time_needs_a_word_even_if_it_is_less_over_the_year(shop):
    made = subscribed(shop)
    turn(shop)
    change(shop, made, plan_id=a_plan(shop, name="연간", amount_krw=50_000, unit=Unit.YEAR).id)
    assert (newest(shop).state, newest(shop).agreed_krw, newest(shop).amount_krw) == (ConsentState.OPEN, 9_900, 50_000)


def test_what_was_agreed_to_is_where_the_next_rise_begins(shop):
    made = subscribed(shop)
    turn(shop)
    change(shop, made, amount_krw=12_900)
    answer(shop)
    change(shop, made, amount_krw=15_900)
    assert (newest(shop).state, newest(shop).agreed_krw, newest(shop).amount_krw) == (ConsentState.OPEN, 12_900, 15_900)
    change(shop, made, amount_krw=12_900)
    to_the_due_day(shop, made)
    assert taken(shop) == [9_900, 12_900]  # to which they said yes


def test_a_trial_that_stands_still_asks_for_no_rise_from_nothing(shop):
    made = subscribed(shop, a_plan(shop, trial_days=14))
    service.pause(shop.ctx(), made, fresh(shop, made).version)
    change(shop, made, amount_krw=8_900)
    assert {task.kind for task in tasks(shop)} == {ConsentKind.TRIAL_END}
    service.resume(shop.ctx(), made, fresh(shop, made).version)
    task = newest(shop)
    assert (task.kind, task.agreed_krw, task.amount_krw) == (ConsentKind.TRIAL_END, 0, 8_900)


def test_nobody_is_asked_for_a_date_that_will_not_come(shop):
    made = subscribed(shop, times=1)
    turn(shop)
    assert fresh(shop, made).state.value == "cancelling"
    change(shop, made, amount_krw=12_900)
    assert tasks(shop) == []


def test_a_trial_is_charged_only_with_a_word_and_tells_of_it_at_once(shop):
    made = subscribed(shop, a_plan(shop, trial_days=14))
    assert [row.kind.value for row in notices(shop)] == ["trial_end"]
    pass_days(shop, 16)
    assert (taken(shop), fresh(shop, made).state.value) == ([], "trial")
    answer(shop)
    turn(shop)
    assert (taken(shop), fresh(shop, made).state.value) == ([9_900], "active")
    (word,) = shop.session.scalars(select(ConsentWord))
    assert (word.said_by, word.text_version, word.written_by) == (SaidBy.PHONE, 0, "test")
    assert "9,900원" in word.text
    assert "동의를 취소" in word.text


def test_consent_may_be_taken_back_until_it_is_charged(shop):
    made = subscribed(shop, a_plan(shop, trial_days=14))
    answer(shop)
    answer(shop, agrees=False)
    pass_days(shop, 15)
    assert (taken(shop), len(list(shop.session.scalars(select(ConsentWord))))) == ([], 2)
    held = fresh(shop, made)
    service.cancel_now(shop.ctx(), made, held.version, "고객 요청")
    assert tasks(shop)[0].state is ConsentState.WITHDRAWN


def test_a_word_counts_within_its_days_only(shop):
    made = subscribed(shop)
    turn(shop)
    change(shop, made, amount_krw=12_900, next_on=fresh(shop, made).next_on + timedelta(days=30))
    assert notices(shop)[-1].kind.value != "price_rise"
    with pytest.raises(RuleBroken, match="부터 받은 동의만"):
        answer(shop)  # two months ahead
    with pytest.raises(Conflict):
        answer(shop, version=99)
    with pytest.raises(Conflict):
        answer(shop, text_version=7)
    shop.clock.set(NOON + timedelta(days=31))
    send_notices(shop.ctx(), {})
    send_notices(shop.ctx(), {})
    assert [row.kind.value for row in notices(shop)].count("price_rise") == 1
    with pytest.raises(RuleBroken, match="아직 오지 않은"):
        answer(shop, said_at=shop.clock.now() + timedelta(minutes=1))
    assert newest(shop).state is ConsentState.OPEN
    answer(shop)
    held = fresh(shop, made)
    service.skip_next(shop.ctx(), made, held.version)  # a later date, still within the days? no: asked anew
    assert newest(shop).state is ConsentState.OPEN


@pytest.mark.parametrize(
    ("days", "wished", "is_good"),
    [
        (10, {}, True),  # as late as the word still counts
        (11, {}, False),
        (5, {"amount_krw": 11_900}, True),  # they agreed to more
        (5, {"amount_krw": 12_901}, False),
        (5, {"cycle": "week.2"}, False),
        (5, {"kind": ConsentKind.TRIAL_END}, False),
        (-1, {}, False),
    ],
)
def test_a_word_stays_good_for_a_later_date_and_for_no_more_than_was_agreed(shop, days, wished, is_good):
    made = subscribed(shop)
    turn(shop)
    change(shop, made, amount_krw=12_900)
    shop.clock.advance(days=10)
    given, held = answer(shop), fresh(shop, made)
    on = held.next_on + timedelta(days=days)
    terms = {"kind": ConsentKind.PRICE_RISE, "amount_krw": 12_900, "agreed_krw": 9_900, "agreed_days": 30, **wished}
    wish = consents.Wish(
        subscription_id=made, customer_id=held.customer_id, mode=held.mode, name=held.name, effective_on=on, **terms
    )  # fmt: skip
    ctx = shop.ctx()
    with ctx.atomic() as session:
        before = consents.unsettled_of(session, [made])[made]
        needed = consents.need(ctx, session, wish, before)
        assert (needed.id == given.id) is is_good
        assert (needed.state, needed.effective_on) == (ConsentState.GIVEN if is_good else ConsentState.OPEN, on)
    assert len(tasks(shop)) == (1 if is_good else 2)


def test_a_no_is_asked_about_anew_when_the_date_moves(shop):
    made = subscribed(shop)
    turn(shop)
    change(shop, made, amount_krw=12_900)
    shop.clock.advance(days=10)
    refused = answer(shop, agrees=False)
    change(shop, made, next_on=fresh(shop, made).next_on + timedelta(days=5))
    assert (newest(shop).state, newest(shop).id == refused.id) == (ConsentState.OPEN, False)


@pytest.mark.parametrize("ends", [False, True])
def test_nobody_is_asked_to_agree_to_what_is_no_longer_so(shop, ends):
    made = subscribed(shop)
    turn(shop)
    change(shop, made, amount_krw=12_900)
    if ends:
        service.cancel_now(shop.ctx(), made, fresh(shop, made).version, "고객 요청")
    else:
        change(shop, made, amount_krw=9_900)
    (asked,) = [row for row in notices(shop) if row.kind is NoticeKind.PRICE_RISE]
    assert (asked.state, asked.why) == (NoticeState.DROPPED, Why.OVERTAKEN)


def test_a_plan_that_skips_missed_dates_waits_for_the_word(shop):
    made = subscribed(shop, a_plan(shop, trial_days=5, catch_up=CatchUp.SKIP))
    pass_days(shop, 12)
    answer(shop)
    turn(shop)
    assert (taken(shop), periods(shop, made)[0].due_on) == ([9_900], (NOON + timedelta(days=5)).date())


def test_the_database_itself_refuses_a_charge_without_a_word(each_world):
    world = each_world
    made = subscribed(world)  # due today, and made a debt before anybody asked for a word
    period = periods(world, made)[0]
    wish = consents.Wish(
        ConsentKind.PRICE_RISE, made, fresh(world, made).customer_id, world.settings.mode, "월 이용료", 5_000, 30, 9_900, period.due_on
    )  # fmt: skip
    ctx = world.ctx()
    with ctx.atomic() as session:
        task = consents.need(ctx, session, wish, None)
    turn(world)
    assert (taken(world), states(world, made)) == ([], ["due"])
    for forbidden in (
        "UPDATE consents SET amount_krw = 1",
        "UPDATE consents SET state = 'applied'",
        "DELETE FROM consents",
    ):
        with pytest.raises(DatabaseError, match=r"forbidden|no delete"), world.ctx().atomic() as session:
            session.execute(text(forbidden))
    consents.answer(world.ctx(), task.id, Said(True, SaidBy.PAPER, world.clock.now(), 0, 1))
    world.clock.advance(minutes=3)  # so long a worker holds what it failed with
    turn(world)
    assert taken(world) == [9_900]
    for forbidden in ("UPDATE consent_words SET agrees = false", "DELETE FROM consent_words"):
        with pytest.raises(DatabaseError, match=r"append only|no delete"), world.ctx().atomic() as session:
            session.execute(text(forbidden))


def test_every_pair_of_states_is_decided():
    for state in ConsentState:
        for to in ConsentState:
            if to in NEXT_CONSENT[state]:
                assert advance_consent(state, to) is to
            else:
                with pytest.raises(RuleBroken):
                    advance_consent(state, to)


@pytest.mark.parametrize("how", ["pause", "pause until", "cancelling"])
def test_a_price_that_rose_while_nothing_was_to_come_needs_the_word_as_well(shop, how):
    made = subscribed(shop)
    turn(shop)
    version = fresh(shop, made).version
    if how == "cancelling":
        service.cancel_at_period_end(shop.ctx(), made, version, "이사")
    else:
        until = None if how == "pause" else NOON.date() + timedelta(days=5)
        service.pause(shop.ctx(), made, version, until=until)
    change(shop, made, amount_krw=12_900)
    if how == "cancelling":
        service.keep(shop.ctx(), made, fresh(shop, made).version)
    elif how == "pause":
        service.resume(shop.ctx(), made, fresh(shop, made).version)
    pass_days(shop, 33)
    assert (taken(shop), fresh(shop, made).state.value) == ([9_900], "active")
    assert (newest(shop).agreed_krw, newest(shop).amount_krw) == (9_900, 12_900)
    answer(shop)
    turn(shop)
    assert taken(shop) == [9_900, 12_900]
