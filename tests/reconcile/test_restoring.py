"""Yesterday's backup put back: nothing is charged again, and the books catch up with PortOne."""

from datetime import timedelta

import pytest

from merchant_admin.core.db import db
from merchant_admin.operations.copies import back_up, bring_back
from merchant_admin.payments.models import Charge
from merchant_admin.reconcile import service
from merchant_admin.reconcile.matching import match_day
from merchant_admin.worker.service import keep_equal, run_once
from tests.payments.acting import sends, taken
from tests.reconcile.test_matching import TODAY
from tests.reconcile.test_rounds import posts
from tests.support.books import assert_books_agree, assert_books_balance
from tests.support.furnish import charge, payment_of, refund

HALF = 50


def restore(world, copy):
    db.session.remove()
    db.engine.dispose()
    bring_back(world.settings.database_url, copy, world.folder / "before.db")


def charge_half(world, key, began):
    return [charge(world, key, 10_000 + began + number).id for number in range(HALF)]


@pytest.fixture
def restored(world):
    """Fifty charges, a backup, fifty more and a refund of an early one, and the backup put back."""
    key = world.a_key()
    early = charge_half(world, key, 0)
    copy = world.folder / "copy.db"
    back_up(world.settings.database_url, copy)
    world.clock.advance(hours=1)
    charge_half(world, world.session.merge(key), HALF)
    refund(world, payment_of(world, early[0]), 4_000)
    restore(world, copy)
    assert world.session.query(Charge).count() == HALF
    world.session.remove()
    return world


def test_a_back_fill_after_a_restore_charges_nothing_and_the_ledger_equals_portone(restored):
    world = restored
    sent, asked = sends(world), len(posts(world))
    for _ in range(3):
        run_once(world.ctx(), world.gateway, everything=True)
    walked = service.sync(world.ctx(), world.gateway, TODAY - timedelta(days=1), TODAY, most_calls=100)
    assert (walked.place, walked.taken.changed) == (None, HALF + 1)
    for _ in range(3):
        run_once(world.ctx(), world.gateway, everything=True)
    assert (sends(world), taken(world)) == (sent, 2 * HALF)
    assert len(posts(world)) == asked
    assert_books_agree(world.app, world.sandbox)
    assert_books_balance(world.session)
    assert match_day(world.ctx(), world.gateway, TODAY).is_equal


def test_the_worker_alone_catches_up_after_a_restore(restored):
    world, sent = restored, sends(restored)
    for _ in range(20):
        keep_equal(world.ctx(), world.gateway, world.settings)
    assert (sends(world), taken(world)) == (sent, 2 * HALF)
    assert_books_agree(world.app, world.sandbox)
