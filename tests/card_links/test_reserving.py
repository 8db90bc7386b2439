"""What a switch revoked is shown, and reserved on the new card by a press: once each, whatever happens meanwhile."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import event, select

from merchant_admin.card_links.queries import not_reserved
from merchant_admin.card_links.reserving import reserve_again, revoked_by, sheet_key_of
from merchant_admin.core.db import db
from merchant_admin.core.ids import new_id
from merchant_admin.core.permissions import Role
from merchant_admin.core.settings import Mode
from merchant_admin.schedules.models import Schedule
from merchant_admin.schedules.service import ScheduleSheet, reserve_charge, revoke_schedule
from tests.card_links.acting import Phone, a_link, row_of, work
from tests.card_links.test_switching import Death, DyingGateway
from tests.payments.test_races import all_at_once
from tests.support.pages import inspect


@pytest.fixture
def switched(world):
    return after_a_switch(world)


def after_a_switch(world, amounts=(5_000, 7_000)):
    """A link whose card was replaced; its two reservations, in 20 and in 21 days, were revoked."""
    link = a_link(world)
    for number, amount_krw in enumerate(amounts):
        at = world.clock.now() + timedelta(days=20 + number)
        sheet = ScheduleSheet(new_id("sht"), link.customer_id, link.old_key_id, amount_krw, 0, f"잔금 {number}", "", at)
        reserve_charge(world.ctx(), world.gateway, sheet)
    Phone(world, link).registers()
    work(world, 6)
    assert row_of(world, link).state.value == "done"
    return link


def seen(world, link):
    world.session.rollback()
    return revoked_by(world.session, link.id, world.clock.now())


def held(world):
    """What waits at PortOne: its truth, not ours."""
    return sorted(one["amount"] for one in world.sandbox.schedules() if one["schedule_status"] == "scheduled")


def test_nothing_is_reserved_by_itself_and_one_press_reserves_each_once(world, switched):
    assert [(one.name, one.amount_krw, one.may_reserve) for one in seen(world, switched)] == [
        ("잔금 0", 5_000, True), ("잔금 1", 7_000, True),
    ]  # fmt: skip
    work(world, 100)
    assert held(world) == []
    clerk = world.signed_in(Role.MANAGER)
    assert f"/card-links/{switched.id}/revoked" in clerk.get(f"/card-links/{switched.id}").text
    page = clerk.get(f"/card-links/{switched.id}/revoked")
    inspect(page.text)
    form = BeautifulSoup(page.text, "html.parser").find("form", action=f"/card-links/{switched.id}/reservations")
    data = {"csrf_token": form.find("input", {"name": "csrf_token"})["value"]}
    data["schedule_id"] = [box["value"] for box in form.select("input[type=checkbox][checked]")]
    assert len(data["schedule_id"]) == 2
    for _press in range(2):
        assert clerk.post(f"/card-links/{switched.id}/reservations", data=data).status_code == 303
    assert held(world) == [5_000, 7_000]
    new_key = row_of(world, switched).new_billing_key_id
    made = [world.session.get(Schedule, one.again_id) for one in seen(world, switched)]
    assert {one.billing_key_id for one in made} == {new_key}
    assert len({one.merchant_uid for one in world.session.scalars(select(Schedule))}) == 4
    after = clerk.get(f"/card-links/{switched.id}/revoked").text
    assert "checkbox" not in after
    assert f"/schedules/{made[0].id}" in after


def test_what_waits_for_the_press_is_among_what_needs_a_person_until_it_is_made_or_past(world, switched):
    client = world.signed_in(Role.VIEWER)

    def row():
        card = BeautifulSoup(client.get("/needs-action").text, "html.parser").find(id="not-reserved")
        return card and (card.select_one("a.btn")["href"], card.select_one("li").get_text(" ", strip=True))

    href, said = row()
    assert href == f"/card-links/{switched.id}/revoked"
    assert "김서연 다시 예약하지 않은 것 2건 · 예약 시각 2026. 12. 13." in said
    inspect(client.get("/needs-action").text)
    first, second = seen(world, switched)
    reserve_again(world.ctx(), world.gateway, switched.id, {first.id})
    assert "1건 · 예약 시각 2026. 12. 14." in row()[1]
    own, now = world.settings.mode, world.clock.now()
    found = [not_reserved(world.session, *one) for one in ((own, now), (Mode.TEST, now), (own, second.schedule_at))]
    assert [len(some) for some in found] == [1, 0, 0]
    world.session.rollback()
    reserve_again(world.ctx(), world.gateway, switched.id, {second.id})
    assert row() is None


def test_what_staff_revoked_before_the_switch_is_not_offered_again(world):
    link = a_link(world)
    at = world.clock.now() + timedelta(days=20)
    sheet = ScheduleSheet(new_id("sht"), link.customer_id, link.old_key_id, 5_000, 0, "잔금", "", at)
    revoke_schedule(world.ctx(), world.gateway, reserve_charge(world.ctx(), world.gateway, sheet).id, "고객 요청")
    world.clock.advance(minutes=1)
    Phone(world, link).registers()
    assert row_of(world, link).state.value == "done"
    assert (seen(world, link), not_reserved(world.session, world.settings.mode, world.clock.now())) == ([], [])


def test_a_long_list_is_read_in_as_many_statements_as_a_short_one(world):
    said, counts = [], []
    event.listen(db.engine, "before_cursor_execute", lambda *words: said.append(words[2]))
    for amounts in ((1_000,), (1_000, 2_000, 3_000, 4_000)):
        link = after_a_switch(world, amounts)
        world.session.rollback()
        said.clear()
        assert len(seen(world, link)) == len(amounts)
        counts.append(len(said))
    assert counts[0] == counts[1] <= 6


def test_only_the_ticked_ones_are_reserved(world, switched):
    first, second = seen(world, switched)
    reserve_again(world.ctx(), world.gateway, switched.id, {second.id, "sch_nobody"})
    assert held(world) == [7_000]
    assert [one.again_id is None for one in seen(world, switched)] == [True, False]
    assert first.id == seen(world, switched)[0].id


def test_two_presses_at_one_instant_reserve_once(each_world):
    link = after_a_switch(each_world)
    ids = {one.id for one in seen(each_world, link)}
    each_world.session.rollback()

    presses = [lambda: reserve_again(each_world.ctx(), each_world.gateway, link.id, ids)] * 6
    assert all(isinstance(one, list) for one in all_at_once(each_world, presses))
    assert held(each_world) == [5_000, 7_000]


@pytest.mark.parametrize("point", ["before", "after"])
def test_a_process_killed_between_leaves_what_a_second_press_ends(world, switched, point):
    ids = {one.id for one in seen(world, switched)}
    with pytest.raises(Death):
        reserve_again(world.ctx(), DyingGateway(world.gateway, "reserve", point), switched.id, ids)
    db.session.remove()
    assert held(world) == ([5_000] if point == "after" else [])
    found = reserve_again(world.ctx(), world.gateway, switched.id, ids)  # the first one is in doubt, and left alone
    assert held(world) == ([5_000, 7_000] if point == "after" else [7_000])
    assert found[0].again_state.value == "sending"
    for seconds in (250, 10, 190, 70, 70):
        work(world, seconds)
    states = [one.again_state.value for one in seen(world, switched)]
    assert states == (["scheduled", "scheduled"] if point == "after" else ["missing", "scheduled"])
    reserve_again(world.ctx(), world.gateway, switched.id, ids)
    assert held(world) == ([5_000, 7_000] if point == "after" else [7_000])


def test_what_cannot_be_reserved_says_why_and_keeps_nothing_else_from_it(world):
    link = after_a_switch(world, (2_000_000, 7_000))
    large, small = seen(world, link)
    assert (large.may_reserve, small.may_reserve) == (False, True)
    world.clock.advance(days=21)
    assert [one.may_reserve for one in seen(world, link)] == [False, False]
    assert reserve_again(world.ctx(), world.gateway, link.id, {large.id, small.id})[1].again_id is None
    assert held(world) == []
    shown = world.signed_in(Role.MANAGER).get(f"/card-links/{link.id}/revoked").text
    assert "금액을 다시 적어 새로 예약" in shown
    assert "10분 뒤보다 늦은 시각" in shown


def test_one_that_staff_made_by_hand_meanwhile_is_not_ticked(world, switched):
    row = row_of(world, switched)
    at = world.clock.now() + timedelta(days=20)
    sheet = ScheduleSheet(new_id("sht"), row.customer_id, row.new_billing_key_id, 5_000, 0, "잔금", "", at)
    reserve_charge(world.ctx(), world.gateway, sheet)
    page = BeautifulSoup(
        world.signed_in(Role.MANAGER).get(f"/card-links/{switched.id}/revoked").text, "html.parser"
    )  # fmt: skip
    ticked = [box["value"] for box in page.select("input[type=checkbox][checked]")]
    assert ticked == [seen(world, switched)[1].id]
    assert "같은 금액의 예약이 이미 있습니다" in page.get_text()
    assert len(sheet_key_of(ticked[0])) <= 40


def test_a_viewer_sees_and_reserves_nothing(world, switched):
    viewer = world.signed_in(Role.VIEWER)
    shown = viewer.get(f"/card-links/{switched.id}/revoked")
    assert (shown.status_code, "checkbox" in shown.text) == (200, False)
    assert viewer.post(f"/card-links/{switched.id}/reservations", data={}).status_code in {400, 403}
    assert held(world) == []
