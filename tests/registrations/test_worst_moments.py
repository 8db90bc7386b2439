"""Browsers that vanish, words that lie, answers that are lost: the truth is the same in the end."""

import json

import pytest

from merchant_admin.billing_keys.queries import keys_of_customer
from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict, GatewayError
from merchant_admin.payments.facts import record_transaction
from merchant_admin.payments.models import Attempt, Payment
from merchant_admin.payments.states import AttemptState
from merchant_admin.registrations import service
from merchant_admin.registrations.models import Registration
from merchant_admin.registrations.states import Fact, RegistrationState
from merchant_admin.webhooks import service as webhooks

S = RegistrationState


def row_of(opened):
    return db.session.get(Registration, opened.id, populate_existing=True)


def due(world):
    found = service.due_registrations(world.session, world.clock.now())
    world.session.rollback()
    return found


@pytest.mark.parametrize("amount", [0, 15_000])
def test_a_browser_that_never_came_back_is_found_within_half_a_minute(desk, amount):
    opened = desk.open(amount)
    desk.buys(opened)
    assert due(desk.world) == []
    desk.world.clock.advance(30)
    assert due(desk.world) == [opened.id]
    assert desk.look(opened).state is (S.BOTH if amount else S.KEY_ONLY)
    assert due(desk.world) == []


def test_an_open_window_is_not_called_failed_while_the_buyer_types(desk):
    opened = desk.open(15_000)
    desk.closes(opened)  # one try failed; the page is still there
    desk.world.clock.advance(30)
    assert desk.look(opened).state is S.OPEN
    assert db.session.get(Attempt, opened.attempt_id).state is AttemptState.SENDING
    desk.buys(opened)
    assert desk.look(opened).state is S.BOTH


def test_looks_come_soon_at_first_and_go_on_until_the_time_is_over(desk):
    opened = desk.open()
    ages, began = [], desk.world.clock.now()
    for _ in range(8):
        desk.world.clock.set(row_of(opened).next_look_at)
        desk.look(opened)
        ages.append(int((desk.world.clock.now() - began).total_seconds()))
    assert ages == [30, 60, 120, 240, 480, 780, 1080, 1380]


def test_time_that_ran_out_ends_as_nothing_only_after_two_absences(desk):
    opened = desk.open()
    desk.world.clock.advance(30 * 60 + 170)
    assert desk.look(opened).key_fact is Fact.UNKNOWN
    desk.world.clock.advance(11)
    assert desk.look(opened).key_fact is Fact.UNKNOWN
    desk.world.clock.advance(5)
    assert desk.look(opened).key_fact is Fact.UNKNOWN
    desk.world.clock.advance(20)
    assert desk.look(opened).state is S.NONE


def test_a_card_that_came_after_we_gave_up_is_still_linked(desk):
    opened = desk.open()
    desk.world.clock.advance(40 * 60)
    desk.look(opened)
    desk.world.clock.advance(60)
    assert desk.look(opened).state is S.NONE
    desk.buys(opened)
    assert desk.look(opened).state is S.KEY_ONLY
    assert len(keys_of_customer(db.session, desk.customer.id)) == 1


def test_ten_reloads_change_nothing(desk):
    opened = desk.open(15_000)
    imp_uid = desk.buys(opened)
    for _ in range(10):
        desk.returns(opened, imp_uid)
        assert desk.look(opened).state is S.BOTH
    assert len(keys_of_customer(db.session, desk.customer.id)) == 1
    assert db.session.query(Payment).count() == 1


def test_a_payment_of_another_order_in_the_callback_has_no_effect(desk):
    other = desk.open(15_000)
    foreign = desk.buys(other)
    desk.returns(other, foreign)
    desk.look(other)
    opened = desk.open(15_000)
    before = row_of(opened).state
    with pytest.raises(Conflict, match="이 등록의 거래가 아닙니다"):
        desk.returns(opened, foreign)
    assert row_of(opened).state is before
    assert row_of(opened).hinted_imp_uid is None


def test_a_foreign_payment_we_never_saw_is_dropped_when_read(desk):
    strange = desk.world.sandbox.window_key(customer_uid="someone", merchant_uid="elsewhere", amount=15_000)
    opened = desk.open(15_000)
    desk.returns(opened, strange)
    row = desk.look(opened)
    assert (row.key_fact, row.charge_fact, row.imp_uid) == (Fact.UNKNOWN, Fact.UNKNOWN, None)
    assert db.session.query(Payment).count() == 0
    ctx = desk.world.ctx()
    with ctx.atomic() as session:  # the fact itself is the books' business, found by reconciliation
        record_transaction(ctx, session, desk.world.gateway.payment(strange), source="test")


@pytest.mark.parametrize(
    "imp_uid", ["", "imp_", "imp_../../x", "imp_12345678901234567890123456", "<script>", "imp_1 2"]
)
def test_malformed_ids_from_a_browser_are_not_kept(desk, imp_uid):
    opened = desk.open()
    desk.returns(opened, imp_uid, "closed")
    assert row_of(opened).hinted_imp_uid is None


def test_what_a_browser_says_is_kept_short_and_without_card_numbers(desk):
    opened = desk.open()
    desk.returns(opened, None, "F113 4518-4212-3456-7890 " + "x" * 500)
    told = row_of(opened).told
    assert "4518" not in told
    assert len(told) <= 256


@pytest.mark.parametrize("path", ["/subscribe/customers/*", "/payments/findAll/*"])
def test_portone_silent_at_the_worst_moment_is_looked_at_again(desk, path):
    opened = desk.open(15_000)
    imp_uid = desk.buys(opened)
    desk.returns(opened, imp_uid)
    desk.world.sandbox.faults.plan("close_before", path)
    with pytest.raises(GatewayError):
        desk.look(opened)
    assert row_of(opened).state is S.CHECKING
    desk.world.clock.set(row_of(opened).next_look_at)
    assert due(desk.world) == [opened.id]
    assert desk.look(opened).state is S.BOTH


def test_a_lie_about_success_is_not_believed(desk):
    opened = desk.open(15_000)
    desk.returns(opened, "imp_000000000000", "success")
    row = desk.look(opened)
    assert (row.state, row.key_fact, row.charge_fact) == (S.CHECKING, Fact.UNKNOWN, Fact.UNKNOWN)


def test_the_window_refuses_another_amount_than_the_locked_one(desk):
    opened = desk.open(15_000)
    with pytest.raises(Exception, match=r"."):
        desk.buys(opened, amount=100)
    assert desk.world.sandbox.payments(opened.merchant_uid) == []


def test_after_hours_of_silence_it_is_looked_at_within_a_minute(desk):
    opened = desk.open(15_000)
    desk.returns(opened, desk.buys(opened))
    desk.world.clock.advance(5 * 3600)
    desk.world.sandbox.faults.plan("close_before", "/payments/findAll/*")
    with pytest.raises(GatewayError):
        desk.look(opened)
    desk.world.clock.advance(60)
    assert due(desk.world) == [opened.id]
    assert desk.look(opened).state is S.BOTH


def test_news_of_a_cancelled_first_charge_is_heard_although_the_registration_is_settled(each_desk):
    world, opened = each_desk.world, each_desk.open(15_000)
    imp_uid = each_desk.buys(opened)
    assert each_desk.look(opened).state is S.BOTH
    world.sandbox.console_cancel(imp_uid)
    body = {"imp_uid": imp_uid, "merchant_uid": opened.merchant_uid, "status": "cancelled"}
    event_id = webhooks.receive(world.ctx(), json.dumps(body).encode(), "application/json", None)
    webhooks.apply_event(world.ctx(), world.gateway, event_id)
    assert db.session.query(Payment).one().cancelled_krw == 15_000
