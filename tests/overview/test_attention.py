"""Renewals that need a person: one row, one decision, with what to say and whom to call; and 'was I billed?'."""

from datetime import date, time

import pytest
from bs4 import BeautifulSoup

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.core.permissions import Role
from merchant_admin.core.times import SEOUL
from merchant_admin.overview import attention as attending
from merchant_admin.overview import queries
from merchant_admin.overview.attention import Task, attention
from merchant_admin.subscriptions import service
from merchant_admin.subscriptions.clock import Hours
from tests.payments_screens.desk import form_of
from tests.subscriptions.acting import a_plan, fresh, pass_days, subscribed, today, turn
from tests.support.pages import inspect


@pytest.fixture
def shop(world):
    """Five subscriptions: soft refused, to be given up, hard refused, with a card that is gone, and paid."""
    plan = a_plan(world, gaps=(2, 3))
    made = {
        "soft": subscribed(world, plan, card="balance"),
        "lost": subscribed(world, a_plan(world, gaps=()), card="limit"),
        "hard": subscribed(world, plan, card="stopped"),
        "gone": subscribed(world, plan),
        "paid": subscribed(world, plan),
    }
    turn(world)
    with world.ctx().atomic() as session:
        session.get(BillingKey, fresh(world, made["gone"]).billing_key_id).state = KeyState.MISSING
    world.session.rollback()
    return made


def card(page, card_id):
    """Each row of a card as (text, links)."""
    found = page.find(id=card_id)
    rows = found.select("li") if found else []
    return [(" ".join(row.get_text(" ").split()), [a["href"] for a in row.select("a.btn")]) for row in rows]


def test_each_row_is_one_decision_with_what_to_say(world, shop):
    clerk = world.signed_in(Role.CLERK)
    page = inspect(clerk.get("/").text)
    refused = card(page, "renewals-refused")
    assert [len(links) for _text, links in refused] == [1, 1]
    soft = next(row for row in refused if "잔액 부족" in row[0])
    assert soft[1] == [f"/subscriptions/{shop['soft']}#owed"]
    assert (
        "안녕하세요, 온빛상점입니다. 월 이용료 ₩9,900이 결제되지 않았습니다. 카드에 연결된 계좌의 잔액이 부족해"
        in soft[0]
    )
    assert "11월 25일 오후 12:00에 다시 결제하겠습니다" in soft[0]
    assert "010-••••-5678" in soft[0]
    assert "1234-5678" not in page.find("main").text
    lost = next(row for row in refused if "한도 초과" in row[0])
    assert "모든 시도가 거절되어" in lost[0]
    [(hard, links)] = card(page, "renewals-cards")
    assert "정지·분실 카드" in hard
    assert "11월 28일 오후 12:00까지 등록해 주시면" in hard
    assert shop["hard"] not in str(page.find(id="renewals-refused"))
    assert len(links) == 1
    [(gone, links)] = card(page, "renewals-gone")
    assert "더는 쓸 수 없습니다" in gone
    assert f"/customers/{fresh(world, shop['gone']).customer_id}" in links[0]
    assert page.find("dt", string="오늘 실패").parent.select_one(".value").text == "3건"
    assert queries.waiting(world.session, world.settings.mode, world.clock.now()) == 1
    assert "renewals-cards" in clerk.get("/needs-action").text
    world.session.rollback()


def test_a_phone_number_is_opened_for_one_row_and_logged(world, shop):
    clerk = world.signed_in(Role.CLERK)
    customer_id = fresh(world, shop["soft"]).customer_id
    action = f"/customers/{customer_id}/reveal"
    answer = clerk.post(action, data=form_of(clerk.get("/needs-action"), action))
    assert answer.location.startswith("/needs-action?revealed=")
    shown = BeautifulSoup(clerk.get(answer.location).text, "html.parser")
    assert [a["href"] for a in shown.select("a[href^='tel:']")] == ["tel:010-1234-5678"]
    viewer = world.signed_in(Role.VIEWER)
    page = BeautifulSoup(viewer.get("/needs-action").text, "html.parser")
    assert not page.select("form[action$='/reveal']")
    assert not page.select(".calls a.btn[href*='registrations'], .calls a.btn[href$='#owed']")


def test_rows_leave_when_they_are_settled_and_the_next_day(world, shop):
    held = fresh(world, shop["hard"])
    other = world.a_key(_customer(world, held.customer_id))
    service.change_card(world.ctx(), shop["hard"], fresh(world, shop["hard"]).version, other.id)
    turn(world)
    found = attention(world.session, world.settings.mode, today(world), Hours())
    assert (len(found.refused), found.cards, len(found.gone)) == (2, [], 1)
    assert found.refused[0].try_at is None or Hours().hold(found.refused[0].try_at)
    evening = attention(world.session, world.settings.mode, today(world), Hours(time(13), time(20))).refused
    assert [row.try_at.astimezone(SEOUL).hour for row in evening if row.try_at] == [13]  # not at noon: it would wait
    pass_days(world, 1)
    assert attention(world.session, world.settings.mode, today(world), Hours()).refused == []


def _customer(world, customer_id):
    from merchant_admin.customers.models import Customer

    return world.session.get(Customer, customer_id)


def test_missing_consents_of_another_feature_stand_among_them(world, monkeypatch):
    row = Task("10월부터 ₩12,000", "cus_x", "김서연", 12_000, date(2026, 12, 1), "동의 받기…", "/customers/cus_x")
    monkeypatch.setattr(attending, "_CONSENTS", [])
    attending.asks_for_consents(lambda _session, _mode, _today: [row])
    page = inspect(world.signed_in().get("/").text)
    [(text, links)] = card(page, "consents-missing")
    assert "10월부터 ₩12,000" in text
    assert links == ["/customers/cus_x"]


def test_was_i_billed_is_answered_on_the_customers_page(world, shop):
    viewer = world.signed_in(Role.VIEWER)
    said = {}
    for name in ("soft", "hard", "paid"):
        page = inspect(viewer.get(f"/customers/{fresh(world, shop[name]).customer_id}").text)
        [(text, _links)] = card(page, "billed")
        said[name] = text
        assert page.find(id="billed").find("a", href=lambda href: href.startswith("/charges/"))
    assert "₩9,900, 2026. 11. 23. 오후 12:00 결제됨" in said["paid"]
    assert "돈은 빠져나가지 않았습니다" in said["soft"]
    assert "잔액 부족" in said["soft"]
    assert "정지·분실 카드" in said["hard"]
