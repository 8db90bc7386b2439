"""What PortOne says, recorded: in any order, any number of times, and never backwards."""

import dataclasses
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from merchant_admin.audit.models import Event
from merchant_admin.core.ids import new_merchant_uid
from merchant_admin.ledger.models import LedgerEntry
from merchant_admin.ledger.queries import totals_of
from merchant_admin.payments.facts import ForeignMode, record_transaction
from merchant_admin.payments.models import Cancellation, Payment, PaymentLine
from merchant_admin.payments.states import LineState
from merchant_admin.portone.types import CancelOrder, ChargeOrder, PaymentStatus


def charged_elsewhere(world, amount_krw=33_000, key=None):
    """A payment of one of our cards that somebody asked for outside this product."""
    key = key or world.a_key()
    return world.gateway.charge_again(ChargeOrder(key.customer_uid, new_merchant_uid(), amount_krw, "밖에서"))


def learn(world, transaction, source="test"):
    ctx = world.ctx()
    with ctx.atomic() as session:
        record_transaction(ctx, session, transaction, source=source)
    return world.session.scalars(select(Payment).where(Payment.imp_uid == transaction.imp_uid)).one()


def count(world, model):
    return world.session.scalar(select(func.count()).select_from(model))


def acts(world):
    return list(world.session.scalars(select(Event.act).order_by(Event.seq)))


def test_a_payment_found_at_portone_is_booked_with_its_card_and_customer(world):
    key = world.a_key()
    payment = learn(world, charged_elsewhere(world, key=key))
    assert (payment.customer_id, payment.billing_key_id) == (key.customer_id, key.id)
    assert totals_of(world.session, "sandbox", *[world.clock.now().date()] * 2).charged_krw == 33_000
    assert "payment.found" in acts(world)


def test_its_line_stands_in_the_history_under_the_same_id(world):
    payment = learn(world, charged_elsewhere(world))
    line = world.session.get(PaymentLine, payment.id)
    assert (line.kind, line.state, line.amount_krw) == ("elsewhere", LineState.PAID, 33_000)


def test_the_same_word_many_times_changes_nothing(world):
    said = charged_elsewhere(world)
    for _ in range(5):
        learn(world, said)
    assert (count(world, Payment), count(world, LedgerEntry), count(world, PaymentLine)) == (1, 1, 1)
    assert acts(world).count("payment.found") == 1


def test_cancels_are_booked_one_by_one_whoever_asked_for_them(world):
    said = charged_elsewhere(world)
    learn(world, said)
    world.gateway.cancel(CancelOrder(said.imp_uid, 10_000, 33_000, "첫째"))
    world.sandbox.console_cancel(said.imp_uid, 3_000)
    payment = learn(world, world.gateway.payment(said.imp_uid))
    assert (payment.remaining_krw, count(world, Cancellation), count(world, LedgerEntry)) == (20_000, 2, 3)
    assert world.session.get(PaymentLine, payment.id).state is LineState.PARTLY_REFUNDED


@pytest.mark.parametrize("word", [PaymentStatus.PAID, PaymentStatus.CANCELLED])
def test_a_partial_cancel_is_one_whatever_the_status_says(world, word):
    said = charged_elsewhere(world)
    world.gateway.cancel(CancelOrder(said.imp_uid, 10_000, 33_000, "일부"))
    payment = learn(world, dataclasses.replace(world.gateway.payment(said.imp_uid), status=word))
    assert world.session.get(PaymentLine, payment.id).state is LineState.PARTLY_REFUNDED


def test_an_old_word_that_comes_late_takes_nothing_back(world):
    before = charged_elsewhere(world)
    world.sandbox.console_cancel(before.imp_uid)
    learn(world, world.gateway.payment(before.imp_uid))
    payment = learn(world, before)
    assert (payment.status, payment.cancelled_krw) == (PaymentStatus.CANCELLED, 33_000)


def test_a_paid_payment_never_becomes_failed(world):
    said = charged_elsewhere(world)
    learn(world, said)
    later = said.paid_at + timedelta(hours=1)
    payment = learn(world, dataclasses.replace(said, status=PaymentStatus.FAILED, failed_at=later))
    assert payment.status is PaymentStatus.PAID


def test_a_failed_payment_may_turn_out_paid(world):
    said = charged_elsewhere(world)
    learn(world, dataclasses.replace(said, status=PaymentStatus.FAILED, failed_at=said.started_at, paid_at=None))
    payment = learn(world, said)
    assert payment.status is PaymentStatus.PAID


def test_the_first_instant_of_payment_stays(world):
    said = charged_elsewhere(world)
    learn(world, said)
    payment = learn(world, dataclasses.replace(said, paid_at=said.paid_at + timedelta(seconds=9)))
    assert payment.paid_at == said.paid_at


def test_a_history_that_gives_back_more_than_its_total_is_not_booked(world):
    said = charged_elsewhere(world)
    world.gateway.cancel(CancelOrder(said.imp_uid, 10_000, 33_000, "일부"))
    whole = world.gateway.payment(said.imp_uid)
    twice = (*whole.cancels, dataclasses.replace(whole.cancels[0], ref="again"))
    learn(world, dataclasses.replace(whole, cancels=twice))
    assert count(world, Cancellation) == 1


def test_money_of_another_currency_is_shown_as_unknown_and_stays_out_of_the_books(world):
    payment = learn(world, dataclasses.replace(charged_elsewhere(world), currency="USD"))
    assert (payment.status, count(world, LedgerEntry)) == (PaymentStatus.UNKNOWN, 0)


def test_a_status_nobody_knows_is_kept_and_books_nothing(world):
    said = dataclasses.replace(charged_elsewhere(world), status=PaymentStatus.UNKNOWN, status_word="pending_review")
    payment = learn(world, said)
    assert (world.session.get(PaymentLine, payment.id).state, count(world, LedgerEntry)) == (LineState.UNKNOWN, 0)


def test_a_card_registered_for_nothing_has_a_payment_but_no_line(world):
    world.a_key()
    row = world.sandbox.payments()[0]
    payment = learn(world, world.gateway.payment(row["imp_uid"]))
    assert payment.amount_krw == 0
    assert (count(world, PaymentLine), count(world, LedgerEntry)) == (0, 0)


def test_a_test_payment_in_live_mode_is_refused(world):
    said = charged_elsewhere(world)
    ctx = world.ctx()
    ctx.mode = "live"
    with pytest.raises(ForeignMode), ctx.atomic() as session:
        record_transaction(ctx, session, said, source="test")
    assert count(world, Payment) == 0


def test_real_money_seen_in_test_mode_is_booked_as_real(world):
    payment = learn(world, dataclasses.replace(charged_elsewhere(world), is_test=False))
    assert payment.mode.value == "live"
