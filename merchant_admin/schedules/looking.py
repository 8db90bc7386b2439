"""Settling by reading: what PortOne holds, and what became of it. Nothing here moves money.

A reservation is read 5 minutes after its time, and soon after any request whose answer was lost: by its age, so that
many workers at once do not spend its looks. What was concluded from silence is read again each hour for a day, since
a request may arrive after everybody gave it up. The payment it made is recorded like any other; whether a webhook
came before makes no difference.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.core.context import WorkContext
from merchant_admin.core.db import lease_now
from merchant_admin.core.errors import GatewayError, NotFound
from merchant_admin.core.owners import is_gone
from merchant_admin.payments.facts import is_foreign, record_transaction
from merchant_admin.portone.gateway import Gateway
from merchant_admin.portone.later import Reservation, ReservationStatus
from merchant_admin.portone.types import PaymentStatus
from merchant_admin.schedules.models import Schedule
from merchant_admin.schedules.states import AGAIN, LIVE, Evidence, ScheduleState, advance

log = logging.getLogger(__name__)

SUBJECT = "schedule"
AFTER_ITS_TIME = timedelta(minutes=5)
SETTLE = timedelta(seconds=180)  # the longest a request may still be on its way
BETWEEN_ABSENCES = timedelta(seconds=60)
NEEDED_ABSENCES = 2
BEFORE_ITS_TIME = timedelta(minutes=5)  # nearer to its time, a failure may be of this run
LOOK_AGES = tuple(timedelta(seconds=age) for age in (5, 15, 30, 60, 120, 300, 900, 3600))
EVERY = timedelta(hours=1)
DOUBTED_FOR = timedelta(days=1)  # how long a conclusion from silence is read again
WHEN_UNREAD = timedelta(seconds=60)
ACTS = {
    ScheduleState.SCHEDULED: "schedule.scheduled", ScheduleState.UNCERTAIN: "schedule.uncertain",
    ScheduleState.MISSING: "schedule.missing", ScheduleState.REVOKED: "schedule.revoked",
    ScheduleState.REVOKING: "schedule.revoking", ScheduleState.EXECUTED_PAID: "schedule.executed_paid",
    ScheduleState.EXECUTED_FAILED: "schedule.executed_failed",
}  # fmt: skip
_FROM_SILENCE = frozenset({Evidence.STILL_HELD.value, Evidence.NOT_MOVED.value, Evidence.NOT_AGAIN.value})
_MONEY_FIRST = (
    PaymentStatus.CANCELLED, PaymentStatus.PAID, PaymentStatus.READY, PaymentStatus.UNKNOWN, PaymentStatus.FAILED,
)  # fmt: skip


def look_at_schedule(ctx: WorkContext, gateway: Gateway, schedule_id: str) -> Schedule:
    """Read one reservation and the payments of its order number, and take over what they say.

    May run at any time, in any state, any number of times. When PortOne can't be asked the next look is put off and
    nothing else changes. Raises NotFound.
    """
    schedule = fresh(ctx, schedule_id)
    if schedule.state in {ScheduleState.READY, ScheduleState.SENDING}:
        return schedule
    merchant_uid = schedule.merchant_uid
    asked_at = lease_now(ctx.reader, ctx.clock)
    ctx.end_reading()
    try:
        held = gateway.reservation(merchant_uid)
        is_waiting = held is not None and held.status is ReservationStatus.SCHEDULED
        found = [] if is_waiting else gateway.payments_of(merchant_uid)
    except GatewayError as wrong:
        log.warning("schedule.not_read", extra={"schedule": schedule_id, "error": type(wrong).__name__})
        _put_off(ctx, schedule_id)
        return fresh(ctx, schedule_id)
    with ctx.atomic() as session:
        for row in sorted(found, key=lambda row: _MONEY_FIRST.index(row.status)):
            if row.merchant_uid == merchant_uid and not is_foreign(ctx.mode, row):
                record_transaction(ctx, session, row, source="look")
        schedule = locked(session, schedule_id)
        if held is None:
            _count_absence(ctx, schedule, asked_at)
        else:
            is_this_run = [not is_of_earlier_run(schedule, row.status, row.failed_at) for row in found]
            _take_over(ctx, schedule, held, asked_at, has_payment=any(is_this_run))
        plan_look(schedule, lease_now(session, ctx.clock))
    return schedule


def become(ctx: WorkContext, schedule: Schedule, to: ScheduleState, evidence: str | None = None, **facts: Any) -> None:
    """Move a reservation, and write the move into its timeline."""
    before = schedule.state
    schedule.state = advance(before, to)
    schedule.lease_until = schedule.owner = None
    schedule.evidence = evidence
    schedule.settled_at = None if to in LIVE else ctx.now()
    if to in LIVE and before in AGAIN:
        schedule.imp_uid = schedule.fail_reason = None  # of the run before
    if to not in LIVE:
        schedule.wanted_at = schedule.next_look_at = None
    tell(ctx, schedule, ACTS[to], before=before.value, after=to.value, evidence=evidence, **facts)


def tell(ctx: WorkContext, schedule: Schedule, act: str, **facts: Any) -> None:
    """A line in the timeline."""
    record(
        ctx, act, (SUBJECT, schedule.id), customer_id=schedule.customer_id, amount_krw=schedule.amount_krw,
        merchant_uid=schedule.merchant_uid, **facts,
    )  # fmt: skip


def plan_look(schedule: Schedule, now: datetime) -> None:
    """Set when PortOne is read next; never for what is over."""
    due = schedule.schedule_at + AFTER_ITS_TIME
    is_quiet = schedule.state is ScheduleState.SCHEDULED and schedule.wanted_at is None
    if schedule.state is ScheduleState.MISSING or (is_quiet and due > now):
        looks = [due] if due > now else []
        if _may_still_arrive(schedule, now):
            looks.append(now + EVERY)
        schedule.looks, schedule.next_look_at = 0, min(looks, default=None)
    elif schedule.state in LIVE or schedule.wanted_at is not None:
        schedule.looks, schedule.next_look_at = schedule.looks + 1, _next_look(schedule, due if is_quiet else None, now)
    else:
        schedule.next_look_at = now + EVERY if _may_still_arrive(schedule, now) else None


def _may_still_arrive(schedule: Schedule, now: datetime) -> bool:
    """Whether what is shown was concluded from an answer that never came, so lately that the request may still come."""
    is_from_silence = schedule.state is ScheduleState.MISSING or schedule.evidence in _FROM_SILENCE
    return is_from_silence and schedule.sent_at is not None and now < schedule.sent_at + DOUBTED_FOR


def is_of_earlier_run(schedule: Schedule, status: PaymentStatus, failed_at: datetime | None) -> bool:
    """Whether a payment under its order number is a failure from before it was given its present time."""
    is_failure = status is PaymentStatus.FAILED and failed_at is not None
    return is_failure and failed_at < schedule.schedule_at - BEFORE_ITS_TIME  # type: ignore[operator]


def _next_look(schedule: Schedule, due: datetime | None, now: datetime) -> datetime:
    """Soon after the latest request, or after the time it should have run at; and when absence begins to count."""
    began = due or schedule.sent_at or now
    looks = [began + age for age in LOOK_AGES if began + age > now] or [now + EVERY]
    if schedule.absences == 0 and schedule.sent_at is not None and schedule.sent_at + SETTLE > now:
        looks.append(schedule.sent_at + SETTLE)
    elif schedule.absences == 1 and schedule.absent_at is not None:
        looks.append(max(schedule.absent_at + BETWEEN_ABSENCES, now + timedelta(seconds=1)))
    return min(looks)


def expire_leases(ctx: WorkContext) -> int:
    """Make every reservation whose sender vanished UNCERTAIN: the request may have left. Returns how many."""
    now = lease_now(ctx.reader, ctx.clock)
    sending = select(Schedule.id, Schedule.lease_until, Schedule.owner).where(Schedule.state == ScheduleState.SENDING)
    held = ctx.session.execute(sending.order_by(Schedule.schedule_at).limit(200)).all()
    ids = [row.id for row in held if row.lease_until <= now or is_gone(row.owner)]
    ctx.end_reading()
    for schedule_id in ids:
        with ctx.atomic() as session:
            schedule = locked(session, schedule_id)
            if schedule.state is ScheduleState.SENDING:
                become(ctx, schedule, ScheduleState.UNCERTAIN, Evidence.LEASE_EXPIRED.value)
                schedule.next_look_at = now
    return len(ids)


def due_schedules(session: Session, now: datetime, limit: int = 20) -> list[str]:
    """Ids of reservations whose next look has come, the longest waiting first. `now` is lease_now()."""
    due = select(Schedule.id).where(Schedule.next_look_at <= now)
    return list(session.scalars(due.order_by(Schedule.next_look_at, Schedule.id).limit(limit)))


def locked(session: Session, schedule_id: str) -> Schedule:
    """The reservation as it stands now, locked until the commit. Raises NotFound."""
    found = session.get(Schedule, schedule_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound(_("결제 예약을 찾을 수 없습니다."))
    return found


def fresh(ctx: WorkContext, schedule_id: str) -> Schedule:
    """The reservation as the last commit left it. Raises NotFound."""
    found: Schedule | None = ctx.session.get(Schedule, schedule_id, populate_existing=True)
    if found is None:
        raise NotFound(_("결제 예약을 찾을 수 없습니다."))
    return found


def _put_off(ctx: WorkContext, schedule_id: str) -> None:
    with ctx.atomic() as session:
        schedule = locked(session, schedule_id)
        if schedule.next_look_at is not None:
            schedule.next_look_at = lease_now(session, ctx.clock) + WHEN_UNREAD


def _take_over(
    ctx: WorkContext, schedule: Schedule, held: Reservation, asked_at: datetime, *, has_payment: bool
) -> None:
    """What PortOne says of a reservation it knows. A payment it made has been recorded before."""
    schedule.absences, schedule.absent_at = 0, None
    if held.customer_uid != schedule.customer_uid or held.amount_krw != schedule.amount_krw:
        schedule.evidence = Evidence.MISMATCH.value
    elif held.status is ReservationStatus.SCHEDULED:
        _still_held(ctx, schedule, held, asked_at)
    elif schedule.wanted_at is not None and schedule.state in AGAIN:
        _weigh_again(ctx, schedule, held, asked_at)
    elif held.status is ReservationStatus.REVOKED and schedule.state in LIVE | {ScheduleState.MISSING}:
        become(ctx, schedule, ScheduleState.REVOKED)
    elif held.status is ReservationStatus.EXECUTED and held.payment_status == "failed" and not has_payment:
        if schedule.state is not ScheduleState.EXECUTED_FAILED:
            become(ctx, schedule, ScheduleState.EXECUTED_FAILED)
        schedule.fail_reason = held.fail_reason


def _still_held(ctx: WorkContext, schedule: Schedule, held: Reservation, asked_at: datetime) -> None:
    is_answer = schedule.sent_at is None or asked_at >= schedule.sent_at + SETTLE
    is_wish_of_ended = schedule.wanted_at is not None and schedule.state in AGAIN
    if schedule.wanted_at is not None:
        _weigh_move(ctx, schedule, held, is_answer=is_answer)
    schedule.schedule_at = held.schedule_at
    if schedule.state is ScheduleState.REVOKING:
        if is_answer:
            become(ctx, schedule, ScheduleState.SCHEDULED, _refusal(schedule) or Evidence.STILL_HELD.value)
            tell(ctx, schedule, "schedule.not_revoked")
    elif schedule.state is not ScheduleState.SCHEDULED and schedule.state is not ScheduleState.EXECUTED_PAID:
        become(ctx, schedule, ScheduleState.SCHEDULED, schedule.evidence if is_wish_of_ended else None)
    elif schedule.state is ScheduleState.SCHEDULED and asked_at >= schedule.schedule_at + AFTER_ITS_TIME:
        schedule.evidence = Evidence.OVERDUE.value


def _weigh_move(ctx: WorkContext, schedule: Schedule, held: Reservation, *, is_answer: bool) -> None:
    """Whether the time that was asked for stands at PortOne."""
    wanted = schedule.wanted_at
    if wanted == held.schedule_at:
        schedule.wanted_at = schedule.evidence = None
        if schedule.state not in AGAIN:
            tell(ctx, schedule, "schedule.moved", at=held.schedule_at.isoformat())
    elif is_answer:
        schedule.wanted_at, schedule.evidence = None, _refusal(schedule) or Evidence.NOT_MOVED.value
        tell(ctx, schedule, "schedule.not_moved", at=held.schedule_at.isoformat())


def _weigh_again(ctx: WorkContext, schedule: Schedule, held: Reservation, asked_at: datetime) -> None:
    """Asked to run once more, and PortOne does not hold it: it has run since, or it was never taken up."""
    has_run = held.status is ReservationStatus.EXECUTED and held.schedule_at == schedule.wanted_at
    if has_run and held.payment_status == "failed":
        schedule.schedule_at, schedule.wanted_at, schedule.evidence = held.schedule_at, None, None
        schedule.imp_uid, schedule.fail_reason = held.imp_uid, held.fail_reason
        tell(ctx, schedule, ACTS[ScheduleState.EXECUTED_FAILED], at=held.schedule_at.isoformat())
    elif (
        held.status is not ReservationStatus.UNKNOWN
        and not has_run
        and (schedule.sent_at is None or asked_at >= schedule.sent_at + SETTLE)
    ):
        _give_up_again(ctx, schedule)


def _give_up_again(ctx: WorkContext, schedule: Schedule) -> None:
    schedule.wanted_at, schedule.evidence = None, _refusal(schedule) or Evidence.NOT_AGAIN.value
    tell(ctx, schedule, "schedule.not_again")


def _refusal(schedule: Schedule) -> str | None:
    """PortOne's own words, if it refused the latest request: they say more than what was seen since."""
    kept = schedule.evidence
    return kept if kept is not None and kept.startswith(Evidence.REFUSED.value) else None


def _count_absence(ctx: WorkContext, schedule: Schedule, asked_at: datetime) -> None:
    """PortOne does not know it. That counts when seen twice, a minute apart, the first long enough after the send."""
    if schedule.state not in LIVE and schedule.wanted_at is None:
        return
    if schedule.absences == 0:
        counts = schedule.sent_at is None or asked_at >= schedule.sent_at + SETTLE
    else:
        counts = schedule.absent_at is not None and asked_at >= schedule.absent_at + BETWEEN_ABSENCES
    if counts:
        schedule.absences, schedule.absent_at = schedule.absences + 1, asked_at
    if schedule.absences >= NEEDED_ABSENCES and schedule.state in AGAIN:
        _give_up_again(ctx, schedule)
    elif schedule.absences >= NEEDED_ABSENCES:
        become(ctx, schedule, ScheduleState.MISSING, schedule.evidence)
