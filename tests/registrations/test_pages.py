"""The form, the window's page, and both ways back from it."""

import json

import pytest
from bs4 import BeautifulSoup

from merchant_admin.core.db import db
from merchant_admin.core.permissions import Role
from merchant_admin.registrations.models import Registration
from merchant_admin.registrations.states import RegistrationState

HX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def browser(desk):
    return Browser(desk)


class Browser:
    def __init__(self, desk, role=Role.CLERK):
        self.desk, self.client = desk, desk.world.signed_in(role)
        self.new_page = f"/customers/{desk.customer.id}/registrations/new"

    def fields(self, url=None):
        soup = BeautifulSoup(self.client.get(url or self.new_page).text, "html.parser")
        return {field["name"]: field.get("value", "") for field in soup.select("main form input")}

    def begin(self, **typed):
        return self.client.post(f"/customers/{self.desk.customer.id}/registrations", data=self.fields() | typed)

    def window(self, **typed):
        """The window's page of a new registration, and its row."""
        answer = self.begin(**typed)
        assert answer.status_code == 303, answer.text
        page = self.client.get(answer.location)
        return page, db.session.query(Registration).order_by(Registration.created_at.desc()).first()

    def tells(self, row, **said):
        fields = self.fields(f"/registrations/{row.id}/window")
        return self.client.post(f"/registrations/{row.id}/told", data=fields | said)


def test_the_window_page_carries_its_parameters_as_data_and_runs_no_inline_script(browser):
    page, row = browser.window(amount_krw="15,000")
    soup = BeautifulSoup(page.text, "html.parser")
    sent = json.loads(soup.find(id="card-window")["data-parameters"])
    assert (sent["amount"], sent["merchant_uid"], sent["pg"]) == (15_000, row.merchant_uid, "jtnet.tpaytest2m")
    assert all(script.get("src") and not script.text.strip() for script in soup.find_all("script"))
    assert "frame-src" in page.headers["Content-Security-Policy"]
    assert "htmx" not in page.text
    assert "금 일만오천 원" in page.text


def test_a_name_with_quotes_and_tags_stays_text(browser):
    name = """<script>'"&`"""
    page, _row = browser.window(name=name)
    sent = json.loads(BeautifulSoup(page.text, "html.parser").find(id="card-window")["data-parameters"])
    assert sent["name"] == name
    assert "<script>'" not in page.text


def test_the_callback_leads_to_the_result(browser):
    _page, row = browser.window(amount_krw="15,000")
    imp_uid = browser.desk.buys(row)
    answer = browser.tells(row, imp_uid=imp_uid)
    assert answer.location == f"/registrations/{row.id}"
    assert "카드를 등록하고 ₩15,000을 결제했습니다" in browser.client.get(answer.location).text


def test_a_callback_for_another_order_is_refused_without_effect(browser):
    _page, row = browser.window()
    answer = browser.tells(row, merchant_uid="reg_somebody_else")
    assert answer.status_code == 409
    assert db.session.get(Registration, row.id, populate_existing=True).returned_at is None


def test_a_callback_needs_the_token(browser):
    _page, row = browser.window()
    assert browser.client.post(f"/registrations/{row.id}/told", data={"imp_uid": "imp_123456789012"}).status_code == 400


def test_once_answered_the_window_page_leads_to_the_result(browser):
    _page, row = browser.window()
    browser.tells(row, imp_uid=browser.desk.buys(row))
    again = browser.client.get(f"/registrations/{row.id}/window")
    assert (again.status_code, again.location) == (303, f"/registrations/{row.id}")


def test_a_phone_comes_back_to_the_same_truth(browser):
    _page, row = browser.window(amount_krw="15,000")
    imp_uid = browser.desk.buys(row)
    for _ in range(3):
        answer = browser.client.get(f"/return/{row.return_token}?imp_uid={imp_uid}&merchant_uid={row.merchant_uid}")
        assert answer.location == f"/registrations/{row.id}"
    assert db.session.get(Registration, row.id, populate_existing=True).state is RegistrationState.BOTH


def test_someone_without_a_sign_in_sees_the_outcome_and_nothing_personal(browser):
    _page, row = browser.window(amount_krw="15,000")
    imp_uid = browser.desk.buys(row)
    stranger = browser.desk.world.client()
    page = stranger.get(f"/return/{row.return_token}?imp_uid={imp_uid}&imp_success=true")
    assert "₩15,000을 결제했습니다" in page.text
    for secret in ("김서연", "1234-5678", row.customer_uid, row.merchant_uid, "신한"):
        assert secret not in page.text


def test_an_invented_return_is_not_found(browser):
    assert browser.desk.world.client().get("/return/nobody?imp_uid=imp_123456789012").status_code == 404


def test_while_checking_the_page_asks_again_and_the_last_answer_stops(browser):
    _page, row = browser.window(amount_krw="15,000")
    browser.tells(row, imp_uid="")
    checking = browser.client.get(f"/registrations/{row.id}", headers=HX)
    assert 'hx-trigger="every 2s"' in checking.text
    assert "<html" not in checking.text
    browser.desk.buys(row)
    browser.desk.look(row)
    assert "every 2s" not in browser.client.get(f"/registrations/{row.id}", headers=HX).text


@pytest.mark.parametrize(
    ("field", "typed"),
    [("amount_krw", "1.5"), ("amount_krw", "-1"), ("amount_krw", "1e9"), ("amount_krw", "9" * 20),
     ("name", "가" * 41), ("name", ""), ("name", "bell\x07"), ("tax_free_krw", "20,000")],
)  # fmt: skip
def test_what_can_not_be_used_comes_back_as_typed(browser, field, typed):
    answer = browser.begin(**{"amount_krw": "15,000", "name": "12월", field: typed})
    assert answer.status_code == 422
    found = BeautifulSoup(answer.text, "html.parser").find("input", {"name": field})
    assert found["value"] == typed
    assert found["aria-invalid"] == "true"
    assert db.session.query(Registration).count() == 0


def test_a_card_number_typed_as_a_name_is_refused_and_forgotten(browser):
    answer = browser.begin(name="4111 1111 1111 1111")
    assert answer.status_code in {400, 422}
    assert "4111" not in answer.text


def test_a_second_click_opens_the_same_window(browser):
    fields = browser.fields()
    url = f"/customers/{browser.desk.customer.id}/registrations"
    first, second = (browser.client.post(url, data=fields) for _ in range(2))
    assert first.location == second.location
    assert db.session.query(Registration).count() == 1


def test_an_amount_that_can_not_be_locked_opens_no_window(browser):
    browser.desk.world.sandbox.faults.plan("close_before", "/payments/prepare")
    answer = browser.begin(amount_krw="15,000")
    assert answer.status_code == 422
    assert "결제창을 열지 않았습니다" in answer.text


def test_money_without_a_card_offers_the_refund(desk):
    browser = Browser(desk, Role.MANAGER)
    _page, row = browser.window(amount_krw="15,000")
    browser.tells(row, imp_uid=desk.buys(row, card="charge_without_key"))
    desk.world.clock.advance(21)
    desk.look(row)
    page = browser.client.get(f"/registrations/{row.id}")
    assert "카드는 등록되지 않았습니다" in page.text
    assert "/refunds/new" in page.text
