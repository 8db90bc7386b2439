"""Charge later on screen: filled, restated, reserved once, moved, revoked, taken over."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from merchant_admin.core.permissions import Role
from merchant_admin.core.times import seoul_day
from merchant_admin.schedules.models import Schedule
from merchant_admin.schedules.states import ScheduleState
from tests.schedules.acting import a_sheet, foreign, pass_time, reserve, state_of, work
from tests.support.pages import inspect


def fields_of(answer, selector="main form"):
    form = BeautifulSoup(answer.text, "html.parser").select_one(selector)
    return {field["name"]: field.get("value", "") for field in form.select("input[name], textarea[name]")}


@pytest.fixture
def key(world):
    return world.a_key()


@pytest.fixture
def client(world):
    return world.signed_in(Role.CLERK)


def fill(world, client, key, **typed):
    tomorrow = seoul_day(world.clock.now()) + timedelta(days=1)
    fields = fields_of(client.get(f"/schedules/new?billing_key_id={key.id}"))
    return fields | {
        "billing_key_id": key.id, "schedule_day": tomorrow.isoformat(), "schedule_time": "09:30", "name": "1월 이용료",
        "amount_krw": "33,000",
    } | typed  # fmt: skip


def test_a_clerk_reserves_a_charge_once(world, client, key):
    confirm = client.post("/schedules/confirm", data=fill(world, client, key))
    page = inspect(confirm.text)
    assert "₩33,000 예약" in page.get_text()
    assert "오전 9:30" in page.get_text()
    assert world.session.scalars(select(Schedule)).all() == []
    sheet = fields_of(confirm, "form.sheet")
    first, second = client.post("/schedules", data=sheet), client.post("/schedules", data=sheet)
    assert first.status_code == 303
    assert first.location == second.location
    assert len(world.sandbox.schedules()) == 1
    shown = inspect(client.get(first.location).text).get_text(" ")
    assert "지금은 돈이 움직이지 않았습니다." in shown


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("schedule_day", "2020-01-01"), ("schedule_day", "2126-01-01"), ("schedule_day", "내일"),
        ("schedule_day", "2027-02-30"), ("schedule_time", "25:00"), ("schedule_time", ""), ("amount_krw", "1.5"),
        ("amount_krw", "0"), ("tax_free_krw", "40,000"), ("name", ""), ("memo", "4111 1111 1111 1111"),
    ],
)  # fmt: skip
def test_what_cant_be_reserved_stays_on_the_form_with_a_message(world, client, key, field, typed):
    answer = client.post("/schedules/confirm", data=fill(world, client, key, **{field: typed}))
    assert answer.status_code == 422
    assert inspect(answer.text).select_one(f"#f-{field}-error")
    assert world.sandbox.schedules() == []


def test_a_large_sum_is_typed_again(world, client, key):
    confirm = client.post("/schedules/confirm", data=fill(world, client, key, amount_krw="1,000,000"))
    sheet = fields_of(confirm, "form.sheet")
    assert client.post("/schedules", data=sheet).status_code == 422
    assert world.sandbox.schedules() == []
    assert client.post("/schedules", data=sheet | {"typed_krw": "1000000"}).status_code == 303


def test_a_second_reservation_of_the_same_sum_is_pointed_out(world, client, key):
    reserve(world, a_sheet(world, key))
    confirm = client.post("/schedules/confirm", data=fill(world, client, key))
    assert "같은 고객, 같은 금액의 예약이 이미 있습니다." in confirm.text


def test_the_list_says_how_many_and_how_much_and_opens_by_tab_month_and_day(world, client, key):
    ids = [reserve(world, a_sheet(world, key, hours=hours, name=f"예약 {hours}")).id for hours in (24, 48, 24 * 40)]
    page = inspect(client.get("/schedules").text)
    assert "3건, 합계 ₩99,000" in page.get_text(" ")
    assert [row.get_text(strip=True) for row in page.select("td.main a")] == ["예약 24", "예약 48", "예약 960"]
    first = seoul_day(world.clock.now() + timedelta(hours=24))
    assert "예약 48" not in client.get(f"/schedules?day={first}").text
    assert "1건, 합계 ₩33,000" in client.get(f"/schedules?day={first}").text
    assert "예약 960" not in client.get(f"/schedules?month={first:%Y-%m}").text
    for odd in ("month=2026-13", "day=x", "tab=x", "place=x"):
        assert client.get(f"/schedules?{odd}").status_code == 200
    pass_time(world, hours=25)
    work(world)
    assert state_of(world, ids[0]) is ScheduleState.EXECUTED_PAID
    client = world.signed_in(Role.VIEWER)  # a day has passed
    assert "예약 24" in client.get("/schedules?tab=paid").text
    assert "예약 24" not in client.get("/schedules").text
    shown = client.get(f"/schedules/{ids[0]}").text
    assert "/payments/pay_" in shown
    inspect(shown)


def test_a_long_list_goes_on_from_page_to_page_soonest_first(world, client, key):
    for hours in range(30):
        reserve(world, a_sheet(world, key, hours=24 + hours, name=f"예약 {hours}"))
    page = inspect(client.get("/schedules").text)
    following = inspect(client.get(page.select_one("a[rel=next]")["href"]).text)
    names = [row.get_text(strip=True) for part in (page, following) for row in part.select("td.main a")]
    assert names == [f"예약 {hours}" for hours in range(30)]
    back = inspect(client.get(following.select_one("a[rel=prev]")["href"]).text)
    assert [row.get_text(strip=True) for row in back.select("td.main a")] == names[:25]


def test_a_reservation_is_moved_and_revoked_on_its_page(world, client, key):
    schedule_id = reserve(world, a_sheet(world, key)).id
    url = f"/schedules/{schedule_id}"
    fields = fields_of(client.get(f"{url}/time"))
    later = seoul_day(world.clock.now()) + timedelta(days=5)
    assert client.post(f"{url}/time", data=fields | {"schedule_day": "2020-01-01"}).status_code == 422
    assert client.post(f"{url}/time", data=fields | {"schedule_day": later.isoformat()}).status_code == 303
    assert f"{later.year}. {later.month}. {later.day}." in client.get(url).text
    token = {"csrf_token": fields["csrf_token"]}
    assert client.post(f"{url}/revoke", data=token).status_code == 422
    assert client.post(f"{url}/revoke", data=token | {"reason": "고객 요청"}).status_code == 303
    shown = inspect(client.get(url).text).get_text(" ")
    assert "취소한 예약입니다." in shown
    assert "고객 요청" in shown
    assert client.post(f"{url}/revoke", data=token | {"reason": "다시"}).status_code == 303
    assert world.sandbox.schedules()[0]["schedule_status"] == "revoked"


def test_an_unknown_outcome_is_shown_as_unknown_and_asks_again(world, client, key):
    world.sandbox.faults.plan("close_before", "/subscribe/payments/schedule", method="POST")
    schedule_id = reserve(world, a_sheet(world, key)).id
    page = inspect(client.get(f"/schedules/{schedule_id}").text)
    assert "다시 예약하지 마세요" in page.get_text()
    assert page.select_one("#schedule")["hx-get"]


def test_what_other_programs_left_is_found_and_taken_over(world, client, key):
    theirs = foreign(world, key.customer_uid, name="<script>옛 예약")
    assert theirs not in client.get("/schedules/import").text
    found = client.get("/schedules/import?find=1")
    page = inspect(found.text)
    assert "&lt;script&gt;옛 예약" in found.text
    token = page.select_one("main form[method=post] input[name=csrf_token]")["value"]
    assert client.post("/schedules/import", data={"csrf_token": token}).status_code == 303
    assert (
        client.post("/schedules/import", data={"csrf_token": token, "merchant_uid": [theirs, "../x"]}).status_code
        == 303
    )
    assert world.session.scalars(select(Schedule.merchant_uid)).all() == [theirs]
    assert "이미 있음" in client.get("/schedules/import?find=1").text
    assert client.get("/schedules/import?find=1&from=2026-12-31&to=2026-01-01").status_code == 200


def test_portone_that_is_away_is_said_and_nothing_else_happens(world, client, key):
    world.sandbox.faults.plan("close_before", "*", times=20)
    assert "포트원을 읽지 못했습니다." in client.get("/schedules/import?find=1").text
    sheet = fill(world, client, key)
    assert client.post("/schedules", data=sheet).status_code in {303, 422}


def test_deleting_a_card_lists_its_reservations_and_refuses(world, key):
    owner = world.signed_in(Role.OWNER)
    schedule_id = reserve(world, a_sheet(world, key)).id
    page = inspect(owner.get(f"/billing-keys/{key.id}/deletion").text)
    assert page.select_one(f"a[href='/schedules/{schedule_id}']")
    assert "예약을 먼저 취소하세요" in page.get_text()
    token = fields_of(owner.get("/account"))["csrf_token"]
    answer = owner.post(f"/billing-keys/{key.id}/deletion", data={"csrf_token": token, "reason_text": "정리"})
    assert answer.status_code == 422
    assert world.gateway.stored_card(key.customer_uid) is not None
