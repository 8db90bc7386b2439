"""Webhooks in heaps: doubled, reordered, forged and lost. The end is that of one clean delivery of each."""

import json
import random

import pytest
from sqlalchemy import select

from merchant_admin.core.db import db
from merchant_admin.core.ids import new_id
from merchant_admin.ledger.models import DailyTotal, LedgerEntry
from merchant_admin.payments.models import Cancellation, Payment
from merchant_admin.webhooks import service
from merchant_admin.webhooks.models import Decision, WebhookEvent
from merchant_admin.worker.service import run_once
from tests.support.books import assert_books_agree, assert_books_balance

PAYMENTS, COPIES, FORGED = 40, 7, 60  # in all 500 deliveries; bench/webhooks.py makes ten thousand


@pytest.fixture
def news(world):
    """True news of payments made elsewhere, every third one given back in part or whole: (imp_uid, order, status)."""
    told = []
    for number in range(PAYMENTS):
        order = new_id("ord")
        imp_uid = world.sandbox.window_key(customer_uid=new_id("bks"), merchant_uid=order, amount=10_000 + number)
        told.append((imp_uid, order, "paid"))
        if number % 3 == 0:
            world.sandbox.console_cancel(imp_uid, None if number % 2 else 1_000)
            told.append((imp_uid, order, "cancelled"))
    return told


def deliver(world, told):
    for imp_uid, order, status in told:
        body = json.dumps({"imp_uid": imp_uid, "merchant_uid": order, "status": status}).encode()
        service.receive(world.ctx(), body, "application/json", "52.78.100.19")


def work_off(world):
    waiting = select(WebhookEvent.id).where(WebhookEvent.decision == Decision.WAITING)
    while world.session.scalar(waiting.limit(1)) is not None:
        run_once(world.ctx(), world.gateway)
        world.clock.advance(61)


def state_of(session):
    """Everything that counts, without the names that each database invents for itself."""
    payments = {one.imp_uid: one for one in session.scalars(select(Payment))}
    names = {one.id: one.imp_uid for one in payments.values()}
    return {
        "payments": {uid: (one.status, one.amount_krw, one.cancelled_krw) for uid, one in payments.items()},
        "cancels": {(names[one.payment_id], one.ref, one.amount_krw) for one in session.scalars(select(Cancellation))},
        "ledger": {(one.kind, one.ref, one.amount_krw, one.seoul_day) for one in session.scalars(select(LedgerEntry))},
        "days": {(one.seoul_day, one.kind, one.entries, one.sum_krw) for one in session.scalars(select(DailyTotal))},
    }


def test_a_heap_of_copies_and_forgeries_ends_like_one_clean_delivery(world, news, empty_database, counted):
    dice = random.Random(4)
    forged = [(f"imp_{dice.randrange(10**12):012d}", dice.choice(news)[1], "paid") for _ in range(FORGED)]
    lies = [(imp_uid, order, dice.choice(["failed", "ready", "cancelled"])) for imp_uid, order, _ in news]
    heap = news * COPIES + forged + lies
    dice.shuffle(heap)
    deliver(world, heap)
    work_off(world)
    assert_books_balance(world.session)
    assert_books_agree(world.app, world.sandbox)
    after_the_heap = state_of(world.session)
    start_anew(world, empty_database)
    deliver(world, news)
    work_off(world)
    assert state_of(world.session) == after_the_heap
    counted("webhooks", len(heap))


def start_anew(world, empty_database):
    """The same sandbox, and a product that knows nothing yet."""
    db.session.remove()
    db.engine.dispose()
    for ending in ("-wal", "-shm"):
        (world.folder / f"merchant.db{ending}").unlink(missing_ok=True)
    (world.folder / "merchant.db").write_bytes(empty_database.read_bytes())


def test_without_any_webhook_the_end_is_the_same(world):
    """What we asked for is known by its answer; webhooks only make things faster."""
    from merchant_admin.payments.service import ChargeSheet, charge_billing_key

    world.sandbox.webhooks.set_mode("lost")
    for number in range(10):
        world.sandbox.faults.plan(("close_after", "half_json")[number % 2], "/subscribe/payments/again")
        key = world.a_key()
        sheet = ChargeSheet(new_id("sht"), key.customer_id, key.id, 10_000 + number, name="이용료")
        charge_billing_key(world.ctx(), world.gateway, sheet)
        world.gateway.breaker.succeeded()
    world.clock.advance(7)
    run_once(world.ctx(), world.gateway)
    assert_books_agree(world.app, world.sandbox)
    assert_books_balance(world.session)
