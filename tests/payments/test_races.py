"""Many at once, on both engines: one charge, one sum, one truth."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict, RuleBroken
from merchant_admin.payments.facts import record_transaction
from merchant_admin.payments.models import Charge, Payment
from merchant_admin.payments.states import AttemptState
from tests.payments.acting import AGAIN, absent_twice, attempt_of, charge, look, sends, taken
from tests.support.books import assert_books_agree


def all_at_once(world, acts):
    """Run every act in its own thread, let go at one instant; results and errors in order."""
    gate = threading.Barrier(len(acts))

    def run(act):
        with world.app.app_context():
            gate.wait(60)
            try:
                return act()
            except (RuleBroken, Conflict) as refusal:
                return refusal
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def count(world, model):
    world.session.rollback()
    return world.session.scalar(select(func.count()).select_from(model))


def test_fifty_posts_of_one_sheet_are_one_charge(each_world, sheet):
    filled = sheet(each_world.a_key())
    found = all_at_once(each_world, [lambda: charge(each_world, filled).id] * 50)
    assert len(set(found)) == 1
    assert (sends(each_world), taken(each_world), count(each_world, Charge)) == (1, 1, 1)
    assert_books_agree(each_world.app, each_world.sandbox)


def test_of_sixteen_sheets_for_the_same_sum_one_is_sent_without_a_tick(each_world, sheet):
    key = each_world.a_key()
    sheets = [sheet(key) for _ in range(16)]
    found = all_at_once(each_world, [lambda one=one: charge(each_world, one).id for one in sheets])
    assert sum(isinstance(one, RuleBroken) for one in found) == 15
    assert (sends(each_world), taken(each_world)) == (1, 1)


def test_of_sixteen_uses_of_one_key_with_other_sums_one_wins(each_world, sheet):
    key = each_world.a_key()
    sheets = [sheet(key, 1_000 + n, sheet_key="sht_same") for n in range(16)]
    found = all_at_once(each_world, [lambda one=one: charge(each_world, one).id for one in sheets])
    assert sum(isinstance(one, Conflict) for one in found) == 15
    assert (sends(each_world), count(each_world, Charge)) == (1, 1)


def test_one_sheet_key_on_sixteen_customers_is_one_charge(each_world, sheet):
    keys = [each_world.a_key(each_world.a_customer(f"손님{n}", None, None)) for n in range(16)]
    sheets = [sheet(key, sheet_key="sht_same") for key in keys]
    found = all_at_once(each_world, [lambda one=one: charge(each_world, one).id for one in sheets])
    assert sum(isinstance(one, Conflict) for one in found) == 15
    assert (sends(each_world), taken(each_world)) == (1, 1)


def test_sixteen_tellings_of_one_payment_are_one_row(each_world, sheet):
    done = charge(each_world, sheet(each_world.a_key()))
    said = each_world.gateway.payments_of(attempt_of(each_world, done).merchant_uid)[0]
    each_world.sandbox.console_cancel(said.imp_uid, 5_000)
    newer = each_world.gateway.payment(said.imp_uid)

    def tell(one):
        ctx = each_world.ctx()
        with ctx.atomic() as session:
            record_transaction(ctx, session, one, source="race")

    all_at_once(each_world, [lambda one=one: tell(one) for one in [said, newer] * 8])
    each_world.session.rollback()
    payment = each_world.session.scalars(select(Payment).where(Payment.imp_uid == said.imp_uid)).one()
    assert payment.cancelled_krw == 5_000
    assert_books_agree(each_world.app, each_world.sandbox)


def test_sixteen_tellings_of_a_payment_made_elsewhere_are_one_row(each_world):
    from tests.payments.test_facts import charged_elsewhere

    said = charged_elsewhere(each_world)

    def tell():
        ctx = each_world.ctx()
        with ctx.atomic() as session:
            record_transaction(ctx, session, said, source="race")

    all_at_once(each_world, [tell] * 16)
    assert_books_agree(each_world.app, each_world.sandbox)


def test_sixteen_looks_at_one_charge_settle_it_once(each_world, sheet):
    each_world.sandbox.faults.plan("close_after", AGAIN)
    done = charge(each_world, sheet(each_world.a_key()))
    all_at_once(each_world, [lambda: look(each_world, done).state] * 16)
    assert attempt_of(each_world, done).state is AttemptState.PAID
    assert taken(each_world) == 1


@pytest.mark.parametrize("hands", [16])
def test_sixteen_hands_on_send_again_send_once(each_world, sheet, hands):
    from merchant_admin.payments.service import send_again

    each_world.sandbox.faults.plan("close_before", AGAIN)
    done = charge(each_world, sheet(each_world.a_key()))
    absent_twice(each_world, done)
    all_at_once(each_world, [lambda: send_again(each_world.ctx(), each_world.gateway, done.id).id] * hands)
    assert (sends(each_world), taken(each_world)) == (2, 1)
