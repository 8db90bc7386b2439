"""A charge of a stored card: once per sheet, and told apart into paid, declined and not known."""

import sqlite3

import pytest
from sqlalchemy import func, select, text

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict, ConsoleError, NotFound, RuleBroken
from merchant_admin.customers.service import archive_customer
from merchant_admin.payments.models import Charge
from merchant_admin.payments.states import AttemptState, ChargeKind, LineState, read_evidence
from tests.payments.acting import AGAIN, absent_twice, acts_of, attempt_of, charge, line_of, look, sends, taken
from tests.support.books import assert_books_agree


def test_an_approved_card_is_paid_and_booked(each_world, sheet):
    done = charge(each_world, sheet(each_world.a_key()))
    assert attempt_of(each_world, done).state is AttemptState.PAID
    assert line_of(each_world, done).state is LineState.PAID
    assert acts_of(each_world, done) == ["charge.asked", "charge.sent", "charge.paid"]
    assert_books_agree(each_world.app, each_world.sandbox)


def test_the_card_remembers_when_it_was_charged(world, sheet):
    key = world.a_key()
    charge(world, sheet(key))
    assert world.session.get(BillingKey, key.id).last_charged_at == world.clock.now()


def test_the_charge_carries_who_pressed(world, sheet):
    staff = world.a_staff()
    assert charge(world, sheet(world.a_key()), staff).staff_id == staff.id


@pytest.mark.parametrize("card", ["balance", "limit", "stopped", "lost_card"])
def test_a_declined_card_is_declined_with_its_reason(world, sheet, card):
    done = charge(world, sheet(world.a_key(card=card)))
    attempt = attempt_of(world, done)
    assert attempt.state is AttemptState.DECLINED
    assert "거래거절" in attempt.fail_reason
    assert line_of(world, done).state is LineState.DECLINED


def test_tax_free_part_and_instalments_reach_portone(world, sheet):
    charge(world, sheet(world.a_key(), 60_000, tax_free_krw=10_000, quota=3))
    paid = world.sandbox.payments()[-1]
    assert (paid["amount"], paid["card_quota"], paid["buyer_name"]) == (60_000, 3, "김서연")


def test_the_same_sheet_again_returns_the_first_charge_and_sends_nothing(world, sheet):
    filled = sheet(world.a_key())
    assert charge(world, filled).id == charge(world, filled).id
    assert sends(world) == 1


def test_a_used_sheet_with_another_amount_is_a_conflict(world, sheet):
    key = world.a_key()
    charge(world, sheet(key, sheet_key="sht_same"))
    with pytest.raises(Conflict):
        charge(world, sheet(key, 44_000, sheet_key="sht_same"))
    assert sends(world) == 1


def test_a_used_sheet_tells_its_result_while_portone_is_down(world, sheet):
    filled = sheet(world.a_key())
    first = charge(world, filled)
    for _ in range(5):
        world.gateway.breaker.failed()
    assert charge(world, filled).id == first.id


def test_the_same_sum_within_a_day_must_be_meant(world, sheet):
    key = world.a_key()
    charge(world, sheet(key))
    with pytest.raises(RuleBroken):
        charge(world, sheet(key))
    charge(world, sheet(key, confirms_repeat=True))
    world.clock.advance(hours=24, seconds=1)
    charge(world, sheet(key))
    assert taken(world) == 3


def test_a_declined_charge_may_be_tried_again_without_a_tick(world, sheet):
    key = world.a_key(card="first_declined")
    charge(world, sheet(key))
    assert attempt_of(world, charge(world, sheet(key))).state is AttemptState.PAID


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount_krw": 0}, {"amount_krw": -1}, {"amount_krw": 100_000_001}, {"tax_free_krw": 33_001}, {"quota": 1},
        {"quota": 3}, {"name": ""}, {"name": "가" * 41}, {"sheet_key": ""}, {"kind": ChargeKind.FIRST},
    ],
    ids=str,
)  # fmt: skip
def test_an_impossible_sheet_writes_and_sends_nothing(world, sheet, wrong):
    with pytest.raises(RuleBroken):
        charge(world, sheet(world.a_key(), **wrong))
    assert (sends(world), world.session.scalar(select(func.count()).select_from(Charge))) == (0, 0)


def test_an_archived_customer_is_not_charged(world, sheet):
    key = world.a_key()
    archive_customer(world.ctx(), key.customer_id)
    with pytest.raises(RuleBroken):
        charge(world, sheet(key))
    assert sends(world) == 0


@pytest.mark.parametrize("state", [KeyState.DELETING, KeyState.MISSING])
def test_a_card_that_is_not_there_is_not_charged(world, sheet, state):
    key = world.a_key()
    with world.ctx().atomic() as session:
        session.get(BillingKey, key.id).state = state
    with pytest.raises(RuleBroken):
        charge(world, sheet(key))
    assert sends(world) == 0


def test_another_customers_card_is_not_found(world, sheet):
    one, other = world.a_key(), world.a_key(world.a_customer("이하늘", "010-2222-3333", "sky@example.com"))
    filled = sheet(one)
    with pytest.raises(NotFound):
        charge(world, type(filled)(**{**filled.__dict__, "billing_key_id": other.id}))
    assert sends(world) == 0


def test_no_transaction_is_open_while_portone_is_asked(world, sheet):
    seen = []
    real = world.gateway._client._http.request
    world.gateway._client._http.request = lambda *a, **k: (seen.append(db.session().in_transaction()), real(*a, **k))[1]
    charge(world, sheet(world.a_key()))
    assert seen
    assert not any(seen)


def test_the_claim_is_committed_before_the_bytes_leave(world, sheet):
    seen = []
    real = world.gateway._client._http.request

    def spy(method, url, **rest):
        if url.endswith(AGAIN):
            with db.engine.connect() as other:
                seen.extend(other.execute(text("SELECT state FROM attempts")).scalars())
        return real(method, url, **rest)

    world.gateway._client._http.request = spy
    charge(world, sheet(world.a_key()))
    assert seen == ["sending"]


def test_a_database_that_is_locked_sends_nothing(world, sheet):
    filled = sheet(world.a_key())
    world.session.connection().exec_driver_sql("PRAGMA busy_timeout=50")
    with sqlite3.connect(world.folder / "merchant.db") as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ConsoleError, match="돈은 빠져나가지 않았습니다"):
            charge(world, filled)
        other.rollback()
    assert sends(world) == 0


def test_a_refusal_is_looked_into_at_once_and_says_portones_words(world, sheet):
    key = world.a_key()
    world.gateway.delete_card(key.customer_uid, "elsewhere")
    done = charge(world, sheet(key))
    attempt = attempt_of(world, done)
    assert (attempt.state, attempt.refused, attempt.looks) == (AttemptState.UNCERTAIN, True, 1)
    assert read_evidence(attempt.evidence)[1] == "등록되지 않은 구매자입니다."


def test_a_refused_charge_is_closed_by_two_absences_and_no_sooner(world, sheet):
    key = world.a_key()
    world.gateway.delete_card(key.customer_uid, "elsewhere")
    done = charge(world, sheet(key))
    world.clock.advance(179)
    assert look(world, done).absences == 0
    world.clock.advance(1)
    assert look(world, done).absences == 1
    world.clock.advance(59)
    assert look(world, done).state is AttemptState.UNCERTAIN
    world.clock.advance(1)
    assert look(world, done).state is AttemptState.ABANDONED
    assert acts_of(world, done)[-1] == "charge.abandoned"


def test_an_order_number_that_was_burnt_settles_at_once(world, sheet):
    """Somebody else used our number, for our card and our sum: PortOne refuses, and reading finds the payment."""
    key = world.a_key()
    world.sandbox.faults.plan("close_before", AGAIN)
    done = charge(world, sheet(key))
    attempt = attempt_of(world, done)
    from merchant_admin.portone.types import ChargeOrder

    world.gateway.charge_again(ChargeOrder(key.customer_uid, attempt.merchant_uid, 33_000, "먼저"))
    assert look(world, done).state is AttemptState.PAID
    assert sends(world) == 2


def test_a_lost_request_waits_for_a_person(world, sheet):
    world.sandbox.faults.plan("close_before", AGAIN)
    done = charge(world, sheet(world.a_key()))
    attempt = absent_twice(world, done)
    assert (attempt.state, attempt.absences) == (AttemptState.UNCERTAIN, 2)
    assert acts_of(world, done)[-1] == "charge.absent"
