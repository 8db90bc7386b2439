"""The refund sheet on screen: filled, restated, sent once."""

import pytest
from bs4 import BeautifulSoup

from merchant_admin.core.db import db
from merchant_admin.core.permissions import Role
from merchant_admin.refunds.models import Refund
from merchant_admin.refunds.states import RefundState
from tests.refunds.conftest import CANCEL


class Sheet:
    """A staff member's browser on one payment's refund sheet."""

    def __init__(self, desk, payment, role=Role.OWNER):
        self.client = desk.world.signed_in(role)
        self.url = f"/payments/{payment.id}/refunds"
        self.fields = self.read(self.client.get(f"{self.url}/new"))

    @staticmethod
    def read(answer):
        page = BeautifulSoup(answer.text, "html.parser")
        form = page.select_one("main form.form") or page.select_one("main form.sheet")
        fields = {field["name"]: field.get("value", "") for field in form.find_all("input")}
        chosen = form.select_one("select[name=reason_code] option[selected]")
        return fields | ({"reason_code": chosen["value"]} if chosen else {})

    def confirm(self, **typed):
        return self.client.post(f"{self.url}/confirm", data=self.fields | typed)

    def send(self, **typed):
        return self.client.post(self.url, data=self.fields | typed)


def test_the_sheet_is_filled_with_what_is_left_at_portone(desk):
    payment = desk.paid(33_000)
    desk.world.sandbox.console_cancel(payment.imp_uid, 3_000)
    sheet = Sheet(desk, payment)
    assert (sheet.fields["amount_krw"], sheet.fields["remaining_krw"]) == ("30,000", "30000")
    answer = sheet.confirm()
    assert answer.status_code == 200, answer.text


def test_the_confirm_sheet_restates_the_refund_and_its_button_the_sum(desk):
    page = Sheet(desk, desk.paid(33_000)).confirm(amount_krw="10,000원", reason_text="단순 변심")
    soup = BeautifulSoup(page.text, "html.parser")
    assert "금 일만 원" in page.text
    assert "₩23,000" in page.text
    assert "되돌릴 수 없습니다" in page.text
    assert soup.select("form.sheet button")[-1].get_text(strip=True) == "₩10,000 환불"
    form = soup.select_one("form.sheet")
    assert (form["hx-sync"], form["hx-disable"]) == ("this:drop", "findAll button")


def test_a_sent_sheet_ends_on_its_refund_and_a_second_click_on_the_same(desk):
    payment = desk.paid(33_000)
    sheet = Sheet(desk, payment)
    first, second = sheet.send(amount_krw="10,000"), sheet.send(amount_krw="10,000")
    assert first.status_code == second.status_code == 303
    assert first.location == second.location
    assert "₩10,000을 환불했습니다" in sheet.client.get(first.location).text
    assert desk.given_back(payment) == 10_000


@pytest.mark.parametrize(
    "typed", ["0", "-1", "1.5", "1e9", "33,001", "1" * 20, "", "만원", "１０００원0"],
)  # fmt: skip
def test_impossible_amounts_come_back_as_typed_and_send_nothing(desk, typed):
    sheet = Sheet(desk, desk.paid(33_000))
    answer = sheet.confirm(amount_krw=typed, reason_text="사유")
    assert answer.status_code == 422
    again = sheet.read(answer)
    assert (again["amount_krw"], again["reason_text"]) == (typed, "사유")
    assert desk.cancels_sent() == 0


def test_full_width_digits_and_words_are_understood(desk):
    payment = desk.paid(33_000)
    assert Sheet(desk, payment).send(amount_krw="１０，０００원").status_code == 303
    assert desk.given_back(payment) == 10_000


def test_a_balance_that_moved_brings_a_fresh_sheet_that_says_what_changed(desk):
    payment = desk.paid(33_000)
    sheet = Sheet(desk, payment)
    desk.world.sandbox.console_cancel(payment.imp_uid, 3_000)
    answer = sheet.confirm(amount_krw="10,000")
    assert answer.status_code == 422
    assert "₩33,000이 지금은 ₩30,000" in answer.text
    fresh = sheet.read(answer)
    assert fresh["remaining_krw"] == "30000"
    assert fresh["sheet_key"] != sheet.fields["sheet_key"]
    assert desk.cancels_sent() == 0


def test_portone_silent_still_draws_the_sheet_and_says_so(desk):
    payment = desk.paid(33_000)
    desk.world.sandbox.faults.plan("close_before", f"/payments/{payment.imp_uid}", times=2)
    answer = Sheet(desk, payment).confirm(amount_krw="10,000")
    assert answer.status_code == 200
    assert "남은 금액을 읽지 못했습니다" in answer.text


def test_an_uncertain_refund_is_never_called_failed_and_polls(desk):
    payment = desk.paid(33_000)
    desk.world.sandbox.faults.plan("close_after", CANCEL)
    sheet = Sheet(desk, payment)
    page = sheet.client.get(sheet.send(amount_krw="10,000").location)
    assert "다시 환불하지 마세요" in page.text
    assert 'hx-trigger="every 2s"' in page.text
    assert "실패" not in BeautifulSoup(page.text, "html.parser").main.text
    refund = db.session.query(Refund).one()
    sheet.client.post(f"/refunds/{refund.id}/look", data={"csrf_token": sheet.fields["csrf_token"]})
    settled = sheet.client.get(f"/refunds/{refund.id}")
    assert "₩10,000을 환불했습니다" in settled.text
    assert "every 2s" not in settled.text


def test_a_used_sheet_with_another_amount_is_refused_on_the_form(desk):
    payment = desk.paid(33_000)
    sheet = Sheet(desk, payment)
    sheet.send(amount_krw="10,000")
    answer = sheet.send(amount_krw="20,000")
    assert answer.status_code == 422
    assert "이미 다른 내용으로" in answer.text
    assert desk.given_back(payment) == 10_000


def test_other_as_a_reason_asks_for_words(desk):
    sheet = Sheet(desk, desk.paid())
    assert sheet.confirm(reason_code="other", reason_text="").status_code == 422
    assert sheet.confirm(reason_code="other", reason_text="계약 해지").status_code == 200


def test_a_clerk_may_not_refund(desk):
    payment = desk.paid()
    client = desk.world.signed_in(Role.CLERK)
    assert client.get(f"/payments/{payment.id}/refunds/new").status_code == 403


def test_a_refund_that_is_open_closes_the_sheet(desk):
    payment = desk.paid()
    desk.world.sandbox.faults.plan("close_before", CANCEL)
    desk.send(desk.sheet(payment, 10_000))
    page = desk.world.signed_in().get(f"/payments/{payment.id}/refunds/new")
    assert "이 결제의 환불을 확인하고 있습니다" in page.text
    assert BeautifulSoup(page.text, "html.parser").select("main form.form") == []


def test_what_is_fully_refunded_offers_no_sheet(desk):
    payment = desk.paid(5_000)
    assert desk.send(desk.sheet(payment, 5_000)).state is RefundState.DONE
    page = desk.world.signed_in().get(f"/payments/{payment.id}/refunds/new")
    assert "환불할 금액이 없습니다" in page.text
