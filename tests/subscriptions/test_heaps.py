"""Many renewals in one commit are the same as each by itself, and one that is not plain harms no other."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from merchant_admin.audit.models import Event
from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.cases.models import Case
from merchant_admin.core.db import db
from merchant_admin.customers.models import Customer
from merchant_admin.ledger.models import DailyTotal, LedgerEntry
from merchant_admin.payments import sending
from merchant_admin.payments.models import Attempt, Charge, Payment, PaymentLine
from merchant_admin.subscriptions import clock, collecting
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.subscriptions.models import Period, PeriodCharge, Subscription
from merchant_admin.subscriptions.states import PeriodState
from merchant_admin.worker.charging import HEAP
from merchant_admin.worker.renewals import keep_promises
from tests.subscriptions.acting import a_plan, attempts, fresh, periods, states, subscribed, taken
from tests.support.books import assert_books_agree, assert_books_balance

AGAIN = "/subscribe/payments/again"
MOST_TO_CLAIM, MOST_TO_WRITE_DOWN = 16, 23  # statements
NAMES = {  # what differs from row to row by its nature
    "id", "sheet_key", "merchant_uid", "customer_uid", "customer_id", "charge_id", "attempt_id", "period_id", "payment_id",
    "billing_key_id", "subscription_id", "plan_id", "imp_uid", "ref", "body_hash", "approval_number", "pg_tid",
    "receipt_url", "snapshot", "seq", "mac", "subject_id", "owner",
}  # fmt: skip


@pytest.mark.parametrize("card", ["approve", "balance", "lost_card"])
def test_a_heap_leaves_the_rows_that_single_charges_leave(each_world, card):
    plan = a_plan(each_world)
    alone = [subscribed(each_world, plan, card) for _each in range(3)]
    clock.open_due(each_world.ctx())
    for period_id in clock.claim_due(each_world.ctx()):
        clock.see_to(each_world.ctx(), each_world.gateway, period_id)
    told = _events(each_world, 0)
    seen = max(each_world.session.scalars(select(Event.seq)))
    together = [subscribed(each_world, plan, card) for _each in range(3)]
    keep_promises(each_world.ctx(), each_world.gateway, Hours(), at_once=2)
    assert sorted(_rows(each_world, together)) == sorted(_rows(each_world, alone))
    assert sorted(_events(each_world, seen)) == sorted(told)
    assert_books_balance(each_world.session)
    assert_books_agree(each_world.app, each_world.sandbox)


def _events(world, after):
    world.session.rollback()
    said = select(Event.act, Event.facts).where(
        Event.seq > after, Event.act.like("charge.%") | Event.act.like("subscription.%")
    )
    return [
        (act, "".join(part for part in facts.split('"') if not part.startswith(("ord_", "imps_"))))
        for act, facts in world.session.execute(said)
    ]


def _rows(world, subscriptions):
    """What stands in every table about these subscriptions, without names, as text."""
    world.session.rollback()
    found = []
    for one in subscriptions:
        for period in world.session.scalars(select(Period).where(Period.subscription_id == one)):
            for bound in world.session.scalars(select(PeriodCharge).where(PeriodCharge.period_id == period.id)):
                attempt = world.session.scalars(select(Attempt).where(Attempt.charge_id == bound.charge_id)).one()
                payment = world.session.scalars(select(Payment).where(Payment.attempt_id == attempt.id)).one()
                line = world.session.scalars(select(PaymentLine).where(PaymentLine.attempt_id == attempt.id)).one()
                assert line.id == payment.id
                charge = world.session.get(Charge, bound.charge_id)
                key = world.session.get(BillingKey, charge.billing_key_id)
                booked = world.session.scalars(select(LedgerEntry).where(LedgerEntry.imp_uid == payment.imp_uid)).all()
                found.append(
                    [world.session.get(Subscription, one), period, bound, charge, attempt, payment, line, key, *booked]
                )
    return [str([_plain(row) for row in rows]) for rows in found]


def _plain(row):
    return {
        name: str(getattr(row, name)) for name in [one.key for one in row.__mapper__.column_attrs] if name not in NAMES
    }


def test_what_cannot_be_charged_is_handed_back_and_nothing_is_sent_for_it(each_world):
    world, plan = each_world, a_plan(each_world)
    good, archived, gone, skipped = (subscribed(world, plan) for _each in range(4))
    ids = clock.claim_due(world.ctx())
    customer_id, key_id = fresh(world, archived).customer_id, fresh(world, gone).billing_key_id
    period_id = periods(world, skipped)[0].id
    with world.ctx().atomic() as session:
        session.get(Customer, customer_id).archived_at = world.clock.now()
        session.get(BillingKey, key_id).state = KeyState.DELETING
        session.get(Period, period_id).state = PeriodState.SKIPPED
    claimed, others = collecting.claim(world.ctx(), ids)
    assert [one.period_id for one in claimed] == [periods(world, good)[0].id]
    assert set(others) == set(ids) - {periods(world, good)[0].id}
    assert [states(world, one) for one in (good, archived, gone, skipped)] == [
        ["charging"],
        ["due"],
        ["due"],
        ["skipped"],
    ]
    assert collecting.claim(world.ctx(), ids) == ([], ids)
    assert taken(world) == []


@pytest.mark.parametrize(
    "other", [{"amount_krw": 9_901}, {"customer_uid": "bks_another"}, {"pg_id": "another_mid"}, {"pg_id": None}]
)
def test_an_answer_that_is_not_what_was_asked_pays_for_nothing(each_world, other):
    world = each_world
    good, odd = (subscribed(world, a_plan(world)) for _each in range(2))
    claimed, _others = collecting.claim(world.ctx(), clock.claim_due(world.ctx()))
    answered = []
    for one in claimed:
        answer = sending.ask(world.gateway, one.send)
        if one.period_id == periods(world, odd)[0].id:
            answer = replace(answer, transaction=replace(answer.transaction, **other))
        answered.append((one, answer))
    collecting.write_down(world.ctx(), answered)
    assert (states(world, good), states(world, odd)) == (["paid"], ["charging"])
    assert [one.state.value for one in attempts(world, odd)] == ["uncertain"]
    assert [case.kind for case in world.session.scalars(select(Case))] != []


def test_a_charge_that_waited_too_long_for_a_hand_is_not_sent(world):
    one = subscribed(world, a_plan(world))
    [claimed], _others = collecting.claim(world.ctx(), clock.claim_due(world.ctx()))
    late = replace(claimed.send, claimed_at=claimed.send.claimed_at - sending.LATEST_START_SECONDS)
    collecting.write_down(world.ctx(), [(claimed, sending.ask(world.gateway, late))])
    assert taken(world) == []
    assert [(each.state.value, each.evidence) for each in attempts(world, one)] == [("uncertain", "lease_expired")]


def test_what_a_heap_costs_does_not_follow_its_size(each_world):
    """Statements, however many rows one carries, and commits: what a renewal costs must not creep up."""
    costs = [_cost(each_world, size) for size in (4, 12)]
    assert costs[0] == costs[1]
    claimed, asked, written = costs[0]
    assert (claimed["commits"], written["commits"]) == (1, 1)
    assert claimed["statements"] <= MOST_TO_CLAIM
    assert written["statements"] <= MOST_TO_WRITE_DOWN
    assert asked == {"statements": 0, "commits": 0}  # beside the look at the line, one for each call


def _cost(world, size):
    plan, ctx = a_plan(world), world.ctx()
    for _each in range(size):
        subscribed(world, plan)
    clock.open_due(ctx)
    ids = clock.claim_due(ctx)
    with _counted() as to_claim:
        claimed, others = collecting.claim(ctx, ids)
    with _counted() as to_ask:
        answered = [(one, sending.ask(world.gateway, one.send)) for one in claimed]
    with _counted() as to_write:
        collecting.write_down(ctx, answered)
    assert (len(claimed), others) == (size, [])
    return to_claim, to_ask, to_write


@contextmanager
def _counted():
    found = {"statements": 0, "commits": 0}

    def note(_connection, _cursor, statement, *_more):
        found["statements"] += "portone_line" not in statement and not statement.startswith("BEGIN")

    def note_commit(_connection):
        found["commits"] += 1

    event.listen(db.engine, "before_cursor_execute", note)
    event.listen(db.engine, "commit", note_commit)
    yield found
    event.remove(db.engine, "before_cursor_execute", note)
    event.remove(db.engine, "commit", note_commit)


def test_a_turn_settles_each_kind_of_answer(each_world):
    world, plan = each_world, a_plan(each_world)
    made = {card: subscribed(world, plan, card) for card in ("approve", "balance", "answer_lost", "lost_card")}
    keep_promises(world.ctx(), world.gateway, Hours(), at_once=4)
    assert {card: states(world, one) for card, one in made.items()} == {
        "approve": ["paid"], "balance": ["retrying"], "answer_lost": ["charging"], "lost_card": ["needs_card"],
    }  # fmt: skip
    assert [one.state.value for one in attempts(world, made["answer_lost"])] == ["uncertain"]
    assert sum(total.entries for total in world.session.scalars(select(DailyTotal))) == 1


def test_a_worker_that_stops_leaves_what_it_had_not_begun_to_the_others_at_once(each_world):
    world, plan = each_world, a_plan(each_world)
    made = [subscribed(world, plan) for _each in range(HEAP + 2)]
    keep_promises(world.ctx(), world.gateway, Hours(), is_stopping=lambda: bool(taken(world)))
    assert len(taken(world)) == HEAP
    keep_promises(world.ctx(), world.gateway, Hours())
    assert {state for one in made for state in states(world, one)} == {"paid"}
    assert len(taken(world)) == len(made)


def test_an_answer_that_comes_late_does_not_make_a_card_look_unused(each_world):
    world, newer = each_world, each_world.clock.now() + timedelta(hours=1)
    late, usual = (subscribed(world, a_plan(world)) for _each in range(2))
    claimed, _others = collecting.claim(world.ctx(), clock.claim_due(world.ctx()))
    answered = [(one, sending.ask(world.gateway, one.send)) for one in claimed]
    with world.ctx().atomic() as session:
        session.get(BillingKey, fresh(world, late).billing_key_id).last_charged_at = newer
    collecting.write_down(world.ctx(), answered)
    used = [world.session.get(BillingKey, fresh(world, one).billing_key_id).last_charged_at for one in (late, usual)]
    assert used == [newer, world.clock.now()]
