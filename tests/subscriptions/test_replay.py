"""Another retry rule over what really happened: real outcomes are kept, and what never was is counted apart."""

from datetime import date, timedelta

import pytest

from merchant_admin.core.permissions import Role
from merchant_admin.core.times import seoul_day
from merchant_admin.customers.models import Customer
from merchant_admin.subscriptions import refusals, service
from merchant_admin.subscriptions.replay import RealTry, Refusal, Tally, as_it_was, under
from tests.subscriptions.acting import a_plan, fresh, pass_days, subscribed, turn
from tests.subscriptions.test_pages import fields
from tests.support.pages import inspect

FIRST = date(2026, 11, 2)
TODAY = date(2026, 12, 1)


def refused(*tries, stopped=None, **first):
    """A refusal of 1,000 won on FIRST, then (days later, paid) of each real retry."""
    later = [RealTry(FIRST + timedelta(days=days), paid, **words) for days, paid, words in tries]
    return Refusal(1_000, (RealTry(FIRST, paid=False, **first), *later), stopped and FIRST + timedelta(days=stopped))


def kept(days, paid, **words):
    return days, paid, words


# Really tried after 1, 4 and 9 days; the last was paid.
REAL = refused(kept(1, paid=False), kept(4, paid=False), kept(9, paid=True))


@pytest.mark.parametrize(
    ("gaps", "expected"),
    [
        ((1, 3, 5), Tally(3, 0, 1, 1_000, 0)),  # the rule as it was
        ((1, 3), Tally(2, 0, 0, 0, 0)),  # it gives up before the day that paid
        ((), Tally()),
        ((4, 5), Tally(2, 0, 1, 1_000, 0)),  # the same days with one try less
        ((2, 2, 5), Tally(2, 1, 1, 1_000, 0)),  # day 2 never was: unknown, and the day that paid still pays
        ((3,), Tally(0, 1, 0, 0, 0)),  # unknown, but it was paid anyway: nothing is at stake
        ((9, 9), Tally(1, 0, 1, 1_000, 0)),  # paid at once: the second is not made
        ((30,), Tally()),  # after today
    ],
)
def test_a_rule_is_replayed_day_by_day(gaps, expected):
    assert under(REAL, gaps, TODAY) == expected


def test_what_no_rule_changes():
    gaps = (1, 3, 5)
    assert under(refused(is_hard=True), gaps, TODAY) == Tally()  # refused for good
    assert under(refused(kept(1, paid=False, is_hard=True)), gaps, TODAY) == Tally(1, 0)
    assert under(refused(kept(1, paid=None)), gaps, TODAY) == Tally(0, 1, 0, 0, 1_000)  # uncertain blocks the rest
    by_hand = refused(kept(1, paid=False), kept(2, paid=True, is_retry=False))
    assert (as_it_was(by_hand), under(by_hand, gaps, TODAY)) == (Tally(1), Tally(1))  # staff's press is theirs
    assert under(refused(stopped=3), gaps, TODAY) == Tally(0, 1, 0, 0, 1_000)  # ended before the second
    assert under(refused(), gaps, TODAY) == Tally(0, 3, 0, 0, 1_000)  # nothing was tried: all unknown, none invented


def test_real_days_are_read_back_and_replayed(each_world):
    world = each_world
    plan = a_plan(world, gaps=(1, 3))
    soft, hard = subscribed(world, plan, card="balance"), subscribed(world, plan, card="stopped")
    healed = subscribed(world, plan, card="balance")
    subscribed(world, plan)
    turn(world)
    pass_days(world, 1)
    held = fresh(world, healed)
    other = world.a_key(world.session.get(Customer, held.customer_id))
    service.change_card(world.ctx(), healed, fresh(world, healed).version, other.id)
    turn(world)
    pass_days(world, 4)
    assert fresh(world, soft).state.value == "ended"
    assert fresh(world, hard).state.value == "ended"
    today = seoul_day(world.clock.now())
    found = refusals.replay_of_plan(world.session, plan.id, (1, 3), today)
    assert (found.refusals, found.hard, found.otherwise, found.otherwise_krw) == (3, 1, 1, 9_900)
    assert found.real == found.would == Tally(known=3)
    longer = refusals.replay_of_plan(world.session, plan.id, (1, 3, 1), today)
    assert longer.would == Tally(known=3, unknown=1, open_krw=9_900)
    assert refusals.replay_of_plan(world.session, a_plan(world).id, (1,), today).refusals == 0


def test_the_sheet_says_it_before_anything_is_saved(world):
    plan = a_plan(world, gaps=(1, 3))
    subscribed(world, plan, card="balance")
    turn(world)
    pass_days(world, 1)
    manager = world.signed_in(Role.MANAGER)
    form = fields(manager.get(f"/plans/{plan.id}/edit"), f"/plans/{plan.id}/confirm")
    form |= {"unit": "month", "after_last": "end", "catch_up": "charge"}
    sheet = manager.post(f"/plans/{plan.id}/confirm", data=form | {"gaps": "1"})
    said = inspect(sheet.text).find("main").get_text(" ", strip=True)
    assert "1, 3일 뒤 → 1일 뒤" in said
    assert "다시 시도 1번, 되찾은 금액 ₩0" in said
    assert "지어내지 않고" in said
    assert "정기결제 1건은" in said
    world.session.refresh(plan)
    assert plan.gaps == (1, 3)
    assert manager.post(f"/plans/{plan.id}/confirm", data=form | {"gaps": "x"}).status_code == 422
    assert manager.post(f"/plans/{plan.id}/confirm", data=form | {"edit": "1"}).status_code == 200
    assert manager.post(f"/plans/{plan.id}", data=fields(sheet, f"/plans/{plan.id}")).status_code == 303
    world.session.refresh(plan)
    assert plan.gaps == (1,)
