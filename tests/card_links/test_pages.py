"""The desk's pages: from a card in trouble to the link, and what each state says in both languages."""

from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup

from merchant_admin.card_links import service
from merchant_admin.card_links.models import CardLink
from merchant_admin.core.permissions import Role
from tests.card_links.acting import Phone, a_link, registration, row_of, state_of, work
from tests.subscriptions.acting import fresh, subscribed, turn
from tests.support.pages import inspect


def soup(answer):
    return BeautifulSoup(answer.text, "html.parser")


def fields(page, action):
    form = soup(page).find("form", action=action)
    assert form, page.text
    named = [each for each in form.find_all("input") if each.get("name")]
    return {
        each["name"]: each.get("value", "")
        for each in named
        if each.get("type") != "checkbox" or each.has_attr("checked")
    }


def test_from_a_subscription_that_needs_a_card_to_a_link_in_three_presses(world):
    clerk = world.signed_in(Role.CLERK)
    made = subscribed(world, card="stopped")
    turn(world)
    shown = soup(clerk.get(f"/subscriptions/{made}"))
    way = shown.find("a", string="새 카드 링크 보내기") or shown.find("span", string="새 카드 링크 보내기").parent
    assert "primary" in way["class"]
    form = clerk.get(way["href"])
    assert "밀린 금액 ₩9,900" in form.text
    customer_id = fresh(world, made).customer_id
    action = f"/customers/{customer_id}/card-links"
    typed = fields(form, action) | {"days": "3"}
    assert typed["subscription_id"] == made
    untick = {name: value for name, value in typed.items() if name != "subscription_id"}
    refused = clerk.post(action, data=untick)
    assert (refused.status_code, "하나 이상 골라" in refused.text) == (422, True)
    assert clerk.post(action, data=typed | {"days": "90"}).status_code == 422
    answer = clerk.post(action, data=typed)
    assert clerk.post(action, data=typed).location == answer.location
    page = clerk.get(answer.location)
    inspect(page.text)
    link = world.session.query(CardLink).one()
    assert f"/register/{service.token(world.ctx(), link.id)}" in page.text
    assert link.link_hash not in page.text
    assert "이 카드에는 아직 쓰지 않은 링크가 있습니다." in clerk.get(way["href"]).text
    press = fields(page, f"{answer.location}/sent")
    clerk.post(f"{answer.location}/sent", data=press)
    assert "보냄" in clerk.get(answer.location).text
    clerk.post(f"{answer.location}/end", data=press)
    assert "쓸 수 없게 된 링크입니다." in clerk.get(answer.location).text


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_state_reads_well_to_both_sides(world, language):
    clerk = world.signed_in(Role.CLERK)
    clerk.set_cookie("lang", language)
    over, used, opened, failed = (a_link(world) for _ in range(4))
    service.end_link(world.ctx(), over.id)
    Phone(world, used, language).registers()
    Phone(world, opened, language).agrees()
    wrong = Phone(world, failed, language)
    wrong.agrees()
    world.sandbox.window_key(
        customer_uid=(row := registration(world, failed)).customer_uid,
        merchant_uid=row.merchant_uid,
        pg="nice_v2.sandboxv2m",
    )
    world.clock.advance(seconds=31)
    work(world)
    assert [state_of(world, link) for link in (over, used, opened, failed)] == [
        "ended",
        "done",
        "registering",
        "failed",
    ]
    for link in (over, used, opened, failed):
        for path in (f"/card-links/{link.id}", f"/customers/{link.customer_id}", f"/billing-keys/{link.old_key_id}"):
            inspect(clerk.get(path).text)
        inspect(Phone(world, link, language).page().text)
    assert Phone(world, opened, language).client.get(f"/register/{opened.token}/window").status_code == 200
    assert row_of(world, used).settled_at is not None


def test_a_plain_registration_link_adds_a_card(world):
    clerk = world.signed_in(Role.CLERK)
    customer_id = world.a_customer().id
    action = f"/customers/{customer_id}/card-links"
    answer = clerk.post(action, data=fields(clerk.get(f"{action}/new"), action) | {"days": "7"})
    link = world.session.query(CardLink).one()
    phone = Phone(world, SimpleNamespace(id=link.id, token=service.token(world.ctx(), link.id)))
    assert "가맹점과 따로 약속한 결제에만" in phone.page().text
    assert "새 카드를 등록했습니다." in phone.registers().text
    assert "교체 완료" in clerk.get(answer.location).text


def test_a_viewer_sees_the_state_and_neither_the_address_nor_a_button(world):
    link = a_link(world)
    viewer = world.signed_in(Role.VIEWER)
    shown = viewer.get(f"/card-links/{link.id}")
    assert link.token not in shown.text
    assert "링크 취소" not in shown.text
    assert viewer.get(f"/customers/{link.customer_id}/card-links/new").status_code == 403
