"""Virtual accounts: issued, paid by webhook or look, late, and never paid."""

import pytest

from merchant_admin.checkouts.states import CheckoutState
from merchant_admin.core.db import db
from merchant_admin.core.errors import RuleBroken
from merchant_admin.overview.queries import waiting
from merchant_admin.payments.models import Payment, PaymentLine
from merchant_admin.payments.states import LineState
from merchant_admin.webhooks import service as webhooks

S = CheckoutState
DAY = 86_400


def issued(desk, **other):
    made = desk.make("vbank", **other)
    imp_uid = desk.pays(desk.opens(made), "vbank")
    desk.returns(made, imp_uid)
    return made, imp_uid


def line_of(view):
    return db.session.get(PaymentLine, view.payment_id, populate_existing=True)


def test_an_issued_account_is_waited_for_and_no_trouble(each_desk):
    made, _imp_uid = issued(each_desk)
    view = each_desk.look(made)
    assert (view.state, line_of(view).state) == (S.AWAITING_DEPOSIT, LineState.AWAITING_DEPOSIT)
    assert view.account.bank_name == "신한은행"
    assert view.account.number.isdigit()
    assert waiting(each_desk.world.session, each_desk.world.clock.now()) == 0


def test_a_browser_that_vanished_after_the_account_was_issued_is_found(desk):
    made = desk.make("vbank")
    desk.pays(desk.opens(made), "vbank")
    desk.wait(60, step=10)
    assert desk.view(made).state is S.AWAITING_DEPOSIT


def test_a_deposit_is_booked_by_its_webhook(desk):
    made, imp_uid = issued(desk)
    desk.look(made)
    paid = desk.world.sandbox.deposit(imp_uid)
    raw = f'{{"imp_uid": "{imp_uid}", "merchant_uid": "{paid["merchant_uid"]}", "status": "paid"}}'.encode()
    event = webhooks.receive(desk.world.ctx(), raw, "application/json", None)
    webhooks.apply_event(desk.world.ctx(), desk.world.gateway, event)
    assert desk.view(made).state is S.PAID


def test_a_deposit_whose_webhook_never_came_is_found_by_a_look(desk):
    made, imp_uid = issued(desk)
    desk.look(made)
    desk.world.sandbox.deposit(imp_uid)
    desk.wait(31 * 60, step=60)
    assert desk.view(made).state is S.PAID


def test_after_the_deadline_it_is_expired_and_never_an_error(desk):
    made, _imp_uid = issued(desk, deposit_days=1)
    desk.look(made)
    desk.wait(2 * DAY, step=6 * 3600)
    view = desk.view(made)
    assert (view.state, line_of(view).state) == (S.DEPOSIT_EXPIRED, LineState.DEPOSIT_EXPIRED)
    desk.wait(5 * DAY, step=DAY)
    assert line_of(desk.view(made)).state is LineState.DEPOSIT_EXPIRED
    assert waiting(desk.world.session, desk.world.clock.now()) == 0


@pytest.mark.parametrize("rounds", [0, 8], ids=["nobody-looked", "given-up"])
def test_a_deposit_told_late_is_still_recorded(desk, rounds):
    made, imp_uid = issued(desk, deposit_days=1)
    desk.look(made)
    in_time = desk.world.clock.now()
    desk.wait(rounds * DAY, step=DAY) if rounds else desk.world.clock.advance(2 * DAY)
    assert desk.view(made).state is S.DEPOSIT_EXPIRED
    today = desk.world.clock.now()
    desk.world.clock.set(in_time)  # the bank took the money in time and tells it now
    paid = desk.world.sandbox.deposit(imp_uid)
    desk.world.clock.set(today)
    raw = f"imp_uid={imp_uid}&merchant_uid={paid['merchant_uid']}&status=paid".encode()
    event = webhooks.receive(desk.world.ctx(), raw, "application/x-www-form-urlencoded", None)
    webhooks.apply_event(desk.world.ctx(), desk.world.gateway, event)
    assert desk.view(made).state is S.PAID


def test_no_second_window_opens_while_an_account_waits(desk):
    made, _imp_uid = issued(desk)
    desk.look(made)
    with pytest.raises(RuleBroken):
        desk.opens(made)


def test_ten_looks_change_nothing(desk):
    made, _imp_uid = issued(desk)
    for _ in range(10):
        assert desk.look(made).state is S.AWAITING_DEPOSIT
    assert db.session.query(Payment).count() == 1
