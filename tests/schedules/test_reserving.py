"""Charge later: reserved once, run by PortOne, recorded once, whoever brings the news."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from merchant_admin.billing_keys import service as billing_keys
from merchant_admin.core.errors import Conflict, InvalidInput, RuleBroken
from merchant_admin.payments.facts import record_transaction
from merchant_admin.payments.models import Attempt, Charge, PaymentLine
from merchant_admin.payments.states import ChargeKind
from merchant_admin.schedules import looking, service
from merchant_admin.schedules.models import Schedule
from merchant_admin.schedules.states import Evidence, ScheduleState
from tests.schedules.acting import a_sheet, foreign, pass_time, reserve, state_of, work
from tests.support.books import assert_books_agree, assert_books_balance

SCHEDULE = "/subscribe/payments/schedule"


@pytest.fixture
def world(each_world):
    return each_world


def test_a_reservation_is_held_by_portone_and_takes_no_money(world):
    schedule = reserve(world, a_sheet(world, world.a_key()))
    assert schedule.state is ScheduleState.SCHEDULED
    assert [row["merchant_uid"] for row in world.sandbox.schedules()] == [schedule.merchant_uid]
    assert world.sandbox.payments(schedule.merchant_uid) == []


def test_the_same_sheet_reserves_once(world):
    key = world.a_key()
    sheet = a_sheet(world, key)
    first, second = reserve(world, sheet).id, reserve(world, sheet).id
    assert first == second
    assert len(world.sandbox.schedules()) == 1


def test_a_used_sheet_with_other_words_is_refused(world):
    key = world.a_key()
    sheet = a_sheet(world, key)
    reserve(world, sheet)
    with pytest.raises(Conflict):
        reserve(world, a_sheet(world, key, sheet_key=sheet.sheet_key, amount_krw=1))


@pytest.mark.parametrize("hours", [-1, 0, 0.1, 24 * 400])
def test_a_time_that_is_past_or_too_far_is_refused_before_anything_is_sent(world, hours):
    with pytest.raises(InvalidInput):
        reserve(world, a_sheet(world, world.a_key(), hours=hours))
    assert world.sandbox.schedules() == []
    assert world.session.scalars(select(Schedule)).all() == []


@pytest.mark.parametrize(
    ("card", "end"), [("approve", ScheduleState.EXECUTED_PAID), ("limit", ScheduleState.EXECUTED_FAILED)]
)
def test_a_lost_webhook_is_made_up_for_five_minutes_after_the_time(world, card, end):
    schedule = reserve(world, a_sheet(world, world.a_key(card=card)))
    schedule_id, merchant_uid = schedule.id, schedule.merchant_uid
    pass_time(world, hours=24, minutes=4)
    work(world)
    assert state_of(world, schedule_id) is ScheduleState.SCHEDULED
    pass_time(world, minutes=2)
    work(world)
    assert state_of(world, schedule_id) is end
    assert len(world.sandbox.payments(merchant_uid)) == 1
    assert_books_balance(world.session)
    assert_books_agree(world.app, world.sandbox)


def test_the_payment_of_a_reservation_is_ours_in_the_history(world):
    key = world.a_key()
    schedule = reserve(world, a_sheet(world, key, memo="메모"))
    schedule_id = schedule.id
    pass_time(world, hours=25)
    work(world)
    charge = world.session.scalars(select(Charge)).one()
    assert (charge.kind, charge.sheet_key, charge.memo) == (ChargeKind.SCHEDULED, schedule_id, "메모")
    line = world.session.scalars(select(PaymentLine)).one()
    assert (line.kind, line.customer_id, line.amount_krw) == ("scheduled", charge.customer_id, 33_000)


def test_a_webhook_that_comes_first_and_twice_changes_nothing_in_the_end(world):
    schedule = reserve(world, a_sheet(world, world.a_key()))
    schedule_id, merchant_uid = schedule.id, schedule.merchant_uid
    pass_time(world, hours=24, seconds=1)
    for _time in range(2):
        (paid,) = world.gateway.payments_of(merchant_uid)
        ctx = world.ctx()
        with ctx.atomic() as session:
            record_transaction(ctx, session, paid, source="webhook")
    assert state_of(world, schedule_id) is ScheduleState.EXECUTED_PAID
    pass_time(world, minutes=10)
    work(world)
    assert len(world.session.scalars(select(Attempt)).all()) == 1
    assert_books_balance(world.session)
    assert_books_agree(world.app, world.sandbox)


@pytest.mark.parametrize("kind", ["close_after", "status_after", "html_after", "half_json"])
def test_a_lost_answer_is_found_by_reading(world, kind):
    key = world.a_key()
    world.sandbox.faults.plan(kind, SCHEDULE, method="POST")
    schedule = reserve(world, a_sheet(world, key))
    schedule_id = schedule.id
    assert schedule.state is ScheduleState.UNCERTAIN
    pass_time(world, seconds=10)
    work(world)
    assert state_of(world, schedule_id) is ScheduleState.SCHEDULED
    assert len(world.sandbox.schedules()) == 1


def test_what_never_arrived_is_missing_after_two_late_absences_and_never_sent_again(world):
    key = world.a_key()
    world.sandbox.faults.plan("close_before", SCHEDULE, method="POST")
    schedule_id = reserve(world, a_sheet(world, key)).id
    for seconds in (10, 60, 100):
        pass_time(world, seconds=seconds)
        work(world)
        assert state_of(world, schedule_id) is ScheduleState.UNCERTAIN
    pass_time(world, minutes=10)
    work(world)
    pass_time(world, minutes=10)
    work(world)
    assert state_of(world, schedule_id) is ScheduleState.MISSING
    assert world.sandbox.schedules() == []


def test_a_reservation_is_moved_and_runs_at_the_new_time(world):
    schedule = reserve(world, a_sheet(world, world.a_key()))
    schedule_id, later = schedule.id, schedule.schedule_at + timedelta(days=2)
    moved = service.move_schedule(world.ctx(), world.gateway, schedule_id, later)
    assert (moved.schedule_at, moved.wanted_at) == (later, None)
    pass_time(world, hours=25)
    work(world)
    assert state_of(world, schedule_id) is ScheduleState.SCHEDULED
    pass_time(world, hours=48)
    work(world)
    assert state_of(world, schedule_id) is ScheduleState.EXECUTED_PAID


@pytest.mark.parametrize(("kind", "is_moved"), [("close_after", True), ("close_before", False)])
def test_a_move_whose_answer_is_lost_shows_the_time_portone_holds(world, kind, is_moved):
    schedule = reserve(world, a_sheet(world, world.a_key()))
    schedule_id, before = schedule.id, schedule.schedule_at
    later = before + timedelta(days=2)
    world.sandbox.faults.plan(kind, f"{SCHEDULE}/{schedule.merchant_uid}", method="PUT")
    service.move_schedule(world.ctx(), world.gateway, schedule_id, later)
    for _look in range(6):
        pass_time(world, seconds=70)
        work(world)
    kept = looking.fresh(world.ctx(), schedule_id)
    assert (kept.wanted_at, kept.schedule_at) == (None, later if is_moved else before)
    assert kept.evidence == (None if is_moved else Evidence.NOT_MOVED.value)


def test_a_revoked_reservation_never_runs(world):
    schedule = reserve(world, a_sheet(world, world.a_key()))
    schedule_id = schedule.id
    assert service.revoke_schedule(world.ctx(), world.gateway, schedule_id, "고객 요청").state is ScheduleState.REVOKED
    pass_time(world, hours=30)
    work(world)
    assert world.sandbox.payments(world.session.get_one(Schedule, schedule_id).merchant_uid) == []
    with pytest.raises(RuleBroken):
        service.revoke_schedule(world.ctx(), world.gateway, schedule_id, "again")


@pytest.mark.parametrize(
    ("kind", "end"), [("close_after", ScheduleState.REVOKED), ("close_before", ScheduleState.SCHEDULED)]
)
def test_a_revocation_whose_answer_is_lost_is_settled_by_reading(world, kind, end):
    schedule = reserve(world, a_sheet(world, world.a_key()))
    schedule_id = schedule.id
    world.sandbox.faults.plan(kind, "/subscribe/payments/unschedule")
    service.revoke_schedule(world.ctx(), world.gateway, schedule_id, "고객 요청")
    for _look in range(6):
        pass_time(world, seconds=70)
        work(world)
    assert state_of(world, schedule_id) is end


def test_only_the_named_reservation_is_revoked(world):
    key = world.a_key()
    first, second = reserve(world, a_sheet(world, key)), reserve(world, a_sheet(world, key, hours=48))
    first_id, second_id = first.id, second.id
    service.revoke_schedule(world.ctx(), world.gateway, first_id, "고객 요청")
    assert {row["schedule_status"] for row in world.sandbox.schedules()} == {"revoked", "scheduled"}
    assert state_of(world, second_id) is ScheduleState.SCHEDULED
    with pytest.raises(ValueError, match="name the reservations"):
        world.gateway.revoke_reservations(key.customer_uid, [])


def test_a_key_with_reservations_is_not_deleted(world):
    key = world.a_key()
    key_id = key.id
    schedule_id = reserve(world, a_sheet(world, key)).id
    with pytest.raises(RuleBroken):
        billing_keys.delete_card(world.ctx(), world.gateway, key_id, "정리")
    service.revoke_schedule(world.ctx(), world.gateway, schedule_id, "고객 요청")
    assert billing_keys.delete_card(world.ctx(), world.gateway, key_id, "정리").state.value == "deleted"


def test_a_key_is_not_deleted_while_portone_holds_a_reservation_nobody_wrote_down_here(world):
    key = world.a_key()
    key_id = key.id
    foreign(world, key.customer_uid)
    with pytest.raises(RuleBroken, match="1건"):
        billing_keys.delete_card(world.ctx(), world.gateway, key_id, "정리")


def test_a_payment_of_another_sum_ends_nothing(world):
    schedule = reserve(world, a_sheet(world, world.a_key()))
    schedule_id, merchant_uid = schedule.id, schedule.merchant_uid
    pass_time(world, hours=24, seconds=1)
    (paid,) = world.gateway.payments_of(merchant_uid)
    ctx = world.ctx()
    with ctx.atomic() as session:
        record_transaction(ctx, session, replace(paid, amount_krw=1), source="webhook")
    assert state_of(world, schedule_id) is ScheduleState.SCHEDULED
