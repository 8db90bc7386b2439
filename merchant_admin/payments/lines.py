"""Keeping the history's lines true: one per attempt until PortOne names it, then one per `imp_uid`.

A line is derived, never decided: every write here can be done again from attempts and payments. The first payment that
is wholly ours takes over the line its attempt was born with (they share an id); every other one gets its own.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.core.ids import new_id
from merchant_admin.payments import deposits
from merchant_admin.payments.models import Attempt, Charge, Payment, PaymentLine
from merchant_admin.payments.states import LINE_OF_ATTEMPT, OPEN, AttemptState, LineState, line_of_payment
from merchant_admin.portone.types import PaymentStatus

ELSEWHERE = "elsewhere"  # the kind of a line that nobody here asked for
_UNDECIDED = frozenset({PaymentStatus.READY, PaymentStatus.UNKNOWN})
_FOLLOWS_ATTEMPT = OPEN | {AttemptState.ABANDONED}


def open_line(session: Session, attempt: Attempt, charge: Charge, key: BillingKey | None) -> PaymentLine:
    """Add the line an attempt is born with."""
    line = first_line(attempt, charge, key)
    session.add(line)
    return line


def first_line(attempt: Attempt, charge: Charge, key: BillingKey | None) -> PaymentLine:
    """The line of an attempt that PortOne has not named yet."""
    line = PaymentLine(
        id=new_id("pay"), attempt_id=attempt.id, charge_id=charge.id, state=LINE_OF_ATTEMPT[attempt.state],
        kind=charge.kind.value, mode=charge.mode, customer_id=charge.customer_id, staff_id=charge.staff_id,
        name=charge.name, amount_krw=charge.amount_krw, refunded_krw=0, merchant_uid=attempt.merchant_uid,
        asked_at=attempt.created_at,
    )  # fmt: skip
    _show_key(line, key)
    return line


def line_of(session: Session, attempt: Attempt) -> PaymentLine:
    """The line this attempt was born with."""
    return session.scalars(select(PaymentLine).where(PaymentLine.attempt_id == attempt.id)).one()


def show_attempt(session: Session, attempt: Attempt, now: datetime) -> None:
    """Let the attempt's line say what the attempt has become."""
    line = line_of(session, attempt)
    if line.imp_uid is None:
        line.state, line.fail_reason = LINE_OF_ATTEMPT[attempt.state], attempt.fail_reason
        return
    payment = session.get(Payment, line.id)
    if payment is not None:
        line.state = _state(payment, attempt, now)


def show_payment(session: Session, payment: Payment, attempt: Attempt | None, now: datetime) -> None:
    """Let a payment's line say what PortOne says. A registration without a charge (0 won) has no line."""
    line = session.get(PaymentLine, payment.id)
    if line is None:
        if payment.amount_krw == 0:
            return
        line = _new_line(session, payment, attempt, now)
    bound = attempt if attempt is not None and line.attempt_id == attempt.id else None
    line.state = _state(payment, bound, now)
    line.method = payment.method or line.method
    line.imp_uid, line.mode = payment.imp_uid, payment.mode
    line.amount_krw, line.refunded_krw = payment.amount_krw, payment.cancelled_krw
    line.issuer_code = payment.issuer_code or line.issuer_code
    line.issuer_name = payment.issuer_name or line.issuer_name
    line.last_four = payment.last_four or line.last_four
    line.billing_key_id = payment.billing_key_id or line.billing_key_id
    line.customer_id, line.fail_reason = payment.customer_id, payment.fail_reason
    line.paid_at = payment.paid_at
    line.refunded_at = payment.cancelled_at if payment.cancelled_krw else None


def show_key(session: Session, key: BillingKey, charge: Charge) -> None:
    """Name the card on the lines of a charge that was asked for before its card had a name."""
    for line in session.scalars(select(PaymentLine).where(PaymentLine.charge_id == charge.id)):
        _show_key(line, key)


def _show_key(line: PaymentLine, key: BillingKey | None) -> None:
    if key is not None:
        line.billing_key_id = key.id
        line.issuer_code, line.issuer_name, line.last_four = key.issuer_code, key.issuer_name, key.last_four


def _new_line(session: Session, payment: Payment, attempt: Attempt | None, now: datetime) -> PaymentLine:
    charge = session.get(Charge, attempt.charge_id) if attempt else None
    line = PaymentLine(
        id=payment.id, charge_id=charge.id if charge else None, kind=charge.kind.value if charge else ELSEWHERE,
        staff_id=charge.staff_id if charge else None, merchant_uid=payment.merchant_uid,
        name=payment.name or (charge.name if charge else ""),
        asked_at=payment.started_at or payment.paid_at or payment.failed_at or now,
    )  # fmt: skip
    session.add(line)
    return line


def _state(payment: Payment, bound: Attempt | None, now: datetime) -> LineState:
    """What PortOne has decided; what it has not decided follows the attempt, if the line is the attempt's own."""
    if deposits.has_account(payment):
        in_time = deposits.is_in_time(payment.deposit_due_at, now)
        return LineState.AWAITING_DEPOSIT if in_time else LineState.DEPOSIT_EXPIRED
    if bound is not None and payment.status in _UNDECIDED and bound.state in _FOLLOWS_ATTEMPT:
        return LINE_OF_ATTEMPT[bound.state]
    return line_of_payment(payment.status, payment.amount_krw, payment.cancelled_krw)
