"""Two people of the shop, and what it takes both of them to do."""

from merchant_admin.core.db import db
from merchant_admin.core.errors import ConsoleError
from merchant_admin.core.ids import new_id
from merchant_admin.core.permissions import Role
from merchant_admin.payments.closing import agree_to_closing, ask_closing
from merchant_admin.staff.models import Staff


def two_people(world):
    """Staff who never sign in: (id, name) of each."""
    made = [
        Staff(
            id=new_id("stf"), email=f"{role.value}@shop.example", name=role.value, role=role, password_hash="none",
            created_at=world.clock.now(),
        )
        for role in (Role.CLERK, Role.MANAGER)
    ]  # fmt: skip
    world.add(*made)
    return [one.id for one in made]


def close_by_two(world, people, charge_id):
    """One asks that a lost charge be closed, the other agrees. Refused while it is not proven absent."""
    asker, second = (world.session.get_one(Staff, one) for one in people)
    try:
        asked = ask_closing(world.ctx(asker), charge_id, "고객이 다른 카드로 결제함", "포트원 콘솔에 없음")
        agree_to_closing(world.ctx(second), charge_id, asked.id)
    except ConsoleError:
        db.session.rollback()
