"""Closing a refund by hand that reading can't settle: two people, and a later truth still wins."""

import pytest

from merchant_admin.core.errors import GatewayError, RuleBroken
from merchant_admin.core.permissions import Role
from merchant_admin.doubts.queries import looks_at
from merchant_admin.doubts.states import LookAnswer
from merchant_admin.refunds.closing import agree_to_closing, ask_closing, refuse_closing
from merchant_admin.refunds.models import Refund
from merchant_admin.refunds.states import RefundState
from tests.refunds.conftest import CANCEL

WHY, SAW = "고객이 현금으로 받음", "포트원 콘솔의 취소 내역에 없음"


@pytest.fixture
def people(desk):
    return desk.world.a_staff(Role.MANAGER), desk.world.a_staff(Role.OWNER)


def lost(desk, kind="close_before"):
    """A refund whose answer did not come."""
    payment = desk.paid()
    desk.world.sandbox.faults.plan(kind, CANCEL, times=1)
    return payment, desk.send(desk.sheet(payment, 3_000))


def state_of(desk, refund):
    return desk.world.session.get(Refund, refund.id, populate_existing=True).state


def test_two_people_close_a_refund_as_not_made(desk, people):
    asker, second = people
    payment, refund = lost(desk)
    assert refund.state is RefundState.UNCERTAIN
    desk.world.clock.advance(180)
    asked = ask_closing(desk.world.ctx(asker), refund.id, WHY, SAW)
    with pytest.raises(RuleBroken):
        agree_to_closing(desk.world.ctx(asker), refund.id, asked.id)
    agree_to_closing(desk.world.ctx(second), refund.id, asked.id)
    assert state_of(desk, refund) is RefundState.REFUSED
    assert desk.given_back(payment) == 0


def test_nothing_is_closed_while_it_may_be_on_its_way(desk, people):
    _payment, refund = lost(desk)
    with pytest.raises(RuleBroken):
        ask_closing(desk.world.ctx(people[0]), refund.id, WHY, SAW)


def test_a_refund_that_was_made_after_all_is_recorded(desk, people):
    asker, second = people
    payment, refund = lost(desk, "close_after")
    desk.world.clock.advance(180)
    asked = ask_closing(desk.world.ctx(asker), refund.id, WHY, SAW)
    agree_to_closing(desk.world.ctx(second), refund.id, asked.id)
    assert desk.look(refund).state is RefundState.DONE
    assert desk.given_back(payment) == 3_000


def test_a_refusal_leaves_it_uncertain(desk, people):
    asker, second = people
    _payment, refund = lost(desk, "close_after")
    desk.world.clock.advance(180)
    asked = ask_closing(desk.world.ctx(asker), refund.id, WHY, SAW)
    refuse_closing(desk.world.ctx(second), refund.id, asked.id)
    assert state_of(desk, refund) is RefundState.UNCERTAIN
    desk.look(refund)


def test_each_look_at_a_refund_is_kept(desk):
    _payment, refund = lost(desk)
    desk.look(refund)
    desk.world.clock.advance(180)
    desk.look(refund)
    assert [row.answer for row in looks_at(desk.world.session, refund.id)] == [LookAnswer.ABSENT, LookAnswer.NOTHING]


def test_looks_that_could_not_be_made_stand_once(desk):
    _payment, refund = lost(desk, "close_after")
    desk.world.sandbox.faults.plan("close_before", "/payments/*", times=9)
    for _ in range(2):
        with pytest.raises(GatewayError):
            desk.look(refund)
    desk.world.sandbox.faults.clear()
    assert [row.answer for row in looks_at(desk.world.session, refund.id)] == [LookAnswer.UNREAD]
    desk.look(refund)
