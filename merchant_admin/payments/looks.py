"""Settling by reading: what happens to an attempt whose outcome is not known. Nothing here can move money.

PortOne is asked for every payment of the order number, at 5, 15, 30 and 60 seconds, 2, 5 and 15 minutes and an hour
after the send, then hourly for ever. Finding nothing proves little while a request may still be on its way, so an
absence counts only when it is seen twice, a minute apart, the first at least 180 seconds after the send. Two more
looks stand at exactly those instants, so that staff wait four minutes for the proof and not fifteen.
"""

import logging
import zlib
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.core.context import WorkContext
from merchant_admin.core.db import among, lease_now
from merchant_admin.core.errors import GatewayError, NotFound
from merchant_admin.core.owners import is_gone
from merchant_admin.doubts.service import overtake
from merchant_admin.doubts.states import DoubtKind
from merchant_admin.payments import deposits, lines, looked, problems
from merchant_admin.payments.facts import is_foreign, record_transaction
from merchant_admin.payments.models import Attempt, Charge
from merchant_admin.payments.states import BY_WINDOW, MAX_SENDS, OPEN, SENT_ONCE, AttemptState, Evidence, advance
from merchant_admin.portone.gateway import Gateway
from merchant_admin.portone.types import PaymentStatus, Transaction

log = logging.getLogger(__name__)

SETTLE = timedelta(seconds=180)  # the longest a request may still be on its way
BETWEEN_ABSENCES = timedelta(seconds=60)
NEEDED_ABSENCES = 2
LOOK_AGES = tuple(timedelta(seconds=age) for age in (5, 15, 30, 60, 120, 300, 900, 3600))
EVERY = timedelta(hours=1)
WHEN_UNREAD = timedelta(seconds=60)
SPREAD = 0.2  # looks of many attempts must not fall on one instant
MOST_HELD = 200

# Money first: the payment that took it takes over the attempt's line, and a failed try beside it decides nothing.
_ORDER = (PaymentStatus.CANCELLED, PaymentStatus.PAID, PaymentStatus.READY, PaymentStatus.UNKNOWN, PaymentStatus.FAILED)


def look_at_attempt(ctx: WorkContext, gateway: Gateway, attempt_id: str) -> Attempt:
    """Read every payment of the attempt's order number, record all of them, and settle the attempt if that settles it.

    May run at any time, in any state, any number of times. When PortOne can't be asked the next look is set and
    nothing else changes. An attempt seen absent twice is closed by itself where nobody would send it again: a window
    that is over, a send that PortOne refused, one sent three times. Any other waits for a person. Raises NotFound.
    """
    try:
        return look(ctx, gateway, attempt_id)
    except GatewayError as wrong:
        log.warning("attempt.not_read", extra={"attempt": attempt_id, "error": type(wrong).__name__})
        with ctx.atomic() as session:
            attempt = locked(session, attempt_id)
            if attempt.state is AttemptState.UNCERTAIN:
                # Not this attempt's fault: it is tried again soon, and the breaker keeps the calls few meanwhile.
                attempt.next_look_at = lease_now(session, ctx.clock) + WHEN_UNREAD * (1 + _spread(attempt, "unread"))
                looked.note_unread(ctx, session, attempt, wrong)
        return attempt


def look(ctx: WorkContext, gateway: Gateway, attempt_id: str) -> Attempt:
    """As look_at_attempt, but raises the GatewayError family when PortOne can't be asked."""
    attempt = ctx.session.get(Attempt, attempt_id, populate_existing=True)
    if attempt is None:
        raise NotFound(_("결제 요청을 찾을 수 없습니다."))
    merchant_uid = attempt.merchant_uid
    asked_at = lease_now(ctx.reader, ctx.clock)
    ctx.end_reading()
    found = [row for row in gateway.payments_of(merchant_uid) if row.merchant_uid == merchant_uid]
    with ctx.atomic() as session:
        attempt = locked(session, attempt_id)
        was_uncertain, absences = attempt.state is AttemptState.UNCERTAIN, attempt.absences
        for row in sorted(found, key=lambda row: _ORDER.index(row.status)):
            if not is_foreign(ctx.mode, row):
                record_transaction(ctx, session, row, source="look")
        if attempt.state is AttemptState.UNCERTAIN:
            _weigh(ctx, session, attempt, found, asked_at)
        if was_uncertain:
            looked.note(ctx, session, attempt, found, absences)
    return attempt


def expire_leases(ctx: WorkContext) -> int:
    """Make every attempt whose lease ran out, or whose process died, UNCERTAIN; never ready to be sent again.

    Whoever held it may have died before, during or after the call, so it is looked at now. For a window the time of
    sending becomes the end of its lease: until then the buyer may have paid. Returns how many.
    """
    now = lease_now(ctx.reader, ctx.clock)
    sending = select(Attempt.id, Attempt.lease_until, Attempt.owner).where(
        among(Attempt.state, OPEN), Attempt.state == AttemptState.SENDING
    )
    held = ctx.session.execute(sending.order_by(Attempt.lease_until).limit(MOST_HELD)).all()
    ids = [row.id for row in held if row.lease_until <= now or is_gone(row.owner)]
    ctx.end_reading()
    for attempt_id in ids:
        with ctx.atomic() as session:
            attempt = locked(session, attempt_id)
            lease_until = attempt.lease_until
            if lease_until is not None and (lease_until <= now or is_gone(attempt.owner)):
                if _charge_of(session, attempt).kind in BY_WINDOW:
                    attempt.sent_at = lease_until
                make_uncertain(ctx, session, attempt, Evidence.LEASE_EXPIRED.value)
                attempt.next_look_at = now
    return len(ids)


def due_attempts(session: Session, now: datetime, limit: int) -> list[str]:
    """The ids of uncertain attempts whose next look has come, the longest waiting first. `now` is lease_now()."""
    due = select(Attempt.id).where(
        among(Attempt.state, OPEN), Attempt.state == AttemptState.UNCERTAIN, Attempt.next_look_at <= now
    )
    return list(session.scalars(due.order_by(Attempt.next_look_at, Attempt.id).limit(limit)))


def make_uncertain(
    ctx: WorkContext, session: Session, attempt: Attempt, evidence: str, *, refused: bool = False
) -> None:
    """Mark that the outcome of a send is not known, and why. `refused`: PortOne answered that it did nothing."""
    before = attempt.state
    attempt.state = advance(before, AttemptState.UNCERTAIN)
    attempt.lease_until = attempt.owner = None
    attempt.evidence, attempt.refused = evidence, refused
    attempt.next_look_at = next_look(attempt, lease_now(session, ctx.clock))
    tell(ctx, session, "charge.uncertain", attempt, before, evidence=evidence)


def abandon(ctx: WorkContext, session: Session, attempt: Attempt, reason: str) -> None:
    """Close an attempt that never happened at PortOne and will not be sent. A later fact still wins."""
    before = attempt.state
    attempt.state = advance(before, AttemptState.ABANDONED)
    attempt.settled_at, attempt.next_look_at = ctx.now(), None
    tell(ctx, session, "charge.abandoned", attempt, before, reason=reason, evidence=attempt.evidence)
    overtake(ctx, session, DoubtKind.CHARGE, attempt.charge_id)


def tell(
    ctx: WorkContext, session: Session, act: str, attempt: Attempt, before: AttemptState | None, **facts: Any
) -> None:
    """Write the attempt's move into the timeline of its charge, and into its line."""
    say(ctx, act, attempt, _charge_of(session, attempt), before, **facts)
    session.flush()
    lines.show_attempt(session, attempt, ctx.now())


def say(
    ctx: WorkContext, act: str, attempt: Attempt, charge: Charge, before: AttemptState | None, **facts: Any
) -> None:
    """Write the attempt's move into the timeline of its charge alone."""
    record(
        ctx, act, ("charge", charge.id), customer_id=charge.customer_id, before=before.value if before else None,
        after=attempt.state.value, amount_krw=attempt.amount_krw, merchant_uid=attempt.merchant_uid, **facts,
    )  # fmt: skip


def next_look(attempt: Attempt, now: datetime) -> datetime:
    """When PortOne is to be asked next, after a look at `now`."""
    sent_at = attempt.sent_at or now
    planned = [sent_at + age * (1 + _spread(attempt, age)) for age in LOOK_AGES]
    looks = [at for at in planned if at > now] or [now + EVERY * (1 + _spread(attempt, now) - SPREAD / 2)]
    if attempt.absences == 0 and sent_at + SETTLE > now:
        looks.append(sent_at + SETTLE)
    elif attempt.absences == 1 and attempt.absent_at is not None:
        looks.append(max(attempt.absent_at + BETWEEN_ABSENCES, now + timedelta(seconds=1)))
    return min(looks)


def _spread(attempt: Attempt, of: object) -> float:
    """Between 0 and SPREAD, different for each attempt and look, and the same whenever it is asked."""
    return SPREAD * zlib.crc32(f"{attempt.id} {of}".encode()) / 2**32


def locked(session: Session, attempt_id: str) -> Attempt:
    """The attempt as it stands now, locked until the commit."""
    return session.get_one(Attempt, attempt_id, with_for_update=True, populate_existing=True)


def _weigh(ctx: WorkContext, session: Session, attempt: Attempt, found: list[Transaction], asked_at: datetime) -> None:
    """After a look that did not settle the attempt: count an absence, or say what stands in the way."""
    charge = _charge_of(session, attempt)
    was_proven = attempt.absences >= NEEDED_ABSENCES
    for row in found:
        if is_foreign(ctx.mode, row):
            attempt.evidence = Evidence.OTHER_MODE.value
            problems.test_in_live(ctx, session, row)
    now = lease_now(session, ctx.clock)
    awaited = [row for row in found if deposits.is_awaited(row, now)]
    _count_absence(attempt, asked_at, is_absent=not awaited and _is_absent(charge, found))
    attempt.looks += 1
    attempt.next_look_at = next_look(attempt, now)
    if awaited:
        dues = [
            row.account.due_at for row in awaited if row.account and row.account.due_at and row.account.due_at > now
        ]
        attempt.next_look_at = deposits.next_look(min(dues, default=None), now)
    session.flush()  # the guard asks for two absences in the row before it lets the attempt go
    if attempt.absences < NEEDED_ABSENCES:
        return
    if charge.kind in SENT_ONCE or attempt.refused or attempt.sends >= MAX_SENDS:
        abandon(ctx, session, attempt, reason="absent twice")
    elif not was_proven:
        tell(ctx, session, "charge.absent", attempt, attempt.state, sends=attempt.sends)


def _is_absent(charge: Charge, found: list[Transaction]) -> bool:
    """Whether PortOne knows no payment that took money or still may.

    A window leaves a `ready` row for ever when the buyer walks away (reference section 12): once it is over, that is
    no payment. For a stored card `ready` means that PortOne is at work.
    """
    if charge.kind in BY_WINDOW:
        return all(row.status is PaymentStatus.READY for row in found)
    return not found


def _count_absence(attempt: Attempt, asked_at: datetime, *, is_absent: bool) -> None:
    """Count by the instant the question left: the answer can't be older than that."""
    if not is_absent:
        attempt.absences, attempt.absent_at = 0, None
        return
    if attempt.absences == 0:
        counts = attempt.sent_at is not None and asked_at >= attempt.sent_at + SETTLE
    else:
        counts = attempt.absent_at is not None and asked_at >= attempt.absent_at + BETWEEN_ABSENCES
    if counts and attempt.absences < NEEDED_ABSENCES:
        attempt.absences += 1
        attempt.absent_at = asked_at


def _charge_of(session: Session, attempt: Attempt) -> Charge:
    return session.get_one(Charge, attempt.charge_id)
