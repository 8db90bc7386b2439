"""The daily match: equal, or named differences; and the close of a day."""

import dataclasses
from datetime import date, timedelta

import pytest
from sqlalchemy import select, text

from merchant_admin.cases.models import Case
from merchant_admin.cases.service import resolve_case
from merchant_admin.cases.states import CaseKind, CaseState
from merchant_admin.core.db import db
from merchant_admin.core.errors import GatewayError, RuleBroken
from merchant_admin.core.ids import new_merchant_uid
from merchant_admin.core.settings import Mode
from merchant_admin.portone.types import ChargeOrder
from merchant_admin.reconcile import closing, queries, service
from merchant_admin.reconcile.matching import match_day
from merchant_admin.reconcile.models import DayClosing, DayMatch
from tests.payments.acting import But
from tests.support.furnish import charge, payment_of, refund

TODAY = date(2026, 11, 23)


def match(world, day=TODAY, gateway=None):
    return match_day(world.ctx(), gateway or world.gateway, day)


def cases(world):
    world.session.rollback()
    return list(world.session.scalars(select(Case).where(Case.state == CaseState.OPEN)))


def row(world, day=TODAY):
    world.session.rollback()
    found = queries.day_row(world.session(), Mode.SANDBOX, day)
    return {one.status: one for one in found.statuses}, found


def hiding(world, imp_uid):
    """PortOne, but for one payment that it does not tell of."""

    def without(listing):
        return dataclasses.replace(listing, rows=tuple(one for one in listing.rows if one.imp_uid != imp_uid))

    return But(
        world.gateway,
        payments_between=lambda *asked: without(world.gateway.payments_between(*asked)),
        payments_named=lambda ids: without(world.gateway.payments_named(ids)),
    )


def a_mixed_day(world):
    key = world.a_key()
    first = charge(world, key, 10_000).id
    charge(world, key, 20_000)
    third = charge(world, key, 30_000).id
    charge(world, world.a_key(card="limit"), 40_000)
    refund(world, payment_of(world, first), 10_000)
    refund(world, payment_of(world, third), 5_000)


def test_a_day_of_charges_declines_and_refunds_is_equal_to_the_won(each_world):
    a_mixed_day(each_world)
    assert match(each_world).is_equal
    rows, found = row(each_world)
    assert rows["paid"].ours == rows["paid"].theirs == (1, 20_000, 0)
    assert rows["cancelled"].ours == (2, 40_000, 15_000)
    assert rows["failed"].ours[0] == 1
    assert found.taken() == (3, 60_000)


def test_what_we_had_not_heard_is_no_difference_it_is_taken_in(world):
    key = world.a_key()
    world.gateway.charge_again(ChargeOrder(key.customer_uid, new_merchant_uid(), 7_000, "밖에서"))
    assert match(world).is_equal
    assert row(world)[0]["paid"].ours == (1, 7_000, 0)


def test_a_payment_that_portone_does_not_tell_of_is_a_named_difference_that_ends_by_itself(each_world):
    world = each_world
    imp_uid = payment_of(world, charge(world, world.a_key()).id).imp_uid
    found = match(world, gateway=hiding(world, imp_uid))
    assert (found.is_equal, found.differences) == (False, 1)
    (case,) = cases(world)
    assert (case.kind, case.subject, case.day) == (CaseKind.MISSING_THERE, imp_uid, TODAY.isoformat())
    assert match(world).is_equal
    assert cases(world) == []


def test_a_payment_whose_sums_differ_is_a_named_difference(world):
    imp_uid = payment_of(world, charge(world, world.a_key()).id).imp_uid

    def other(*asked):
        listing = world.gateway.payments_between(*asked)
        return dataclasses.replace(listing, rows=tuple(dataclasses.replace(one, amount_krw=1) for one in listing.rows))

    match(world, gateway=But(world.gateway, payments_between=other))
    kinds = {case.kind: case for case in cases(world)}
    assert kinds[CaseKind.DIFFERS].subject == imp_uid
    assert CaseKind.AMOUNT_CHANGED in kinds


def test_a_payment_that_moved_on_while_the_lists_were_read_is_no_difference(world):
    imp_uid = payment_of(world, charge(world, world.a_key()).id).imp_uid

    def late(status, *asked):
        if status.value == "paid":
            world.sandbox.console_cancel(imp_uid, 1_000)
            return dataclasses.replace(world.gateway.payments_between(status, *asked), rows=())
        if status.value == "cancelled":
            return dataclasses.replace(world.gateway.payments_between(status, *asked), rows=())
        return world.gateway.payments_between(status, *asked)

    assert match(world, gateway=But(world.gateway, payments_between=late)).is_equal


def test_a_match_that_could_not_read_portone_concludes_nothing(world):
    charge(world, world.a_key())
    world.sandbox.faults.plan("status_before", "/payments/status/paid")
    with pytest.raises(GatewayError):
        match(world)
    assert world.session.scalars(select(DayMatch)).all() == []
    assert cases(world) == []


def test_test_payments_reversed_at_night_are_expected_and_open_nothing(world):
    imp_uid = payment_of(world, charge(world, world.a_key()).id).imp_uid
    world.clock.advance(hours=11, minutes=20)  # 23:20 in Seoul
    world.sandbox.console_cancel(imp_uid)
    assert match(world).is_equal
    assert row(world)[1].reversals == 1
    assert cases(world) == []


def test_books_that_disagree_among_themselves_are_found_at_night_and_end_when_they_agree(world):
    charge(world, world.a_key())
    with world.ctx().atomic() as session:
        session.execute(text("UPDATE daily_totals SET sum_krw = sum_krw + 1"))
    service._check_books(world.ctx())
    assert [case.kind for case in cases(world)] == [CaseKind.BOOKS_DIFFER]
    with world.ctx().atomic() as session:
        session.execute(text("UPDATE daily_totals SET sum_krw = sum_krw - 1"))
    service._check_books(world.ctx())
    assert cases(world) == []


def a_day_later(world):
    world.clock.advance(days=1)


def test_a_day_is_closed_once_frozen_and_signed(each_world):
    world = each_world
    a_mixed_day(world)
    a_day_later(world)
    match(world)
    first = closing.close_day(world.ctx(), TODAY)
    again = closing.close_day(world.ctx(world.a_staff()), TODAY)
    assert (first.seoul_day, first.mac) == (again.seoul_day, again.mac)
    shown = queries.closing_of(world.session(), world.settings.secret_key.encode(), Mode.SANDBOX, TODAY)
    assert (shown.is_genuine, shown.has_moved, shown.then.net_krw) == (True, False, 45_000)


def test_a_day_is_not_closed_before_it_ends_or_was_matched_or_with_open_differences(world):
    imp_uid = payment_of(world, charge(world, world.a_key()).id).imp_uid
    with pytest.raises(RuleBroken):
        closing.close_day(world.ctx(), TODAY)
    match(world)
    a_day_later(world)
    with pytest.raises(RuleBroken):
        closing.close_day(world.ctx(), TODAY)  # matched only while it ran
    match(world, gateway=hiding(world, imp_uid))
    with pytest.raises(RuleBroken):
        closing.close_day(world.ctx(), TODAY)
    (case,) = cases(world)
    resolve_case(world.ctx(world.a_staff()), case.id, "포트원에 문의함")
    assert closing.frozen(closing.close_day(world.ctx(), TODAY))["differences"] == 1


def test_another_key_or_another_word_breaks_the_signature(world):
    charge(world, world.a_key())
    a_day_later(world)
    match(world)
    held = closing.close_day(world.ctx(), TODAY)
    secret = world.settings.secret_key.encode()
    assert closing.is_genuine(secret, held)
    assert not closing.is_genuine(b"another", held)
    held = DayClosing(snapshot=held.snapshot.replace("33000", "33001"), mac=held.mac)
    assert not closing.is_genuine(secret, held)


def test_the_database_refuses_to_change_a_closed_day(each_world):
    world = each_world
    charge(world, world.a_key())
    a_day_later(world)
    match(world)
    closing.close_day(world.ctx(), TODAY)
    for statement in ("UPDATE day_closings SET snapshot = '{}'", "DELETE FROM day_closings"):
        with pytest.raises(Exception, match="a closed day does not change"), world.ctx().atomic() as session:
            session.execute(text(statement))


def test_what_is_learnt_after_the_close_is_a_case_and_the_close_stands(world):
    key = world.a_key()
    charge(world, key)
    world.gateway.charge_again(ChargeOrder(key.customer_uid, new_merchant_uid(), 7_000, "밖에서"))
    hidden = next(one["imp_uid"] for one in world.sandbox.payments() if one["amount"] == 7_000)
    a_day_later(world)
    match(world, gateway=hiding(world, hidden))
    closing.close_day(world.ctx(), TODAY)
    match(world)
    assert closing.check_closings(world.ctx()) == 1
    (case,) = cases(world)
    assert (case.kind, case.amount_krw) == (CaseKind.CLOSED_DAY_MOVED, 7_000)
    shown = queries.closing_of(world.session(), world.settings.secret_key.encode(), Mode.SANDBOX, TODAY)
    assert (shown.has_moved, shown.then.net_krw, shown.now.net_krw) == (True, 33_000, 40_000)


def test_the_night_matches_each_finished_day_and_goes_on_until_it_is_equal(world):
    from tests.reconcile.test_rounds import turns

    charge(world, world.a_key())
    a_day_later(world)
    turns(world)
    assert TODAY in set(world.session.scalars(select(DayMatch.seoul_day).where(DayMatch.is_equal)))
    db.session.rollback()
    world.clock.advance(days=1)
    assert [one for one in service.due(world.session(), world.clock.now()) if one.startswith("match|")] == [
        f"match|{TODAY + timedelta(days=1)}@{TODAY + timedelta(days=2)}"
    ]
