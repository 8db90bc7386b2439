"""The screens: starting, changing, stopping, and what each state says."""

import pytest
from bs4 import BeautifulSoup

from merchant_admin.core.permissions import Role
from tests.subscriptions.acting import a_plan, fresh, pass_days, states, subscribed, taken, today, turn


def soup(answer):
    return BeautifulSoup(answer.text, "html.parser")


def fields(answer, action):
    form = soup(answer).find("form", action=action)
    assert form, answer.text
    return {each["name"]: each.get("value", "") for each in form.find_all("input") if each.get("name")}


def pauses(clerk, address, **typed):
    """The form, the sheet, and its press. Returns the sheet."""
    sheet = clerk.post(
        f"{address}/pause/confirm", data=fields(clerk.get(f"{address}/pause"), f"{address}/pause/confirm") | typed
    )
    assert clerk.post(f"{address}/pause", data=fields(sheet, f"{address}/pause")).status_code == 303
    return sheet


@pytest.fixture
def clerk(world):
    return world.signed_in(Role.MANAGER)


def test_a_plan_a_customer_and_three_presses_make_a_paid_subscription(world, clerk):
    form = fields(clerk.get("/plans/new"), "/plans")
    form |= {"name": "월 구독", "amount_krw": "9,900", "unit": "month", "after_last": "end", "catch_up": "charge"}
    assert clerk.post("/plans", data=form).status_code == 303
    key = world.a_key()
    page = clerk.get(f"/subscriptions/new?customer_id={key.customer_id}")
    form = fields(page, "/subscriptions/confirm")
    plan_id = soup(page).select("select[name=plan_id] option")[1]["value"]
    form |= {"plan_id": plan_id, "billing_key_id": key.id, "name": "월 이용료"}
    form.pop("at_month_end")
    sheet = clerk.post("/subscriptions/confirm", data=form)
    assert "2026. 12. 23." in sheet.text
    answer = clerk.post("/subscriptions", data=fields(sheet, "/subscriptions"))
    assert answer.status_code == 303
    assert clerk.post("/subscriptions", data=fields(sheet, "/subscriptions")).location == answer.location
    shown = clerk.get(answer.location)
    assert "₩9,900을 결제합니다" in shown.text
    assert taken(world) == [9_900]
    assert "월 이용료" in clerk.get(f"/customers/{key.customer_id}").text


@pytest.mark.parametrize(
    ("name", "value"),
    [("amount_krw", "0"), ("starts_on", "2026-02-30"), ("starts_on", "2020-01-01"), ("times", "0"), ("plan_id", ""), ("billing_key_id", "key_none")],
)  # fmt: skip
def test_bad_entries_come_back_with_a_message_and_start_nothing(world, clerk, name, value):
    key, plan = world.a_key(), a_plan(world)
    form = fields(clerk.get(f"/subscriptions/new?customer_id={key.customer_id}"), "/subscriptions/confirm")
    form |= {"plan_id": plan.id, "billing_key_id": key.id, "name": "월 이용료", name: value}
    answer = clerk.post("/subscriptions/confirm", data=form)
    assert answer.status_code == 422
    assert clerk.post("/subscriptions", data=form).status_code == 422
    assert taken(world) == []


def test_each_act_shows_what_follows_and_is_done_once(world, clerk):
    made = subscribed(world)
    turn(world)
    address = f"/subscriptions/{made}"
    for act, reason in (("skip", ""), ("resume", ""), ("cancel-later", "고객 요청"), ("keep", "")):
        if act == "resume":
            pauses(clerk, address)
        form = fields(clerk.get(f"{address}/acts/{act}"), f"{address}/acts/{act}") | {"reason": reason}
        assert clerk.post(f"{address}/acts/{act}", data=form).status_code == 303, act
    form = fields(clerk.get(f"{address}/acts/cancel-now"), f"{address}/acts/cancel-now")
    assert clerk.post(f"{address}/acts/cancel-now", data=form).status_code == 422
    assert clerk.post(f"{address}/acts/cancel-now", data=form | {"reason": "고객 요청"}).status_code == 303
    assert "끝났습니다" in clerk.get(address).text


def test_a_stale_page_changes_nothing(world, clerk):
    made = subscribed(world)
    turn(world)
    form = fields(clerk.get(f"/subscriptions/{made}/acts/cancel-now"), f"/subscriptions/{made}/acts/cancel-now")
    pauses(clerk, f"/subscriptions/{made}")
    form = {**form, "reason": "고객 요청"}
    assert clerk.post(f"/subscriptions/{made}/acts/cancel-now", data=form).status_code == 409
    assert fresh(world, made).state.value == "paused"


def test_a_change_is_shown_before_it_is_made(world, clerk):
    made = subscribed(world)
    turn(world)
    address = f"/subscriptions/{made}"
    form = fields(clerk.get(f"{address}/change"), f"{address}/changes/confirm")
    form.pop("at_month_end")
    sheet = clerk.post(f"{address}/changes/confirm", data=form | {"amount_krw": "12000"})
    assert "₩12,000" in sheet.text
    assert "₩9,900" in sheet.text
    assert clerk.post(f"{address}/changes", data=fields(sheet, f"{address}/changes")).status_code == 303
    assert fresh(world, made).amount_krw == 12_000
    assert clerk.post(f"{address}/changes/confirm", data=form).status_code == 422


def test_trouble_stands_first_and_can_be_charged_by_hand_once_per_press(world, clerk):
    made = subscribed(world, card="balance")
    turn(world)
    listed = clerk.get("/subscriptions")
    assert "다시 시도합니다" in listed.text
    form = fields(clerk.get(f"/subscriptions/{made}"), f"/subscriptions/{made}/collect")
    for _press in range(2):
        clerk.post(f"/subscriptions/{made}/collect", data=form)
    asked = [line for line in world.sandbox.requests_log() if line["path"].endswith("/subscribe/payments/again")]
    assert (len(asked), states(world, made)) == (2, ["retrying"])


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_state_has_its_sentence_in_both_languages(world, language):
    plan = a_plan(world, trial_days=7)
    made = [
        subscribed(world, plan),
        subscribed(world),
        subscribed(world, card="balance"),
        subscribed(world, card="stopped"),
    ]
    turn(world)
    pass_days(world, 1)
    clerk = world.signed_in()
    clerk.set_cookie("lang", language)
    for state in ("trial", "active", "past_due", "paused", "cancelling", "ended", "all", "nonsense"):
        assert clerk.get(f"/subscriptions?state={state}").status_code == 200
    for one in made:
        assert clerk.get(f"/subscriptions/{one}").status_code == 200
    assert today(world).isoformat() == "2026-11-24"


def test_a_viewer_sees_and_does_nothing(world):
    viewer = world.signed_in(Role.VIEWER)
    made = subscribed(world)
    turn(world)
    shown = viewer.get(f"/subscriptions/{made}")
    assert shown.status_code == 200
    assert "/acts/" not in shown.text
    assert "/pause" not in shown.text
    assert viewer.get(f"/subscriptions/{made}/acts/skip").status_code == 403
    assert viewer.get(f"/subscriptions/{made}/pause").status_code == 403


@pytest.mark.parametrize(
    ("details", "card", "said"),
    [
        ({"gaps": ()}, "balance", "결제되지 않아 2026. 11. 23.에 끝났습니다"),
        ({"trial_days": 3}, "approve", "2026. 11. 26.에 체험이 끝나고 ₩9,900을 처음 결제합니다"),
        ({}, "approve", "약속한 횟수를 다 써서 2026. 12. 23.에 끝났습니다"),
    ],
)
def test_the_line_of_what_comes_next_names_the_day_and_why(world, details, card, said):
    made = subscribed(world, a_plan(world, **details), card=card, times=None if details else 1)
    turn(world)
    if not details:
        pass_days(world, 30)
    clerk = world.signed_in(Role.MANAGER)
    assert said in clerk.get(f"/subscriptions/{made}").text
    assert said in clerk.get("/subscriptions?state=all").text


def test_the_sheet_of_a_new_one_names_the_tax_free_part_of_its_plan(world, clerk):
    key, plan = world.a_key(), a_plan(world, tax_free_krw=1_200)
    form = fields(clerk.get(f"/subscriptions/new?customer_id={key.customer_id}"), "/subscriptions/confirm")
    form |= {"plan_id": plan.id, "billing_key_id": key.id, "name": "월 이용료"}
    form.pop("at_month_end")
    assert "₩1,200" in clerk.post("/subscriptions/confirm", data=form).text


@pytest.mark.parametrize(
    ("gaps", "retried", "awaited"), [((1,), "1 day", "1 day"), ((), None, "1 day"), ((1, 3), "1, 3 days", "4 days")]
)
def test_one_day_is_one_day_in_english(world, clerk, gaps, retried, awaited):
    plan = a_plan(world, gaps=gaps, trial_days=1)
    made = subscribed(world, plan)
    clerk.set_cookie("lang", "en")
    rules = soup(clerk.get(f"/subscriptions/{made}")).find("main").get_text(" ")
    listed = soup(clerk.get("/plans")).find("main").get_text(" ")
    address = f"/plans/{plan.id}"
    other = fields(clerk.get(f"{address}/edit"), f"{address}/confirm")
    other |= {"gaps": "2", "unit": "month", "after_last": "end", "catch_up": "charge"}
    changed = soup(clerk.post(f"{address}/confirm", data=other)).find("main").get_text(" ")
    assert f"awaited for {awaited}." in rules
    assert "1 day of trial" in listed
    if retried:
        assert f"tried again after {retried}," in rules
        assert f"Retried after {retried}" in listed
        assert f"After {retried}" in changed
