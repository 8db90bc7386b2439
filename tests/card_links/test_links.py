"""The customer's page: what it says, what it keeps, and the links that can't be used (any more)."""

import threading
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.card_links import service
from merchant_admin.card_links.models import CardLink
from merchant_admin.card_links.service import Agreement, LinkOrder
from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict, InvalidInput, NotFound, RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.customers.models import Customer
from merchant_admin.customers.service import archive_customer
from merchant_admin.registrations.models import Registration
from tests.card_links.acting import Phone, a_link, consents, key_of, old_state, row_of, state_of, work
from tests.subscriptions.acting import fresh, subscribed, taken, turn

AGREED = Agreement("2026-11", "ko", "동의합니다", "10.0.0.1", "a phone")


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_page_says_who_charges_what_when_and_nothing_about_the_customer(world, language):
    made = subscribed(world)
    turn(world)
    phone = Phone(world, a_link(world, made), language)
    shown = phone.page()
    for words in ("온빛상점", "월 이용료", "₩9,900", "₩0", "2026-11"):
        assert words in shown.text
    assert ("2026. 12. 23." if language == "ko" else "Dec 23, 2026") in shown.text
    for secret in ("김서연", "1234-5678", "seoyeon", "신한"):
        assert secret not in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    assert phone.client.get("/register/nobody").status_code == 404


def test_the_consent_is_kept_word_for_word_and_can_not_be_changed(each_world):
    phone = Phone(each_world, a_link(each_world))
    page = BeautifulSoup(phone.page().text, "html.parser")
    assert phone.agrees(agrees="").status_code == 422
    assert phone.agrees(mark="something else").status_code == 422
    assert consents(each_world) == []
    assert phone.agrees().status_code == 303
    (kept,) = consents(each_world)
    assert kept.text == page.select_one(".consent p").get_text()
    assert (kept.version, kept.language, kept.address) == ("2026-11", "ko", "127.0.0.1")
    assert kept.given_at == each_world.clock.now()
    for wrong in ("UPDATE card_consents SET text = 'x'", "DELETE FROM card_consents", "DELETE FROM card_links",
                  "UPDATE card_links SET state = 'done', new_billing_key_id = old_billing_key_id"):  # fmt: skip
        with pytest.raises(DBAPIError), each_world.ctx().atomic() as session:
            session.execute(text(wrong))


def test_a_link_is_used_once(world):
    link = a_link(world)
    phone = Phone(world, link)
    done = phone.registers()
    assert "새 카드를 등록했습니다." in done.text
    assert "새 카드를 등록했습니다." in phone.page().text
    assert phone.fields() is None
    form = BeautifulSoup(phone.client.get("/sign-in").text, "html.parser").find("input", {"name": "csrf_token"})
    again = phone.client.post(f"{phone.address}/open", data={"csrf_token": form["value"], "agrees": "1", "mark": "x"})
    assert again.status_code == 422
    assert "아무것도 바뀌지 않았고 결제되지 않았습니다" in again.text
    assert phone.client.get(f"{phone.address}/window").location == phone.address
    assert world.session.query(Registration).count() == 1


def test_a_link_that_is_over_or_withdrawn_says_so_and_opens_nothing(world):
    late, gone = a_link(world), a_link(world)
    fields = Phone(world, late).fields()
    service.end_link(world.ctx(), gone.id)
    world.clock.advance(days=8)
    for link, words in ((late, "기한이 지난 링크입니다."), (gone, "쓸 수 없게 된 링크입니다.")):
        phone = Phone(world, link)
        assert words in phone.page().text
        assert phone.client.get(f"{phone.address}/window").location == phone.address
        with pytest.raises(RuleBroken):
            service.open_window(world.ctx(), world.gateway, link.id, AGREED)
        assert old_state(world, link) == "active"
    assert fields is not None
    assert world.session.query(Registration).count() == 0


def test_two_phones_at_once_meet_in_one_registration_and_one_key(each_world):
    link = a_link(each_world)
    outcomes, gun = [], threading.Barrier(6)

    def press():
        with each_world.app.app_context():
            gun.wait(30)
            try:
                outcomes.append(service.open_window(each_world.ctx(), each_world.gateway, link.id, AGREED))
            except Exception as wrong:  # noqa: BLE001 - handed to the test
                outcomes.append(wrong)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    made = {one for one in outcomes if isinstance(one, str)}
    assert len(made) == 1, outcomes
    assert all(isinstance(one, (str, RuleBroken)) for one in outcomes), outcomes
    other = Phone(each_world, link)
    assert "카드는 하나만 등록됩니다" in other.page().text
    imp_uid = Phone(each_world, link).types_card()
    with pytest.raises(Exception, match="이미"):
        other.types_card()
    assert "새 카드를 등록했습니다." in other.comes_back(imp_uid).text
    assert each_world.session.query(BillingKey).count() == 2  # the old one and one new


def test_a_closed_window_leaves_the_link_to_be_tried_again(world):
    link = a_link(world)
    phone = Phone(world, link)
    phone.agrees()
    for seconds in (1_900, 200, 60, 60, 60):
        work(world, seconds)
    assert state_of(world, link) == "open"
    assert "카드가 등록되지 않았습니다" in phone.page().text
    phone.registers()
    assert state_of(world, link) == "done"
    assert world.session.query(Registration).count() == 2


def test_whoever_dies_between_the_consent_and_the_registration_blocks_nothing(world, monkeypatch):
    link = a_link(world)
    with monkeypatch.context() as patched:
        patched.setattr(service, "open_registration", lambda *_words: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            service.open_window(world.ctx(), world.gateway, link.id, AGREED)
    assert state_of(world, link) == "registering"
    work(world, 61)
    assert state_of(world, link) == "open"
    assert "새 카드를 등록했습니다." in Phone(world, link).registers().text


def test_only_a_page_that_is_really_shown_counts_as_opened(world):
    link = a_link(world)
    phone = Phone(world, link)
    page = BeautifulSoup(phone.page().text, "html.parser")
    assert row_of(world, link).opened_at is None
    token = page.find("input", {"name": "csrf_token"})["value"]
    assert phone.client.post(f"{phone.address}/opened", data={"csrf_token": token}).status_code == 204
    assert row_of(world, link).opened_at == world.clock.now()


def test_a_newer_link_ends_the_earlier_and_one_in_use_is_left_alone(world):
    first = a_link(world)
    second = a_link(world, first.subscription_id)
    assert (state_of(world, first), state_of(world, second)) == ("ended", "open")
    assert service.create_link(world.ctx(), world.gateway, second.order).id == second.id
    Phone(world, second).agrees()
    with pytest.raises(RuleBroken):
        a_link(world, first.subscription_id)
    assert key_of(world, first) == first.old_key_id


def test_a_sheet_is_one_link_and_asks_for_nothing_else(world):
    link = a_link(world)
    assert service.create_link(world.ctx(), world.gateway, link.order).id == link.id
    theirs = fresh(world, subscribed(world))
    same_customer = world.a_key(world.session.get(Customer, link.customer_id)).id
    for wrong in (
        {"customer_id": theirs.customer_id, "billing_key_id": theirs.billing_key_id, "subscription_ids": (theirs.id,)},
        {"billing_key_id": same_customer, "subscription_ids": ()},
    ):
        with pytest.raises(Conflict):
            service.create_link(world.ctx(), world.gateway, replace(link.order, **wrong))
    assert len(world.session.scalars(select(CardLink)).all()) == 1


def test_an_archived_customer_opens_no_window_and_a_deleted_card_gets_no_link(world):
    put_away, gone = a_link(world), a_link(world)
    archive_customer(world.ctx(), put_away.customer_id)
    with pytest.raises(RuleBroken):
        service.open_window(world.ctx(), world.gateway, put_away.id, AGREED)
    with world.ctx().atomic() as session:
        session.get(BillingKey, gone.old_key_id).state = KeyState.DELETING
    for link in (put_away, gone):
        order = LinkOrder(new_id("sht"), link.customer_id, link.old_key_id, (link.subscription_id,), 7)
        with pytest.raises(RuleBroken):
            service.create_link(world.ctx(), world.gateway, order)
    assert (world.session.query(Registration).count(), state_of(world, put_away)) == (0, "open")


def test_what_can_not_be_asked_for_makes_no_link(world):
    made, other = a_link(world), a_link(world)
    for order, error in (
        (LinkOrder(new_id("sht"), made.customer_id, other.old_key_id, (other.subscription_id,), 7), NotFound),
        (LinkOrder(new_id("sht"), made.customer_id, made.old_key_id, (other.subscription_id,), 7), InvalidInput),
        (LinkOrder(new_id("sht"), made.customer_id, made.old_key_id, (), 7), InvalidInput),
        (LinkOrder(new_id("sht"), made.customer_id, made.old_key_id, (made.subscription_id,), 365), InvalidInput),
        (LinkOrder(new_id("sht"), made.customer_id, None, (made.subscription_id,), 7), InvalidInput),
        (LinkOrder(new_id("sht"), made.customer_id, made.old_key_id, (made.subscription_id,), 7, "x.y"), InvalidInput),
        (LinkOrder(new_id("sht"), "cus_nobody", None, (), 7), NotFound),
    ):  # fmt: skip
        with pytest.raises(error):
            service.create_link(world.ctx(), world.gateway, order)
    assert (state_of(world, made), state_of(world, other)) == ("open", "open")
    assert taken(world) == []
