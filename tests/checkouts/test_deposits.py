"""Virtual accounts: issued, paid by webhook or look, late, and never paid."""

import pytest
from sqlalchemy import select

from merchant_admin.cases.models import Case
from merchant_admin.cases.states import CaseKind, CaseState
from merchant_admin.checkouts.states import CheckoutState
from merchant_admin.core.db import db
from merchant_admin.core.errors import RuleBroken
from merchant_admin.overview.queries import waiting
from merchant_admin.payments.models import Payment, PaymentLine
from merchant_admin.payments.states import LineState
from merchant_admin.webhooks import service as webhooks
from tests.checkouts.test_giving_back import ACCOUNT, refund
from tests.support.pages import inspect

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
    assert waiting(each_desk.world.session, each_desk.world.settings.mode, each_desk.world.clock.now()) == 0
    page = inspect(each_desk.world.signed_in().get(f"/charges/{view.charge_id}").text)
    for words in (
        "입금을 기다리고 있습니다.",
        "결제 방법",
        "계좌와 기한 보기",
        "안내해 드린 계좌로 기한 안에",
        "사흘 동안",
    ):
        assert words in " ".join(page.text.split()), words
    for words in ("다시 청구하지 마세요", "아직 모릅니다", "–에서"):
        assert words not in page.text, words


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
    assert waiting(desk.world.session, desk.world.settings.mode, desk.world.clock.now()) == 0


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


def cases(desk):
    desk.world.session.rollback()
    return {(row.kind, row.state) for row in desk.world.session.scalars(select(Case))}


@pytest.mark.parametrize(("came", "words"), [(45_000, "₩15,000이 모자랍니다."), (70_000, "₩10,000이 더 들어왔습니다.")])
def test_another_sum_is_booked_as_it_came_and_is_a_case(each_desk, came, words):
    desk = each_desk
    made, imp_uid = issued(desk)
    desk.look(made)
    desk.world.sandbox.deposit(imp_uid, amount=came)
    desk.wait(31 * 60, step=31 * 60)
    view = desk.view(made)
    assert (view.state, view.came_krw, line_of(view).state) == (S.DIFFERS, came, LineState.PAID)
    assert cases(desk) == {(CaseKind.MISMATCH, CaseState.OPEN)}
    client = desk.world.signed_in()
    assert words in inspect(client.get(f"/checkouts/{made}").text).text
    page = inspect(client.get(f"/charges/{view.charge_id}").text).text
    assert "요청과 다른 결제가 있습니다." in page
    assert "amount" not in page
    assert waiting(desk.world.session, desk.world.settings.mode, desk.world.clock.now()) == 1
    refund(desk, view.payment_id, came, ACCOUNT)
    view = desk.view(made)
    assert (view.state, view.back_krw, line_of(view).state) == (S.DIFFERS, came, LineState.REFUNDED)
    # The charge is known to be unpaid.
    assert waiting(desk.world.session, desk.world.settings.mode, desk.world.clock.now()) == 0


def test_a_sum_that_only_the_deposits_tell_is_a_case_too(desk):
    made, imp_uid = issued(desk)
    desk.look(made)
    desk.world.sandbox.deposit(imp_uid, amount=50_000, keeps_amount=True)
    desk.wait(31 * 60, step=31 * 60)
    assert (desk.view(made).state, cases(desk)) == (S.PAID, {(CaseKind.DEPOSIT_DIFFERS, CaseState.OPEN)})


def test_money_that_came_after_the_deadline_is_taken_and_says_so(desk):
    made, imp_uid = issued(desk, deposit_days=1)
    desk.look(made)
    desk.wait(2 * DAY, step=DAY)
    desk.world.sandbox.deposit(imp_uid, even_late=True)
    desk.wait(DAY, step=DAY / 2)
    assert (desk.view(made).state, desk.view(made).came_late, cases(desk)) == (S.PAID, True, set())
    assert "입금 기한이 지난 뒤에 들어왔습니다" in inspect(desk.world.signed_in().get(f"/checkouts/{made}").text).text
