"""Closing a charge by hand: one asks with a reason and what they saw, another agrees, and never the same person."""

import threading

import pytest
from sqlalchemy import select

from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict, NotFound, RuleBroken
from merchant_admin.core.permissions import Role
from merchant_admin.doubts.models import HandClosing
from merchant_admin.doubts.states import ClosingState
from merchant_admin.payments.closing import agree_to_closing, ask_closing, refuse_closing
from merchant_admin.payments.looks import look_at_attempt
from merchant_admin.payments.models import Charge
from merchant_admin.payments.service import send_again
from merchant_admin.payments.states import AttemptState
from merchant_admin.portone.types import ChargeOrder
from tests.payments.acting import AGAIN, absent_twice, acts_of, attempt_of, charge

WHY, SAW = "고객이 다른 카드로 결제함", "포트원 콘솔에서 주문번호로 조회해 없음을 확인함"


@pytest.fixture
def lost(world, sheet):
    """A charge that never arrived, seen absent twice."""
    world.sandbox.faults.plan("close_before", AGAIN, times=1)
    done = charge(world, sheet(world.a_key()))
    absent_twice(world, done)
    return done


@pytest.fixture
def asker(world):
    return world.a_staff(Role.CLERK)


@pytest.fixture
def second(world):
    return world.a_staff(Role.MANAGER)


def state_of(world, closing_id):
    world.session.rollback()
    return world.session.get(HandClosing, closing_id).state


def test_asking_changes_nothing_and_agreeing_closes(world, lost, asker, second):
    asked = ask_closing(world.ctx(asker), lost.id, WHY, SAW)
    assert attempt_of(world, lost).state is AttemptState.UNCERTAIN
    agree_to_closing(world.ctx(second), lost.id, asked.id)
    assert attempt_of(world, lost).state is AttemptState.ABANDONED
    assert acts_of(world, lost)[-3:] == ["charge.closing_asked", "charge.closing_agreed", "charge.abandoned"]


def test_nobody_agrees_to_their_own(world, lost, second):
    asked = ask_closing(world.ctx(second), lost.id, WHY, SAW)
    with pytest.raises(RuleBroken):
        agree_to_closing(world.ctx(second), lost.id, asked.id)
    assert attempt_of(world, lost).state is AttemptState.UNCERTAIN
    assert state_of(world, asked.id) is ClosingState.ASKED


def test_a_job_neither_asks_nor_agrees(world, lost, asker):
    with pytest.raises(RuleBroken):
        ask_closing(world.ctx(), lost.id, WHY, SAW)
    asked = ask_closing(world.ctx(asker), lost.id, WHY, SAW)
    with pytest.raises(RuleBroken):
        agree_to_closing(world.ctx(), lost.id, asked.id)


@pytest.mark.parametrize(("reason", "evidence"), [("  ", SAW), (WHY, " \n ")])
def test_reason_and_evidence_are_needed(world, lost, asker, reason, evidence):
    with pytest.raises(RuleBroken):
        ask_closing(world.ctx(asker), lost.id, reason, evidence)


def test_before_the_proof_nothing_can_be_asked(world, sheet, asker):
    world.sandbox.faults.plan("close_before", AGAIN, times=1)
    done = charge(world, sheet(world.a_key()))
    with pytest.raises(RuleBroken):
        ask_closing(world.ctx(asker), done.id, WHY, SAW)


def test_a_paid_charge_is_not_closed(world, sheet, asker):
    done = charge(world, sheet(world.a_key()))
    with pytest.raises(RuleBroken):
        ask_closing(world.ctx(asker), done.id, WHY, SAW)


def test_one_wish_at_a_time_and_a_refused_one_can_be_asked_anew(world, lost, asker, second):
    asked = ask_closing(world.ctx(asker), lost.id, WHY, SAW)
    with pytest.raises(Conflict):
        ask_closing(world.ctx(second), lost.id, WHY, SAW)
    refuse_closing(world.ctx(second), lost.id, asked.id)
    with pytest.raises(Conflict):
        agree_to_closing(world.ctx(second), lost.id, asked.id)
    ask_closing(world.ctx(asker), lost.id, WHY, SAW)


def test_a_closing_of_another_charge_is_not_found(world, lost, sheet, asker, second):
    asked = ask_closing(world.ctx(asker), lost.id, WHY, SAW)
    other = charge(world, sheet(world.a_key(world.a_customer(name="박지우", phone=None, email=None)), amount_krw=5_000))
    with pytest.raises((NotFound, RuleBroken)):
        agree_to_closing(world.ctx(second), other.id, asked.id)


def test_two_people_agreeing_at_once_close_it_once(each_world, sheet):
    world = each_world
    world.sandbox.faults.plan("close_before", AGAIN, times=1)
    done = charge(world, sheet(world.a_key()))
    absent_twice(world, done)
    asker = world.a_staff(Role.CLERK)
    seconds = [world.a_staff(Role.MANAGER, f"second{n}@shop.example") for n in range(4)]
    asked = ask_closing(world.ctx(asker), done.id, WHY, SAW).id
    contexts, charge_id, ends, gate = [world.ctx(each) for each in seconds], done.id, [], threading.Barrier(4)
    world.session.remove()

    def press(ctx):
        with world.app.app_context():
            gate.wait(10)
            try:
                agree_to_closing(ctx, charge_id, asked)
            except (Conflict, RuleBroken) as late:
                ends.append(type(late).__name__)
            else:
                ends.append("closed")
            finally:
                db.session.remove()

    pressing = [threading.Thread(target=press, args=(ctx,)) for ctx in contexts]
    for each in pressing:
        each.start()
    for each in pressing:
        each.join(60)
    assert sorted(ends).count("closed") == 1
    assert len(ends) == 4
    assert acts_of(world, done).count("charge.abandoned") == 1
    assert world.session.scalars(select(HandClosing.state)).all() == [ClosingState.AGREED]


@pytest.mark.parametrize("way", ["paid late", "sent again"])
def test_what_becomes_known_first_ends_the_wish_to_close(world, lost, asker, second, way):
    asked = ask_closing(world.ctx(asker), lost.id, WHY, SAW)
    attempt = attempt_of(world, lost)
    if way == "paid late":  # the request was under way all the time
        key = world.session.get_one(Charge, lost.id)
        order = ChargeOrder(attempt.customer_uid, attempt.merchant_uid, attempt.amount_krw, key.name)
        world.gateway.charge_again(order)
        look_at_attempt(world.ctx(), world.gateway, attempt.id)
    else:
        send_again(world.ctx(second), world.gateway, lost.id)
    assert attempt_of(world, lost).state is AttemptState.PAID
    assert state_of(world, asked.id) is ClosingState.OVERTAKEN
    assert acts_of(world, lost).count("charge.closing_overtaken") == 1
    with pytest.raises((Conflict, RuleBroken)):
        agree_to_closing(world.ctx(second), lost.id, asked.id)
