"""Answers that were lost: settled by reading, sent again only by the rules."""

import pytest

from merchant_admin.core.errors import Conflict, GatewayError
from merchant_admin.refunds import service
from merchant_admin.refunds.evidence import explain
from merchant_admin.refunds.states import RefundState
from tests.refunds.conftest import CANCEL


@pytest.mark.parametrize("fault", ["close_after", "status_after", "html_after", "half_json", "delay_after"])
def test_an_answer_lost_after_the_refund_becomes_done_by_reading(desk, fault):
    payment = desk.paid()
    desk.world.sandbox.faults.plan(fault, CANCEL, seconds=120)
    refund = desk.send(desk.sheet(payment, 10_000))
    assert refund.state is RefundState.UNCERTAIN
    assert desk.look(refund).state is RefundState.DONE
    assert (desk.cancels_sent(), desk.given_back(payment)) == (1, 10_000)


@pytest.mark.parametrize("fault", ["close_before", "status_before", "html_before"])
def test_a_lost_request_is_sent_again_only_after_it_can_no_longer_be_in_flight(desk, fault):
    payment = desk.paid()
    desk.world.sandbox.faults.plan(fault, CANCEL)
    refund = desk.send(desk.sheet(payment, 10_000))
    desk.world.clock.advance(170)
    assert desk.look(refund).state is RefundState.UNCERTAIN
    assert desk.cancels_sent() == 1
    desk.world.clock.advance(20)
    assert desk.look(refund).state is RefundState.DONE
    assert (desk.cancels_sent(), desk.given_back(payment)) == (2, 10_000)


def test_after_three_lost_sends_it_is_refused_and_says_so(desk):
    payment = desk.paid()
    desk.world.sandbox.faults.plan("close_before", CANCEL, times=5)
    refund = desk.send(desk.sheet(payment, 10_000))
    for _ in range(3):
        desk.world.clock.advance(200)
        refund = desk.look(refund)
    assert (refund.state, refund.evidence) == (RefundState.REFUSED, "never_arrived")
    assert desk.cancels_sent() == 3
    assert desk.given_back(payment) == 0


def test_somebody_elses_refund_meanwhile_refuses_ours_with_the_reason(desk):
    payment = desk.paid(33_000)
    desk.world.sandbox.faults.plan("close_before", CANCEL)
    refund = desk.send(desk.sheet(payment, 10_000))
    desk.world.sandbox.console_cancel(payment.imp_uid, 3_000)
    refund = desk.look(refund)
    assert refund.state is RefundState.REFUSED
    assert "33,000원에서 30,000원으로" in str(explain(refund.evidence))
    assert desk.given_back(payment) == 3_000


def test_an_open_refund_blocks_another_of_the_same_payment(desk):
    payment = desk.paid()
    desk.world.sandbox.faults.plan("close_before", CANCEL)
    desk.send(desk.sheet(payment, 10_000))
    with pytest.raises(Conflict, match="아직 확인 중"):
        desk.send(desk.sheet(payment, 5_000))
    assert desk.cancels_sent() == 1


def test_portone_unreachable_while_looking_puts_the_look_off(desk):
    payment = desk.paid()
    desk.world.sandbox.faults.plan("close_after", CANCEL)
    refund = desk.send(desk.sheet(payment, 10_000))
    desk.world.sandbox.faults.plan("close_before", f"/payments/{payment.imp_uid}")
    before = refund.next_look_at
    desk.world.clock.advance(5)
    with pytest.raises(GatewayError):
        desk.look(refund)
    assert refund.next_look_at > before
    assert desk.look(refund).state is RefundState.DONE


def test_a_refusal_is_believed_only_after_reading(desk):
    payment = desk.paid()
    desk.world.sandbox.faults.plan("status_after", CANCEL, status=401, times=2)
    assert desk.send(desk.sheet(payment, 10_000)).state is RefundState.DONE


def test_a_refusal_that_cannot_be_read_stays_uncertain(desk):
    payment = desk.paid()
    desk.world.sandbox.faults.plan("status_before", CANCEL, status=401, times=2)
    desk.world.sandbox.faults.plan("close_before", f"/payments/{payment.imp_uid}")
    refund = desk.send(desk.sheet(payment, 10_000))
    assert refund.state is RefundState.UNCERTAIN
    desk.world.clock.advance(200)
    assert desk.look(refund).state is RefundState.DONE


def test_a_late_refund_after_a_refusal_is_still_recorded(desk):
    payment = desk.paid()
    desk.world.sandbox.faults.plan("late", CANCEL, seconds=0.2)
    refund = desk.send(desk.sheet(payment, 10_000))
    desk.world.sandbox.finish_late_work()
    assert desk.look(refund).state is RefundState.DONE
    assert desk.given_back(payment) == 10_000


def test_a_sender_that_vanished_becomes_uncertain_and_is_read(desk):
    payment = desk.paid()
    sheet = desk.sheet(payment, 10_000)
    refund, _is_new = service._claim(desk.world.ctx(), sheet)
    desk.world.clock.advance(60)
    assert service.expire_leases(desk.world.ctx()) == 0
    desk.world.clock.advance(61)
    assert service.expire_leases(desk.world.ctx()) == 1
    assert service.due_refunds(desk.world.session, desk.world.clock.now()) == [refund.id]
    desk.look(refund)
    desk.world.clock.advance(60)
    assert desk.look(refund).state is RefundState.DONE
    assert desk.given_back(payment) == 10_000


def test_looks_come_ever_more_rarely(desk):
    payment = desk.paid()
    desk.world.sandbox.faults.plan("close_before", CANCEL, times=9)
    refund = desk.send(desk.sheet(payment, 10_000))
    assert (refund.next_look_at - desk.world.clock.now()).total_seconds() == 5
    desk.world.clock.advance(5)
    desk.look(refund)
    assert (refund.next_look_at - desk.world.clock.now()).total_seconds() == 15


def test_a_look_stands_at_the_moment_it_may_be_sent_again(desk):
    payment = desk.paid()
    desk.world.sandbox.faults.plan("close_before", CANCEL)
    refund, ages, began = desk.send(desk.sheet(payment, 10_000)), [], desk.world.clock.now()
    while refund.state is RefundState.UNCERTAIN:
        desk.world.clock.set(refund.next_look_at)
        ages.append(int((refund.next_look_at - began).total_seconds()))
        refund = desk.look(refund)
    assert ages == [5, 20, 50, 110, 180]
    assert refund.state is RefundState.DONE
