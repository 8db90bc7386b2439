"""Giving money back, once."""

import threading

import pytest

from merchant_admin.audit.queries import of_subjects
from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict, InvalidInput, NotFound
from merchant_admin.payments.models import Payment
from merchant_admin.refunds import queries, service
from merchant_admin.refunds.models import Refund
from merchant_admin.refunds.service import BalanceMoved
from merchant_admin.refunds.states import NEXT, RefundReason, RefundState, advance


def test_a_full_refund_gives_all_back(each_desk):
    payment = each_desk.paid(33_000)
    refund = each_desk.send(each_desk.sheet(payment, 33_000))
    assert refund.state is RefundState.DONE
    assert each_desk.given_back(payment) == 33_000
    assert db.session.get(Payment, payment.id).remaining_krw == 0


def test_a_part_leaves_the_rest_and_the_rest_can_follow(each_desk):
    payment = each_desk.paid(33_000)
    each_desk.send(each_desk.sheet(payment, 10_000))
    rest = each_desk.sheet(db.session.get(Payment, payment.id), 23_000)
    assert each_desk.send(rest).state is RefundState.DONE
    assert each_desk.given_back(payment) == 33_000


def test_the_request_states_amount_balance_and_our_reference(desk):
    payment = desk.paid(33_000, tax_free=3_000)
    refund = desk.send(desk.sheet(payment, 10_000, tax_free_krw=1_000))
    told = next(one for one in desk.world.sandbox.payments() if one["imp_uid"] == payment.imp_uid)
    entry = told["cancel_history"][0]
    assert entry["amount"] == 10_000
    assert entry["reason"] == f"고객 요청: 단순 변심 [{refund.id}]"
    assert refund.cancellation_ref == entry["cancellation_id"]


def test_a_second_click_refunds_once(desk):
    payment = desk.paid()
    sheet = desk.sheet(payment, 10_000)
    first, second = desk.send(sheet), desk.send(sheet)
    assert first.id == second.id
    assert desk.cancels_sent() == 1
    assert desk.given_back(payment) == 10_000


def test_the_same_sheet_with_another_amount_conflicts(desk):
    payment = desk.paid()
    sheet = desk.sheet(payment, 10_000)
    desk.send(sheet)
    with pytest.raises(Conflict, match="다른 내용"):
        desk.send(desk.sheet(payment, 20_000, sheet_key=sheet.sheet_key))
    assert desk.given_back(payment) == 10_000


def test_a_balance_that_moved_here_refuses_before_anything_is_sent(desk):
    payment = desk.paid(33_000)
    stale = desk.sheet(payment, 10_000)
    desk.send(desk.sheet(payment, 5_000))
    with pytest.raises(BalanceMoved) as moved:
        desk.send(stale)
    assert (moved.value.believed_krw, moved.value.remaining_krw) == (33_000, 28_000)
    assert desk.cancels_sent() == 1


def test_a_balance_that_moved_at_portone_is_refused_by_the_checksum(desk):
    payment = desk.paid(33_000)
    desk.world.sandbox.console_cancel(payment.imp_uid, 5_000)
    refund = desk.send(desk.sheet(payment, 10_000))
    assert refund.state is RefundState.REFUSED
    assert refund.evidence == "balance_moved 33000 28000"
    assert desk.given_back(payment) == 5_000
    assert db.session.get(Payment, payment.id).remaining_krw == 28_000


def test_a_fresh_sheet_reads_the_balance_at_portone(desk):
    payment = desk.paid(33_000)
    desk.world.sandbox.console_cancel(payment.imp_uid, 5_000)
    assert service.read_balance(desk.world.ctx(), desk.world.gateway, payment.id) == 28_000
    refund = desk.send(desk.sheet(db.session.get(Payment, payment.id), 28_000))
    assert refund.state is RefundState.DONE


@pytest.mark.parametrize(("amount", "tax_free"), [(0, 0), (-1, 0), (33_001, 0), (10_000, 10_001), (10_000, -1)])
def test_impossible_amounts_are_refused_before_anything_is_sent(desk, amount, tax_free):
    payment = desk.paid(33_000)
    with pytest.raises(InvalidInput):
        desk.send(desk.sheet(payment, amount, tax_free_krw=tax_free))
    assert desk.cancels_sent() == 0
    assert desk.world.session.query(Refund).count() == 0


def test_an_unknown_payment_is_not_found(desk):
    payment = desk.paid()
    with pytest.raises(NotFound):
        desk.send(desk.sheet(payment, 1_000, payment_id="pay_nobody"))


def test_many_clicks_at_once_refund_once(each_desk):
    payment = each_desk.paid(33_000)
    sheet = each_desk.sheet(payment, 10_000)
    outcomes = in_threads(each_desk, [sheet] * 8)
    assert len({outcome for outcome in outcomes if not isinstance(outcome, Exception)}) == 1
    assert each_desk.given_back(payment) == 10_000


def test_two_sheets_at_once_never_give_back_twice_by_mistake(each_desk):
    payment = each_desk.paid(33_000)
    sheets = [each_desk.sheet(payment, 20_000) for _ in range(6)]
    outcomes = in_threads(each_desk, sheets)
    assert sum(not isinstance(outcome, Exception) for outcome in outcomes) == 1
    assert all(isinstance(outcome, str | Conflict) for outcome in outcomes)
    assert each_desk.given_back(payment) == 20_000


def test_who_did_it_and_why_stands_on_the_payment(desk):
    staff, payment = desk.world.a_staff(), desk.paid()
    refund = desk.send(desk.sheet(payment, 10_000, reason_code=RefundReason.WRONG_AMOUNT), staff)
    row = queries.refunds_of_payment(db.session, payment.id)[0]
    assert (row.id, row.staff_name, row.reason_text) == (refund.id, staff.name, "단순 변심")
    assert [event.act for event in of_subjects(db.session, ("refund", refund.id))] == ["refund.done", "refund.asked"]


def test_every_pair_of_states_is_decided():
    for state in RefundState:
        for to in RefundState:
            if to in NEXT[state]:
                assert advance(state, to) is to
            else:
                with pytest.raises(Exception, match="refund:"):
                    advance(state, to)


def in_threads(desk, sheets):
    """Send sheets at the same moment, each from a thread of its own; ids or errors."""
    world, outcomes, gun = desk.world, [], threading.Barrier(len(sheets))

    def send(sheet):
        with world.app.app_context():
            gun.wait(10)
            try:
                outcomes.append(service.refund_payment(world.ctx(), world.gateway, sheet).id)
            except Exception as wrong:  # noqa: BLE001 - handed to the test
                outcomes.append(wrong)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=send, args=(sheet,)) for sheet in sheets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return outcomes
