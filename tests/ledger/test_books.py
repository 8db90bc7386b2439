"""The books: one balanced entry per fact, totals of Seoul days with it, and every difference by its name."""

from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from merchant_admin.core.db import db
from merchant_admin.core.settings import Mode
from merchant_admin.ledger.queries import Difference, Totals, differences, totals_of
from merchant_admin.ledger.service import post_charge, post_refund

NOON = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
DAY = date(2026, 11, 23)


def taken(amount_krw=1_000, imp_uid="imps_1", at=NOON, **more):
    """A payment as the books see one."""
    words = {"id": f"pay_{imp_uid}", "imp_uid": imp_uid, "mode": Mode.SANDBOX, "paid_at": at, "started_at": at}
    return SimpleNamespace(amount_krw=amount_krw, **{**words, **more})


def given_back(amount_krw, ref="c1", at=NOON):
    return SimpleNamespace(ref=ref, amount_krw=amount_krw, cancelled_at=at)


def post(world, payment, *cancels):
    ctx = world.ctx()
    with ctx.atomic() as session:
        posted = [post_charge(ctx, session, payment)]
        return posted + [post_refund(ctx, session, payment, cancel) for cancel in cancels]


def test_a_charge_is_posted_once(each_world):
    assert [post(each_world, taken()), post(each_world, taken())] == [[True], [False]]
    assert totals_of(each_world.session, "sandbox", DAY, DAY) == Totals(1, 1_000, 0, 0)


def test_each_refund_is_posted_once(each_world):
    for _ in range(2):
        post(each_world, taken(), given_back(300), given_back(200, "c2"))
    totals = totals_of(each_world.session, "sandbox", DAY, DAY)
    assert (totals, totals.net_krw) == (Totals(1, 1_000, 2, 500), 500)


def test_the_same_cancellation_name_on_two_payments_is_two_refunds(world):
    post(world, taken(), given_back(300))
    assert post(world, taken(imp_uid="imps_2"), given_back(300)) == [True, True]


def test_a_known_full_refund_told_again_passes_the_guard(each_world):
    for _ in range(3):
        post(each_world, taken(), given_back(1_000))


def test_more_given_back_than_paid_is_refused_by_the_database(each_world):
    with pytest.raises(DBAPIError):
        post(each_world, taken(), given_back(1_001))


def test_a_card_registered_for_nothing_has_no_entry(world):
    assert post(world, taken(0)) == [False]


def test_a_refund_counts_on_its_own_day_and_a_day_is_seouls(world):
    late_evening = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)  # half past midnight on the 23rd in Seoul
    next_day = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)
    post(world, taken(at=late_evening), given_back(400, at=next_day))
    assert totals_of(world.session, "sandbox", DAY, DAY) == Totals(1, 1_000, 0, 0)
    assert totals_of(world.session, "sandbox", date(2026, 11, 24), date(2026, 11, 24)) == Totals(0, 0, 1, 400)


def test_test_and_live_money_are_never_added_up(world):
    post(world, taken())
    post(world, taken(imp_uid="imps_2", mode=Mode.LIVE))
    assert totals_of(world.session, Mode.LIVE, DAY, DAY).charged_krw == 1_000


def test_whoever_charges_on_the_same_day_waits_only_for_the_commit(postgres_world):
    """The day's total is one row: were it moved before the end of a write, all workers would stand in a row."""
    ctx = postgres_world.ctx()
    with Session(db.engine) as other_session:
        other = replace(postgres_world.ctx(), session=other_session, _last_acts=[])
        with ctx.atomic() as session:
            post_charge(ctx, session, taken())
            with other.atomic() as beside:
                beside.execute(text("SET LOCAL lock_timeout = '2s'"))
                post_charge(other, beside, taken(imp_uid="imps_2"))
    assert totals_of(postgres_world.session, "sandbox", DAY, DAY) == Totals(2, 2_000, 0, 0)


def test_an_empty_day_is_all_noughts(world):
    assert totals_of(world.session, "sandbox", DAY, DAY) == Totals()


def test_an_entry_without_its_payment_is_a_named_difference(each_world):
    post(each_world, taken())
    assert differences(each_world.session) == [Difference("payments", "imps_1", -1_000)]


def test_a_payment_without_its_entry_is_a_named_difference(each_world):
    a_payment(each_world, "paid", 1_000, 0)
    assert differences(each_world.session) == [Difference("payments", "imps_1", 1_000)]


def test_a_refund_missing_from_the_books_is_a_named_difference(each_world):
    a_payment(each_world, "cancelled", 1_000, 300)
    post(each_world, taken())
    assert differences(each_world.session) == [Difference("payments", "imps_1", -300)]


@pytest.mark.parametrize("status", ["ready", "failed", "unknown"])
def test_a_payment_that_took_nothing_needs_no_entry(world, status):
    a_payment(world, status, 1_000, 0)
    assert differences(world.session) == []


def test_a_moved_total_is_a_named_difference(each_world):
    a_payment(each_world, "paid", 1_000, 0)
    post(each_world, taken())
    assert differences(each_world.session) == []
    with each_world.ctx().atomic() as session:
        session.execute(text("UPDATE daily_totals SET sum_krw = sum_krw + 7"))
    assert differences(each_world.session) == [Difference("daily_totals", "2026-11-23 sandbox charge", 7)]


def a_payment(world, status, amount_krw, cancelled_krw):
    with world.ctx().atomic() as session:
        session.execute(
            text(
                "INSERT INTO payments (id, imp_uid, merchant_uid, mode, status, amount_krw, cancelled_krw, name, snapshot,"
                " read_at, paid_at) VALUES ('pay_imps_1', 'imps_1', 'ord', 'sandbox', :status, :amount, :cancelled, '', '{}',"
                " '2026-11-23 03:00:00', '2026-11-23 03:00:00')"
            ),
            {"status": status, "amount": amount_krw, "cancelled": cancelled_krw},
        )
