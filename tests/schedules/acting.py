"""What the tests of reservations do: reserve, let time pass, let the worker look."""

from datetime import timedelta

from merchant_admin.core.ids import new_id
from merchant_admin.portone.later import ReservationOrder
from merchant_admin.schedules import service
from merchant_admin.schedules.models import Schedule
from merchant_admin.schedules.service import ScheduleSheet
from merchant_admin.worker.service import run_once


def a_sheet(world, key, hours=24, **over):
    words = {
        "sheet_key": new_id("sht"), "customer_id": key.customer_id, "billing_key_id": key.id, "amount_krw": 33_000,
        "tax_free_krw": 0, "name": "1월 이용료", "memo": "", "schedule_at": world.clock.now() + timedelta(hours=hours),
    }  # fmt: skip
    return ScheduleSheet(**words | over)


def reserve(world, sheet):
    return service.reserve_charge(world.ctx(), world.gateway, sheet)


def foreign(world, customer_uid, days=3, amount_krw=9_900, name="옛 프로그램의 예약"):
    """Reserve straight at PortOne, as another program would. Returns the order number."""
    order = ReservationOrder(
        customer_uid, f"old-{new_id('x')}"[:40], amount_krw, name, world.clock.now() + timedelta(days=days)
    )
    return world.gateway.reserve(order).merchant_uid


def pass_time(world, **span):
    world.clock.advance(**span)
    world.sandbox.run_due()


def work(world, rounds=30):
    """Rounds of the worker until nothing is due."""
    for _round in range(rounds):
        if not run_once(world.ctx(), world.gateway):
            return


def state_of(world, schedule_id):
    world.session.rollback()
    return world.session.get_one(Schedule, schedule_id, populate_existing=True).state
