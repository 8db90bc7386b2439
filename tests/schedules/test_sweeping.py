"""Two hundred reservations, not one webhook: after one sweep every state is right (RELIABILITY A20)."""

from sqlalchemy import select

from merchant_admin.schedules.models import Schedule
from merchant_admin.schedules.states import ScheduleState
from tests.schedules.acting import a_sheet, pass_time, reserve, work
from tests.support.books import assert_books_agree, assert_books_balance


def test_two_hundred_reservations_without_a_webhook_all_end_right(world):
    keys = [world.a_key(card="approve"), world.a_key(card="limit")]
    for number in range(200):
        reserve(world, a_sheet(world, keys[number % 2], hours=24 + number / 100))
    pass_time(world, hours=27)
    work(world)
    world.session.rollback()
    states = [row.state for row in world.session.scalars(select(Schedule))]
    assert (states.count(ScheduleState.EXECUTED_PAID), states.count(ScheduleState.EXECUTED_FAILED)) == (100, 100)
    assert_books_balance(world.session)
    assert_books_agree(world.app, world.sandbox)
