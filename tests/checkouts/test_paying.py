"""Each way to pay in the certified window, from the intent to the books."""

import pytest
from sqlalchemy import select

from merchant_admin.cases.models import Case
from merchant_admin.cases.states import CaseKind
from merchant_admin.checkouts import service
from merchant_admin.checkouts.models import Checkout
from merchant_admin.checkouts.states import CheckoutState
from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict, GatewayError, InvalidInput, RuleBroken
from merchant_admin.payments.models import Attempt, Charge, Payment, PaymentLine
from merchant_admin.payments.states import AttemptState, ChargeKind, LineState
from portone_sandbox.purchases import WindowRefused

S = CheckoutState
AT_ONCE = ["card", "trans", "phone"]


def attempt_of(desk, checkout_id):
    row = db.session.get(Checkout, checkout_id, populate_existing=True)
    return db.session.get(Attempt, row.attempt_id, populate_existing=True)


@pytest.mark.parametrize("method", AT_ONCE)
def test_a_paid_window_is_paid_here(each_desk, method):
    made = each_desk.make(method)
    imp_uid = each_desk.pays(each_desk.opens(made), method)
    each_desk.returns(made, imp_uid)
    view = each_desk.look(made)
    assert (view.state, view.imp_uid) == (S.PAID, imp_uid)
    line = db.session.get(PaymentLine, view.payment_id)
    assert (line.state, line.kind, line.method, line.billing_key_id) == (LineState.PAID, "window", method, None)


def test_the_intent_stands_before_any_window(desk):
    made = desk.make()
    assert db.session.query(Attempt).count() == 0
    service.open_window(desk.world.ctx(), desk.world.gateway, made)
    attempt = attempt_of(desk, made)
    charge = db.session.get(Charge, attempt.charge_id)
    assert (attempt.state, attempt.customer_uid, attempt.pg_id) == (AttemptState.SENDING, None, "tpaytest0m")
    assert (charge.kind, charge.billing_key_id) == (ChargeKind.WINDOW, None)
    assert desk.world.sandbox.payments() == []


def test_the_window_takes_no_other_amount(desk):
    made = desk.make(amount_krw=60_000)
    service.open_window(desk.world.ctx(), desk.world.gateway, made)
    with pytest.raises(WindowRefused, match="사전등록된 금액"):
        desk.shows(made, amount=100)


def test_no_window_opens_while_its_amount_is_not_locked(desk):
    made = desk.make()
    desk.world.sandbox.faults.plan("close_before", "/payments/prepare", method="POST")
    with pytest.raises(GatewayError):
        service.open_window(desk.world.ctx(), desk.world.gateway, made)
    imp_uid = desk.pays(desk.opens(made))  # the same button again
    desk.returns(made, imp_uid)
    assert desk.look(made).state is S.PAID
    assert db.session.query(Attempt).count() == 1


@pytest.mark.parametrize("method", AT_ONCE)
def test_a_browser_that_vanished_is_found_within_a_minute(desk, method):
    made = desk.make(method)
    desk.pays(desk.opens(made), method)
    desk.wait(60, step=10)
    assert desk.view(made).state is S.PAID


def test_a_closed_window_ends_as_not_paid_and_may_be_opened_again(desk):
    made = desk.make()
    desk.closes(desk.opens(made))
    desk.returns(made, None, "closed")
    assert desk.look(made).state is S.FAILED
    imp_uid = desk.pays(desk.opens(made))
    desk.returns(made, imp_uid)
    assert desk.look(made).state is S.PAID
    assert db.session.query(Charge).count() == 1
    assert db.session.query(Attempt).count() == 2


def test_a_buyer_who_never_pressed_anything_ends_as_not_paid(desk):
    made = desk.make()
    desk.opens(made)
    desk.wait(40 * 60, step=60)
    assert desk.view(made).state is S.FAILED
    assert attempt_of(desk, made).state is AttemptState.ABANDONED


def test_a_declined_try_leaves_the_window_to_the_buyer(desk):
    made = desk.make()
    desk.pays(desk.opens(made), behaviour="limit")
    desk.wait(60)
    assert desk.view(made).state is S.IN_WINDOW  # the browser did not come back: the buyer may still be at it
    desk.pays(desk.shows(made))
    desk.wait(60)
    assert desk.view(made).state is S.PAID


def test_a_payment_that_came_after_all_is_late_and_booked(desk):
    made = desk.make()
    window = desk.opens(made)
    desk.wait(40 * 60, step=60)
    imp_uid = desk.pays(window)
    ctx = desk.world.ctx()
    from merchant_admin.payments.service import look_at_attempt

    look_at_attempt(ctx, desk.world.gateway, attempt_of(desk, made).id)
    assert desk.view(made).state is S.PAID
    assert attempt_of(desk, made).late
    assert db.session.query(Payment).filter_by(imp_uid=imp_uid).count() == 1


def test_a_paid_order_opens_no_window(desk):
    made = desk.make()
    desk.returns(made, desk.pays(desk.opens(made)))
    desk.look(made)
    with pytest.raises(RuleBroken):
        desk.opens(made)


def test_the_same_sheet_makes_one_order(desk):
    order = desk.order()
    first = service.create_checkout(desk.world.ctx(), desk.world.gateway, order).id
    assert service.create_checkout(desk.world.ctx(), desk.world.gateway, order).id == first
    with pytest.raises(Conflict):
        service.create_checkout(
            desk.world.ctx(), desk.world.gateway, desk.order(amount_krw=61_000, sheet_key=order.sheet_key)
        )


@pytest.mark.parametrize(
    "wrong", [{"amount_krw": 0}, {"tax_free_krw": 60_001}, {"name": ""}, {"amount_krw": 49_999, "quota_most": 6}]
)
def test_an_order_that_can_not_be_is_refused_by_field(desk, wrong):
    with pytest.raises(InvalidInput):
        desk.make(**wrong)
    assert db.session.query(Checkout).count() == 0


def test_a_payment_of_another_order_in_the_callback_has_no_effect(desk):
    other = desk.make()
    foreign = desk.pays(desk.opens(other))
    desk.returns(other, foreign)
    desk.look(other)
    made = desk.make()
    desk.opens(made)
    with pytest.raises(Conflict, match="이 주문의 거래가 아닙니다"):
        desk.returns(made, foreign)
    assert desk.view(made).state is S.IN_WINDOW


def test_a_lie_about_success_is_not_believed(desk):
    made = desk.make()
    desk.opens(made)
    desk.returns(made, "imp_000000000000", "success")
    assert desk.look(made).state is S.CHECKING
    assert db.session.query(Payment).count() == 0


@pytest.mark.parametrize("kind", ["close_before", "close_after", "half_json", "status_after"])
def test_portone_silent_at_the_look_is_asked_again(desk, kind):
    made = desk.make()
    desk.returns(made, desk.pays(desk.opens(made)))
    desk.world.sandbox.faults.plan(kind, "/payments/findAll/*", method="GET")
    with pytest.raises(GatewayError):
        desk.look(made)
    desk.wait(60)
    assert desk.view(made).state is S.PAID


def test_the_window_says_what_was_chosen(desk):
    made = desk.make(quota_most=3, issuers=("366", "041"))
    service.open_window(desk.world.ctx(), desk.world.gateway, made)
    sent = desk.parameters(made)
    assert (sent["pg"], sent["pay_method"], sent["amount"]) == ("jtnet.tpaytest0m", "card", 60_000)
    assert sent["display"] == {"card_quota": [2, 3]}
    assert [entry["card_code"] for entry in sent["card"]["detail"]] == ["*", "366", "041"]
    assert "customer_uid" not in sent


def test_a_phone_payment_says_whether_goods_are_digital(desk):
    made = desk.make("phone", is_digital=True)
    service.open_window(desk.world.ctx(), desk.world.gateway, made)
    assert desk.parameters(made)["digital"] is True


def test_a_card_that_was_shut_out_is_a_case(desk):
    made = desk.make(issuers=("367",))
    service.open_window(desk.world.ctx(), desk.world.gateway, made)
    imp_uid = desk.pays(desk.shows(made, card={}))  # a window that does not honour the filter
    desk.returns(made, imp_uid)
    assert desk.look(made).state is S.PAID
    case = desk.world.session.scalars(select(Case)).one()
    assert (case.kind, case.subject) == (CaseKind.OTHER_ISSUER, imp_uid)
    page = desk.world.signed_in().get(f"/cases/{case.id}").text
    assert "신한카드" in page
    assert "현대카드" in page
    allowed = desk.make(issuers=("366",))
    desk.pays(desk.opens(allowed))
    desk.wait(60)
    assert (desk.view(allowed).state, desk.world.session.query(Case).count()) == (S.PAID, 1)
