"""Every way an answer can be lost or bent, on the real client: settled by reading, never by sending again."""

import dataclasses
from itertools import pairwise

import pytest

from merchant_admin.core.errors import GatewayUnreachable, RuleBroken
from merchant_admin.payments.models import Attempt
from merchant_admin.payments.service import send_again
from merchant_admin.payments.states import AttemptState, Evidence, LineState, read_evidence
from tests.payments.acting import (
    AGAIN,
    FIND_ALL,
    But,
    absent_twice,
    acts_of,
    attempt_of,
    charge,
    close_by_two,
    line_of,
    look,
    sends,
    taken,
)
from tests.support.books import assert_books_agree

DONE_BUT_LOST = [
    ("close_after", {}), ("status_after", {"status": 500}), ("status_after", {"status": 503}),
    ("status_after", {"status": 429}), ("html_after", {"status": 502}), ("half_json", {}),
    ("delay_after", {"seconds": 61}),
]  # fmt: skip
NEVER_DONE = [
    ("close_before", {}), ("status_before", {"status": 500}), ("status_before", {"status": 503}),
    ("status_before", {"status": 429}), ("html_before", {"status": 502}), ("status_before", {"status": 403}),
]  # fmt: skip


def faulty_charge(world, sheet, kind, details, key=None):
    world.sandbox.faults.plan(kind, AGAIN, **details)
    return charge(world, sheet(key or world.a_key()))


@pytest.mark.parametrize(("kind", "details"), DONE_BUT_LOST, ids=str)
def test_an_answer_lost_after_the_work_is_uncertain_and_becomes_paid_by_itself(each_world, sheet, kind, details):
    world = each_world
    done = faulty_charge(world, sheet, kind, details)
    assert attempt_of(world, done).state is AttemptState.UNCERTAIN
    assert line_of(world, done).state is LineState.CHECKING
    world.clock.advance(5)
    assert look(world, done).state is AttemptState.PAID
    assert (sends(world), taken(world)) == (1, 1)
    assert_books_agree(world.app, world.sandbox)


@pytest.mark.parametrize(("kind", "details"), NEVER_DONE, ids=str)
def test_a_request_that_did_nothing_is_never_repeated_by_itself(world, sheet, kind, details):
    done = faulty_charge(world, sheet, kind, details)
    attempt = absent_twice(world, done)
    assert attempt.state in {AttemptState.UNCERTAIN, AttemptState.ABANDONED}
    assert (sends(world), taken(world)) == (1, 0)


def test_a_decline_whose_answer_was_lost_is_read_as_a_decline(world, sheet):
    done = faulty_charge(world, sheet, "close_after", {}, world.a_key(card="balance"))
    assert look(world, done).state is AttemptState.DECLINED


def test_work_done_later_than_the_answer_is_found(world, sheet):
    """The line is cut first and the card charged afterwards: looking at once finds nothing, and that proves nothing."""
    done = faulty_charge(world, sheet, "late", {"seconds": 0.3})
    assert attempt_of(world, done).absences == 0
    world.sandbox.finish_late_work()
    assert look(world, done).state is AttemptState.PAID
    assert sends(world) == 1


def test_a_refused_token_is_renewed_and_the_charge_sent_once_more_under_its_number(world, sheet):
    world.sandbox.faults.plan("status_before", AGAIN, status=401)
    done = charge(world, sheet(world.a_key()))
    assert attempt_of(world, done).state is AttemptState.PAID
    assert (sends(world), taken(world)) == (2, 1)


def test_a_token_refused_twice_is_not_asked_a_third_time(world, sheet):
    world.sandbox.faults.plan("status_before", AGAIN, status=401, times=9)
    done = charge(world, sheet(world.a_key()))
    assert attempt_of(world, done).state is AttemptState.UNCERTAIN
    assert sends(world) == 2


@pytest.mark.parametrize(
    ("bent", "field"),
    [
        ({"amount_krw": 330_000}, "amount"), ({"customer_uid": "bks_somebody"}, "customer_uid"),
        ({"customer_uid": None}, "customer_uid"), ({"pg_id": "tpaytest0m"}, "pg_id"), ({"pg_id": None}, "pg_id"),
        ({"is_test": False}, "mode"),
    ],
    ids=str,
)  # fmt: skip
def test_a_paid_answer_that_is_not_wholly_ours_is_booked_but_not_believed(world, sheet, bent, field):
    real = world.gateway.charge_again
    bending = But(world.gateway, charge_again=lambda order: dataclasses.replace(real(order), **bent))
    done = charge(world, sheet(world.a_key()), gateway=bending)
    attempt = attempt_of(world, done)
    assert attempt.state is AttemptState.UNCERTAIN
    assert read_evidence(attempt.evidence) == (Evidence.MISMATCH, field)
    assert "charge.paid" not in acts_of(world, done)


def test_an_answer_about_another_order_is_not_recorded(world, sheet):
    real = world.gateway.charge_again
    bending = But(world.gateway, charge_again=lambda order: dataclasses.replace(real(order), merchant_uid="ord_other"))
    done = charge(world, sheet(world.a_key()), gateway=bending)
    assert read_evidence(attempt_of(world, done).evidence) == (Evidence.MISMATCH, "merchant_uid")
    assert look(world, done).state is AttemptState.PAID


def test_a_test_payment_in_live_mode_leaves_the_charge_unknown(world, sheet):
    """The answer is a forgery or a wrong channel: nothing of it is recorded."""
    done = faulty_charge(world, sheet, "close_after", {})
    ctx = world.ctx()
    ctx.mode = "live"
    from merchant_admin.payments.service import look_at_attempt

    look_at_attempt(ctx, world.gateway, attempt_of(world, done).id)
    assert attempt_of(world, done).evidence == Evidence.OTHER_MODE.value
    assert look(world, done).state is AttemptState.PAID


def test_a_look_that_gets_no_answer_changes_nothing_but_the_next_look(world, sheet):
    done = faulty_charge(world, sheet, "close_after", {})
    world.clock.advance(200)
    world.sandbox.faults.plan("close_before", FIND_ALL)
    attempt = look(world, done)
    assert (attempt.state, attempt.absences) == (AttemptState.UNCERTAIN, 0)
    assert attempt.next_look_at > world.clock.now()


def test_looks_stand_at_the_promised_ages(world, sheet):
    done = faulty_charge(world, sheet, "close_before", {})
    sent_at, ages = world.clock.now(), []
    for _ in range(12):
        due = attempt_of(world, done).next_look_at
        ages.append((due - sent_at).total_seconds())
        world.clock.set(due)
        look(world, done)
    floors = [5, 15, 30, 60, 120, 180, 240, 300, 900, 3600]
    assert all(floor <= age <= floor * 1.2 for floor, age in zip(floors, ages, strict=False)), ages
    assert all(3200 < later - earlier < 4000 for earlier, later in pairwise(ages[9:])), ages


def test_an_absence_that_was_followed_by_a_row_does_not_count(world, sheet):
    done = faulty_charge(world, sheet, "close_before", {})
    world.clock.advance(180)
    look(world, done)
    from merchant_admin.payments import looks

    attempt = attempt_of(world, done)
    looks._count_absence(attempt, world.clock.now(), is_absent=False)
    assert (attempt.absences, attempt.absent_at) == (0, None)
    world.session.rollback()


def test_a_person_sends_a_lost_charge_again_under_the_same_number(each_world, sheet):
    world = each_world
    done = faulty_charge(world, sheet, "close_before", {})
    absent_twice(world, done)
    before = attempt_of(world, done).merchant_uid
    send_again(world.ctx(), world.gateway, done.id)
    attempt = attempt_of(world, done)
    assert (attempt.state, attempt.sends, attempt.merchant_uid) == (AttemptState.PAID, 2, before)
    assert (sends(world), taken(world)) == (2, 1)
    assert_books_agree(world.app, world.sandbox)


def test_sending_again_before_the_proof_is_refused(world, sheet):
    done = faulty_charge(world, sheet, "close_before", {})
    with pytest.raises(RuleBroken):
        send_again(world.ctx(), world.gateway, done.id)
    assert sends(world) == 1


def test_sending_again_reads_first_and_finds_what_came_late(world, sheet):
    done = faulty_charge(world, sheet, "close_before", {})
    absent_twice(world, done)
    attempt = attempt_of(world, done)
    from merchant_admin.portone.types import ChargeOrder

    world.gateway.charge_again(ChargeOrder(attempt.customer_uid, attempt.merchant_uid, 33_000, "늦게"))
    send_again(world.ctx(), world.gateway, done.id)
    assert attempt_of(world, done).state is AttemptState.PAID
    assert (sends(world), taken(world)) == (2, 1)


def test_three_sends_are_the_most(world, sheet):
    key = world.a_key()
    world.sandbox.faults.plan("close_before", AGAIN, times=3)
    done = charge(world, sheet(key))
    for _ in range(2):
        absent_twice(world, done)
        send_again(world.ctx(), world.gateway, done.id)
    assert absent_twice(world, done).state is AttemptState.ABANDONED
    assert (attempt_of(world, done).sends, sends(world)) == (3, 3)


def test_two_people_close_a_lost_charge(world, sheet):
    done = faulty_charge(world, sheet, "close_before", {})
    absent_twice(world, done)
    close_by_two(world, done)
    assert attempt_of(world, done).state is AttemptState.ABANDONED
    assert line_of(world, done).state is LineState.NOT_SENT


@pytest.mark.parametrize("end", ["closed", "declined"])
def test_a_late_truth_is_recorded_as_late(world, sheet, end):
    """What PortOne says wins over what we had concluded, and the timeline says that it came late."""
    if end == "closed":
        done = faulty_charge(world, sheet, "close_before", {})
        absent_twice(world, done)
        close_by_two(world, done)
        attempt = attempt_of(world, done)
        from merchant_admin.portone.types import ChargeOrder

        world.gateway.charge_again(ChargeOrder(attempt.customer_uid, attempt.merchant_uid, 33_000, "늦게"))
    else:
        done = charge(world, sheet(world.a_key(card="late_approval")))
        assert attempt_of(world, done).state is AttemptState.DECLINED
        world.sandbox.clock.advance(3600)
        world.sandbox.run_due()
    attempt = look(world, done)
    assert (attempt.state, attempt.late) == (AttemptState.PAID, True)
    assert acts_of(world, done)[-1] == "charge.paid"


def test_a_charge_paid_twice_is_booked_twice_and_said(world, sheet):
    """Facts are never constrained: both payments stand in the books, and a person is told."""
    from merchant_admin.payments.facts import record_transaction

    done = charge(world, sheet(world.a_key()))
    first = world.gateway.payments_of(attempt_of(world, done).merchant_uid)[0]
    ctx = world.ctx()
    with ctx.atomic() as session:
        record_transaction(ctx, session, dataclasses.replace(first, imp_uid="imps_999999999999"), source="test")
    assert acts_of(world, done)[-1] == "charge.paid_twice"


def test_after_five_failures_in_a_row_nothing_is_sent(world, sheet):
    key = world.a_key()
    now = [0.0]
    world.gateway.breaker.clock = lambda: now[0]
    world.sandbox.faults.plan("status_before", "*", times=5)
    for number in range(5):
        charge(world, sheet(key, 10_000 + number))
    with pytest.raises(GatewayUnreachable):
        charge(world, sheet(key, 50_000))
    assert sends(world) == 5
    now[0] = 30.0
    assert attempt_of(world, charge(world, sheet(key, 50_000))).state is AttemptState.PAID


def test_one_poisoned_answer_does_not_hide_another_payment(world, sheet):
    """The whole list of an order number is read: a failed row beside the paid one decides nothing."""
    done = faulty_charge(world, sheet, "close_after", {})
    paid = world.gateway.payments_of(attempt_of(world, done).merchant_uid)[0]
    from merchant_admin.portone.types import PaymentStatus

    failed = dataclasses.replace(paid, imp_uid="imps_111111111111", status=PaymentStatus.FAILED, paid_at=None)
    both = But(world.gateway, payments_of=lambda _uid: [failed, paid])
    assert look(world, done, both).state is AttemptState.PAID
    assert world.session.get(Attempt, attempt_of(world, done).id).imp_uid == paid.imp_uid
