"""Reservations and typed cards on the wire: what is sent, what is believed, and what can't be built."""

from datetime import UTC, datetime, timedelta

import pytest

from merchant_admin.core.errors import GatewayRejected, OutcomeUnknown
from merchant_admin.core.ids import new_merchant_uid
from merchant_admin.portone import later, wire
from merchant_admin.portone.later import ReservationOrder, ReservationStatus
from merchant_admin.portone.typed_cards import CardOrder, TypedCard
from merchant_admin.portone.types import PaymentStatus

AT = datetime(2027, 1, 1, tzinfo=UTC)
ROW = {
    "merchant_uid": "ord_1", "customer_uid": "bks_1", "schedule_status": "scheduled", "schedule_at": 1798765200,
    "amount": 33000, "name": "이용료", "payment_status": None, "imp_uid": None, "fail_reason": None,
}  # fmt: skip


def order(world, key, days=1):
    at = world.clock.now() + timedelta(days=days)
    return ReservationOrder(key.customer_uid, new_merchant_uid(), 33_000, "이용료", at)


@pytest.mark.parametrize("shape", [lambda rows: rows, lambda rows: {"total": 1, "next": 0, "list": rows}])
def test_lists_are_read_in_both_shapes(shape):
    (row,) = later._rows(shape([ROW]))
    assert (row.status, row.amount_krw, row.payment_status) == (ReservationStatus.SCHEDULED, 33_000, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"schedule_at": 0}, {"schedule_at": "soon"}, {"amount": 1.5}, {"amount": -1}, {"amount": None},
        {"merchant_uid": ""}, {"customer_uid": None},
    ],
)  # fmt: skip
def test_a_row_that_cant_be_read_concludes_nothing(wrong):
    with pytest.raises(OutcomeUnknown):
        later._rows([ROW | wrong])


def test_a_new_word_for_the_state_is_unknown_and_no_error():
    assert later._reservation(ROW | {"schedule_status": "paused"}).status is ReservationStatus.UNKNOWN
    with pytest.raises(wire.Unreadable):
        later._reservation(None)


def test_an_answer_about_another_order_is_no_answer():
    with pytest.raises(OutcomeUnknown):
        later._the_one(later._rows([ROW]), "ord_2")


def test_more_than_three_months_are_never_asked_for(world):
    with pytest.raises(ValueError, match="three months"):
        world.gateway.reservations(AT, AT + timedelta(days=90))


def test_what_nobody_reserved_is_none_and_an_order_is_reserved_once(world):
    assert world.gateway.reservation("ord_nobody") is None
    asked = order(world, world.a_key())
    world.gateway.reserve(asked)
    with pytest.raises(GatewayRejected):
        world.gateway.reserve(asked)


def test_every_page_of_a_list_is_read(world):
    key = world.a_key()
    asked = {world.gateway.reserve(order(world, key)).merchant_uid for _number in range(23)}
    now = world.clock.now()
    found = world.gateway.reservations(now, now + timedelta(days=80), key.customer_uid)
    assert {row.merchant_uid for row in found} == asked


@pytest.mark.parametrize(("amount", "tax_free"), [(0, 0), (-1, 0), (10, 11), (10, -1)])
def test_an_order_without_a_positive_amount_cannot_be_built(amount, tax_free):
    with pytest.raises(ValueError, match="positive amount"):
        ReservationOrder("bks_1", "ord_1", amount, "이용료", AT, tax_free)
    with pytest.raises(ValueError, match="positive amount"):
        CardOrder("ord_1", amount, "이용료", tax_free)


def test_a_typed_card_goes_to_the_key_in_mid(world):
    card = TypedCard(world.sandbox.card_number("approve").replace("-", ""), "2028-09", "870623", "83")
    paid = world.gateway.charge_card(CardOrder(new_merchant_uid(), 1_000, "이용료"), card)
    kept = world.gateway.issue_card("bks_typed", card, {"customer_name": "김서연"})
    assert (paid.status, paid.pg_id, paid.customer_uid) == (PaymentStatus.PAID, world.gateway.key_in_mid, None)
    assert (kept.customer_uid, kept.pg_id) == ("bks_typed", world.gateway.key_in_mid)
    declined = TypedCard(world.sandbox.card_number("limit"), "2028-09", "870623", "83")
    said = world.gateway.charge_card(CardOrder(new_merchant_uid(), 1_000, "이용료"), declined)
    assert said.status is PaymentStatus.FAILED
