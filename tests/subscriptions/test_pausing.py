"""Pauses until an agreed day: what is shown is what comes, on that day, and no date of the pause is ever charged."""

from datetime import date, timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from merchant_admin.audit.models import Event
from merchant_admin.core.errors import Conflict, RuleBroken
from merchant_admin.core.permissions import Role
from merchant_admin.subscriptions import pausing, service
from merchant_admin.subscriptions.service import Change
from merchant_admin.subscriptions.states import AfterLast, CatchUp, SubscriptionState, Unit
from tests.subscriptions.acting import a_plan, day_of, fresh, pass_days, states, subscribed, taken, today, turn
from tests.subscriptions.test_ahead import steps
from tests.subscriptions.test_pages import fields, pauses


def weekly(world, **details):
    """Paid today; its next dates are in 7, 14, 21 ... days."""
    made = subscribed(world, a_plan(world, unit=Unit.WEEK, **details))
    turn(world)
    return made


def pause_until(world, made, days, **more):
    return service.pause(world.ctx(), made, fresh(world, made).version, until=day_of(world, days), **more)


def acts_of(world, made):
    world.session.rollback()
    told = select(Event).where(Event.subject_id == made).order_by(Event.seq)
    return [(event.act, event.actor_kind) for event in world.session.scalars(told)]


def test_it_goes_on_by_itself_on_the_agreed_day_and_never_charges_what_was_paused(each_world):
    world = each_world
    made = weekly(world)
    shown = service.preview_pause(fresh(world, made), day_of(world, 16))
    assert [one.on for one in shown] == [day_of(world, days) for days in (21, 28, 35)]
    pause_until(world, made, 16)
    pass_days(world, 15)
    assert (fresh(world, made).state, taken(world)) == (SubscriptionState.PAUSED, [9_900])
    pass_days(world, 1)
    held = fresh(world, made)
    assert (held.state, held.next_on, held.resumes_on) == (SubscriptionState.ACTIVE, shown[0].on, None)
    act, kind = acts_of(world, made)[-1]
    assert (act, str(kind)) == ("subscription.resumed_on_day", "job")
    pass_days(world, 5)
    assert (taken(world), states(world, made)) == ([9_900, 9_900], ["paid", "paid"])


def test_a_date_on_the_agreed_day_itself_is_charged_that_day(world):
    made = weekly(world)
    pause_until(world, made, 14)
    pass_days(world, 14)
    assert (taken(world), fresh(world, made).next_on) == ([9_900, 9_900], day_of(world, 7))


def test_nothing_goes_on_outside_the_hours_of_charging(world):
    made = weekly(world)
    pause_until(world, made, 7)
    world.clock.advance(days=7, hours=-4)  # 8:00
    turn(world)
    assert fresh(world, made).state is SubscriptionState.PAUSED
    world.clock.advance(hours=1)
    turn(world)
    assert (fresh(world, made).state, taken(world)) == (SubscriptionState.ACTIVE, [9_900, 9_900])


@pytest.mark.parametrize(
    ("rule", "paid"), [(CatchUp.CHARGE, ["paid", "skipped", "paid"]), (CatchUp.SKIP, ["paid", "skipped", "skipped"])]
)
def test_a_machine_that_was_off_over_the_day_goes_on_under_the_plans_rule(world, rule, paid):
    made = weekly(world, catch_up=rule)
    pause_until(world, made, 12)  # dates in 14 and 21 days come after it
    world.clock.advance(days=24)
    turn(world)
    turn(world)
    assert (states(world, made), fresh(world, made).next_on) == (paid, day_of(world, 4))
    assert len(taken(world)) == paid.count("paid")
    assert [act for act, _kind in acts_of(world, made)].count("subscription.resumed_on_day") == 1


def test_resuming_by_hand_before_the_day_takes_the_day_away(world):
    made = weekly(world)
    pause_until(world, made, 30)
    world.clock.advance(days=10)
    service.resume(world.ctx(), made, fresh(world, made).version)
    held = fresh(world, made)
    assert (held.resumes_on, held.next_on) == (None, day_of(world, 4))  # 14 days after the start, not 35
    pass_days(world, 25)
    assert len(taken(world)) == 5
    assert ("subscription.resumed_on_day", "job") not in acts_of(world, made)


def test_the_day_can_be_moved_both_ways_and_taken_away(world):
    made = weekly(world)
    pause_until(world, made, 30)
    assert fresh(world, made).next_on == day_of(world, 35)
    for days, next_on in ((3, 7), (40, 42), (None, None), (10, 14)):
        until = days and day_of(world, days)
        service.change_pause(world.ctx(), made, fresh(world, made).version, until=until)
        held = fresh(world, made)
        assert (held.resumes_on, held.next_on) == (until, next_on and day_of(world, next_on))
    pass_days(world, 14)
    assert taken(world) == [9_900, 9_900]
    with pytest.raises(RuleBroken):
        service.change_pause(world.ctx(), made, fresh(world, made).version, until=day_of(world, 3))


def test_a_pause_without_a_day_lasts(world):
    made = weekly(world)
    service.pause(world.ctx(), made, fresh(world, made).version)
    pass_days(world, 30)
    assert (fresh(world, made).state, fresh(world, made).next_on) == (SubscriptionState.PAUSED, None)


def test_two_staff_at_once_one_is_told(each_world):
    world = each_world
    made = weekly(world)
    seen = fresh(world, made).version
    service.pause(world.ctx(), made, seen, until=day_of(world, 9))
    with pytest.raises(Conflict):
        service.pause(world.ctx(), made, seen, until=day_of(world, 20))
    seen = fresh(world, made).version
    service.change_pause(world.ctx(), made, seen, until=day_of(world, 8))
    with pytest.raises(Conflict):
        service.change_pause(world.ctx(), made, seen, until=None)
    assert fresh(world, made).resumes_on == day_of(world, 8)


@pytest.mark.parametrize("days", [-1, 0, 367])
def test_a_day_that_cannot_be_changes_nothing(world, days):
    made = weekly(world)
    with pytest.raises(RuleBroken):
        pause_until(world, made, days)
    held = fresh(world, made)
    assert (held.state, held.version) == (SubscriptionState.ACTIVE, held.version)


def test_the_database_knows_a_day_only_of_a_pause(each_world):
    made = weekly(each_world)
    with pytest.raises(DatabaseError, match="resumes_from_pause"), each_world.ctx().atomic() as session:
        session.execute(text("UPDATE subscriptions SET resumes_on = '2026-12-24'"))
    pause_until(each_world, made, 9)
    with pytest.raises(DatabaseError, match="paused_until_has_next"), each_world.ctx().atomic() as session:
        session.execute(text("UPDATE subscriptions SET next_on = NULL"))


def test_changes_while_it_is_paused_keep_to_the_agreed_day(world):
    made = weekly(world)
    pause_until(world, made, 16)
    monthly = a_plan(world, name="월 구독", amount_krw=20_000)
    change = Change(plan_id=monthly.id)
    shown = service.preview_change(world.session, fresh(world, made), change, today(world))
    service.change_terms(world.ctx(), made, fresh(world, made).version, change)
    assert (fresh(world, made).next_on, shown[0].on) == (day_of(world, 21), day_of(world, 21))
    early = Change(next_on=day_of(world, 2))  # its series comes to the agreed day later
    shown = service.preview_change(world.session, fresh(world, made), early, today(world))
    service.change_terms(world.ctx(), made, fresh(world, made).version, early)
    assert fresh(world, made).next_on == shown[0].on == date(2026, 12, 25)
    service.change_pause(world.ctx(), made, fresh(world, made).version, until=day_of(world, 1))
    assert fresh(world, made).next_on == day_of(world, 2)


def test_ending_it_takes_the_day_away(world):
    made = weekly(world)
    pause_until(world, made, 9)
    service.cancel_now(world.ctx(), made, fresh(world, made).version, "고객 요청")
    pass_days(world, 10)
    assert (fresh(world, made).state, fresh(world, made).resumes_on) == (SubscriptionState.ENDED, None)


def test_a_trial_that_was_paused_is_a_trial_again(world):
    made = subscribed(world, a_plan(world, trial_days=7))
    pause_until(world, made, 3)
    pass_days(world, 3)
    assert (fresh(world, made).state, fresh(world, made).next_on) == (SubscriptionState.TRIAL, day_of(world, 4))


def test_the_steps_ahead_name_the_day_and_the_first_charge(world):
    made = weekly(world, gaps=(2,))
    pause_until(world, made, 16)
    told = steps(world, made)
    assert told[:3] == [
        ("resume", "always", "2026-12-09"), ("charge", "always", "2026-12-14"), ("retry", "refused", "2026-12-16"),
    ]  # fmt: skip


def test_one_whose_times_are_used_up_says_so_and_offers_no_resumption(world):
    made = subscribed(world, a_plan(world, gaps=(), after_last=AfterLast.PAUSE), card="balance", times=1)
    turn(world)
    assert fresh(world, made).state is SubscriptionState.PAUSED
    shown = world.signed_in(Role.MANAGER).get(f"/subscriptions/{made}").text
    assert "횟수를 다 써서" in shown
    assert "acts/resume" not in shown
    assert f"/subscriptions/{made}/pause" not in shown


def test_the_pages_show_the_dates_before_and_the_day_after(world):
    made, clerk = weekly(world), world.signed_in(Role.MANAGER)
    address = f"/subscriptions/{made}"
    sheet = pauses(clerk, address, until="2026-12-09", reason="여행")
    for said in ("2026. 12. 9.", "2026. 12. 14.", "2026. 12. 21.", "2026. 12. 28.", "여행"):
        assert said in sheet.text
    sentence = "멈춰 있습니다. 2026. 12. 9.에 다시 시작하고 2026. 12. 14.에 ₩9,900을 결제합니다."
    for page in (address, "/subscriptions?state=paused", f"/customers/{fresh(world, made).customer_id}"):
        assert sentence in clerk.get(page).text
    assert "일시정지가 끝나고 다시 시작합니다" in clerk.get(f"/customers/{fresh(world, made).customer_id}/ahead").text
    assert "정기결제 일시정지 · 2026. 12. 9.에 다시 시작" in clerk.get(address).text
    form = fields(clerk.get(f"{address}/pause"), f"{address}/pause/confirm")
    assert form["until"] == "2026-12-09"
    pauses(clerk, address, until="")
    assert "다시 시작하면 그 뒤의 첫 결제일부터" in clerk.get(address).text


@pytest.mark.parametrize("until", ["2026-11-23", "2020-01-01", "2026-02-30", "내일", "2027-11-25", "9999-12-31"])
def test_a_wrong_day_is_told_beside_its_field_and_nothing_typed_is_lost(world, until):
    made, clerk = weekly(world), world.signed_in(Role.MANAGER)
    address = f"/subscriptions/{made}"
    form = fields(clerk.get(f"{address}/pause"), f"{address}/pause/confirm") | {"until": until, "reason": "여행"}
    for path in (f"{address}/pause/confirm", f"{address}/pause"):
        answer = clerk.post(path, data=form)
        page = BeautifulSoup(answer.text, "html.parser")
        assert (answer.status_code, page.find(id="f-until")["aria-invalid"]) == (422, "true")
        assert page.find(id="f-until-error")
        assert (page.find(id="f-until")["value"], page.find(id="f-reason")["value"]) == (until, "여행")
    assert fresh(world, made).state is SubscriptionState.ACTIVE


def test_a_sheet_left_open_over_midnight_says_so_beside_the_field(world):
    made, clerk = weekly(world), world.signed_in(Role.MANAGER)
    address = f"/subscriptions/{made}"
    form = fields(clerk.get(f"{address}/pause"), f"{address}/pause/confirm") | {"until": day_of(world, 1).isoformat()}
    sheet = fields(clerk.post(f"{address}/pause/confirm", data=form), f"{address}/pause")
    world.clock.advance(hours=13)
    clerk = world.signed_in(Role.OWNER)
    token = fields(clerk.get(f"{address}/pause"), f"{address}/pause/confirm")["csrf_token"]
    answer = clerk.post(f"{address}/pause", data={**sheet, "csrf_token": token})
    assert answer.status_code == 422
    assert 'id="f-until-error"' in answer.text


def test_a_stale_sheet_comes_back_with_what_was_typed(world):
    made, clerk = weekly(world), world.signed_in(Role.MANAGER)
    address = f"/subscriptions/{made}"
    form = fields(clerk.get(f"{address}/pause"), f"{address}/pause/confirm") | {"until": "2026-12-09", "reason": "여행"}
    sheet = fields(clerk.post(f"{address}/pause/confirm", data=form), f"{address}/pause")
    pause_until(world, made, 30)
    answer = clerk.post(f"{address}/pause", data=sheet)
    assert answer.status_code == 409
    back = fields(answer, f"{address}/pause/confirm")
    assert (back["until"], back["reason"], back["version"]) == ("2026-12-09", "여행", str(fresh(world, made).version))
    assert fresh(world, made).resumes_on == day_of(world, 30)


def test_a_worker_that_dies_before_its_commit_leaves_the_day_to_the_next(world, monkeypatch):
    made = weekly(world)
    pause_until(world, made, 7)
    world.clock.advance(days=7)
    with monkeypatch.context() as broken:
        broken.setattr(pausing.steps, "tell", lambda *_words, **_facts: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            pausing.resume_due(world.ctx())
    assert fresh(world, made).state is SubscriptionState.PAUSED
    turn(world)
    assert (fresh(world, made).state, taken(world)) == (SubscriptionState.ACTIVE, [9_900, 9_900])


def test_the_forecast_counts_it_from_the_first_date_after_the_pause(world):
    from merchant_admin.core.settings import Mode
    from merchant_admin.outlook.forecast import Part, forecast

    made = weekly(world)
    pause_until(world, made, 16)
    found = forecast(world.session, Mode.SANDBOX, 30, today(world)).parts[Part.ALL]
    assert (found.count, found.sum_krw) == (2, 19_800)  # in 21 and in 28 days
    assert timedelta(days=21) == fresh(world, made).next_on - today(world)
