"""The screens of consents: who must still agree, and an answer written down once, with its text and time."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from merchant_admin.core.permissions import Role
from merchant_admin.core.settings import Mode
from merchant_admin.notices import consents
from merchant_admin.notices.consent_queries import missing
from merchant_admin.notices.models import Consent, ConsentWord
from merchant_admin.notices.states import ConsentKind
from merchant_admin.subscriptions import service
from merchant_admin.subscriptions.service import Change
from tests.conftest import NOON
from tests.notices.acting import fields, soup
from tests.subscriptions.acting import a_plan, day_of, fresh, subscribed, taken, today, turn
from tests.support.pages import inspect
from tests.support.world import World


@pytest.fixture
def shop(empty_database, tmp_path):
    with World(tmp_path, template=empty_database, at=NOON, TEXT_NOTICES="csv", CONSENT_DAYS="30") as made:
        yield made


def raised(world):
    """A subscription that is to cost more, and the address of its consent."""
    made = subscribed(world)
    turn(world)
    service.change_terms(world.ctx(), made, fresh(world, made).version, Change(amount_krw=12_900))
    found = world.session.scalars(select(Consent.id).where(Consent.subscription_id == made)).one()
    return made, f"/consents/{found}"


def test_an_answer_by_phone_is_written_down_with_its_text(shop):
    made, address = raised(shop)
    client = shop.signed_in(Role.CLERK)
    assert inspect(client.get("/consents").text).find("a", href=address)
    page = client.get(address)
    assert "9,900원" in inspect(page.text).text
    form = fields(page, f"{address}/answers") | {"agrees": "yes", "said_by": "phone", "note": "본인 확인함"}
    assert client.post(f"{address}/answers", data=form).status_code == 303
    assert client.post(f"{address}/answers", data=form).status_code == 409  # pressed twice, or a stale page
    shown = inspect(client.get(address).text).text
    assert "본인 확인함" in shown
    assert "김직원 적음" in shown
    (word,) = shop.session.scalars(select(ConsentWord))
    assert (word.agrees, word.said_at, "12,900원" in word.text) == (True, NOON, True)
    assert "고객이 동의함" in client.get(f"/customers/{fresh(shop, made).customer_id}").text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("agrees", ""), ("said_by", ""), ("said_by", "link"), ("said_on", "2026-02-30"), ("said_on", "2026-12-24"),
        ("said_time", "25:00"), ("note", "가" * 301), ("said_on", "2026-01-01"),
    ],
)  # fmt: skip
def test_a_bad_answer_comes_back_and_nothing_is_written(shop, name, value):
    _made, address = raised(shop)
    client = shop.signed_in(Role.CLERK)
    form = fields(client.get(address), f"{address}/answers") | {"agrees": "yes", "said_by": "paper", name: value}
    answer = client.post(f"{address}/answers", data=form)
    assert (answer.status_code, bool(soup(answer).select(".error-summary li"))) == (422, True)
    assert list(shop.session.scalars(select(ConsentWord))) == []


def test_what_is_held_back_is_said_everywhere_and_the_former_price_is_one_press_away(shop):
    made, address = raised(shop)
    shop.clock.set(NOON + timedelta(days=(fresh(shop, made).next_on - NOON.date()).days + 1))
    turn(shop)
    client = shop.signed_in(Role.CLERK)
    assert "결제 멈춤" in inspect(client.get("/consents").text).text
    assert "결제하지 않고 있습니다" in inspect(client.get(address).text).text
    assert [row.subscription_id for row in missing(shop.session(), shop.settings.mode, today(shop))] == [made]
    page = client.get(f"/subscriptions/{made}")
    assert "동의해야" in inspect(page.text).text
    form = fields(page, f"/subscriptions/{made}/agreed-price")
    for _press in range(2):
        assert client.post(f"/subscriptions/{made}/agreed-price", data=form).status_code == 303
    turn(shop)
    assert (taken(shop), fresh(shop, made).amount_krw) == ([9_900, 9_900], 9_900)
    assert "결제 멈춤" not in client.get("/consents").text
    assert client.get("/consents?tab=past").text.count(address) == 1


def test_a_debt_keeps_its_sum_in_the_sentence_when_the_price_changes(shop):
    made = subscribed(shop, card="balance")
    turn(shop)
    service.change_terms(shop.ctx(), made, fresh(shop, made).version, Change(amount_krw=12_900))
    said = inspect(shop.signed_in(Role.VIEWER).get(f"/subscriptions/{made}").text).select_one(".alert").text
    assert ("₩9,900" in said, "₩12,900" in said) == (True, False)


def test_what_is_missing_in_another_mode_is_neither_shown_nor_asked_for(shop):
    made = subscribed(shop, starts_on=day_of(shop, 60))
    rise, on = ConsentKind.PRICE_RISE, day_of(shop, 60)
    wish = consents.Wish(
        rise, made, fresh(shop, made).customer_id, Mode.TEST, "월 이용료", 9_900, 30, 12_900, on
    )  # fmt: skip
    ctx = shop.ctx()
    with ctx.atomic() as session:
        task = consents.need(ctx, session, wish, None)
    shop.clock.advance(days=31)
    assert consents.ask_due(shop.ctx()) == 0
    client = shop.signed_in(Role.VIEWER)
    for page in ("/consents", "/consents?tab=later", "/", "/needs-action"):
        assert f"/consents/{task.id}" not in client.get(page).text
    entry = soup(client.get("/consents")).select_one("nav a[href='/consents']")
    assert (entry.select_one(".count"), consents.ask_due(replace(shop.ctx(), mode="test"))) == (None, 1)


def test_a_viewer_reads_and_each_tab_draws(shop):
    subscribed(shop, a_plan(shop, trial_days=90))
    _made, address = raised(shop)
    client = shop.signed_in(Role.VIEWER)
    for tab in ("to_get", "later", "refused", "given", "past", "nonsense"):
        assert client.get(f"/consents?tab={tab}").status_code == 200
    assert "유료 전환" in client.get("/consents?tab=later").text
    assert not inspect(client.get(address).text).find("form", action=f"{address}/answers")
