"""What staff do with reservations: reserve a charge of a stored card, give it another time, revoke it.

Written down and committed before PortOne is asked; whatever answer is lost is found by reading. No money moves here:
PortOne takes it at the time, and what it took is recorded like any payment.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.core.context import ActorKind, WorkContext
from merchant_admin.core.db import lease_now
from merchant_admin.core.errors import (
    Conflict,
    GatewayError,
    GatewayRejected,
    GatewayUnreachable,
    InvalidInput,
    NotFound,
    RuleBroken,
)
from merchant_admin.core.ids import new_id, new_merchant_uid
from merchant_admin.core.money import MAX_AMOUNT_KRW
from merchant_admin.core.owners import me
from merchant_admin.core.settings import Mode
from merchant_admin.customers.models import Customer
from merchant_admin.portone.gateway import Gateway
from merchant_admin.portone.later import Reservation, ReservationOrder, ReservationStatus
from merchant_admin.schedules.looking import become, fresh, locked, look_at_schedule, plan_look, tell
from merchant_admin.schedules.models import Schedule
from merchant_admin.schedules.states import Evidence, ScheduleSource, ScheduleState, advance

LEASE = timedelta(seconds=240)  # longer than the longest talk
SOONEST = timedelta(minutes=10)
LATEST = timedelta(days=366)
NAME_MOST = 40


@dataclass(frozen=True)
class ScheduleSheet:
    """A filled and confirmed sheet. `sheet_key` is made when the form is drawn, so two clicks bring the same one."""

    sheet_key: str
    customer_id: str
    billing_key_id: str
    amount_krw: int
    tax_free_krw: int
    name: str
    memo: str
    schedule_at: datetime

    def refuse_unusable(self, now: datetime) -> None:
        """Raises InvalidInput, by field."""
        wrong: dict[str, object] = {}
        if not 1 <= self.amount_krw <= MAX_AMOUNT_KRW:
            wrong["amount_krw"] = _("결제 금액은 1원부터 100,000,000원까지입니다.")
        elif not 0 <= self.tax_free_krw <= self.amount_krw:
            wrong["tax_free_krw"] = _("면세 금액은 결제 금액보다 클 수 없습니다.")
        if not 1 <= len(self.name) <= NAME_MOST:
            wrong["name"] = _("주문명은 1자에서 40자까지입니다.")
        if refusal := refused_time(self.schedule_at, now):
            wrong["schedule_day"] = refusal
        if wrong:
            raise InvalidInput(_("입력한 내용을 확인하세요."), wrong)


def refused_time(at: datetime, now: datetime) -> str | None:
    """Why a charge can't be reserved for `at`; None if it can."""
    if at < now + SOONEST:
        return str(_("지금부터 10분 뒤보다 늦은 시각을 고르세요."))
    return str(_("1년 안의 날짜를 고르세요.")) if at > now + LATEST else None


def reserve_charge(ctx: WorkContext, gateway: Gateway, sheet: ScheduleSheet) -> Schedule:
    """Have PortOne charge a stored card at a time, at most once per sheet.

    Comes back SCHEDULED, or UNCERTAIN, which settles itself by reading. The same sheet again returns its first
    reservation. Raises InvalidInput, RuleBroken (card or customer can't be charged), Conflict (the sheet was used for
    something else), NotFound, GatewayUnreachable while sending is stopped: then nothing was written and nothing sent.
    """
    if ctx.session.scalar(select(Schedule.id).where(Schedule.sheet_key == sheet.sheet_key)) is None:
        sheet.refuse_unusable(ctx.now())
        ctx.end_reading()
        gateway.refuse_if_stopped()
    try:
        schedule_id, order = _claim(ctx, sheet)
    except IntegrityError:  # the same sheet, at the same moment
        schedule_id, order = _claim(ctx, sheet)
    if order is not None:
        _send(ctx, gateway, schedule_id, order)
    return fresh(ctx, schedule_id)


def move_schedule(ctx: WorkContext, gateway: Gateway, schedule_id: str, at: datetime) -> Schedule:
    """Give a reservation another time. A lost answer is found by reading; the time on screen is always PortOne's.

    Raises InvalidInput (field `schedule_day`), RuleBroken when it is not waiting any more, NotFound, and
    GatewayRejected when PortOne refuses: then it stays as it was.
    """
    if refusal := refused_time(at, ctx.now()):
        raise InvalidInput(refusal, {"schedule_day": refusal})
    gateway.refuse_if_stopped()
    with ctx.atomic() as session:
        schedule = _waiting(session, schedule_id)
        if schedule.schedule_at == at:
            return schedule
        schedule.wanted_at, schedule.evidence = at, None
        mark_sent(ctx, session, schedule)
        tell(ctx, schedule, "schedule.moving", before=schedule.schedule_at.isoformat(), after=at.isoformat())
        merchant_uid = schedule.merchant_uid
    try:
        held = gateway.move_reservation(merchant_uid, at)
    except GatewayError as wrong:
        return after_failed_request(ctx, gateway, schedule_id, wrong)
    with ctx.atomic() as session:
        schedule = locked(session, schedule_id)
        if schedule.wanted_at == at and held.schedule_at == at and schedule.state is ScheduleState.SCHEDULED:
            schedule.schedule_at, schedule.wanted_at = at, None
            tell(ctx, schedule, "schedule.moved", at=at.isoformat())
            plan_look(schedule, lease_now(session, ctx.clock))
    return fresh(ctx, schedule_id)


def revoke_schedule(ctx: WorkContext, gateway: Gateway, schedule_id: str, reason: str) -> Schedule:
    """Have PortOne drop a reservation. Until PortOne says so it may still run, and is shown so.

    Comes back REVOKED, or REVOKING, which settles itself by reading. Raises RuleBroken when it is not waiting any
    more, NotFound, GatewayUnreachable while sending is stopped.
    """
    gateway.refuse_if_stopped()
    with ctx.atomic() as session:
        schedule = _waiting(session, schedule_id)
        become(ctx, schedule, ScheduleState.REVOKING, reason=reason)
        mark_sent(ctx, session, schedule)
        merchant_uid, customer_uid = schedule.merchant_uid, schedule.customer_uid
    try:
        revoked = gateway.revoke_reservations(customer_uid, [merchant_uid])
    except GatewayError as wrong:
        return after_failed_request(ctx, gateway, schedule_id, wrong)
    with ctx.atomic() as session:
        schedule = locked(session, schedule_id)
        if schedule.state is ScheduleState.REVOKING and any(_is_gone(row, merchant_uid) for row in revoked):
            become(ctx, schedule, ScheduleState.REVOKED)
    return fresh(ctx, schedule_id)


def _is_gone(row: Reservation, merchant_uid: str) -> bool:
    return row.merchant_uid == merchant_uid and row.status is ReservationStatus.REVOKED


def _waiting(session: Session, schedule_id: str) -> Schedule:
    schedule = locked(session, schedule_id)
    if schedule.state is not ScheduleState.SCHEDULED or schedule.wanted_at is not None:
        raise RuleBroken(_("지금은 바꿀 수 없는 예약입니다. 아무것도 바뀌지 않았습니다."), schedule=schedule_id)
    return schedule


def mark_sent(ctx: WorkContext, session: Session, schedule: Schedule) -> None:
    now = lease_now(session, ctx.clock)
    schedule.sent_at, schedule.looks, schedule.absences, schedule.absent_at = now, 0, 0, None
    schedule.next_look_at = now + timedelta(seconds=LEASE.seconds)  # if this process dies on the way


def after_failed_request(ctx: WorkContext, gateway: Gateway, schedule_id: str, wrong: GatewayError) -> Schedule:
    """The request was refused or its answer lost: keep why, and read what PortOne holds."""
    with ctx.atomic() as session:
        schedule = locked(session, schedule_id)
        schedule.evidence = _evidence(wrong)
        if isinstance(wrong, (GatewayRejected, GatewayUnreachable)):
            schedule.sent_at = None  # nothing is on its way: the first reading is the answer
        plan_look(schedule, lease_now(session, ctx.clock))
    return look_at_schedule(ctx, gateway, schedule_id)


def _evidence(wrong: GatewayError) -> str:
    if isinstance(wrong, GatewayRejected):
        return Evidence.REFUSED.with_detail(wrong)
    if isinstance(wrong, GatewayUnreachable):
        return Evidence.UNREACHABLE.value
    return Evidence.NO_ANSWER.value


def _claim(ctx: WorkContext, sheet: ScheduleSheet) -> tuple[str, ReservationOrder | None]:
    """Write the reservation down as being sent; no order when the sheet was used before."""
    with ctx.atomic() as session:
        key = session.get(BillingKey, sheet.billing_key_id, with_for_update=True, populate_existing=True)
        used = session.scalar(select(Schedule).where(Schedule.sheet_key == sheet.sheet_key))
        if used is not None:
            if not _is_same(used, sheet):
                raise Conflict(
                    _("이 화면으로 이미 다른 예약을 요청했습니다. 이번 요청은 보내지 않았습니다."), schedule=used.id
                )
            return used.id, None
        customer = session.get(Customer, sheet.customer_id)
        live = _chargeable(ctx, key, customer)
        assert customer is not None
        now = lease_now(session, ctx.clock)
        staff_id = ctx.actor.id if ctx.actor.kind is ActorKind.STAFF else None
        schedule = Schedule(
            id=new_id("sch"), **asdict(sheet), merchant_uid=new_merchant_uid(), source=ScheduleSource.OURS,
            mode=Mode(ctx.mode), state=ScheduleState.READY, customer_uid=live.customer_uid, looks=0, absences=0,
            staff_id=staff_id, created_at=ctx.now(),
        )  # fmt: skip
        session.add(schedule)
        session.flush()
        schedule.state = advance(schedule.state, ScheduleState.SENDING)
        schedule.sent_at, schedule.lease_until, schedule.owner = now, now + LEASE, me()
        session.flush()
        tell(ctx, schedule, "schedule.asked", at=sheet.schedule_at.isoformat())
        return schedule.id, ReservationOrder(
            customer_uid=live.customer_uid, merchant_uid=schedule.merchant_uid, amount_krw=sheet.amount_krw,
            name=sheet.name, schedule_at=sheet.schedule_at, tax_free_krw=sheet.tax_free_krw,
            buyer_name=customer.name[:16],
            buyer_tel=customer.phone if customer.phone and len(customer.phone) <= 16 else None,
            buyer_email=customer.email if customer.email and len(customer.email) <= 64 else None,
        )  # fmt: skip


def _is_same(used: Schedule, sheet: ScheduleSheet) -> bool:
    """Whether a sheet asks for what its first use asked for; the time may have been moved since."""
    kept = ("customer_id", "billing_key_id", "amount_krw", "tax_free_krw", "name", "memo")
    return all(getattr(used, field) == getattr(sheet, field) for field in kept)


def _chargeable(ctx: WorkContext, key: BillingKey | None, customer: Customer | None) -> BillingKey:
    if customer is None or key is None or key.customer_id != customer.id:
        raise NotFound(_("이 고객의 빌링키를 찾을 수 없습니다."))
    if key.state is not KeyState.ACTIVE or key.mode.value != ctx.mode:
        raise RuleBroken(_("쓸 수 없는 빌링키라서 예약하지 않았습니다. 다른 카드를 고르십시오."), billing_key=key.id)
    if customer.is_archived:
        raise RuleBroken(_("보관한 고객은 예약할 수 없습니다. 먼저 고객을 되살리십시오."), customer=customer.id)
    return key


def _send(ctx: WorkContext, gateway: Gateway, schedule_id: str, order: ReservationOrder) -> None:
    """Ask PortOne once and write down the answer; anything not clearly ours leaves it UNCERTAIN and is read."""
    ctx.end_reading()
    evidence: str | None = None
    try:
        held = gateway.reserve(order)
    except GatewayError as wrong:
        evidence = _evidence(wrong)
    else:
        claims = (held.customer_uid == order.customer_uid, held.amount_krw == order.amount_krw)
        if not all(claims) or held.status is not ReservationStatus.SCHEDULED:
            evidence = Evidence.MISMATCH.value
    with ctx.atomic() as session:
        schedule = locked(session, schedule_id)
        if schedule.state is not ScheduleState.SENDING:
            return
        if evidence is None:
            schedule.schedule_at = held.schedule_at
        become(ctx, schedule, ScheduleState.UNCERTAIN if evidence else ScheduleState.SCHEDULED, evidence)
        plan_look(schedule, lease_now(session, ctx.clock))
    if evidence is not None and not evidence.startswith(Evidence.NO_ANSWER.value):
        look_at_schedule(ctx, gateway, schedule_id)
