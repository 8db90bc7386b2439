"""The list and the forms, as a browser meets them."""

import re

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from merchant_admin.audit.models import Event
from merchant_admin.core.permissions import Role
from merchant_admin.customers import queries, service
from merchant_admin.customers.models import Customer
from merchant_admin.customers.service import CustomerDetails

PHONE, EMAIL = "010-8765-4321", "seoyeon@example.com"


def soup(answer):
    return BeautifulSoup(answer.text, "html.parser")


def post(client, address, page="/customers/new", headers=None, **fields):
    token = soup(client.get(page)).find("input", {"name": "csrf_token"})["value"]
    return client.post(address, data={"csrf_token": token, **fields}, headers=headers)


def names(answer):
    return [link.text for link in soup(answer).select("#customers td.main a")]


def test_a_new_customer_is_shown(world):
    client = world.signed_in(Role.CLERK)
    answer = post(client, "/customers", name=" 김서연 ", phone="01087654321", email="SeoYeon@Example.com", memo="단골")
    customer = world.session.scalars(select(Customer)).one()
    assert (answer.status_code, answer.location) == (303, f"/customers/{customer.id}")
    assert (customer.name, customer.phone, customer.email, customer.memo) == ("김서연", PHONE, EMAIL, "단골")
    assert client.get(answer.location).status_code == 200


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", ""), ("name", "   "), ("name", "가" * 41), ("name", "김\u0000서연"), ("name", "김\u001b[31m서연"), ("name", "김\n서연"),
        ("name", "4111 1111 1111 1111"), ("name", "５１０５-１０５１-０５１０-５１００"), ("phone", "123"), ("phone", "전화 없음"),
        ("phone", "010-1234-5678-9999-000"), ("email", "seoyeon"), ("email", "a@b"), ("email", f"{'x' * 60}@example.com"),
        ("memo", "x" * 2001), ("memo", "카드 5105105105105100"), ("memo", "종\u0007소리"),
    ],
)  # fmt: skip
def test_a_bad_field_gets_its_message_and_all_else_is_kept(world, field, typed):
    client = world.signed_in(Role.CLERK)
    good = {"name": "김서연", "phone": PHONE, "email": EMAIL, "memo": "단골"}
    answer = post(client, "/customers", **{**good, field: typed})
    assert answer.status_code == 422
    assert soup(answer).find(id=f"f-{field}-error")
    for other, value in good.items():
        if other != field:
            assert value in answer.text
    assert world.session.scalars(select(Customer)).all() == []


@pytest.mark.parametrize("name", ["가" * 40, "🐈 고양이집사", "<script>alert(1)</script>", "O'Neil & Söhne", "ﷺ"])
def test_unusual_names_are_kept_as_text(world, name):
    client = world.signed_in(Role.CLERK)
    assert post(client, "/customers", name=name).status_code == 303
    assert names(client.get("/customers")) == [name]
    assert "<script>alert(1)" not in client.get("/customers").text


def test_a_likely_card_number_is_not_drawn_again(world):
    client = world.signed_in(Role.CLERK)
    answer = post(client, "/customers", name="김서연", memo="4111-1111-1111-1111")
    assert "4111" not in answer.text


def test_twenty_five_a_page_newest_first(world):
    for number in range(30):
        world.clock.advance(1)
        world.a_customer(name=f"고객{number}")
    client = world.signed_in(Role.VIEWER)
    first = client.get("/customers")
    assert names(first)[0] == "고객29"
    assert len(names(first)) == 25
    assert "30명" in first.text
    second = client.get(soup(first).find("a", rel="next")["href"])
    assert names(second) == [f"고객{number}" for number in (4, 3, 2, 1, 0)]


def test_typing_swaps_the_list_alone_and_tidies_the_address(world):
    world.a_customer(phone=PHONE)
    world.a_customer(name="박하준")
    client = world.signed_in()
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    answer = client.get("/customers?q=서연&tab=", headers=headers)
    assert names(answer) == ["김서연"]
    assert "<html" not in answer.text
    assert answer.headers["HX-Push-Url"] == "/customers?q=%EC%84%9C%EC%97%B0"
    assert "HX-Request" in answer.headers["Vary"]


def test_the_same_search_works_as_a_plain_page(world):
    world.a_customer(phone=PHONE)
    client = world.signed_in()
    answer = client.get("/customers?q=ㄱㅅㅇ")
    assert names(answer) == ["김서연"]
    assert soup(answer).find(id="f-q")["value"] == "ㄱㅅㅇ"


def test_a_whole_id_leads_to_its_customer(world):
    customer = world.a_customer(phone=PHONE)
    answer = world.signed_in().get(f"/customers?q={customer.id}")
    assert (answer.status_code, answer.location) == (303, f"/customers/{customer.id}")


def test_a_card_number_is_searched_for_by_nobody(world):
    answer = world.signed_in().get("/customers?q=4111 1111 1111 1111")
    assert answer.status_code == 400
    assert "4111" not in answer.text


@pytest.mark.parametrize("typed", ["%00", "x" * 500, "%ff%fe", "\u202e"])
def test_a_strange_question_is_answered_calmly(world, typed):
    answer = world.signed_in().get(f"/customers?q={typed}&place=nonsense")
    assert answer.status_code == 200


def test_nothing_found_offers_the_next_step(world):
    answer = world.signed_in(Role.CLERK).get("/customers?q=없는사람")
    assert "찾는 고객이 없습니다" in answer.text
    assert soup(answer).find("a", href=re.compile(r"/customers/new\?q="))


def test_masked_for_everyone_in_the_list(world):
    world.a_customer(phone=PHONE)
    for role in Role:
        text = world.signed_in(role).get("/customers").text
        assert "010-••••-4321" in text
        assert PHONE not in text
        assert EMAIL not in text


def test_a_viewer_sees_contact_details_nowhere(world):
    customer = world.a_customer(phone=PHONE)
    client = world.signed_in(Role.VIEWER)
    partial = {"HX-Request": "true", "HX-Request-Type": "partial"}
    for page in (f"/customers/{customer.id}", "/customers"):
        text = client.get(page).text
        assert "8765-4321" not in text
        assert EMAIL not in text
    assert PHONE not in client.get(f"/customers/{customer.id}/contact", headers=partial).text
    assert post(client, f"/customers/{customer.id}/reveal", page="/account").status_code == 403
    assert world.session.scalars(select(Event.act).order_by(Event.seq.desc())).first() == "access.denied"


def test_what_is_revealed_is_recorded_and_covered_after_a_minute(world):
    customer = world.a_customer(phone=PHONE)
    client = world.signed_in(Role.CLERK)
    answer = post(client, f"/customers/{customer.id}/reveal")
    shown = client.get(answer.location)
    assert PHONE in shown.text
    assert "1분 뒤에 다시 가려집니다" in shown.text
    assert world.session.scalars(select(Event.act).order_by(Event.seq.desc())).first() == "customer.revealed"
    assert PHONE not in world.signed_in(Role.MANAGER).get(answer.location).text
    world.clock.advance(61)
    assert PHONE not in client.get(answer.location).text


def test_the_form_shows_contact_details_only_once_revealed(world):
    customer = world.a_customer(phone=PHONE)
    client = world.signed_in(Role.CLERK)
    edit = f"/customers/{customer.id}/edit"
    assert PHONE not in client.get(edit).text
    revealed = post(client, f"/customers/{customer.id}/reveal", page=edit, next=edit)
    assert revealed.location.startswith(f"{edit}?revealed=")
    assert PHONE in client.get(revealed.location).text


def test_an_empty_field_under_the_mask_means_as_it_is(world):
    customer = world.a_customer(phone=PHONE)
    client = world.signed_in(Role.CLERK)
    edit = f"/customers/{customer.id}"
    assert (
        post(client, edit, name="김서윤", phone="", email="", memo="", version="1", contact="hidden").status_code == 303
    )
    saved = queries.customer_summary(world.session, customer.id)
    assert (saved.name, saved.phone, saved.email) == ("김서윤", PHONE, EMAIL)
    assert (
        post(client, edit, name="김서윤", phone="", email=EMAIL, memo="", version="2", contact="shown").status_code
        == 303
    )
    world.session.rollback()
    assert queries.customer_summary(world.session, customer.id).phone is None


def test_a_stale_form_shows_both(world):
    customer = world.a_customer(phone=PHONE)
    client = world.signed_in(Role.CLERK)
    saved = CustomerDetails("김서연", PHONE, EMAIL, "먼저 저장한 메모")
    service.update_customer(world.ctx(), customer.id, saved, version=1)
    answer = post(
        client, f"/customers/{customer.id}", name="김서연", memo="나중에 적은 메모", version="1", contact="hidden"
    )
    assert answer.status_code == 409
    assert "먼저 저장한 메모" in answer.text
    assert "나중에 적은 메모" in answer.text
    assert soup(answer).find("input", {"name": "version"})["value"] == "2"
    again = post(
        client, f"/customers/{customer.id}", name="김서연", memo="나중에 적은 메모", version="2", contact="hidden"
    )
    assert again.status_code == 303


@pytest.mark.parametrize("version", ["", "x", "-1", "99999999999999999999", "1.0"])
def test_a_version_that_is_none_is_stale(world, version):
    customer = world.a_customer(phone=PHONE)
    client = world.signed_in(Role.CLERK)
    assert post(client, f"/customers/{customer.id}", name="김서윤", version=version).status_code == 409


def test_a_form_without_anything_is_answered_at_its_fields(world):
    customer = world.a_customer(phone=PHONE)
    assert post(world.signed_in(Role.CLERK), f"/customers/{customer.id}").status_code == 422


def test_archiving_leaves_the_list_and_restoring_comes_back(world):
    customer = world.a_customer(phone=PHONE)
    client = world.signed_in(Role.CLERK)
    assert post(client, f"/customers/{customer.id}/archive").status_code == 303
    assert names(client.get("/customers")) == []
    assert names(client.get("/customers?tab=archived")) == ["김서연"]
    assert post(client, f"/customers/{customer.id}/restore").status_code == 303
    assert names(client.get("/customers")) == ["김서연"]


def test_a_memo_that_cannot_be_kept_comes_back_with_its_message(world):
    customer = world.a_customer(phone=PHONE)
    client = world.signed_in(Role.CLERK)
    assert post(client, f"/customers/{customer.id}/memo", memo="전화는 오후에").status_code == 303
    answer = post(client, f"/customers/{customer.id}/memo", memo="카드 4111111111111111")
    assert answer.status_code == 422
    assert "4111" not in answer.text


def test_fields_that_are_not_on_the_form_change_nothing(world):
    client = world.signed_in(Role.CLERK)
    post(client, "/customers", name="김서연", id="cus_mine", archived_at="2020-01-01", version="9")
    customer = world.session.scalars(select(Customer)).one()
    assert (customer.id == "cus_mine", customer.archived_at, customer.version) == (False, None, 1)


@pytest.mark.parametrize("path", ["edit", "memo", "archive", "restore", "reveal", "contact", ""])
def test_an_unknown_customer_is_not_found(world, path):
    client = world.signed_in(Role.CLERK)
    address = f"/customers/cus_nobody/{path}".rstrip("/")
    partial = {"HX-Request": "true", "HX-Request-Type": "partial"}
    answer = (
        client.get(address, headers=partial)
        if path in {"edit", "contact"}
        else post(client, address, name="김서연", version="1")
    )
    assert answer.status_code == 404


def test_viewers_change_nothing(world):
    customer = world.a_customer(phone=PHONE)
    client = world.signed_in(Role.VIEWER)
    assert client.get("/customers/new").status_code == 403
    for address in ("/customers", *(f"/customers/{customer.id}{end}" for end in ("", "/memo", "/archive", "/restore"))):
        assert post(client, address, page="/account", name="x").status_code == 403
    assert "새 고객" not in client.get("/customers").text


def test_in_english_too(world):
    client = world.signed_in(Role.CLERK)
    client.set_cookie("lang", "en")
    korean = re.compile("[가-힣]+")
    for page in ("/customers", "/customers/new", "/customers?q=x", "/customers?tab=archived"):
        text = soup(client.get(page)).find("main").get_text(" ")
        assert not korean.findall(text), (page, korean.findall(text))
