"""After a restore: what PortOne knows and the copy does not is read, and only then is anything sent again.

Four steps, each of which may be cut off and gone on with by another process: the payments since the copy's end, the
payments that may have been given back since, the reservations that wait at PortOne, and the due dates that were paid
for in the time the copy does not know. The lock opens in the end, and nothing before it sends a thing.
"""

from datetime import timedelta

from sqlalchemy import select

from merchant_admin.core.context import WorkContext
from merchant_admin.core.settings import Mode
from merchant_admin.core.times import seoul_day
from merchant_admin.line.service import Restored, open_line, restored
from merchant_admin.payments.facts import is_taken
from merchant_admin.payments.models import Payment
from merchant_admin.portone.gateway import Gateway
from merchant_admin.reconcile.claims import claim, keep, let_go
from merchant_admin.reconcile.models import DutyRun
from merchant_admin.reconcile.rereading import reread
from merchant_admin.reconcile.states import Duty
from merchant_admin.reconcile.walking import Place, spans, walk
from merchant_admin.schedules.importing import held_at_portone, take_over
from merchant_admin.subscriptions.elsewhere import settle_paid_elsewhere

CALLS_A_TURN = 5
RESERVED_FOR = timedelta(days=366)


def catch_up(ctx: WorkContext, gateway: Gateway) -> bool:
    """One turn, if the line is locked; True if it did something. Raises the GatewayError family: then it goes on later.

    Opens the line when everything is known.
    """
    lock = restored(ctx.reader)
    ctx.end_reading()
    if lock is None:
        return False
    did = False
    for duty in (Duty.SYNC, Duty.REREAD):
        if not _is_done(ctx, duty, lock):
            did = _turn(ctx, gateway, duty, lock)
            break
    if not (_is_done(ctx, Duty.SYNC, lock) and _is_done(ctx, Duty.REREAD, lock)):
        return did
    today = seoul_day(ctx.now())
    held = held_at_portone(ctx, gateway, today, today + RESERVED_FOR)
    take_over(ctx, gateway, [one.reservation.merchant_uid for one in held if one.may_be_taken])
    settle_paid_elsewhere(ctx, _unasked(ctx, lock))
    return open_line(ctx, lock)


def _turn(ctx: WorkContext, gateway: Gateway, duty: Duty, lock: Restored) -> bool:
    claimed = claim(ctx, duty, _slot(lock))
    if claimed is None:
        return False
    try:
        if duty is Duty.SYNC:
            over = spans(lock.read_from, lock.at + timedelta(minutes=10))
            walked = walk(ctx, gateway, over, Place.read(claimed.place), CALLS_A_TURN)
            place, calls, taken = walked.place.text() if walked.place else None, walked.calls, walked.taken
        else:
            place, calls, taken = reread(ctx, gateway, claimed.place, CALLS_A_TURN)
    except BaseException:
        let_go(ctx, claimed)
        raise
    keep(ctx, claimed, place, calls, taken)
    return True


def _is_done(ctx: WorkContext, duty: Duty, lock: Restored) -> bool:
    run = ctx.reader.get(DutyRun, (duty, _slot(lock)), populate_existing=True)
    ctx.end_reading()
    return run is not None and run.done_at is not None


def _slot(lock: Restored) -> str:
    return f"restored {lock.at:%Y%m%dT%H%M%S%f}"


def _unasked(ctx: WorkContext, lock: Restored) -> list[str]:
    """Payments that took money since the copy's end, of which it holds no request."""
    wanted = select(Payment).where(
        Payment.paid_at >= lock.read_from, Payment.attempt_id.is_(None), Payment.mode == Mode(ctx.mode)
    )
    found = [one.id for one in ctx.reader.scalars(wanted.order_by(Payment.paid_at, Payment.id)) if is_taken(one)]
    ctx.end_reading()
    return found
