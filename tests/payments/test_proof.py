"""Charged once: what was sent, what was stopped and why, what PortOne holds, and every look written down."""

import pytest

from merchant_admin.core.errors import Conflict, RuleBroken
from merchant_admin.doubts.queries import looks_at
from merchant_admin.doubts.states import LookAnswer
from merchant_admin.payments.details import attempts_of
from merchant_admin.payments.proof import Verdict, proof_of_charge, proof_of_order
from merchant_admin.payments.repeats import Stop
from merchant_admin.payments.service import send_again
from tests.payments.acting import AGAIN, FIND_ALL, absent_twice, attempt_of, charge, look


def proof(world, done):
    world.session.rollback()
    return proof_of_charge(world.session, done.id, attempts_of(world.session, done.id))


def stops(world, done):
    return {row.why: row.count for row in proof(world, done).stops}


def test_a_plain_charge_is_proven_once(world, sheet):
    done = charge(world, sheet(world.a_key()))
    shown = proof(world, done)
    assert (shown.verdict, shown.times, len(shown.sends), shown.stopped) == (Verdict.ONCE, 1, 1, 0)
    assert shown.sends[0].merchant_uid == shown.held[0].merchant_uid == attempt_of(world, done).merchant_uid


def test_a_declined_charge_took_nothing(world, sheet):
    assert proof(world, charge(world, sheet(world.a_key(card="limit")))).verdict is Verdict.NONE


def test_the_same_sheet_again_is_counted(world, sheet):
    filled = sheet(world.a_key())
    done = charge(world, filled)
    charge(world, filled)
    charge(world, filled)
    assert stops(world, done) == {Stop.SAME_SHEET: 2}
    assert proof(world, done).times == 1


def test_a_used_sheet_with_another_wish_is_counted(world, sheet):
    key = world.a_key()
    filled = sheet(key)
    done = charge(world, filled)
    with pytest.raises(Conflict):
        charge(world, sheet(key, amount_krw=5_000, sheet_key=filled.sheet_key))
    assert stops(world, done) == {Stop.OTHER_WISH: 1}


def test_the_rule_of_a_day_is_counted(world, sheet):
    key = world.a_key()
    done = charge(world, sheet(key))
    with pytest.raises(RuleBroken):
        charge(world, sheet(key))
    assert stops(world, done) == {Stop.SAME_SUM: 1}


def test_an_uncertain_charge_says_that_it_stood_in_the_way(world, sheet):
    key = world.a_key()
    world.sandbox.faults.plan("close_before", AGAIN, times=1)
    done = charge(world, sheet(key))
    with pytest.raises(RuleBroken):
        charge(world, sheet(key))
    with pytest.raises(RuleBroken):
        send_again(world.ctx(), world.gateway, done.id)
    assert stops(world, done) == {Stop.STILL_CHECKING: 2}
    assert proof(world, done).verdict is Verdict.UNKNOWN


def test_a_second_send_stands_under_the_same_number(world, sheet):
    world.sandbox.faults.plan("close_before", AGAIN, times=1)
    done = charge(world, sheet(world.a_key()))
    absent_twice(world, done)
    send_again(world.ctx(), world.gateway, done.id)
    shown = proof(world, done)
    assert [(row.number, row.merchant_uid) for row in shown.sends] == [
        (number, attempt_of(world, done).merchant_uid) for number in (1, 2)
    ]
    assert shown.verdict is Verdict.ONCE


def test_a_payment_made_elsewhere_is_proven_by_its_order_number(world):
    assert proof_of_order(world.session, "ord_nobody").verdict is Verdict.NONE


def test_each_look_and_its_answer_is_kept(world, sheet):
    world.sandbox.faults.plan("close_before", AGAIN, times=1)
    done = charge(world, sheet(world.a_key()))
    look(world, done)
    absent_twice(world, done)
    answers = [row.answer for row in looks_at(world.session, done.id)]
    assert answers[::-1] == [LookAnswer.NOTHING, LookAnswer.ABSENT, LookAnswer.ABSENT]


def test_the_look_that_finds_it_paid_is_the_last_one(world, sheet):
    world.sandbox.faults.plan("close_after", AGAIN, times=1)
    done = charge(world, sheet(world.a_key()))
    look(world, done)
    look(world, done)
    assert [row.answer for row in looks_at(world.session, done.id)] == [LookAnswer.DONE]


def test_looks_that_could_not_be_made_stand_once(world, sheet):
    world.sandbox.faults.plan("close_before", AGAIN, times=1)
    done = charge(world, sheet(world.a_key()))
    world.sandbox.faults.plan("close_before", FIND_ALL, times=9)
    for _ in range(3):
        world.clock.advance(60)
        look(world, done)
    assert [row.answer for row in looks_at(world.session, done.id)] == [LookAnswer.UNREAD]
