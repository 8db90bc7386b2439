"""What customers are told of a subscription, in the commit of what happened, and never twice."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from merchant_admin.core.errors import Conflict
from merchant_admin.core.outgoing import Channel
from merchant_admin.customers.models import Customer
from merchant_admin.notices.sending import due_notices
from merchant_admin.notices.states import NoticeKind, NoticeState
from merchant_admin.notices.texts import save_text, wording_of
from merchant_admin.subscriptions import service, telling
from merchant_admin.subscriptions.models import Subscription
from merchant_admin.subscriptions.service import Change
from merchant_admin.subscriptions.states import AfterLast
from tests.conftest import NOON
from tests.notices.acting import notices
from tests.subscriptions.acting import a_plan, attempts, day_of, fresh, pass_days, periods, subscribed, turn
from tests.support.furnish import charge, payment_of, refund
from tests.support.world import World


@pytest.fixture
def shop(empty_database, tmp_path):
    """Texts wait for a file; so every notice stays to be looked at."""
    with World(tmp_path, template=empty_database, at=NOON, TEXT_NOTICES="csv") as made:
        yield made


def kinds(world, state=None):
    return [row.kind.value for row in notices(world) if state is None or row.state is state]


def test_what_waits_is_due_for_its_own_channel_alone_and_not_before_its_time(shop):
    subscribed(shop)
    turn(shop)
    (waiting,) = notices(shop)
    assert due_notices(shop.ctx(), Channel.TEXT) == [waiting.id]
    assert due_notices(shop.ctx(), Channel.EMAIL) == []
    shop.clock.advance(seconds=-1)
    assert due_notices(shop.ctx(), Channel.TEXT) == []


@pytest.mark.parametrize(("card", "told"), [("balance", "failed"), ("stopped", "card_needed")])
def test_a_try_that_staff_pressed_is_told_to_nobody_when_it_fails(shop, card, told):
    made = subscribed(shop, a_plan(shop, gaps=(3, 3)), card=card)
    turn(shop)
    held = fresh(shop, made)
    other = shop.a_key(shop.session.get(Customer, held.customer_id), card="balance")
    service.change_card(shop.ctx(), made, fresh(shop, made).version, other.id)
    service.collect_now(shop.ctx(), shop.gateway, made)
    assert fresh(shop, made).state.value == "past_due"
    assert (kinds(shop), len(attempts(shop, made))) == ([told], 2)


def test_paid_failed_recovered_and_a_dead_card_are_told_once_each(shop):
    paid = subscribed(shop)
    subscribed(shop, a_plan(shop, gaps=(1,)), card="balance")
    subscribed(shop, card="stopped")
    for _turn in range(2):
        turn(shop)
    assert sorted(kinds(shop)) == ["card_needed", "charged", "failed"]
    assert {row.channel for row in notices(shop)} == {Channel.TEXT}
    told = {row.kind: row for row in notices(shop)}
    assert told[NoticeKind.CHARGED].subject_id == paid
    assert "9,900원" in told[NoticeKind.CHARGED].facts
    assert "2026년 11월 24일(화)" in told[NoticeKind.FAILED].facts  # when it is tried again
    assert "막아 둔 카드" in told[NoticeKind.CARD_NEEDED].facts
    pass_days(shop, 1)
    ended = next(row for row in notices(shop) if row.kind is NoticeKind.ENDED_UNPAID)  # the second decline: given up
    assert (len(notices(shop)), "2026년 11월 24일(화)" in ended.facts, "9,900원" in ended.facts) == (4, True, True)
    assert kinds(shop, NoticeState.DROPPED) == ["failed"]  # nobody is told any more of a try that will not come


@pytest.mark.parametrize("rule", [AfterLast.END, AfterLast.PAUSE])
def test_only_an_end_is_told_as_an_end_and_only_while_it_stays_unpaid(shop, rule):
    made = subscribed(shop, a_plan(shop, gaps=(1,), after_last=rule), card="balance")
    turn(shop)
    pass_days(shop, 1)
    assert ("ended_unpaid" in kinds(shop)) is (rule is AfterLast.END)
    if rule is AfterLast.END:
        ctx = shop.ctx()
        with ctx.atomic() as session:
            period = periods(shop, made)[0]
            telling.charged(ctx, session, [(session.get_one(Subscription, made), session.merge(period))])  # paid late
        assert "ended_unpaid" in kinds(shop, NoticeState.DROPPED)


def test_staff_may_leave_the_end_untold(shop):
    ctx = shop.ctx()
    save_text(ctx, replace(wording_of(shop.session(), NoticeKind.ENDED_UNPAID, Channel.TEXT), is_on=False))
    subscribed(shop, a_plan(shop, gaps=()), card="balance")
    turn(shop)
    assert "ended_unpaid" not in kinds(shop)


def test_a_renewal_is_announced_days_ahead_once_and_not_for_short_cycles(shop):
    monthly, weekly = subscribed(shop), subscribed(shop, a_plan(shop, unit="week"))
    turn(shop)
    due = fresh(shop, monthly).next_on
    shop.clock.advance(days=(due - day_of(shop, 4)).days)
    for _day in range(3):
        telling.announce_renewals(shop.ctx())
        shop.clock.advance(hours=20)  # 08:00 the next day, and so on
    soon = [row for row in notices(shop) if row.kind is NoticeKind.RENEWAL_SOON]
    assert [(row.subject_id, row.about_on) for row in soon] == [(monthly, due)]
    assert weekly
    held = fresh(shop, monthly)
    service.change_terms(shop.ctx(), held.id, held.version, Change(next_on=due + timedelta(days=9)))
    assert kinds(shop, NoticeState.DROPPED) == ["renewal_soon"]  # it is no longer so


@pytest.mark.parametrize(
    "act",
    [
        service.pause,
        service.skip_next,
        lambda *it: service.cancel_at_period_end(*it, "이사"),
        lambda *it: service.cancel_now(*it, "이사"),
    ],
    ids=["pause", "skip", "planned end", "end"],
)
def test_a_charge_that_will_not_come_is_not_announced_any_more(shop, act):
    made = subscribed(shop)
    turn(shop)
    shop.clock.advance(days=28)
    telling.announce_renewals(shop.ctx())
    assert kinds(shop, NoticeState.WAITING) == ["charged", "renewal_soon"]
    act(shop.ctx(), made, fresh(shop, made).version)
    assert kinds(shop, NoticeState.DROPPED) == ["renewal_soon"]


def test_a_card_that_came_is_not_asked_for_and_a_page_from_before_changes_nothing(shop):
    made = subscribed(shop, card="stopped")
    turn(shop)
    seen = fresh(shop, made)
    version, whose = seen.version, shop.session.get(Customer, seen.customer_id)
    first, second = shop.a_key(whose).id, shop.a_key(whose).id
    service.change_card(shop.ctx(), made, version, first)
    assert kinds(shop, NoticeState.DROPPED) == ["card_needed"]
    with pytest.raises(Conflict):
        service.change_card(shop.ctx(), made, version, second)
    assert fresh(shop, made).billing_key_id == first


def test_nor_is_one_after_a_pause_whose_day_was_moved(shop):
    made = subscribed(shop)
    turn(shop)
    shop.clock.advance(days=20)
    service.pause(shop.ctx(), made, fresh(shop, made).version, until=day_of(shop, 9))
    shop.clock.advance(days=8)
    telling.announce_renewals(shop.ctx())
    assert kinds(shop, NoticeState.WAITING) == ["charged", "renewal_soon"]
    service.change_pause(shop.ctx(), made, fresh(shop, made).version, until=day_of(shop, 20))
    assert kinds(shop, NoticeState.DROPPED) == ["renewal_soon"]


def test_a_refund_is_told_with_its_sum(shop):
    key = shop.a_key()
    refund(shop, payment_of(shop, charge(shop, key).id), 3_000)
    (told,) = [row for row in notices(shop) if row.kind is NoticeKind.REFUNDED]
    assert (told.subject_kind, "3,000원" in told.facts) == ("refund", True)


def test_a_cause_that_is_rolled_back_tells_nobody(shop):
    made = subscribed(shop)
    turn(shop)
    period = periods(shop, made)[0]
    before = len(notices(shop))
    with suppress(ZeroDivisionError), shop.ctx().atomic() as session:
        telling.card_needed(shop.ctx(), session, session.get(Subscription, made), period)
        raise ZeroDivisionError
    assert len(notices(shop)) == before
