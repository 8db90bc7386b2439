"""Run once more: a reservation that failed or was revoked is given a new time, where its PG profile has that.

The wish (`wanted_at`) is committed before PortOne is asked, and there is one at most. While it is open the state stays
what PortOne last said; a lost answer is found by reading, and nothing is sent a second time.

PortOne's `retry`, which charges a failed reservation at once, is not used. It would take money as a second payment
under an order number whose attempt has already ended, and the attempt is what holds one open try per debt in the
database and settles a lost answer. Charging now is therefore a new order with an order number of its own, filled from
the failed payment; that also works for every profile.
"""

from datetime import datetime

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.core.context import WorkContext
from merchant_admin.core.db import lease_now
from merchant_admin.core.errors import GatewayError, InvalidInput, NotFound, RuleBroken
from merchant_admin.customers.models import Customer
from merchant_admin.portone.gateway import Gateway
from merchant_admin.portone.later import Reservation, ReservationStatus
from merchant_admin.schedules.looking import become, fresh, locked, plan_look, tell
from merchant_admin.schedules.models import Schedule
from merchant_admin.schedules.service import after_failed_request, mark_sent, refused_time
from merchant_admin.schedules.states import AGAIN, ScheduleState


def reschedule(ctx: WorkContext, gateway: Gateway, schedule_id: str, at: datetime) -> Schedule:
    """Have PortOne run a failed or revoked reservation once more, at `at`.

    Comes back SCHEDULED; or as it was, with `wanted_at` while that is not known, or with the reason in `evidence`.
    Raises InvalidInput (field `schedule_day`), RuleBroken (its PG does not offer it, it is in another state, or the
    card or the customer can't be charged), NotFound, GatewayUnreachable while sending is stopped: nothing was sent.
    """
    if refusal := refused_time(at, ctx.now()):
        raise InvalidInput(refusal, {"schedule_day": refusal})
    gateway.refuse_if_stopped()
    with ctx.atomic() as session:
        schedule = _startable(ctx, session, gateway, schedule_id)
        before, merchant_uid = schedule.schedule_at, schedule.merchant_uid
        schedule.wanted_at, schedule.evidence = at, None
        mark_sent(ctx, session, schedule)
        tell(ctx, schedule, "schedule.again", before=before.isoformat(), after=at.isoformat())
    try:
        held = gateway.reschedule(merchant_uid, at)
    except GatewayError as wrong:
        return after_failed_request(ctx, gateway, schedule_id, wrong)
    with ctx.atomic() as session:
        schedule = locked(session, schedule_id)
        if schedule.wanted_at == at and schedule.state in AGAIN and _is_what_was_asked(schedule, held, at):
            schedule.schedule_at, schedule.wanted_at = at, None
            become(ctx, schedule, ScheduleState.SCHEDULED)
        plan_look(schedule, lease_now(session, ctx.clock))  # an answer about something else is settled by reading
    return fresh(ctx, schedule_id)


def _is_what_was_asked(schedule: Schedule, held: Reservation, at: datetime) -> bool:
    asked = (schedule.customer_uid, schedule.amount_krw, at, ReservationStatus.SCHEDULED)
    return asked == (held.customer_uid, held.amount_krw, held.schedule_at, held.status)


def _startable(ctx: WorkContext, session: Session, gateway: Gateway, schedule_id: str) -> Schedule:
    """The reservation, locked, if it may be asked for again. The card is locked first, as its deletion does."""
    customer_uid = session.scalar(select(Schedule.customer_uid).where(Schedule.id == schedule_id))
    key = session.scalar(
        select(BillingKey)
        .where(BillingKey.customer_uid == customer_uid)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    schedule = locked(session, schedule_id)
    if schedule.state not in AGAIN or schedule.wanted_at is not None:
        raise RuleBroken(_("지금은 다시 예약할 수 없는 예약입니다. 아무것도 바뀌지 않았습니다."), schedule=schedule_id)
    if key is None:
        raise NotFound(_("이 예약의 빌링키를 찾을 수 없습니다. 아무것도 바뀌지 않았습니다."))
    if not gateway.runs_again(key.pg_provider):
        raise RuleBroken(
            _("이 카드의 결제 통로에서는 예약을 되살릴 수 없습니다. 아무것도 바뀌지 않았습니다. 새로 예약하세요."),
            schedule=schedule_id,
        )
    customer = session.get(Customer, key.customer_id)
    if key.state is not KeyState.ACTIVE or key.mode.value != ctx.mode or schedule.mode is not key.mode:
        raise RuleBroken(_("쓸 수 없는 빌링키라서 예약하지 않았습니다. 다른 카드를 고르십시오."), billing_key=key.id)
    if customer is None or customer.is_archived:
        raise RuleBroken(_("보관한 고객은 예약할 수 없습니다. 먼저 고객을 되살리십시오."), customer=key.customer_id)
    return schedule
