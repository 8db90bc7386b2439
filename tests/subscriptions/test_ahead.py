"""What will happen, told with dates: and the clock then does exactly that."""

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest
from bs4 import BeautifulSoup

from merchant_admin.core.outgoing import Channel
from merchant_admin.core.permissions import Role
from merchant_admin.core.times import SEOUL
from merchant_admin.notices.states import NoticeKind
from merchant_admin.notices.texts import save_text, wording_of
from merchant_admin.subscriptions import coming, queries, service
from merchant_admin.subscriptions.ahead import within
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.subscriptions.models import Plan
from merchant_admin.subscriptions.states import AfterLast, PeriodState
from tests.conftest import NOON
from tests.subscriptions.acting import a_plan, attempts, fresh, pass_days, periods, states, subscribed, turn
from tests.support.pages import inspect
from tests.support.world import World


def steps(world, made):
    """(kind, condition, Seoul day or None) of each step to come."""
    held = fresh(world, made)
    owed = next((one for one in periods(world, made) if one.state.value in {"due", "charging", "retrying", "needs_card"}), None)  # fmt: skip
    plan = world.session.get(Plan, held.plan_id)
    found = coming.steps_of(held, plan, owed, Hours(), world.clock.now())
    return [(one.kind.value, one.only.value, one.at and one.at.astimezone(SEOUL).date().isoformat()) for one in found]


def test_the_chain_that_was_told_is_the_chain_that_comes(world):
    made = subscribed(world, a_plan(world, gaps=(1, 3), after_last=AfterLast.PAUSE), card="balance")
    turn(world)
    told = steps(world, made)
    assert told[:3] == [
        ("retry", "always", "2026-11-24"), ("retry", "refused", "2026-11-27"), ("pause", "refused", "2026-11-27"),
    ]  # fmt: skip
    assert told[3] == ("charge", "paid", "2026-12-23")
    pass_days(world, 4)
    tried = [one.created_at.astimezone(SEOUL).date().isoformat() for one in attempts(world, made)]
    assert (tried[1:], fresh(world, made).state.value) == (["2026-11-24", "2026-11-27"], "paused")
    assert steps(world, made) == [("pause", "always", None)]


def test_each_state_has_its_steps(world):
    plan = a_plan(world, gaps=(2, 2))
    paid, stopped = subscribed(world, plan), subscribed(world, plan, card="stopped")
    later = subscribed(world, a_plan(world, gaps=(2,), trial_days=7))
    assert steps(world, later)[:3] == [
        ("charge", "always", "2026-11-30"), ("retry", "refused", "2026-12-02"), ("end", "refused", "2026-12-02"),
    ]  # fmt: skip
    turn(world)
    assert steps(world, paid)[0] == ("charge", "always", "2026-12-23")
    assert steps(world, stopped)[0] == ("end", "no_card", "2026-11-27")
    service.cancel_at_period_end(world.ctx(), paid, fresh(world, paid).version, "이사")
    assert steps(world, paid) == [("end", "always", "2026-12-23")]
    service.cancel_now(world.ctx(), stopped, fresh(world, stopped).version, "고객 요청")
    assert steps(world, stopped) == []


@pytest.mark.parametrize(
    ("at", "then"),
    [((8, 0), (24, 9)), ((9, 0), (24, 9)), ((19, 59), (24, 19)), ((20, 0), (25, 9))],
)
def test_instants_move_into_the_hours_of_charging(at, then):
    seoul = datetime.combine(date(2026, 11, 24), time(*at), SEOUL)
    moved = within(Hours(), seoul.astimezone(UTC)).astimezone(SEOUL)
    assert (moved.day, moved.hour) == then


def test_the_pages_show_the_dates_and_the_rules(world):
    made = subscribed(world, a_plan(world, gaps=(1, 3)), card="balance")
    turn(world)
    viewer = world.signed_in(Role.VIEWER)
    page = inspect(viewer.get(f"/subscriptions/{made}").text)
    rows = [
        row.get_text(" ", strip=True) for row in page.find(id="ahead-title").find_parent("section").select("tbody tr")
    ]
    assert len(rows) == 5
    assert "앞의 결제가 모두 거절되었을 때만" in rows[1]
    said = page.find("main").get_text(" ")
    for rule in ("09:00~20:00", "공휴일", "정지·분실 카드", "직원이 누른 재시도는 따로"):
        assert rule in said
    customer_id = fresh(world, made).customer_id
    listed = BeautifulSoup(viewer.get(f"/customers/{customer_id}/ahead").text, "html.parser").select("tbody tr")
    assert len(listed) == 5
    assert f"/customers/{customer_id}/ahead" in viewer.get(f"/customers/{customer_id}").text


def test_the_link_for_a_dead_card_is_told_with_its_date_where_customers_are_told(empty_database, tmp_path):
    with World(tmp_path, template=empty_database, at=NOON, TEXT_NOTICES="csv") as world:
        sends, leaves = (
            subscribed(world, a_plan(world, gaps=(1,))),
            subscribed(world, a_plan(world, sends_card_link=False)),
        )
        turn(world)
        viewer = world.signed_in(Role.VIEWER)
        shown, other = (viewer.get(f"/subscriptions/{each}").text for each in (sends, leaves))
        rows = [
            row.get_text(" ", strip=True)
            for row in inspect(shown).find(id="ahead-title").find_parent("section").select("tbody tr")
        ]
        assert ("2026. 12. 23. 오전 9:00" in rows[1], "카드 링크를 넣습니다" in rows[1]) == (True, True), rows
        assert "정보가 틀린 카드일 때만" in rows[1]
        assert "카드 링크를 넣습니다" not in other
        assert "카드 링크는 직원이 보냅니다" in other
        ctx = world.ctx()
        save_text(ctx, replace(wording_of(world.session(), NoticeKind.CARD_NEEDED, Channel.TEXT), is_on=False))
        assert "카드 링크는 직원이 보냅니다" in viewer.get(f"/subscriptions/{sends}").text
        assert "꺼져 있거나" in world.signed_in(Role.MANAGER).get("/plans/new").text


def test_an_uncertain_charge_blocks_whatever_would_come(world):
    made = subscribed(world)
    world.sandbox.faults.plan("close_after", "/subscribe/payments/again")
    turn(world)
    world.sandbox.faults.clear()
    assert states(world, made) == ["charging"]
    assert [step[:2] for step in steps(world, made)] == [
        ("checking", "always"), ("charge", "paid"), ("charge", "paid"),
    ]  # fmt: skip
    assert queries.row_of(world.session, made).owed is PeriodState.CHARGING


def test_a_retry_that_falls_due_at_night_is_told_for_the_morning(world):
    made = subscribed(world, a_plan(world, gaps=(1,)), card="balance")
    turn(world)
    world.clock.advance(hours=9)  # 21:00
    service.collect_now(world.ctx(), world.gateway, made)
    assert steps(world, made)[0] == ("retry", "always", "2026-11-25")
    shown = world.signed_in(Role.VIEWER).get(f"/subscriptions/{made}").text
    assert "2026. 11. 25.에 ₩9,900을 다시 시도합니다" in shown
    assert len(periods(world, made)) == 1
    pass_days(world, 1)  # 21:00 again: nothing is sent
    assert len(attempts(world, made)) == 2
    world.clock.advance(hours=12)
    turn(world)
    assert len(attempts(world, made)) == 3
