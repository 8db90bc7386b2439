"""The switch, step by step: the old card works until the new one does, and no period meets both."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.service import delete_card, make_default
from merchant_admin.card_links import clearing, switching
from merchant_admin.card_links.service import LinkOrder, create_link, token
from merchant_admin.core.db import db
from merchant_admin.core.ids import new_id
from merchant_admin.core.permissions import Role
from merchant_admin.customers.models import Customer
from merchant_admin.registrations.looking import look_at_registration
from merchant_admin.schedules.models import Schedule
from merchant_admin.schedules.service import ScheduleSheet, reserve_charge
from merchant_admin.subscriptions import service as subscriptions
from merchant_admin.subscriptions.models import Subscription
from tests.card_links.acting import Phone, a_link, key_of, old_state, registration, row_of, state_of, work
from tests.subscriptions.acting import a_plan, an_order, attempts, fresh, periods, states, subscribed, taken, turn
from tests.support.books import assert_books_agree, assert_books_balance
from tests.support.pages import inspect


class Death(BaseException):
    """Nothing of the process runs after it, as after SIGKILL."""


class DyingGateway:
    """The real gateway, for a process that dies at one of its calls."""

    def __init__(self, real, call, point):
        self._real, self._call, self._point = real, call, point

    def __getattr__(self, name):
        found = getattr(self._real, name)
        if name != self._call:
            return found

        def dies(*words):
            if self._point == "after":
                found(*words)
            raise Death

        return dies


def keys_there(world):
    return {key["customer_uid"] for key in world.sandbox.billing_keys()}


def uid_of(world, key_id):
    world.session.rollback()
    return world.session.get(BillingKey, key_id).customer_uid


def test_a_past_due_month_is_paid_with_the_new_card_and_the_old_one_goes(each_world):
    world = each_world
    made = subscribed(world, card="stopped")
    turn(world)
    assert states(world, made) == ["needs_card"]
    link = a_link(world, made)
    old_uid = uid_of(world, link.old_key_id)
    phone = Phone(world, link)
    assert "밀린 ₩9,900은 카드를 바꾼 뒤 곧 결제합니다" in phone.page().text
    assert "밀린 ₩9,900은 곧 새 카드로 결제합니다" in phone.registers().text
    assert (state_of(world, link), old_state(world, link)) == ("done", "deleted")
    assert old_uid not in keys_there(world)
    assert key_of(world, link) == row_of(world, link).new_billing_key_id
    turn(world)
    assert (states(world, made), taken(world)) == (["paid"], [9_900])
    by_card = {attempt.customer_uid == old_uid: attempt.state.value for attempt in attempts(world, made)}
    assert by_card == {True: "declined", False: "paid"}
    assert_books_balance(world.session)
    assert_books_agree(world.app, world.sandbox)


@pytest.mark.parametrize("was_default", [True, False])
def test_the_new_card_is_the_default_only_if_the_old_one_was(world, was_default):
    link = a_link(world)
    old = world.session.get(BillingKey, link.old_key_id)
    other_id = world.a_key(world.session.get(Customer, old.customer_id)).id
    make_default(world.ctx(), link.old_key_id if was_default else other_id)
    Phone(world, link).registers()
    assert (state_of(world, link), old_state(world, link)) == ("done", "deleted")
    new_id_ = row_of(world, link).new_billing_key_id
    preferred = select(BillingKey.id).where(BillingKey.is_default.is_(True))
    assert world.session.scalars(preferred).all() == [new_id_ if was_default else other_id]


def test_reservations_of_the_old_card_are_revoked_before_it_is_deleted(world):
    link = a_link(world)
    old_uid = uid_of(world, link.old_key_id)
    at = world.clock.now() + timedelta(days=20)
    sheet = ScheduleSheet(new_id("sht"), link.customer_id, link.old_key_id, 5_000, 0, "잔금", "", at)
    schedule_id = reserve_charge(world.ctx(), world.gateway, sheet).id
    client = world.gateway._client
    theirs = {"merchant_uid": new_id("old"), "schedule_at": int(at.timestamp()), "amount": 7_000, "name": "옛 예약"}
    client.post("/subscribe/payments/schedule", {"customer_uid": old_uid, "schedules": [theirs]})
    Phone(world, link).registers()
    work(world, 6)
    row = row_of(world, link)
    assert (row.state.value, row.revoked, old_state(world, link)) == ("done", 2, "deleted")
    assert {held["schedule_status"] for held in world.sandbox.schedules()} == {"revoked"}
    assert world.session.get(Schedule, schedule_id).state.value == "revoked"


@pytest.mark.parametrize(
    ("call", "point"), [("delete_card", "before"), ("delete_card", "after"), ("stored_card", "before")]
)
def test_a_worker_killed_at_a_call_is_followed_by_one_that_ends_it(world, call, point):
    link = a_link(world)
    phone = Phone(world, link)
    phone.agrees()
    phone.types_card()
    with pytest.raises(Death):
        work(world, 40, DyingGateway(world.gateway, call, point))
    db.session.remove()
    assert key_of(world, link) in {link.old_key_id, row_of(world, link).new_billing_key_id}
    for seconds in (100, 100, 100):
        work(world, seconds)
    assert (state_of(world, link), old_state(world, link)) == ("done", "deleted")
    assert len(keys_there(world)) == 1


@pytest.mark.parametrize("step", ["_settle_registration", "_move", "_clear"])
def test_a_worker_killed_between_two_writes_leaves_one_card_in_charge(world, monkeypatch, step):
    link = a_link(world)
    phone = Phone(world, link)
    phone.agrees()
    phone.types_card()
    with monkeypatch.context() as patched:
        patched.setattr(switching, step, lambda *_words, **_more: (_ for _ in ()).throw(Death))
        with pytest.raises(Death):
            work(world, 40)
    db.session.remove()
    was_moved = step == "_clear"
    assert (key_of(world, link) != link.old_key_id) is was_moved
    assert old_state(world, link) == "active"
    work(world, 100)
    assert (state_of(world, link), old_state(world, link)) == ("done", "deleted")


def test_a_step_in_hand_is_nobody_elses_until_its_worker_is_long_gone(world):
    link = a_link(world)
    phone = Phone(world, link)
    phone.agrees()
    phone.types_card()
    with pytest.raises(Death):
        work(world, 40, DyingGateway(world.gateway, "delete_card", "before"))
    db.session.remove()
    world.clock.advance(seconds=switching.LEASE.total_seconds() - 1)
    assert (state_of(world, link), switching.due_links(world.session, world.clock.now())) == ("moved", [])
    world.clock.advance(seconds=1)
    assert switching.due_links(world.session, world.clock.now()) == [link.id]


def test_while_portone_is_away_the_old_card_stays_and_the_rest_follows(world):
    link = a_link(world)
    phone = Phone(world, link)
    phone.agrees()
    phone.types_card()
    world.sandbox.faults.plan("status_before", "/subscribe/customers/*", times=3)
    work(world, 40)
    assert (state_of(world, link), key_of(world, link)) == ("registering", link.old_key_id)
    world.sandbox.faults.clear()
    world.sandbox.faults.plan("status_before", "/subscribe/payments/schedule/*", times=20)
    work(world, 70)
    row = row_of(world, link)
    assert (row.state.value, row.trouble.value, old_state(world, link)) == ("moved", "unread", "active")
    world.sandbox.faults.clear()
    work(world, 40)
    assert state_of(world, link) == "done"


def test_a_charge_that_is_not_settled_keeps_the_old_card_and_is_not_made_twice(world):
    made = subscribed(world)
    world.sandbox.faults.plan("close_after", "/subscribe/payments/again")
    turn(world)
    assert states(world, made) == ["charging"]
    link = a_link(world, made)
    Phone(world, link).registers()
    row = row_of(world, link)
    assert (row.state.value, row.trouble.value, old_state(world, link)) == ("moved", "open_charge", "active")
    for seconds in (10, 30, 60, 120):
        world.clock.advance(seconds=seconds)
        turn(world)
    assert (states(world, made), taken(world)) == (["paid"], [9_900])
    assert len(attempts(world, made)) == 1
    assert (state_of(world, link), old_state(world, link)) == ("done", "deleted")


def test_a_charge_meant_for_the_old_card_while_it_is_replaced_goes_to_the_new_one(world, monkeypatch):
    """The clock read the subscription, then the switch happened, then the clock wanted to charge."""
    from merchant_admin.subscriptions import clock

    made = subscribed(world)
    link, real = a_link(world, made), clock._sheet

    def sheet_then_switch(*words):
        found = real(*words)
        monkeypatch.setattr(clock, "_sheet", real)
        Phone(world, link).registers()
        return found

    monkeypatch.setattr(clock, "_sheet", sheet_then_switch)
    (period_id,) = clock.claim_due(world.ctx())
    clock.see_to(world.ctx(), world.gateway, period_id)
    assert state_of(world, link) == "done"
    assert states(world, made) == ["due"]
    world.clock.advance(seconds=130)
    turn(world)
    assert (states(world, made), taken(world)) == (["paid"], [9_900])
    assert [period.failure for period in periods(world, made)] == [None]


def test_a_key_from_another_profile_takes_nothing_over(world):
    link = a_link(world, pg="nice_v2.sandboxv2m")
    phone = Phone(world, link)
    phone.agrees()
    phone.types_card(pg="jtnet.tpaytest2m")
    work(world, 40)
    row = row_of(world, link)
    assert (row.state.value, row.trouble.value) == ("failed", "other_profile")
    assert (key_of(world, link), old_state(world, link)) == (link.old_key_id, "active")
    assert "쓰던 카드는 그대로이고" in phone.page().text


def test_a_new_card_that_is_gone_by_then_replaces_nothing_and_revokes_nothing(world):
    """The old card has reservations alone, so that no subscription has to be put on the new one."""
    old = world.a_key()
    at = world.clock.now() + timedelta(days=20)
    sheet = ScheduleSheet(new_id("sht"), old.customer_id, old.id, 5_000, 0, "잔금", "", at)
    schedule_id = reserve_charge(world.ctx(), world.gateway, sheet).id
    order = LinkOrder(new_id("sht"), old.customer_id, old.id, (), 7)
    made = create_link(world.ctx(), world.gateway, order)
    link = SimpleNamespace(id=made.id, token=token(world.ctx(), made.id), old_key_id=old.id)
    phone = Phone(world, link)
    phone.agrees()
    phone.types_card()
    look_at_registration(world.ctx(), world.gateway, row_of(world, link).registration_id)
    new_id_ = registration(world, link).billing_key_id
    delete_card(world.ctx(), world.gateway, new_id_, "잘못 등록함")
    work(world, 40)
    row = row_of(world, link)
    assert (row.state.value, row.trouble.value, old_state(world, link)) == ("failed", "new_card_unusable", "active")
    assert world.session.get(Schedule, schedule_id).state.value == "scheduled"


def test_a_new_card_that_is_gone_before_the_move_leaves_all_on_the_old_one(world, monkeypatch):
    link = a_link(world)
    phone = Phone(world, link)
    phone.agrees()
    phone.types_card()
    with monkeypatch.context() as patched:
        patched.setattr(switching, "_move", lambda *_words: (_ for _ in ()).throw(Death))
        with pytest.raises(Death):
            work(world, 40)
    db.session.remove()
    delete_card(world.ctx(), world.gateway, row_of(world, link).new_billing_key_id, "잘못 등록함")
    work(world, 100)
    row = row_of(world, link)
    assert (row.state.value, row.trouble.value, old_state(world, link)) == ("failed", "new_card_unusable", "active")
    assert key_of(world, link) == link.old_key_id
    assert switching.due_links(world.session, world.clock.now() + timedelta(days=9)) == []  # a person decides


def test_a_card_that_other_subscriptions_need_is_kept(world):
    link = a_link(world)
    key = world.session.get(BillingKey, link.old_key_id)
    other = subscriptions.subscribe(world.ctx(), an_order(world, a_plan(world), key=key)).id
    Phone(world, link).registers()
    row = row_of(world, link)
    assert (row.state.value, row.trouble.value, old_state(world, link)) == ("done", "still_needed", "active")
    assert clearing._hindrance(world.session, link.old_key_id).value == "still_needed"
    assert {key_of(world, link) == link.old_key_id, other != link.subscription_id} == {False, True}


def test_what_ended_or_was_put_on_a_third_card_meanwhile_is_left_alone(each_world):
    world, plan = each_world, a_plan(each_world)
    made = subscribed(world, plan)
    key = world.session.get(BillingKey, world.session.get(Subscription, made).billing_key_id)
    third_id = world.a_key(world.session.get(Customer, key.customer_id)).id
    ended, elsewhere = (subscriptions.subscribe(world.ctx(), an_order(world, plan, key=key)).id for _ in range(2))
    link = a_link(world, made, also=(ended, elsewhere))
    subscriptions.cancel_now(world.ctx(), ended, fresh(world, ended).version, "고객 요청")
    subscriptions.change_card(world.ctx(), elsewhere, fresh(world, elsewhere).version, third_id)
    before = [fresh(world, one).version for one in (ended, elsewhere)]
    Phone(world, link).registers()
    assert state_of(world, link) == "done"
    assert key_of(world, link) == row_of(world, link).new_billing_key_id
    assert fresh(world, ended).billing_key_id == link.old_key_id
    assert fresh(world, elsewhere).billing_key_id == third_id
    assert [fresh(world, one).version for one in (ended, elsewhere)] == before


def test_staff_replace_a_card_by_one_that_is_stored_already(world):
    made = subscribed(world, card="stopped")
    turn(world)
    held = world.session.get(Subscription, made)
    customer, old_id = world.session.get(Customer, held.customer_id), held.billing_key_id
    manager = world.signed_in(Role.MANAGER)
    address = f"/billing-keys/{old_id}/replacement"
    assert "다른 카드로 바꾸고 삭제" in manager.get(f"/billing-keys/{old_id}/deletion").text
    assert "바꿀 다른 카드가 없습니다" in manager.get(address).text
    new_id_, strange = world.a_key(customer).id, world.a_key(world.a_customer("박하나")).id
    page = manager.get(address)
    inspect(page.text)
    typed = {
        each["name"]: each["value"]
        for each in BeautifulSoup(page.text, "html.parser").select(f"form[action='{address}'] input")
    }
    for wrong in ("", old_id, strange, "key_nobody"):
        assert manager.post(address, data=typed | {"new_key_id": wrong}).status_code == 422
    answer = manager.post(address, data=typed | {"new_key_id": new_id_})
    assert manager.post(address, data=typed | {"new_key_id": new_id_}).location == answer.location
    assert "새 카드로 바꾸었습니다." in manager.get(answer.location).text
    world.session.rollback()
    assert world.session.get(Subscription, made).billing_key_id == new_id_
    assert world.session.get(BillingKey, old_id).state.value == "deleted"
    turn(world)
    assert (states(world, made), taken(world)) == (["paid"], [9_900])
