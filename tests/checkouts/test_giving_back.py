"""Refunds by means of payment: what is asked, what is refused before anything is sent, and what is kept."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from merchant_admin.core.db import db
from merchant_admin.core.errors import InvalidInput, RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.core.permissions import Role
from merchant_admin.payments.models import Payment
from merchant_admin.portone.types import RefundAccount
from merchant_admin.refunds import service
from merchant_admin.refunds.models import Refund
from merchant_admin.refunds.service import RefundSheet
from merchant_admin.refunds.states import RefundReason, RefundState
from tests.checkouts.test_pages import Desktop, token_in

ACCOUNT = RefundAccount("088", "110123456789", "김서연")


def paid(desk, method):
    """A paid order's payment id."""
    made = desk.make(method)
    imp_uid = desk.pays(desk.opens(made), method)
    desk.returns(made, imp_uid)
    desk.look(made)
    if method == "vbank":
        desk.world.sandbox.deposit(imp_uid)
        desk.wait(31 * 60, step=31 * 60)
    return desk.view(made).payment_id


def refund(desk, payment_id, amount_krw=60_000, account=None, key=None):
    left = db.session.get(Payment, payment_id, populate_existing=True).remaining_krw
    sheet = RefundSheet(
        key or new_id("sht"), payment_id, amount_krw, 0, left, RefundReason.CUSTOMER_REQUEST, "", account
    )
    return service.refund_payment(desk.world.ctx(), desk.world.gateway, sheet)


def cancels(desk):
    return [line for line in desk.world.sandbox.requests_log() if line["path"].endswith("/payments/cancel")]


def test_a_virtual_account_is_refunded_to_the_named_account(each_desk):
    payment_id = paid(each_desk, "vbank")
    assert refund(each_desk, payment_id, 20_000, ACCOUNT).state is RefundState.DONE
    assert refund(each_desk, payment_id, 40_000, ACCOUNT).state is RefundState.DONE


def test_without_an_account_nothing_is_sent(desk):
    payment_id = paid(desk, "vbank")
    with pytest.raises(InvalidInput, match="돌려받을 계좌"):
        refund(desk, payment_id)
    assert cancels(desk) == []


def test_the_account_is_kept_masked_and_nowhere_whole(desk):
    made = refund(desk, paid(desk, "vbank"), 60_000, ACCOUNT)
    row = db.session.get(Refund, made.id, populate_existing=True)
    assert (row.pay_back_bank, row.pay_back_account, row.pay_back_holder) == ("088", "****6789", "김**")
    for table in ("refunds", "events", "payments"):
        for found in db.session.execute(text(f"SELECT * FROM {table}")):
            assert "110123456789" not in str(found)


def test_a_lost_request_is_not_sent_again_without_its_account(desk):
    payment_id = paid(desk, "vbank")
    desk.world.sandbox.faults.plan("close_before", "/payments/cancel", method="POST")
    made = refund(desk, payment_id, 60_000, ACCOUNT).id
    desk.wait(400, step=40)
    row = db.session.get(Refund, made, populate_existing=True)
    assert (row.state, row.sends) == (RefundState.REFUSED, 1)
    assert refund(desk, payment_id, 60_000, ACCOUNT).state is RefundState.DONE


def test_a_lost_answer_is_found_and_paid_back_once(desk):
    payment_id = paid(desk, "vbank")
    desk.world.sandbox.faults.plan("close_after", "/payments/cancel", method="POST")
    made = refund(desk, payment_id, 60_000, ACCOUNT).id
    desk.wait(60, step=10)
    assert db.session.get(Refund, made, populate_existing=True).state is RefundState.DONE


def test_a_part_of_a_phone_payment_is_refused_before_anything_is_sent(desk):
    payment_id = paid(desk, "phone")
    with pytest.raises(InvalidInput, match="전액만"):
        refund(desk, payment_id, 10_000)
    assert cancels(desk) == []
    assert refund(desk, payment_id).state is RefundState.DONE


def test_a_phone_payment_of_last_month_is_refused_before_anything_is_sent(desk):
    desk.world.clock.set(datetime(2026, 11, 30, 14, 50, tzinfo=UTC))  # 23:50 in Seoul
    payment_id = paid(desk, "phone")
    desk.world.clock.advance(11 * 60)  # the first of December there, still November in UTC
    with pytest.raises(RuleBroken, match="결제한 달 안에만"):
        refund(desk, payment_id)
    assert cancels(desk) == []


def test_a_transfer_is_refunded_in_parts_as_far_as_portone_lets_it(desk):
    payment_id = paid(desk, "trans")
    assert refund(desk, payment_id, 10_000).state is RefundState.DONE


def test_an_account_that_is_none_stays_on_the_form_and_any_of_14_digits_is_one(desk):
    payment_id = paid(desk, "vbank")
    manager = Desktop(desk, Role.MANAGER)
    page = f"/payments/{payment_id}/refunds/new"
    asked = {
        "csrf_token": token_in(manager.client, page), "sheet_key": new_id("sht"), "remaining_krw": "60000",
        "amount_krw": "60,000", "reason_code": "customer_request", "refund_bank": "081", "refund_holder": "김서연",
    }  # fmt: skip
    for number in ("12", "1101-2345-ab", "4518421234567890", "378282246310005"):
        answer = manager.client.post(
            f"/payments/{payment_id}/refunds/confirm", data={**asked, "refund_account": number}
        )
        assert answer.status_code == 422, number
        assert "숫자 7~14자리" in answer.text
        assert len(number) < 13 or number not in answer.text
    # Both pass the check-sum of cards and begin as a kind of card does; banks give such numbers out.
    for number in ("361-489006-47913", "30569309025904"):
        answer = manager.client.post(
            f"/payments/{payment_id}/refunds/confirm", data={**asked, "refund_account": number}
        )
        assert answer.status_code == 200, number


def test_the_form_asks_the_account_and_says_what_it_costs(desk):
    payment_id = paid(desk, "vbank")
    manager = Desktop(desk, Role.MANAGER)
    page = manager.client.get(f"/payments/{payment_id}/refunds/new").text
    for words in ("돌려받을 은행", "돌려받을 계좌번호", "예금주", "수수료가 들 수 있습니다", "카카오뱅크"):
        assert words in page
