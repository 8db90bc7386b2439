"""A clerk's day, from sign-in to the last refund, on a computer, on a phone, and without scripts."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import PC, PHONE
from tests.support.books import true_balances


def states_and_sums(desk):
    """What the history says: each line's sum and state, newest first."""
    desk.page.goto("/payments")
    desk.stands_on("결제 내역")
    rows = desk.page.get_by_role("table").get_by_role("row").all()[1:]
    return [" ".join(row.inner_text().split()) for row in rows]


def expect_lines(desk, *expected):
    lines = states_and_sums(desk)
    assert len(lines) == len(expected), lines
    for line, words in zip(lines, expected, strict=True):
        for word in words:
            assert word in line, f"{word} is not in {line!r}"


@pytest.mark.parametrize("kind", [PC, PHONE], ids=["computer", "phone"])
def test_from_a_new_customer_to_the_last_refund(shop, open_desk, kind):
    desk = open_desk(**kind)
    customer = desk.adds_customer("김서연")
    desk.registers_card(customer)
    desk.registers_card(customer, amount=15_000)
    desk.charges(customer, "원두 1kg", 33_000)
    first = desk.opens_payment()
    desk.charges_again(33_000)
    again = desk.opens_payment()
    desk.refunds(again, 10_000)
    desk.refunds(again)
    assert sorted(true_balances(shop.sandbox).values()) == [(15_000, 0), (33_000, 0), (33_000, 33_000)]
    assert first != again
    expect_lines(desk, ("₩33,000", "전액 환불"), ("₩33,000", "결제 완료"), ("₩15,000", "결제 완료"))
    desk.page.goto(again)
    desk.sees("₩10,000")
    desk.sees("₩23,000")
    desk.page.goto(customer)
    expect(desk.page.get_by_role("main")).to_contain_text("원두 1kg")


def test_the_same_without_scripts_and_without_a_window(shop, open_desk):
    shop.sandbox.window_key(customer_uid="bks_from_elsewhere", merchant_uid="old_1")
    desk = open_desk(java_script_enabled=False)
    customer = desk.adds_customer("박도윤")
    desk.adopts_card(customer, "bks_from_elsewhere")
    desk.charges(customer, "차 모음", 24_000)
    payment = desk.opens_payment()
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
    expect(desk.page.get_by_role("main")).to_contain_text("₩42,000을 결제했습니다.", timeout=60_000)
    assert [paid for paid, _ in true_balances(shop.sandbox).values()] == [42_000]


def test_two_impatient_clicks_charge_once(shop, open_desk):
    shop.sandbox.window_key(customer_uid="bks_slow", merchant_uid="old_1")
    desk = open_desk()
    customer = desk.adds_customer("최하은")
    desk.adopts_card(customer, "bks_slow")
    shop.sandbox.faults.plan("delay_after", "/subscribe/payments/again", seconds=2.0)
    desk.page.goto(customer)
    desk.follow("결제하기")
    desk.fill("주문명", "반찬 구독")
    desk.fill("금액", "96000")
    desk.press("다음: 확인")
    desk.stands_on("₩96,000을 결제할까요?")
    desk.page.get_by_role("button", name="₩96,000 결제").dblclick()
    desk.stands_on("결제 요청")
    assert len(true_balances(shop.sandbox)) == 1
