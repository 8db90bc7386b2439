"""What was concluded from silence is read again: a request may arrive after everybody gave it up."""

import pytest

from merchant_admin.schedules import service
from merchant_admin.schedules.looking import look_at_schedule
from merchant_admin.schedules.states import ScheduleState
from tests.schedules.acting import a_sheet, pass_time, reserve, state_of, work

SCHEDULE, UNSCHEDULE = "/subscribe/payments/schedule", "/subscribe/payments/unschedule"


def settle(world):
    for _look in range(6):
        pass_time(world, seconds=70)
        work(world)


def arrives(world, path, body):
    """The lost request gets there after all."""
    world.gateway._client.post(path, body)


def test_a_lost_reservation_that_arrives_after_all_is_known_within_the_hour_and_long_before_it_runs(world):
    key = world.a_key()
    sheet = a_sheet(world, key, hours=48)
    world.sandbox.faults.plan("close_before", SCHEDULE, method="POST")
    schedule = reserve(world, sheet)
    schedule_id, merchant_uid = schedule.id, schedule.merchant_uid
    settle(world)
    assert state_of(world, schedule_id) is ScheduleState.MISSING
    entry = {
        "merchant_uid": merchant_uid,
        "schedule_at": int(sheet.schedule_at.timestamp()),
        "amount": 33_000,
        "name": "x",
    }
    arrives(world, SCHEDULE, {"customer_uid": key.customer_uid, "schedules": [entry]})
    pass_time(world, minutes=61)
    work(world)
    assert state_of(world, schedule_id) is ScheduleState.SCHEDULED


def test_what_stays_away_is_not_read_for_ever(world):
    world.sandbox.faults.plan("close_before", SCHEDULE, method="POST")
    schedule_id = reserve(world, a_sheet(world, world.a_key(), hours=72)).id
    settle(world)
    for _hour in range(30):
        pass_time(world, hours=1, minutes=1)
        work(world)
    row = service.fresh(world.ctx(), schedule_id)
    assert row.next_look_at > row.schedule_at  # once more, just after it would have run
    pass_time(world, hours=72)
    work(world)
    assert service.fresh(world.ctx(), schedule_id).next_look_at is None


def test_a_lost_revocation_that_arrives_after_all_is_known_within_the_hour(world):
    schedule = reserve(world, a_sheet(world, world.a_key(), hours=48))
    schedule_id, merchant_uid, customer_uid = schedule.id, schedule.merchant_uid, schedule.customer_uid
    world.sandbox.faults.plan("close_before", UNSCHEDULE)
    service.revoke_schedule(world.ctx(), world.gateway, schedule_id, "고객 요청")
    settle(world)
    assert state_of(world, schedule_id) is ScheduleState.SCHEDULED
    arrives(world, UNSCHEDULE, {"customer_uid": customer_uid, "merchant_uid": [merchant_uid]})
    pass_time(world, minutes=61)
    work(world)
    assert state_of(world, schedule_id) is ScheduleState.REVOKED


@pytest.mark.parametrize("looks", [1, 12])
def test_many_looks_at_one_instant_do_not_put_the_next_one_off(world, looks):
    world.sandbox.faults.plan("close_before", SCHEDULE, method="POST")
    schedule_id = reserve(world, a_sheet(world, world.a_key())).id
    pass_time(world, seconds=6)
    for _worker in range(looks):
        row = look_at_schedule(world.ctx(), world.gateway, schedule_id)
    assert (row.next_look_at - world.clock.now()).total_seconds() <= 10
