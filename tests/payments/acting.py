"""Short words for what tests of charges do and look at."""

from sqlalchemy import select

from merchant_admin.audit.models import Event
from merchant_admin.core.permissions import Role
from merchant_admin.payments import closing
from merchant_admin.payments.models import Attempt, PaymentLine
from merchant_admin.payments.service import charge_billing_key, look_at_attempt

AGAIN = "/subscribe/payments/again"
FIND_ALL = "/payments/findAll/*"


class But:
    """The real gateway, but for the methods named: what PortOne would have to say for a case the sandbox can't show."""

    def __init__(self, real, **instead):
        self._real = real
        self.__dict__.update(instead)

    def __getattr__(self, name):
        return getattr(self._real, name)


def charge(world, sheet, staff=None, gateway=None):
    return charge_billing_key(world.ctx(staff), gateway or world.gateway, sheet)


def attempt_of(world, charge):
    world.session.rollback()
    return world.session.scalars(select(Attempt).where(Attempt.charge_id == charge.id)).one()


def line_of(world, charge):
    world.session.rollback()
    return world.session.scalars(select(PaymentLine).where(PaymentLine.charge_id == charge.id)).one()


def look(world, charge, gateway=None):
    look_at_attempt(world.ctx(), gateway or world.gateway, attempt_of(world, charge).id)
    return attempt_of(world, charge)


def absent_twice(world, charge):
    """Let the four minutes pass in which PortOne is twice seen not to know the charge."""
    world.clock.advance(180)
    look(world, charge)
    world.clock.advance(60)
    return look(world, charge)


def sends(world):
    """How many times the sandbox was asked to charge a card."""
    return sum(call["path"] == AGAIN and call["method"] == "POST" for call in world.sandbox.requests_log())


def taken(world):
    """How many payments the sandbox took money for."""
    return sum(one["amount"] > 0 and one["status"] in {"paid", "cancelled"} for one in world.sandbox.payments())


def acts_of(world, charge):
    world.session.rollback()
    asked = select(Event.act).where(Event.subject_kind == "charge", Event.subject_id == charge.id).order_by(Event.seq)
    return list(world.session.scalars(asked))


def close_by_two(world, charge):
    """One asks that the charge be closed, another agrees."""
    asker, second = world.a_staff(Role.CLERK, "asker@shop.example"), world.a_staff(Role.MANAGER, "second@shop.example")
    asked = closing.ask_closing(world.ctx(asker), charge.id, "고객이 다른 카드로 결제함", "포트원 콘솔에 없음")
    closing.agree_to_closing(world.ctx(second), charge.id, asked.id)
