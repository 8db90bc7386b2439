"""One send of one attempt: claimed and committed before the bytes leave, asked with no transaction open, then settled.

Only one answer is approval: HTTP 200, `code` 0, status `paid`, and order number, amount, currency, billing key, mode
and MID all ours. Only one is a decline: HTTP 200, `code` 0, status `failed`, and our order number. Anything else -
silence, a refusal, 4xx, 5xx, garbage, somebody else's payment - leaves the attempt UNCERTAIN, to be settled by
reading. Nothing here sends twice.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from merchant_admin.core.clock import monotonic
from merchant_admin.core.context import WorkContext
from merchant_admin.core.db import lease_now
from merchant_admin.core.errors import GatewayError, GatewayRejected, GatewayUnreachable
from merchant_admin.core.owners import me
from merchant_admin.customers.models import Customer
from merchant_admin.payments import looks
from merchant_admin.payments.facts import is_foreign, record_transaction
from merchant_admin.payments.models import Attempt, Charge
from merchant_admin.payments.states import AttemptState, Evidence, advance
from merchant_admin.portone.gateway import Gateway
from merchant_admin.portone.types import ChargeOrder, Transaction

log = logging.getLogger(__name__)

LEASE_SECONDS = 240  # longer than the longest talk: token, call, and both once more after a 401
WRITES = 3  # writing an answer down is tried so often: it may meet a lock, and doing it twice is doing it once
LATEST_START_SECONDS = 60  # a process that slept longer than this since its claim does not send any more


@dataclass(frozen=True)
class Send:
    """A claimed send: which attempt, which of its sends, what is asked, and when it was claimed (monotonic)."""

    attempt_id: str
    number: int
    order: ChargeOrder
    claimed_at: float


@dataclass(frozen=True)
class Answer:
    """What came back for one send. Without a transaction: why the outcome is not known."""

    transaction: Transaction | None
    evidence: str | None = None
    refused: bool = False


def claim(ctx: WorkContext, session: Session, attempt: Attempt, charge: Charge) -> Send:
    """Move a READY attempt to SENDING, with a lease, in the open write. The bytes may leave after the commit only."""
    take(ctx, session, attempt, lease=timedelta(seconds=LEASE_SECONDS), owner=me())
    return claimed(attempt, charge, session.get_one(Customer, charge.customer_id))


def claimed(attempt: Attempt, charge: Charge, customer: Customer) -> Send:
    """The send of an attempt that was marked just now."""
    return Send(attempt.id, attempt.sends, _order(attempt, charge, customer), monotonic())


def take(ctx: WorkContext, session: Session, attempt: Attempt, *, lease: timedelta, owner: str | None) -> None:
    """Mark a READY attempt as being sent from now on, for as long as the lease. A window's has no process as owner."""
    mark(attempt, lease_now(session, ctx.clock), lease=lease, owner=owner)
    looks.tell(ctx, session, "charge.sent", attempt, AttemptState.READY, sends=attempt.sends)


def mark(attempt: Attempt, now: datetime, *, lease: timedelta, owner: str | None) -> None:
    """The fields of an attempt that is being sent from `now` on."""
    attempt.state = advance(attempt.state, AttemptState.SENDING)
    attempt.sends += 1
    attempt.sent_at, attempt.lease_until, attempt.owner = now, now + lease, owner
    attempt.absences, attempt.absent_at, attempt.next_look_at = 0, None, None
    attempt.evidence, attempt.refused = None, False


def deliver(ctx: WorkContext, gateway: Gateway, send: Send) -> None:
    """Ask PortOne once and write down the answer. A refusal is looked into at once, so that the next page can say more.

    Never raises the GatewayError family: whatever happened stands in the attempt. An answer that can't be written
    leaves it SENDING, and it is settled by reading like any other.
    """
    ctx.end_reading()
    answer = ask(gateway, send)
    for _try in range(WRITES):
        try:
            _settle(ctx, send, answer)
        except OperationalError:
            log.exception("charge.answer_not_written", extra={"attempt": send.attempt_id})
        else:
            break
    if answer.refused:
        looks.look_at_attempt(ctx, gateway, send.attempt_id)


def _settle(ctx: WorkContext, send: Send, answer: Answer) -> None:
    with ctx.atomic() as session:
        write_down(ctx, session, send, answer)


def write_down(ctx: WorkContext, session: Session, send: Send, answer: Answer) -> None:
    """Let the attempt say what its answer was, in the open write. Writing it down twice is writing it down once."""
    attempt = looks.locked(session, send.attempt_id)
    if answer.transaction is not None:
        record_transaction(ctx, session, answer.transaction, source="answer")
    # A webhook or a look may have settled it, or a later send may have taken over: then this answer says no more.
    if attempt.state is AttemptState.SENDING and attempt.sends == send.number:
        evidence = answer.evidence or attempt.evidence or Evidence.UNFINISHED.value
        looks.make_uncertain(ctx, session, attempt, evidence, refused=answer.refused)


def ask(gateway: Gateway, send: Send) -> Answer:
    """Ask PortOne, once, for what was claimed. Touches no database; never raises the GatewayError family."""
    if monotonic() - send.claimed_at > LATEST_START_SECONDS:
        return Answer(None, Evidence.LEASE_EXPIRED.value)
    try:
        transaction = gateway.charge_again(send.order)
    except GatewayRejected as refusal:
        return Answer(None, Evidence.REFUSED.with_detail(refusal.message), refused=True)
    except GatewayUnreachable as wrong:
        return Answer(None, Evidence.UNREACHABLE.with_detail(wrong.facts.get("error")))
    except GatewayError as silence:
        detail = silence.facts.get("error") or silence.facts.get("http_status")
        return Answer(None, Evidence.NO_ANSWER.with_detail(detail))
    return _usable(gateway, send, transaction)


def _usable(gateway: Gateway, send: Send, transaction: Transaction) -> Answer:
    """A payment object that may be recorded as the answer to this send; it need not be wholly ours yet."""
    if transaction.merchant_uid != send.order.merchant_uid:
        return Answer(None, Evidence.MISMATCH.with_detail("merchant_uid"))
    if is_foreign(gateway.mode, transaction):
        return Answer(None, Evidence.OTHER_MODE.value)
    return Answer(transaction)


def _order(attempt: Attempt, charge: Charge, customer: Customer) -> ChargeOrder:
    """What is asked of PortOne. The buyer's fields are shortened to its limits, an address is left out, never cut."""
    assert attempt.customer_uid is not None  # only a stored card is charged from here
    return ChargeOrder(
        customer_uid=attempt.customer_uid,
        merchant_uid=attempt.merchant_uid,
        amount_krw=attempt.amount_krw,
        name=charge.name,
        tax_free_krw=charge.tax_free_krw,
        quota=charge.quota,
        buyer_name=customer.name[:16] or None,
        buyer_tel=customer.phone if customer.phone and len(customer.phone) <= 16 else None,
        buyer_email=customer.email if customer.email and len(customer.email) <= 64 else None,
    )
