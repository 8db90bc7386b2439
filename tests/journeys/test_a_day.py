"""A clerk's day, from sign-in to the last refund, on a computer, on a phone, and without scripts."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import PC, PHONE
from tests.support.books import true_balances

LOOKS = {
    "computer-light-korean": {**PC, "color_scheme": "light"},
    "phone-dark-korean": {**PHONE, "color_scheme": "dark"},
    "computer-dark-english": {**PC, "color_scheme": "dark", "locale": "en-US"},
    "phone-light-english": {**PHONE, "color_scheme": "light", "locale": "en-US"},
}


def states_and_sums(desk):
    """What the history says: each line's words, newest first."""
    desk.page.goto("/payments")
    desk.stands_on("결제 내역")
    rows = desk.page.get_by_role("table").get_by_role("row").all()[1:]
    return [" ".join(row.inner_text().split()) for row in rows]


def expect_lines(desk, *expected):
    lines = states_and_sums(desk)
    assert len(lines) == len(expected), lines
    for line, (figure, state) in zip(lines, expected, strict=True):
        assert figure in line, line
        assert desk.say(state) in line, line


@pytest.mark.parametrize("look", LOOKS)
def test_from_a_new_customer_to_the_last_refund(shop, open_desk, look):
    desk = open_desk(**LOOKS[look], looks_closely=True)
    customer = desk.adds_customer("김서연")
    desk.registers_card(customer)
    desk.registers_card(customer, amount=15_000)
    desk.charges(customer, "원두 1kg", 33_000)
    first = desk.opens_payment(33_000)
    desk.charges_again(33_000)
    again = desk.opens_payment(33_000)
    desk.refunds(again, 10_000)
    desk.refunds(again)
    assert sorted(true_balances(shop.sandbox).values()) == [(15_000, 0), (33_000, 0), (33_000, 33_000)]
    assert first != again
    expect_lines(desk, ("₩33,000", "전액 환불"), ("₩33,000", "결제 완료"), ("₩15,000", "결제 완료"))
    desk.page.goto(again)
    desk.sees_figure("₩10,000")
    desk.sees_figure("₩23,000")
    desk.page.goto(customer)
    desk.sees_figure("원두 1kg")
    desk.looks_over()


def test_the_same_without_scripts_and_without_a_window(shop, open_desk):
    shop.sandbox.window_key(customer_uid="bks_from_elsewhere", merchant_uid="old_1")
    desk = open_desk(java_script_enabled=False)
    customer = desk.adds_customer("박도윤")
    desk.adopts_card(customer, "bks_from_elsewhere")
    desk.charges(customer, "차 모음", 24_000)
    payment = desk.opens_payment(24_000)
    desk.charges_again(24_000)
    desk.refunds(payment, 4_000)
    desk.refunds(payment)
    assert sorted(true_balances(shop.sandbox).values()) == [(24_000, 0), (24_000, 24_000)]
    expect_lines(desk, ("₩24,000", "결제 완료"), ("₩24,000", "전액 환불"))


def test_a_lost_answer_is_checked_and_becomes_paid_by_itself(shop, open_desk):
    shop.sandbox.window_key(customer_uid="bks_lossy", merchant_uid="old_1", card="answer_lost")
    desk = open_desk()
    customer = desk.adds_customer("이지우")
    desk.adopts_card(customer, "bks_lossy")
    desk.charges(customer, "과일 상자", 42_000)
    desk.sees("확인 필요: 다시 청구하지 마세요")
    expect(desk.page.get_by_role("button", name="₩42,000 결제")).to_have_count(0)
    desk.sees("%(sum)s을 결제했습니다.", sum="₩42,000", timeout=60_000)
    assert [paid for paid, _ in true_balances(shop.sandbox).values()] == [42_000]


def test_two_impatient_clicks_charge_once(shop, open_desk):
    shop.sandbox.window_key(customer_uid="bks_slow", merchant_uid="old_1")
    desk = open_desk()
    customer = desk.adds_customer("최하은")
    desk.adopts_card(customer, "bks_slow")
    shop.sandbox.faults.plan("delay_after", "/subscribe/payments/again", seconds=2.0)
    desk.fills_charge(customer, "반찬 구독", 96_000)
    desk.page.get_by_role("button", name="₩96,000 결제").dblclick()
    desk.stands_on("결제 요청")
    assert len(true_balances(shop.sandbox)) == 1
