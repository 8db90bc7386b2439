"""The sheet that charges a card, from the empty form to the result, and all that must not go through."""

import pytest
from sqlalchemy import func, select

from merchant_admin.billing_keys.states import KeyState
from merchant_admin.core.permissions import Role
from merchant_admin.customers.service import archive_customer
from merchant_admin.payments.models import Charge
from tests.payments_screens.desk import Desk, form_of, soup
from tests.support.books import assert_books_balance


def charges(world):
    return world.session.scalar(select(func.count()).select_from(Charge))


def at_portone(world):
    return [one for one in world.sandbox.payments() if one["amount"] > 0]


def text_of(answer):
    return " ".join(soup(answer).find("main").get_text(" ").split())


def test_a_charge_goes_from_form_to_result(world, desk):
    sheet = form_of(desk.confirm(desk.sheet()), "/charges")
    answer = desk.charge(sheet)
    assert answer.status_code == 303
    assert "₩33,000을 결제했습니다." in text_of(desk.client.get(answer.location))
    assert [one["amount"] for one in at_portone(world)] == [33_000]
    assert_books_balance(world.session)


def test_the_confirm_sheet_restates_everything_and_writes_nothing(world, desk):
    said = text_of(
        desk.confirm(desk.sheet(tax_free_krw="11,000", amount_krw="60,000", card_quota="3", memo="전화 확인"))
    )
    for word in ("김서연", "12월 이용료", "3개월", "₩60,000", "금 육만 원", "₩4,455", "₩11,000", "전화 확인", "jtnet"):
        assert word in said, word
    assert charges(world) == 0


def test_a_second_click_charges_once(world, desk):
    sheet = desk.sheet()
    first, second = desk.charge(sheet), desk.charge(sheet)
    assert first.location == second.location
    assert len(at_portone(world)) == 1


def test_a_used_sheet_with_another_body_shows_both(world, desk):
    sheet = desk.sheet()
    desk.charge(sheet)
    answer = desk.charge(sheet | {"amount_krw": "44000"}, agrees="1")
    assert answer.status_code == 409
    assert "₩33,000" in text_of(answer)
    assert "₩44,000" in text_of(answer)
    assert len(at_portone(world)) == 1


@pytest.mark.parametrize("typed", ["0", "-1", "1.5", "1e9", "1" * 20, "", "백원", "100000001"])
def test_an_amount_that_is_none_is_refused_at_its_field(world, desk, typed):
    answer = desk.confirm(desk.sheet(amount_krw=typed, memo="남아야 합니다"))
    assert answer.status_code == 422
    field = soup(answer).find(id="f-amount_krw")
    assert (field["value"], field["aria-invalid"]) == (typed, "true")
    assert "남아야 합니다" in answer.text
    assert charges(world) == 0


@pytest.mark.parametrize(
    ("typed", "sum_"), [("４８４００", "₩48,400"), ("48,400원", "₩48,400"), (" 48400 ", "₩48,400")]
)
def test_amounts_are_read_as_people_write_them(desk, typed, sum_):
    assert f"{sum_} 결제" in text_of(desk.confirm(desk.sheet(amount_krw=typed)))


@pytest.mark.parametrize("name", ["", "가" * 41, "12월 \x07 이용료", "🍎 사과", "두 줄\n이름", "4111 1111 1111 1111"])
def test_an_order_name_that_cant_be_used_is_refused(world, desk, name):
    answer = desk.confirm(desk.sheet(name=name))
    assert answer.status_code == 422
    assert soup(answer).find(id="f-name")["aria-invalid"] == "true"
    assert "4111" not in answer.text


def test_a_script_in_a_name_stays_text(desk):
    answer = desk.confirm(desk.sheet(name="<script>alert(1)</script>"))
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"card_quota": "1"}, "card_quota"),
        ({"card_quota": "13"}, "card_quota"),
        ({"card_quota": "3"}, "card_quota"),  # 33,000 is below the floor
        ({"tax_free_krw": "33,001"}, "tax_free_krw"),
        ({"billing_key_id": ""}, "billing_key_id"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_field(world, desk, typed, field):
    answer = desk.charge(desk.sheet(**typed))
    assert answer.status_code == 422
    assert soup(answer).find(id=f"f-{field}-error")
    assert charges(world) == 0


def test_the_same_sum_again_waits_for_a_tick(world, desk):
    desk.charge(desk.sheet())
    again = desk.sheet()
    asked = desk.charge(again)
    assert asked.status_code == 422
    assert "24시간 안에 같은 금액" in text_of(asked)
    assert len(at_portone(world)) == 1
    assert desk.charge(again, agrees="1").status_code == 303
    assert len(at_portone(world)) == 2


def test_a_large_sum_is_typed_again(world, desk):
    sheet = desk.sheet(amount_krw="1,000,000")
    assert "금액을 한 번 더" in text_of(desk.confirm(sheet))
    for typed in ("", "1,000,001", "백만"):
        assert desk.charge(sheet, typed_krw=typed).status_code == 422
    assert charges(world) == 0
    assert desk.charge(sheet, typed_krw="1000000").status_code == 303


def test_an_archived_customer_is_not_charged(world, desk):
    sheet = desk.sheet()
    archive_customer(world.ctx(), sheet["customer_id"])
    for answer in (desk.confirm(sheet), desk.charge(sheet)):
        assert answer.status_code == 422
        assert "결제하지 않았습니다" in text_of(answer)
    assert charges(world) == 0


def test_a_deleted_key_is_not_charged_and_the_form_stays(world, desk):
    sheet = desk.sheet(memo="그대로")
    with world.ctx().atomic() as session:
        session.merge(desk.key).state = KeyState.DELETING
    answer = desk.charge(sheet)
    assert answer.status_code == 422
    assert "결제하지 않았습니다" in text_of(answer)
    assert charges(world) == 0


def test_a_key_of_another_customer_is_not_charged(world, desk):
    other = world.a_customer(name="박지우", phone=None, email=None)
    answer = desk.charge(desk.sheet(customer_id=other.id))
    assert answer.status_code == 422
    assert charges(world) == 0


@pytest.mark.parametrize("field", ["customer_id", "billing_key_id"])
def test_unknown_ids_are_refused_plainly(world, desk, field):
    answer = desk.charge(desk.sheet(**{field: "nobody"}))
    assert answer.status_code == 422
    assert "결제하지 않았습니다" in text_of(answer)


def test_an_ended_session_charges_nothing(world, desk):
    sheet = desk.sheet()
    stranger = world.client()
    assert stranger.post("/charges", data=sheet).status_code in {303, 400}
    assert charges(world) == 0


def test_a_decline_is_explained(world, clerk):
    desk = Desk(clerk, world.a_key(card="limit"))
    said = text_of(clerk.get(desk.charge(desk.sheet()).location))
    assert "돈은 빠져나가지 않았습니다" in said
    assert "한도를 넘었습니다" in said
    assert "한도초과" in said  # the card company's own words stay visible


def test_a_lost_answer_is_never_called_a_failure(world, clerk):
    desk = Desk(clerk, world.a_key(card="answer_lost"))
    where = desk.charge(desk.sheet()).location
    page = clerk.get(where)
    assert "다시 청구하지 마세요" in text_of(page)
    assert 'hx-trigger="every 2s"' in page.text
    assert "다시 보내기" not in text_of(page)
    clerk.post(f"{where}/look", data=form_of(page, f"{where}/look"))
    after = clerk.get(where, headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert "₩33,000을 결제했습니다." in after.text
    assert "hx-trigger" not in after.text


def test_a_past_payment_fills_the_form(world, desk):
    desk.charge(desk.sheet(amount_krw="48,400", tax_free_krw="8,400"))
    line = world.sandbox.payments()[-1]["merchant_uid"]
    page = desk.client.get(desk.client.get(f"/payments?q={line}").location)
    again = next(a["href"] for a in soup(page).find_all("a") if "from_payment_id" in a.get("href", ""))
    filled = form_of(desk.client.get(again), "/charges/confirm")
    assert (filled["amount_krw"], filled["tax_free_krw"], filled["name"]) == ("48,400", "8,400", "12월 이용료")
    assert filled["billing_key_id"] == desk.key.id


def test_without_a_customer_one_is_searched_first(world, desk):
    answer = desk.client.get("/charges/new?q=ㄱㅅㅇ")
    links = [a["href"] for a in soup(answer).find("main").find_all("a")]
    assert f"/charges/new?customer_id={desk.key.customer_id}" in links


def test_the_confirmed_sheet_can_be_corrected(desk):
    page = desk.confirm(desk.sheet(memo="고칠 메모"))
    back = desk.client.post("/charges/confirm", data=form_of(page, "/charges/confirm"))
    assert back.status_code == 200
    assert form_of(back, "/charges/confirm")["memo"] == "고칠 메모"


def test_a_viewer_charges_nothing(world, desk):
    sheet = desk.sheet()
    viewer = world.signed_in(Role.VIEWER)
    assert viewer.get("/charges/new").status_code == 403
    token = form_of(viewer.get("/account"), "/account/password").get("csrf_token")
    assert viewer.post("/charges", data=sheet | {"csrf_token": token}).status_code == 403
    assert charges(world) == 0
