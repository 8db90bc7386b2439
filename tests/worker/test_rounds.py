"""A round of the worker: everything due, each row by itself, nothing twice."""

from types import SimpleNamespace

import pytest

from merchant_admin.core.ids import new_id
from merchant_admin.payments import service as payments
from merchant_admin.payments.service import ChargeSheet
from merchant_admin.payments.states import AttemptState
from merchant_admin.worker import service as worker
from merchant_admin.worker.service import Duty, Patience, run_once
from tests.payments.acting import AGAIN, FIND_ALL, But, attempt_of, charge, sends
from tests.support.books import assert_books_agree, assert_books_balance


@pytest.fixture(autouse=True)
def books_balance(request):
    name = "each_world" if "each_world" in request.fixturenames else "world"
    world = request.getfixturevalue(name)
    yield
    assert_books_balance(world.session)


def a_lost_charge(world, amount_krw=33_000, fault="close_after"):
    """A charge whose answer was lost."""
    key = world.a_key()
    world.sandbox.faults.plan(fault, AGAIN)
    return charge(world, ChargeSheet(new_id("sht"), key.customer_id, key.id, amount_krw, name="이용료"))


def go(world, **how):
    return run_once(world.ctx(), world.gateway, **how)


def test_a_lost_answer_is_found_without_anyone_pressing(each_world):
    done = a_lost_charge(each_world)
    assert go(each_world) == 0
    each_world.clock.advance(6)
    assert go(each_world) == 1
    assert attempt_of(each_world, done).state is AttemptState.PAID
    assert_books_agree(each_world.app, each_world.sandbox)


def test_a_sender_that_died_leaves_a_lease_that_ends_in_looking_never_in_sending(each_world):
    world, key = each_world, each_world.a_key()

    class Died(BaseException):
        pass

    def die(_order):
        raise Died

    filled = ChargeSheet(new_id("sht"), key.customer_id, key.id, 33_000, name="이용료")
    with pytest.raises(Died):
        charge(world, filled, gateway=But(world.gateway, charge_again=die))
    world.session.rollback()
    world.clock.advance(241)
    go(world)
    found = world.session.query(payments.Attempt).one()
    assert (found.state, found.evidence) == (AttemptState.UNCERTAIN, "lease_expired")
    assert sends(world) == 0


def test_a_lease_is_not_stolen_early(world):
    done = a_lost_charge(world)
    ctx = world.ctx()
    world.clock.advance(239)
    assert payments.expire_leases(ctx) == 0
    assert attempt_of(world, done).state is AttemptState.UNCERTAIN


def test_one_poisoned_row_does_not_block_the_others(world):
    first, second = a_lost_charge(world, 10_000), a_lost_charge(world, 20_000)
    poisoned = attempt_of(world, first).id
    real = payments.look_at_attempt

    def look(ctx, gateway, attempt_id):
        if attempt_id == poisoned:
            raise ZeroDivisionError
        return real(ctx, gateway, attempt_id)

    duties = [Duty(one.name, one.find, look) if one.name == "attempt" else one for one in worker.DUTIES]
    world.clock.advance(6)
    go(world, duties=duties)
    assert attempt_of(world, second).state is AttemptState.PAID
    go(world)
    assert attempt_of(world, first).state is AttemptState.PAID


def test_a_failing_row_is_left_alone_longer_each_time():
    now = SimpleNamespace(at=0.0)
    patience = Patience(clock=lambda: now.at)
    pauses = []
    for _ in range(3):
        patience.failed("attempt", "att_x")
        began = now.at
        while patience.leaves_alone("attempt", "att_x"):
            now.at += 1
        pauses.append(now.at - began)
    assert pauses == [10, 20, 40]
    patience.went_well("attempt", "att_x")
    assert not patience.leaves_alone("attempt", "att_x")


def test_while_calls_are_stopped_rows_stay_due(world):
    done = a_lost_charge(world)
    for _ in range(5):
        world.gateway.breaker.failed()
    world.clock.advance(6)
    before = attempt_of(world, done).next_look_at
    assert go(world) == 0
    assert attempt_of(world, done).next_look_at == before


def test_after_hours_of_outage_everything_settles_within_two_minutes(world):
    done = a_lost_charge(world)
    now = SimpleNamespace(at=0.0)
    world.gateway.breaker.clock = lambda: now.at
    world.sandbox.faults.plan("status_before", FIND_ALL, times=10_000)
    for _ in range(120):
        world.clock.advance(60)
        now.at += 60
        go(world)
    world.sandbox.faults.clear()
    for _ in range(2):
        world.clock.advance(60)
        now.at += 60
        go(world)
    assert attempt_of(world, done).state is AttemptState.PAID
    assert sends(world) == 1


def test_a_stop_is_heeded_between_two_rows(world):
    a_lost_charge(world, 10_000)
    a_lost_charge(world, 20_000)
    world.clock.advance(6)
    answers = iter([False, True, True])
    assert go(world, is_stopping=lambda: next(answers)) == 1


def test_a_sweep_looks_at_what_is_not_due_yet(world):
    done = a_lost_charge(world)
    assert go(world, everything=True) == 1
    assert attempt_of(world, done).state is AttemptState.PAID


def test_two_rounds_at_once_settle_a_row_once(world):
    done = a_lost_charge(world)
    world.clock.advance(6)
    go(world)
    assert go(world) == 0
    assert attempt_of(world, done).state is AttemptState.PAID


def test_a_lost_refund_answer_is_found_and_a_dead_refunder_not_waited_for(each_world):
    from merchant_admin.core.owners import me
    from merchant_admin.refunds.service import RefundSheet, refund_payment
    from merchant_admin.refunds.states import RefundReason
    from tests.payments.acting import line_of

    world, key = each_world, each_world.a_key()
    done = charge(world, ChargeSheet(new_id("sht"), key.customer_id, key.id, 33_000, name="이용료"))
    payment_id = line_of(world, done).id
    world.sandbox.faults.plan("close_after", "/payments/cancel")
    sheet = RefundSheet(new_id("sht"), payment_id, 10_000, 0, 33_000, RefundReason.CUSTOMER_REQUEST, "")
    refund = refund_payment(world.ctx(), world.gateway, sheet)
    assert (refund.state.value, refund.owner) == ("uncertain", me())
    world.clock.advance(6)
    go(world)
    assert world.session.get(type(refund), refund.id, populate_existing=True).state.value == "done"
    assert_books_agree(world.app, world.sandbox)
