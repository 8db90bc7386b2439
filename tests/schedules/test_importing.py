"""Reservations that other programs left at PortOne: found, taken over once, and followed like our own."""

from datetime import timedelta

from sqlalchemy import select

from merchant_admin.core.times import seoul_day
from merchant_admin.payments.models import Charge, Payment
from merchant_admin.schedules import importing
from merchant_admin.schedules.models import Schedule
from merchant_admin.schedules.states import ScheduleSource, ScheduleState
from tests.schedules.acting import a_sheet, foreign, pass_time, reserve, state_of, work
from tests.support.books import assert_books_agree, assert_books_balance


def held(world, days=90, customer_uid=""):
    today = seoul_day(world.clock.now())
    return importing.held_at_portone(world.ctx(), world.gateway, today, today + timedelta(days=days), customer_uid)


def test_only_what_nobody_wrote_down_here_is_offered(world):
    key = world.a_key()
    reserve(world, a_sheet(world, key))
    theirs = foreign(world, key.customer_uid)
    assert [row.reservation.merchant_uid for row in held(world) if row.may_be_taken] == [theirs]
    assert len(held(world)) == 2


def test_a_span_longer_than_three_months_is_read_in_parts(world):
    key = world.a_key()
    orders = {foreign(world, key.customer_uid, days=days) for days in (1, 100, 200, 300)}
    assert {row.reservation.merchant_uid for row in held(world, days=365)} == orders
    assert {row.reservation.merchant_uid for row in held(world, days=365, customer_uid=key.customer_uid)} == orders
    assert held(world, customer_uid="nobody") == []


def test_a_foreign_reservation_is_taken_over_once_and_its_payment_is_recorded(world):
    key = world.a_key()
    customer_id = key.customer_id
    theirs = foreign(world, key.customer_uid)
    assert importing.take_over(world.ctx(), world.gateway, [theirs, theirs, "unknown"]) == 1
    assert importing.take_over(world.ctx(), world.gateway, [theirs]) == 0
    schedule = world.session.scalars(select(Schedule)).one()
    schedule_id = schedule.id
    assert (schedule.source, schedule.customer_id) == (ScheduleSource.FOUND, customer_id)
    pass_time(world, days=4)
    work(world)
    assert state_of(world, schedule_id) is ScheduleState.EXECUTED_PAID
    assert world.session.scalars(select(Charge)).one().customer_id == customer_id
    assert_books_balance(world.session)


def test_a_reservation_of_a_card_nobody_knows_here_is_followed_too(world):
    key = world.a_key()
    world.sandbox.window_key(customer_uid="bks_old", merchant_uid="reg-old")
    theirs = foreign(world, "bks_old")
    assert key.customer_uid != "bks_old"
    importing.take_over(world.ctx(), world.gateway, [theirs])
    schedule_id = world.session.scalars(select(Schedule.id)).one()
    pass_time(world, days=4)
    work(world)
    assert state_of(world, schedule_id) is ScheduleState.EXECUTED_PAID
    assert world.session.scalars(select(Payment).where(Payment.merchant_uid == theirs)).one().customer_id is None
    assert_books_agree(world.app, world.sandbox)


def test_the_command_takes_over_what_it_lists(world):
    key = world.a_key()
    foreign(world, key.customer_uid)
    today = seoul_day(world.clock.now())
    span = ["--from", today.isoformat(), "--to", (today + timedelta(days=30)).isoformat()]
    run = world.app.test_cli_runner().invoke
    assert "0 taken over" in run(args=["schedules", "import", *span, "--dry-run"]).output
    assert "1 taken over" in run(args=["schedules", "import", *span]).output
    assert "1 known" in run(args=["schedules", "import", *span]).output
