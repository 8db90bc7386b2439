"""Each bad input to subscriptions: a message at its field in both languages, what was typed kept, nothing written.

Two hands that meet are let go at the same instant, on both engines: one wins, the other is told, and nothing is lost.
"""

import re
import threading
import time
from dataclasses import replace
from datetime import date

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError

from merchant_admin.audit.models import Event
from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict, NotFound, RuleBroken
from merchant_admin.core.permissions import Role
from merchant_admin.core.settings import Mode
from merchant_admin.payments.models import Charge
from merchant_admin.subscriptions import plans, service
from merchant_admin.subscriptions.models import Period, Plan, Subscription
from merchant_admin.subscriptions.service import Change
from tests.payments.test_races import all_at_once
from tests.subscriptions.acting import a_plan, an_order, day_of, fresh, subscribed, taken, today, turn

WRITTEN = (Subscription, Period, Charge, Plan, Event)


def soup(answer):
    return BeautifulSoup(answer.text, "html.parser")


def fields(answer, action):
    """What the form to this address holds, as a browser would send it."""
    form = soup(answer).find("form", action=action)
    assert form, answer.text
    found = {each["name"]: each.get("value", "") for each in form.find_all("input") if each.get("type") != "checkbox"}
    for each in form.find_all("select"):
        chosen = each.find("option", selected=True)
        found[each["name"]] = chosen["value"] if chosen else ""
    return found


def counts(world):
    world.session.rollback()
    return [world.session.scalar(select(func.count()).select_from(table)) for table in WRITTEN]


def refused(answer, field, status=422):
    """The message beside the field, once it stands there and in the summary above."""
    assert answer.status_code == status, answer.text
    beside = soup(answer).find(id=f"f-{field}-error")
    assert beside, answer.text
    assert soup(answer).select_one(f".error-summary a[href='#f-{field}']")
    assert soup(answer).find(id=f"f-{field}")["aria-invalid"] == "true"
    return beside.get_text(strip=True)


@pytest.fixture
def clerk(world):
    return world.signed_in(Role.OWNER)


ORDERS = [
    # typed, at the field, what it says in Korean, in English
    ({"amount_krw": "0"}, "amount_krw", "₩1부터", "₩1"),
    ({"amount_krw": "-1"}, "amount_krw", "숫자로만", "whole won"),
    ({"amount_krw": "100,000,001"}, "amount_krw", "₩100,000,000까지", "₩100,000,000"),
    ({"amount_krw": "1000", "tax_free_krw": "1001"}, "tax_free_krw", "클 수 없습니다", "more than"),
    ({"starts_on": "2026-11-22"}, "starts_on", "2026-11-23부터 2027-11-24까지", "2026-11-23 to 2027-11-24"),
    ({"starts_on": "2027-11-25"}, "starts_on", "1년 넘게", "more than a year"),
    ({"starts_on": "2027-02-30"}, "starts_on", "달력에 있는 날", "a day that exists"),
    ({"starts_on": "2026-02-29"}, "starts_on", "달력에 있는 날", "a day that exists"),
    ({"starts_on": "내일"}, "starts_on", "달력에 있는 날", "a day that exists"),
    ({"starts_on": ""}, "starts_on", "꼭 적어야", "needed"),
    ({"times": "0"}, "times", "1부터 999까지", "1 to 999"),
    ({"times": "1000"}, "times", "1부터 999까지", "1 to 999"),
    ({"trial_days": "366"}, "trial_days", "0부터 365까지", "0 to 365"),
    ({"name": "가" * 41}, "name", "40자까지", "40"),
    ({"name": ""}, "name", "꼭 적어야", "needed"),
    ({"plan_id": ""}, "plan_id", "요금제를 골라", "choose a plan"),
    ({"plan_id": "pln_none"}, "plan_id", "찾을 수 없습니다", "no such plan"),
    ({"billing_key_id": ""}, "billing_key_id", "카드를 골라", "choose a card"),
    ({"billing_key_id": "key_none"}, "billing_key_id", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "field", "korean", "english"), ORDERS)
def test_a_start_that_cant_be_says_why_at_its_field_and_writes_nothing(world, clerk, typed, field, korean, english):
    key, plan = world.a_key(), a_plan(world)
    form = fields(clerk.get(f"/subscriptions/new?customer_id={key.customer_id}"), "/subscriptions/confirm")
    form |= {"plan_id": plan.id, "billing_key_id": key.id, "name": "월 이용료", "plan_version": "1", **typed}
    before = counts(world)
    for address in ("/subscriptions/confirm", "/subscriptions"):
        for language, says in (("ko", korean), ("en", english)):
            clerk.set_cookie("lang", language)
            answer = clerk.post(address, data=form)
            assert says.lower() in refused(answer, field).lower()
            kept = fields(answer, "/subscriptions/confirm")
            assert {name: kept[name] for name in ("name", "amount_krw", "starts_on", "times")} == {
                name: form[name] for name in ("name", "amount_krw", "starts_on", "times")
            }
            assert kept["sheet_key"] == form["sheet_key"]
            if language == "en":
                assert not re.search("[가-힣]", soup(answer).select_one(".error-summary").get_text())
    assert (counts(world), taken(world)) == (before, [])


CHANGES = [
    ({}, "amount_krw", "하나는 적어"),
    ({"amount_krw": "0"}, "amount_krw", "₩1부터"),
    ({"amount_krw": "2000"}, "tax_free_krw", "클 수 없습니다"),  # 3,000 of it are tax-free
    ({"tax_free_krw": "9901"}, "tax_free_krw", "클 수 없습니다"),
    ({"next_on": "2026-11-23"}, "next_on", "2026-11-24부터 2027-11-25까지"),
    ({"next_on": "2026-02-30"}, "next_on", "달력에 있는 날"),
    ({"next_on": "2027-12-31"}, "next_on", "1년 넘게"),
    ({"plan_id": "pln_none"}, "plan_id", "찾을 수 없습니다"),
    ({"amount_krw": "8000", "reason": "가" * 201}, "reason", "200자까지"),
]


@pytest.mark.parametrize(("typed", "field", "says"), CHANGES)
def test_a_change_that_cant_be_says_why_at_its_field_and_changes_nothing(world, clerk, typed, field, says):
    made = subscribed(world, a_plan(world, tax_free_krw=3_000))
    turn(world)
    address = f"/subscriptions/{made}"
    form = fields(clerk.get(f"{address}/change"), f"{address}/changes/confirm") | {"reason": "고객 요청", **typed}
    before = counts(world)
    for step in ("changes/confirm", "changes"):
        answer = clerk.post(f"{address}/{step}", data=form)
        assert says in refused(answer, field)
        kept = fields(answer, f"{address}/changes/confirm")
        assert all(kept[name] == value for name, value in typed.items() if name != "plan_id")
    assert (counts(world), fresh(world, made).version) == (before, int(form["version"]))


PLANS = [
    ({"amount_krw": "0"}, "amount_krw", "₩1부터"),
    ({"tax_free_krw": "9901"}, "tax_free_krw", "클 수 없습니다"),
    ({"unit": "year", "every": "6"}, "every", "1부터 5까지"),
    ({"every": "0"}, "every", "1부터 365까지"),
    ({"trial_days": "400"}, "trial_days", "0부터 365까지"),
    ({"gaps": "1, 40"}, "gaps", "1~30일로"),
    ({"gaps": "1,2,3,4,5,6,7,8,9"}, "gaps", "8번까지"),
    ({"gaps": "내일"}, "gaps", "쉼표로"),
    ({"name": "가" * 41}, "name", "40자까지"),
]


@pytest.mark.parametrize(("typed", "field", "says"), PLANS)
def test_a_plan_that_cant_be_says_why_at_its_field_and_is_not_saved(world, clerk, typed, field, says):
    plan = a_plan(world)
    form = fields(clerk.get(f"/plans/{plan.id}/edit"), f"/plans/{plan.id}/confirm")
    form |= {"after_last": "end", "catch_up": "charge", **typed}
    before = counts(world)
    for address in ("/plans", f"/plans/{plan.id}/confirm", f"/plans/{plan.id}"):
        answer = clerk.post(address, data=form)
        assert says in refused(answer, field)
        kept = fields(answer, "/plans" if address == "/plans" else f"/plans/{plan.id}/confirm")
        assert {name: kept[name] for name in typed} == typed
    world.session.rollback()
    assert (counts(world), world.session.get(Plan, plan.id).version) == (before, 1)


def test_an_anchor_of_31_is_taken_and_29_february_too(world):
    at_end = service.preview_order(world.session, an_order(world, starts_on=date(2026, 12, 31)), today(world))
    assert [each.on.isoformat() for each in at_end] == ["2026-12-31", "2027-01-31", "2027-02-28"]
    subscribed(world, starts_on=date(2026, 12, 31))
    for wrong in ("anchor_day = 32", "anchor_day = 0", "amount_krw = 0", "tax_free_krw = amount_krw + 1", "every = 0"):
        with pytest.raises(DatabaseError), world.ctx().atomic() as session:
            session.execute(text(f"UPDATE subscriptions SET {wrong}"))


def a_foreign_card(world, _customer):
    other = world.a_customer("박도윤", "010-8765-4321", None)
    return world.a_key(other).id, "이 고객의 빌링키를 찾을 수 없습니다", NotFound


def a_deleted_card(world, customer):
    key_id = world.a_key(customer).id
    with world.ctx().atomic() as session:
        session.get(BillingKey, key_id).state = KeyState.MISSING
    return key_id, "쓸 수 없는 카드입니다", RuleBroken


def a_card_of_the_other_mode(world, customer):
    """A test card where the shop takes real money; here the modes are the other way round, the rule is the same."""
    key = world.a_key(customer)
    held = {column.name: getattr(key, column.name) for column in BillingKey.__table__.columns}
    other = BillingKey(**{**held, "id": "key_other_mode", "customer_uid": "bks_other_mode", "mode": Mode.TEST})
    return world.add(other).id, "쓸 수 없는 카드입니다", RuleBroken


@pytest.mark.parametrize("make", [a_foreign_card, a_deleted_card, a_card_of_the_other_mode])
def test_a_card_that_cant_be_charged_starts_nothing_and_replaces_nothing(each_world, make):
    world, customer = each_world, each_world.a_customer()
    customer_id, plan = customer.id, a_plan(world)
    held_id = service.subscribe(
        world.ctx(), an_order(world, plan, key=world.a_key(customer), starts_on=day_of(world, 5))
    ).id
    key_id, says, error = make(world, customer)
    held = fresh(world, held_id)
    version, card = held.version, held.billing_key_id
    order = replace(an_order(world, plan, key=world.session.get(BillingKey, card)), billing_key_id=key_id)
    clerk = world.signed_in(Role.OWNER)
    before = counts(world)
    with pytest.raises(error, match=says):
        service.subscribe(world.ctx(), order)
    form = {
        "csrf_token": soup(clerk.get("/plans/new")).find("input", {"name": "csrf_token"})["value"],
        "customer_id": customer_id, "billing_key_id": key_id, "plan_id": order.plan_id, "name": "월 이용료",
        "starts_on": today(world).isoformat(), "sheet_key": "sht_bad_card", "plan_version": "1",
    }  # fmt: skip
    assert says in refused(clerk.post("/subscriptions", data=form), "billing_key_id")
    clerk.post(f"/subscriptions/{held_id}/card", data=form | {"version": str(version)})
    assert says in clerk.get(f"/subscriptions/{held_id}").text
    turn(world)
    assert (counts(world), taken(world)) == (before, [])
    assert (fresh(world, held_id).billing_key_id, fresh(world, held_id).version) == (card, version)


def test_of_staff_who_change_one_subscription_at_one_instant_one_wins_and_the_others_are_told(each_world):
    made = subscribed(each_world, starts_on=day_of(each_world, 3))
    seen, key_id = fresh(each_world, made).version, fresh(each_world, made).billing_key_id
    acts = {
        "subscription.cancelled": lambda ctx: service.cancel_now(ctx, made, seen, "고객 요청"),
        "subscription.paused": lambda ctx: service.pause(ctx, made, seen),
        "subscription.skipped": lambda ctx: service.skip_next(ctx, made, seen),
        "subscription.changed": lambda ctx: service.change_terms(ctx, made, seen, Change(amount_krw=12_000)),
        "subscription.card_changed": lambda ctx: service.change_card(ctx, made, seen, key_id),
        "subscription.cancel_planned": lambda ctx: service.cancel_at_period_end(ctx, made, seen, "고객 요청"),
    }
    found = all_at_once(each_world, [lambda act=act: act(each_world.ctx()) and "done" for act in acts.values()])
    assert sorted(type(one).__name__ for one in found) == ["Conflict"] * 5 + ["str"]
    won = list(acts)[found.index("done")]
    each_world.session.rollback()
    told = each_world.session.scalars(select(Event.act).where(Event.subject_id == made).order_by(Event.seq)).all()
    assert told == ["subscription.created", won]
    assert fresh(each_world, made).version == seen + 1


def test_a_stale_page_comes_back_with_what_was_typed_and_a_second_look_is_enough(world, clerk):
    made = subscribed(world)
    turn(world)
    address = f"/subscriptions/{made}"
    change = fields(clerk.get(f"{address}/change"), f"{address}/changes/confirm")
    change |= {"amount_krw": "12,000", "reason": "인상 안내함"}
    sheet = fields(clerk.post(f"{address}/changes/confirm", data=change), f"{address}/changes")
    end = fields(clerk.get(f"{address}/acts/cancel-later"), f"{address}/acts/cancel-later") | {"reason": "이사"}
    service.skip_next(world.ctx(), made, fresh(world, made).version)
    stale = clerk.post(f"{address}/changes", data=sheet)
    assert (stale.status_code, "다른 직원이 먼저" in stale.text) == (409, True)
    assert fresh(world, made).amount_krw == 9_900
    again = fields(stale, f"{address}/changes/confirm")
    assert (again["amount_krw"], again["reason"]) == ("12,000", "인상 안내함")
    sheet = fields(clerk.post(f"{address}/changes/confirm", data=again), f"{address}/changes")
    assert clerk.post(f"{address}/changes", data=sheet).status_code == 303
    assert fresh(world, made).amount_krw == 12_000
    stale = clerk.post(f"{address}/acts/cancel-later", data=end)
    assert (stale.status_code, "다른 직원이 먼저" in stale.text) == (409, True)
    again = fields(stale, f"{address}/acts/cancel-later")
    assert again["reason"] == "이사"
    assert fresh(world, made).state.value == "active"
    assert clerk.post(f"{address}/acts/cancel-later", data=again).status_code == 303
    assert fresh(world, made).state.value == "cancelling"


def test_a_reason_that_is_missing_for_what_cant_be_done_any_more_says_that(world, clerk):
    made = subscribed(world)
    turn(world)
    address = f"/subscriptions/{made}/acts/cancel-now"
    form = fields(clerk.get(address), address)
    service.cancel_now(world.ctx(), made, fresh(world, made).version, "고객 요청")
    assert clerk.post(address, data=form | {"reason": ""}).status_code == 303
    assert "지금 상태에서는 할 수 없습니다" in clerk.get(f"/subscriptions/{made}").text


def test_two_staff_who_edit_one_plan_lose_nothing_that_was_typed(world, clerk):
    plan = a_plan(world)
    form = fields(clerk.get(f"/plans/{plan.id}/edit"), f"/plans/{plan.id}/confirm")
    form |= {"name": "새 이름", "after_last": "end", "catch_up": "charge"}
    details = plans.PlanDetails("먼저 바꾼 이름", 10_900)
    plans.update_plan(world.ctx(), plan.id, details, 1)
    stale = clerk.post(f"/plans/{plan.id}", data=form)
    assert (stale.status_code, "다른 직원이 먼저 이 요금제를" in stale.text) == (409, True)
    again = fields(stale, f"/plans/{plan.id}/confirm")
    assert again["name"] == "새 이름"
    assert clerk.post(f"/plans/{plan.id}", data=form | again).status_code == 303


def test_a_price_that_changed_after_it_was_confirmed_is_not_charged(world, clerk):
    key, plan = world.a_key(), a_plan(world)
    form = fields(clerk.get(f"/subscriptions/new?customer_id={key.customer_id}"), "/subscriptions/confirm")
    form |= {"plan_id": plan.id, "billing_key_id": key.id, "name": "월 이용료"}
    sheet = fields(clerk.post("/subscriptions/confirm", data=form), "/subscriptions")
    made = subscribed(world, a_plan(world, name="다른 요금제"), starts_on=day_of(world, 9))
    change = fields(clerk.get(f"/subscriptions/{made}/change"), f"/subscriptions/{made}/changes/confirm")
    answer = clerk.post(f"/subscriptions/{made}/changes/confirm", data=change | {"plan_id": plan.id})
    other = fields(answer, f"/subscriptions/{made}/changes")
    plans.update_plan(world.ctx(), plan.id, plans.PlanDetails("월 구독", 99_000), 1)
    before = counts(world)
    assert "그사이 이 요금제가 바뀌었습니다" in refused(clerk.post("/subscriptions", data=sheet), "plan_id", 409)
    assert "그사이" in refused(clerk.post(f"/subscriptions/{made}/changes", data=other), "plan_id", 409)
    assert (counts(world), taken(world), fresh(world, made).amount_krw) == (before, [], 9_900)
    sheet = fields(clerk.post("/subscriptions/confirm", data=sheet), "/subscriptions")
    assert clerk.post("/subscriptions", data=sheet).status_code == 303
    assert taken(world) == [99_000]


@pytest.mark.parametrize("act", ["archived", "changed"])
def test_a_plan_that_goes_while_somebody_starts_or_changes_to_it_takes_nobody_with_it(each_world, act):
    """The first hand holds the plan and commits while the others wait: they see what it left, not what was before."""
    world, plan = each_world, a_plan(each_world)
    order = replace(an_order(world, plan), plan_version=1)
    made = subscribed(world, a_plan(world), starts_on=day_of(world, 5))
    seen, plan_id = fresh(world, made).version, plan.id
    change = Change(plan_id=plan_id, plan_version=1)
    outcomes, holds = {}, threading.Event()

    def meets(name, press):
        holds.wait(20)
        with world.app.app_context():
            try:
                outcomes[name] = press(world.ctx())
            except Exception as wrong:  # noqa: BLE001 - handed to the test
                outcomes[name] = wrong
            finally:
                db.session.remove()

    others = [
        threading.Thread(target=meets, args=("start", lambda ctx: service.subscribe(ctx, order))),
        threading.Thread(target=meets, args=("change", lambda ctx: service.change_terms(ctx, made, seen, change))),
    ]
    for thread in others:
        thread.start()
    with world.ctx().atomic() as session:
        row = session.get(Plan, plan_id, with_for_update=True)
        row.version += 1
        if act == "archived":
            row.archived_at = world.clock.now()
        else:
            row.amount_krw = 99_000
        session.flush()
        holds.set()
        time.sleep(0.4)
        assert outcomes == {}
    for thread in others:
        thread.join(30)
    kind = RuleBroken if act == "archived" else Conflict
    assert {name: type(one) for name, one in outcomes.items()} == {"start": kind, "change": kind}
    assert (world.session.query(Subscription).count(), fresh(world, made).amount_krw) == (1, 9_900)


def test_a_plan_in_use_is_never_deleted_and_its_subscriptions_go_on(each_world):
    plan = a_plan(each_world)
    made, plan_id = subscribed(each_world, plan), plan.id
    with pytest.raises(DatabaseError), each_world.ctx().atomic() as session:
        session.execute(text("DELETE FROM plans"))
    plans.archive_plan(each_world.ctx(), plan_id)
    turn(each_world)
    assert (taken(each_world), fresh(each_world, made).plan_id) == ([9_900], plan_id)
    clerk = each_world.signed_in(Role.OWNER)
    answer = clerk.get(f"/subscriptions/new?customer_id={fresh(each_world, made).customer_id}")
    assert plan_id not in answer.text
    clerk.set_cookie("lang", "en")
    form = {
        "csrf_token": soup(clerk.get("/plans/new")).find("input", {"name": "csrf_token"})["value"],
        "customer_id": fresh(each_world, made).customer_id, "billing_key_id": fresh(each_world, made).billing_key_id,
        "plan_id": plan_id, "name": "again", "starts_on": today(each_world).isoformat(), "sheet_key": "sht_x",
    }  # fmt: skip
    a_plan(each_world)  # else there is nothing to choose from
    assert "archived plan" in refused(clerk.post("/subscriptions/confirm", data=form), "plan_id")
