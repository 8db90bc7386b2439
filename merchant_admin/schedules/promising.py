"""How a reservation meets the payment PortOne made of it, whoever brings the news."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.dependants import Dependant, Need
from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.core.context import WorkContext
from merchant_admin.payments.facts import is_taken
from merchant_admin.payments.models import Attempt, Payment
from merchant_admin.payments.promises import Keeper, Promise
from merchant_admin.payments.states import AttemptState
from merchant_admin.portone.types import PaymentStatus
from merchant_admin.schedules.looking import become, is_of_earlier_run
from merchant_admin.schedules.models import Schedule
from merchant_admin.schedules.states import LIVE, NEXT, ScheduleState

MOST_SIGNS = 40  # of an order number that an attempt can hold


def find_promise(session: Session, merchant_uid: str) -> Promise | None:
    """What was reserved under an order number, its row locked; None if nothing was, or its card is not ours."""
    schedule = _of_order(session, merchant_uid)
    if schedule is None or len(merchant_uid) > MOST_SIGNS:
        return None
    key = session.scalar(select(BillingKey).where(BillingKey.customer_uid == schedule.customer_uid))
    if key is None:
        return None
    return Promise(
        key=schedule.id, mode=schedule.mode, customer_id=schedule.customer_id or key.customer_id,
        billing_key_id=key.id, merchant_uid=merchant_uid, customer_uid=schedule.customer_uid,
        amount_krw=schedule.amount_krw, tax_free_krw=schedule.tax_free_krw, name=schedule.name, memo=schedule.memo,
        staff_id=schedule.staff_id, at=schedule.schedule_at,
    )  # fmt: skip


def payments_came(ctx: WorkContext, session: Session, paid: Sequence[tuple[Payment, Attempt]]) -> None:
    """As payment_came, for many: few of them belong to a reservation, mostly none."""
    orders = select(Schedule.merchant_uid).where(
        Schedule.merchant_uid.in_([payment.merchant_uid for payment, _attempt in paid])
    )
    reserved = set(session.scalars(orders))
    for payment, attempt in paid:
        if payment.merchant_uid in reserved:
            payment_came(ctx, session, payment, attempt)


def payment_came(ctx: WorkContext, session: Session, payment: Payment, attempt: Attempt | None) -> None:
    """Let a reservation show what its payment has become. A payment that is not the reserved one ends nothing."""
    schedule = _of_order(session, payment.merchant_uid)
    if schedule is None or is_of_earlier_run(schedule, payment.status, payment.failed_at):
        return
    is_ours = payment.amount_krw == schedule.amount_krw if attempt is None else attempt.state in _SETTLED
    if is_ours and is_taken(payment):
        to = ScheduleState.EXECUTED_PAID
    elif is_ours and payment.status is PaymentStatus.FAILED:
        to = ScheduleState.EXECUTED_FAILED
    else:
        return
    if to in NEXT[schedule.state]:
        schedule.imp_uid = payment.imp_uid
        schedule.fail_reason = None if to is ScheduleState.EXECUTED_PAID else payment.fail_reason
        become(ctx, schedule, to)


def schedules_of_key(session: Session, key_id: str) -> list[Dependant]:
    """Reservations of this card that PortOne may still run; deletion waits for them (RELIABILITY A26)."""
    found = session.scalars(
        select(Schedule)
        .join(BillingKey, BillingKey.customer_uid == Schedule.customer_uid)
        .where(BillingKey.id == key_id, Schedule.state.in_(LIVE) | Schedule.wanted_at.is_not(None))
    )
    return [Dependant(Need.SCHEDULE, row.id, row.name, row.amount_krw, row.schedule_at) for row in found]


def _of_order(session: Session, merchant_uid: str) -> Schedule | None:
    asked = select(Schedule).where(Schedule.merchant_uid == merchant_uid).with_for_update()
    return session.scalar(asked.execution_options(populate_existing=True))


_SETTLED = frozenset({AttemptState.PAID, AttemptState.DECLINED})
KEEPER = Keeper(find_promise, payment_came, payments_came)
