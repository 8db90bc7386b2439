"""The one place where what PortOne says becomes payments, cancellations, books, an attempt's end, and timeline.

Facts are recorded, never refused: an answer, a webhook, a look and a back-fill all end here, in any order and any
number of times, and the last state is the same. Only intents are constrained. If PortOne says that one charge was
paid twice, both payments stand in the books and the timeline says so.
"""

import json
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.core.context import WorkContext
from merchant_admin.core.db import lease_now
from merchant_admin.core.errors import RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.core.settings import Mode
from merchant_admin.doubts.service import overtake
from merchant_admin.doubts.states import DoubtKind
from merchant_admin.ledger import service as ledger
from merchant_admin.payments import deposits, lines, problems, promises
from merchant_admin.payments.models import Attempt, Cancellation, Charge, Payment
from merchant_admin.payments.states import AttemptState, ChargeKind, Evidence, advance
from merchant_admin.portone.types import PaymentStatus, Transaction

log = logging.getLogger(__name__)

_RANK = {PaymentStatus.READY: 0, PaymentStatus.FAILED: 1, PaymentStatus.PAID: 2, PaymentStatus.CANCELLED: 3}
_AWAITED = frozenset({AttemptState.SENDING, AttemptState.UNCERTAIN})
_CLOSABLE = frozenset({AttemptState.UNCERTAIN, AttemptState.READY})  # two people may close these by hand


class ForeignMode(RuleBroken):
    """A test payment in live mode: a forgery or a wrong channel, whoever brings it. Nothing was recorded."""


@dataclass(frozen=True)
class _Match:
    """Our side of a payment: the attempt of its order number, and which of its fields are not what was asked for."""

    attempt: Attempt | None
    charge: Charge | None
    key: BillingKey | None
    wrong: tuple[str, ...]

    @property
    def is_ours(self) -> bool:
        return self.attempt is not None and not self.wrong


def record_transaction(ctx: WorkContext, session: Session, transaction: Transaction, *, source: str) -> Payment:
    """Record one payment as PortOne describes it, inside an open `ctx.atomic()`. `source` says who brought it.

    Idempotent and never backwards: an older description adds what it knows and takes nothing away. The attempt of the
    order number is locked, then the payment. A payment that is wholly what was asked for (amount, currency, billing
    key, mode, MID) ends its attempt, late or not; any other is recorded and leaves the attempt open with the reason.
    Raises ForeignMode for a test payment in live mode.
    """
    if is_foreign(ctx.mode, transaction):
        raise ForeignMode("a test payment in live mode", imp_uid=transaction.imp_uid)
    promises.open_promised(ctx, session, transaction.merchant_uid)
    match = _match(session, transaction)
    payment, is_new = _held(ctx, session, transaction, match)
    was_taken = not is_new and is_taken(payment)
    if is_new or _is_news(payment, transaction):
        take_over(ctx, session, payment, transaction)
    if payment.billing_key_id is None and match.key is not None:
        payment.billing_key_id = match.key.id
        payment.customer_id = payment.customer_id or match.key.customer_id
    session.flush()
    if is_taken(payment):
        _book(ctx, session, payment, transaction)
    is_newly_taken = is_taken(payment) and not was_taken
    if is_newly_taken:
        _mark_key_used(session, payment)
        if transaction.deposited_krw not in {None, payment.amount_krw}:
            problems.deposit_differs(ctx, session, payment, transaction.deposited_krw)
    if match.attempt is None and is_newly_taken:
        _tell(ctx, "payment.found", payment, source=source, amount_krw=payment.amount_krw)
    elif match.attempt is not None and match.charge is not None:
        if match.wrong:
            _keep_mismatch(ctx, session, payment, match, source, tell=is_new or is_newly_taken)
        else:
            _end_attempt(ctx, session, payment, match, source, is_newly_taken=is_newly_taken)
        lines.show_attempt(session, match.attempt, ctx.now())
    lines.show_payment(session, payment, match.attempt, ctx.now())
    promises.tell(ctx, session, payment, match.attempt)
    session.flush()
    return payment


def is_foreign(mode: str, transaction: Transaction) -> bool:
    """Whether this is a test payment while the merchant is live."""
    return mode == Mode.LIVE.value and transaction.is_test is True


def is_taken(payment: Payment) -> bool:
    """Whether money was taken by it, whatever was given back since."""
    if payment.amount_krw == 0:
        return False
    return payment.status is PaymentStatus.PAID or (
        payment.status is PaymentStatus.CANCELLED and (payment.paid_at is not None or payment.cancelled_krw > 0)
    )


def mismatches(attempt: Attempt, charge: Charge, transaction: Transaction) -> tuple[str, ...]:
    """The fields in which a payment of this order number is not the one that was asked for; empty when it is ours.

    Money counts as ours only if order number, amount, currency, billing key, mode and MID all are.
    """
    claims = {
        "amount": transaction.amount_krw == attempt.amount_krw,
        "currency": transaction.currency == "KRW",
        "customer_uid": transaction.customer_uid == attempt.customer_uid,
        "mode": transaction.is_test is None or transaction.is_test == (charge.mode is not Mode.LIVE),
        "pg_id": attempt.pg_id is None or transaction.pg_id in {None, attempt.pg_id},
    }
    if attempt.pg_id is not None and transaction.pg_id is None and transaction.status is PaymentStatus.PAID:
        claims["pg_id"] = False
    return tuple(name for name, holds in claims.items() if not holds)


def link_key(session: Session, key: BillingKey) -> None:
    """Name a new key on the charges, payments and lines that were made for its `customer_uid` before it had a row."""
    asked = select(Charge).join(Attempt, Attempt.charge_id == Charge.id).where(Attempt.customer_uid == key.customer_uid)
    for charge in session.scalars(asked.where(Charge.billing_key_id.is_(None))):
        charge.billing_key_id = key.id
        attempts = select(Attempt.id).where(Attempt.charge_id == charge.id)
        for payment in session.scalars(select(Payment).where(Payment.attempt_id.in_(attempts))):
            payment.billing_key_id = payment.billing_key_id or key.id
            if is_taken(payment):
                _mark_key_used(session, payment)
        lines.show_key(session, key, charge)
    session.flush()


def _match(session: Session, transaction: Transaction) -> _Match:
    asked = select(Attempt).where(Attempt.merchant_uid == transaction.merchant_uid).with_for_update()
    attempt = session.scalar(asked.execution_options(populate_existing=True))
    charge = session.get_one(Charge, attempt.charge_id) if attempt else None
    wrong = mismatches(attempt, charge, transaction) if attempt and charge else ()
    key = None
    if transaction.customer_uid:
        key = session.scalar(select(BillingKey).where(BillingKey.customer_uid == transaction.customer_uid))
    if charge is not None and key is not None and not wrong and charge.billing_key_id is None:
        charge.billing_key_id = key.id
    return _Match(attempt, charge, key, wrong)


def mode_of(mode: str, transaction: Transaction) -> Mode:
    """The mode the money belongs to: never test when PortOne says that it is real."""
    return Mode.LIVE if transaction.is_test is False else Mode(mode)


def _held(ctx: WorkContext, session: Session, transaction: Transaction, match: _Match) -> tuple[Payment, bool]:
    """The payment's row, locked, and whether it was made just now."""
    looked = select(Payment).where(Payment.imp_uid == transaction.imp_uid).with_for_update()
    held = session.scalar(looked.execution_options(populate_existing=True))
    if held is not None:
        return held, False
    charge, key = match.charge, match.key
    customer_id = charge.customer_id if charge and match.is_ours else key.customer_id if key else None
    row = {
        "id": _line_id(session, match), "imp_uid": transaction.imp_uid, "merchant_uid": transaction.merchant_uid,
        "attempt_id": match.attempt.id if match.attempt else None,
        "customer_id": customer_id or (charge.customer_id if charge else None),
        "billing_key_id": key.id if key else None, "mode": mode_of(ctx.mode, transaction),
        "status": PaymentStatus.READY, "amount_krw": transaction.amount_krw, "cancelled_krw": 0, "name": "",
        "snapshot": "{}", "read_at": ctx.now(),
    }  # fmt: skip
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    fresh = dialect.insert(Payment).values(row).on_conflict_do_nothing(index_elements=["imp_uid"])
    is_new = session.execute(fresh.returning(Payment.id)).first() is not None
    return session.scalars(looked.execution_options(populate_existing=True)).one(), is_new


def _line_id(session: Session, match: _Match) -> str:
    """The id of the attempt's own line, if no payment has taken it over; else a new one."""
    if match.attempt is not None and match.is_ours:
        line = lines.line_of(session, match.attempt)
        if line.imp_uid is None:
            return line.id
    return new_id("pay")


def _is_news(payment: Payment, transaction: Transaction) -> bool:
    """Whether a description is at least as new as ours: by what was cancelled, then by the latest instant.

    Source: reference section 12. Order of arrival says nothing, so a paid payment never becomes failed again.
    """
    ours, theirs = _RANK.get(payment.status), _RANK.get(transaction.status)
    if transaction.cancelled_krw < payment.cancelled_krw:
        return False
    if ours is not None and theirs is not None and theirs < ours and payment.status is not PaymentStatus.CANCELLED:
        return False
    instants = [at for at in (payment.started_at, payment.paid_at, payment.failed_at, payment.cancelled_at) if at]
    newest = transaction.progress[1]
    return not instants or (newest is not None and newest >= max(instants))


def take_over(ctx: WorkContext, session: Session, payment: Payment, transaction: Transaction) -> None:
    """Take over a description. What it leaves out stays; the first instant of payment stays for ever."""
    if transaction.amount_krw != payment.amount_krw and not is_taken(payment):
        payment.amount_krw = transaction.amount_krw  # nothing was booked: what came is the fact, right or wrong
    elif transaction.amount_krw != payment.amount_krw:
        log.error("payment.amount_changed", extra={"imp_uid": payment.imp_uid})
        problems.amount_changed(ctx, session, payment, transaction.amount_krw)
        return
    foreign_money = transaction.currency != "KRW"  # can't stand in books of won: shown as unknown, blocks actions
    payment.status = PaymentStatus.UNKNOWN if foreign_money else transaction.status
    payment.cancelled_krw = max(payment.cancelled_krw, transaction.cancelled_krw)
    payment.name = transaction.name or payment.name
    payment.paid_at = payment.paid_at or transaction.paid_at
    for field in (
        "pg_provider", "pg_id", "pg_tid", "method", "issuer_code", "issuer_name", "last_four", "quota",
        "approval_number", "receipt_url", "fail_reason", "bank_name", "started_at", "failed_at", "cancelled_at",
    ):  # fmt: skip
        told = getattr(transaction, field)
        if told is not None:
            setattr(payment, field, told)
    if transaction.account is not None:
        account = transaction.account
        payment.account_number, payment.account_holder = account.number, account.holder
        payment.bank_name, payment.deposit_due_at = account.bank_name or payment.bank_name, account.due_at
    payment.snapshot = json.dumps(transaction.snapshot, ensure_ascii=False, sort_keys=True)
    payment.read_at = ctx.now()


def _book(ctx: WorkContext, session: Session, payment: Payment, transaction: Transaction) -> None:
    """Enter the charge and every cancellation not entered yet; the books never give back more than PortOne says."""
    now = ctx.now()
    ledger.post_charge(ctx, session, payment)
    known = set(session.scalars(select(Cancellation.ref).where(Cancellation.payment_id == payment.id)))
    sum_of = select(func.coalesce(func.sum(Cancellation.amount_krw), 0)).where(Cancellation.payment_id == payment.id)
    entered = int(session.scalars(sum_of).one())
    for cancel in transaction.cancels:
        if cancel.ref in known or entered + cancel.amount_krw > min(payment.cancelled_krw, payment.amount_krw):
            continue
        made = Cancellation(
            id=new_id("can"), payment_id=payment.id, ref=cancel.ref, amount_krw=cancel.amount_krw,
            cancelled_at=cancel.cancelled_at, reason=cancel.reason, receipt_url=cancel.receipt_url, recorded_at=now,
        )  # fmt: skip
        session.add(made)
        ledger.post_refund(ctx, session, payment, made)
        entered += cancel.amount_krw
        _tell(ctx, "payment.refunded", payment, amount_krw=cancel.amount_krw, cancellation=cancel.ref)
    if entered != payment.cancelled_krw:
        # The history PortOne tells does not sum up to its own total: shown as a difference, never guessed.
        log.warning("payment.history_differs", extra={"payment": payment.id, "entered_krw": entered})
        problems.history_differs(ctx, session, payment, entered)
    elif transaction.cancels:
        problems.history_is_whole(ctx, session, payment)


def _mark_key_used(session: Session, payment: Payment) -> None:
    at = payment.paid_at
    if payment.billing_key_id is None or at is None:
        return
    is_newer = or_(BillingKey.last_charged_at.is_(None), BillingKey.last_charged_at < at)
    session.execute(
        update(BillingKey).where(BillingKey.id == payment.billing_key_id, is_newer).values(last_charged_at=at),
        execution_options={"synchronize_session": "fetch"},
    )


def _keep_mismatch(
    ctx: WorkContext, session: Session, payment: Payment, match: _Match, source: str, *, tell: bool
) -> None:
    """A payment with our order number that is not the one asked for: in the books, but it does not end the attempt."""
    assert match.attempt is not None
    if match.attempt.state in _AWAITED and payment.status is not PaymentStatus.FAILED:
        match.attempt.evidence = Evidence.MISMATCH.with_detail(", ".join(match.wrong))
    if tell:
        _tell(ctx, "payment.mismatch", payment, source=source, fields=list(match.wrong), amount_krw=payment.amount_krw)
    if is_taken(payment):
        problems.mismatched(ctx, session, payment, match.attempt, match.wrong)
    if match.attempt.state is AttemptState.UNCERTAIN and _is_given_back(session, match.attempt):
        before = match.attempt.state
        close_attempt(match.attempt, AttemptState.DECLINED, payment, ctx.now())
        assert match.charge is not None
        tell_charge(ctx, "charge.declined", match.charge, match.attempt, before=before, source=source)


def _end_attempt(
    ctx: WorkContext, session: Session, payment: Payment, match: _Match, source: str, *, is_newly_taken: bool
) -> None:
    attempt, charge = match.attempt, match.charge
    assert attempt is not None
    assert charge is not None
    before = attempt.state
    if is_taken(payment):
        if before is not AttemptState.PAID:
            attempt.late, again = before not in _AWAITED, _has_run_again(charge, attempt, payment)
            close_attempt(attempt, AttemptState.PAID, payment, ctx.now())
            tell_charge(ctx, "charge.paid", charge, attempt, before=before, source=source, again=again)
        if is_newly_taken and _is_paid_twice(session, charge, payment):
            tell_charge(ctx, "charge.paid_twice", charge, attempt, before=before, source=source, also=payment.imp_uid)
            problems.paid_twice(ctx, session, payment, charge.id, attempt.imp_uid)
    elif payment.status is PaymentStatus.FAILED and _is_last_word(session, attempt):
        attempt.fail_reason = payment.fail_reason
        close_attempt(attempt, AttemptState.DECLINED, payment, ctx.now())
        tell_charge(ctx, "charge.declined", charge, attempt, before=before, source=source)
    elif before in _AWAITED and deposits.has_account(payment):
        _await_deposit(ctx, session, charge, attempt, payment, source)
    elif before is AttemptState.UNCERTAIN and payment.status in {PaymentStatus.READY, PaymentStatus.UNKNOWN}:
        attempt.evidence = Evidence.UNFINISHED.with_detail(json.loads(payment.snapshot).get("status"))


def _await_deposit(
    ctx: WorkContext, session: Session, charge: Charge, attempt: Attempt, payment: Payment, source: str
) -> None:
    """An account was issued: the window is over, and the buyer pays when they like until the deadline."""
    before = attempt.state
    if before is AttemptState.SENDING:
        attempt.state = advance(before, AttemptState.UNCERTAIN)
        attempt.lease_until = attempt.owner = None
    now = lease_now(session, ctx.clock)
    attempt.next_look_at = deposits.next_look(payment.deposit_due_at, now)
    if attempt.evidence != Evidence.AWAITING_DEPOSIT.value:
        attempt.evidence = Evidence.AWAITING_DEPOSIT.value
        tell_charge(ctx, "charge.awaiting_deposit", charge, attempt, before=before, source=source)


def close_attempt(attempt: Attempt, to: AttemptState, payment: Payment, now: datetime) -> None:
    """The fields of an attempt that a payment ended."""
    attempt.state = advance(attempt.state, to)
    attempt.imp_uid, attempt.settled_at = payment.imp_uid, now
    attempt.lease_until = attempt.owner = attempt.next_look_at = attempt.evidence = None
    if to is AttemptState.PAID:
        attempt.fail_reason = None


def _is_last_word(session: Session, attempt: Attempt) -> bool:
    """Whether a failed try ends the attempt. While a window is open, a second try under the same number may run."""
    siblings = select(Payment).where(Payment.attempt_id == attempt.id, Payment.status == PaymentStatus.READY)
    if any(deposits.has_account(other) for other in session.scalars(siblings)):
        return False
    if attempt.state is AttemptState.UNCERTAIN:
        return True
    if attempt.state is not AttemptState.SENDING:
        return False
    running = select(Payment.id).where(Payment.attempt_id == attempt.id, Payment.status == PaymentStatus.READY)
    return session.scalars(running.limit(1)).first() is None


def _has_run_again(charge: Charge, attempt: Attempt, payment: Payment) -> bool:
    """Whether a failed reservation was given a new time and ran at it: another payment, no late news of the first."""
    return charge.kind is ChargeKind.SCHEDULED and attempt.imp_uid not in {None, payment.imp_uid}


def _is_given_back(session: Session, attempt: Attempt) -> bool:
    """Whether money came that was not what was asked for, and nothing of it is left: the charge ends unpaid."""
    taken = [one for one in session.scalars(select(Payment).where(Payment.attempt_id == attempt.id)) if is_taken(one)]
    return bool(taken) and all(one.cancelled_krw == one.amount_krw for one in taken)


def _is_paid_twice(session: Session, charge: Charge, payment: Payment) -> bool:
    siblings = select(Payment).join(Attempt, Attempt.id == Payment.attempt_id).where(Attempt.charge_id == charge.id)
    return any(is_taken(other) for other in session.scalars(siblings.where(Payment.id != payment.id)))


def _tell(ctx: WorkContext, act: str, payment: Payment, **facts: Any) -> None:
    record(ctx, act, ("payment", payment.id), customer_id=payment.customer_id, imp_uid=payment.imp_uid, **facts)


def tell_charge(
    ctx: WorkContext, act: str, charge: Charge, attempt: Attempt, *, before: AttemptState, **facts: Any
) -> None:
    """Write what became of an attempt into the timeline of its charge."""
    record(
        ctx, act, ("charge", charge.id), customer_id=charge.customer_id, before=before.value, after=attempt.state.value,
        amount_krw=attempt.amount_krw, imp_uid=attempt.imp_uid, late=attempt.late, **facts,
    )  # fmt: skip
    if before in _CLOSABLE and attempt.state is not before:
        overtake(ctx, ctx.reader, DoubtKind.CHARGE, charge.id)
