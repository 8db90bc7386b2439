"""Whether the sandbox's truth and our books agree, to the won and payment by payment."""

import json

from sqlalchemy import func, select

from merchant_admin.audit.models import Event
from merchant_admin.core.db import db
from merchant_admin.ledger.models import EntryKind, LedgerEntry
from merchant_admin.ledger.queries import differences
from merchant_admin.payments.facts import is_taken
from merchant_admin.payments.models import Attempt, Cancellation, Payment, PaymentLine
from merchant_admin.payments.states import LINE_OF_ATTEMPT, AttemptState, LineState, line_of_payment
from merchant_admin.refunds.models import Refund
from merchant_admin.refunds.states import RefundState


def true_balances(sandbox):
    """imp_uid -> (paid, given back) for every payment of the sandbox in which money moved."""
    return {
        payment["imp_uid"]: (payment["amount"], payment["cancel_amount"])
        for payment in sandbox.payments()
        if payment["amount"] > 0 and payment["status"] in {"paid", "cancelled"}
    }


def booked_balances(session):
    """The same from our ledger."""
    found = {}
    sums = select(LedgerEntry.imp_uid, LedgerEntry.kind, func.sum(LedgerEntry.amount_krw))
    for imp_uid, kind, total in session.execute(sums.group_by(LedgerEntry.imp_uid, LedgerEntry.kind)):
        paid, back = found.get(imp_uid, (0, 0))
        found[imp_uid] = (total, back) if kind is EntryKind.CHARGE else (paid, total)
    return found


def assert_books_agree(app, sandbox):
    """Nothing at the sandbox that we did not book, nothing booked that did not happen, and our own sums are right."""
    with app.app_context():
        try:
            assert booked_balances(db.session) == true_balances(sandbox)
            assert not differences(db.session)
        finally:
            db.session.remove()


def assert_books_balance(session):
    """Our own records agree among themselves: after every test that touched money."""
    session.rollback()
    assert differences(session) == []
    payments = {payment.imp_uid: payment for payment in session.scalars(select(Payment))}
    for payment in payments.values():
        _assert_payment_holds(session, payment)
    for attempt in session.scalars(select(Attempt)):
        _assert_attempt_holds(session, attempt, payments)
    _assert_lines_sum_up(session)
    for refund in session.scalars(select(Refund).where(Refund.state == RefundState.DONE)):
        assert refund.cancellation_ref, refund.id
    session.rollback()


def _assert_payment_holds(session, payment):
    given_back = select(func.coalesce(func.sum(Cancellation.amount_krw), 0)).where(
        Cancellation.payment_id == payment.id
    )
    if is_taken(payment):
        assert session.scalar(given_back) == payment.cancelled_krw <= payment.amount_krw, payment.imp_uid
    else:
        assert session.scalar(given_back) == 0, payment.imp_uid
    line = session.get(PaymentLine, payment.id)
    assert (line is None) == (payment.amount_krw == 0), payment.imp_uid
    if line is not None and is_taken(payment):
        assert line.state is line_of_payment(payment.status, payment.amount_krw, payment.cancelled_krw)
        assert (line.imp_uid, line.amount_krw, line.refunded_krw) == (
            payment.imp_uid, payment.amount_krw, payment.cancelled_krw,
        )  # fmt: skip


def _assert_attempt_holds(session, attempt, payments):
    line = session.scalars(select(PaymentLine).where(PaymentLine.attempt_id == attempt.id)).one()
    if line.imp_uid is None:
        assert line.state is LINE_OF_ATTEMPT[attempt.state], attempt.id
    taken = [one for one in payments.values() if one.attempt_id == attempt.id and is_taken(one)]
    if attempt.state is AttemptState.PAID:
        assert attempt.imp_uid in {one.imp_uid for one in taken}, attempt.id
    if len(taken) > 1:
        assert "charge.paid_twice" in _acts_of(session, attempt.charge_id)
    said = [json.loads(facts).get("after") for facts in _facts_of(session, attempt.charge_id)]
    assert attempt.state.value in said, f"{attempt.id} became {attempt.state} without an event"


def _assert_lines_sum_up(session):
    by_lines = session.execute(
        select(func.coalesce(func.sum(PaymentLine.amount_krw), 0), func.coalesce(func.sum(PaymentLine.refunded_krw), 0))
        .where(PaymentLine.state.in_([LineState.PAID, LineState.PARTLY_REFUNDED, LineState.REFUNDED]))
    ).one()  # fmt: skip
    booked = booked_balances(session).values()
    assert tuple(by_lines) == (sum(paid for paid, _ in booked), sum(back for _, back in booked))


def _facts_of(session, charge_id):
    return session.scalars(select(Event.facts).where(Event.subject_kind == "charge", Event.subject_id == charge_id))


def _acts_of(session, charge_id):
    return set(session.scalars(select(Event.act).where(Event.subject_kind == "charge", Event.subject_id == charge_id)))
