"""Small moves that the clock and staff share, each inside an open write. Locks: the subscription, then its period."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime
from itertools import pairwise
from typing import Any, TypeVar

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.core.context import WorkContext
from merchant_admin.core.errors import Conflict, NotFound, RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.core.times import seoul_day
from merchant_admin.subscriptions import agreeing
from merchant_admin.subscriptions.calendar import monthly_krw
from merchant_admin.subscriptions.models import Period, Subscription
from merchant_admin.subscriptions.states import (
    CHARGED,
    OPEN_PERIOD,
    EndReason,
    PeriodState,
    SubscriptionState,
    advance,
    advance_period,
)  # fmt: skip

_Row = TypeVar("_Row", Subscription, Period)


def locked(session: Session, subscription_id: str, version: int | None = None) -> Subscription:
    """The subscription as it stands, locked until the commit.

    Raises NotFound, and Conflict when it is no longer at `version`: somebody changed it after the page was drawn.
    """
    found = session.get(Subscription, subscription_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound(_("정기결제를 찾을 수 없습니다."))
    if version is not None and found.version != version:
        raise Conflict(
            _(
                "다른 직원이 먼저 이 정기결제를 바꾸었습니다. 아무것도 바꾸지 않았습니다. "
                "지금 상태를 보고 다시 하십시오."
            ),
            subscription=found.id,
        )
    return found


def all_locked(session: Session, model: type[_Row], ids: Collection[str]) -> list[_Row]:
    """The rows of these ids as they stand, locked until the commit, in the order of ids: nobody waits in a ring."""
    rows = select(model).where(model.id.in_(ids)).order_by(model.id).with_for_update()
    return list(session.scalars(rows.execution_options(populate_existing=True)))


def open_period(session: Session, subscription_id: str) -> Period | None:
    """The one debt that is not settled, locked; None if there is none."""
    owed = select(Period).where(Period.subscription_id == subscription_id, Period.state.in_(OPEN_PERIOD))
    return session.scalars(owed.with_for_update().execution_options(populate_existing=True)).first()


def tell(ctx: WorkContext, act: str, subscription: Subscription, reason: str | None = None, **facts: Any) -> None:
    """Write the change into the timeline."""
    subject = ("subscription", subscription.id)
    record(ctx, act, subject, customer_id=subscription.customer_id, reason=reason, **facts)


def move(ctx: WorkContext, subscription: Subscription, to: SubscriptionState) -> None:
    """Change the state, if it is another one."""
    if subscription.state is not to:
        subscription.state = advance(subscription.state, to)
        subscription.moved_at = ctx.now()
    subscription.version += 1


def end(ctx: WorkContext, subscription: Subscription, why: EndReason) -> None:
    """The last move: nothing is charged any more."""
    subscription.ended_at, subscription.end_reason, subscription.next_on = ctx.now(), why, None
    subscription.resumes_on = None
    move(ctx, subscription, SubscriptionState.ENDED)
    count_once(ctx.reader, [subscription], seoul_day(ctx.now()))
    agreeing.drop(ctx, ctx.reader, subscription)


def settle_period(ctx: WorkContext, period: Period, to: PeriodState, try_at: datetime | None = None) -> None:
    """Move a period; one that stays open gets the instant of its next try."""
    period.state = advance_period(period.state, to)
    period.try_at, period.held_until = try_at, None
    period.settled_at = None if to in OPEN_PERIOD else ctx.now()


def running(session: Session, held: Subscription) -> SubscriptionState:
    """TRIAL as long as nothing was ever paid of a subscription that began as one."""
    paid = select(Period.id).where(Period.subscription_id == held.id, Period.state == PeriodState.PAID).limit(1)
    is_trial = held.trial_until is not None and session.scalars(paid).first() is None
    return SubscriptionState.TRIAL if is_trial else SubscriptionState.ACTIVE


def refuse_open(session: Session, held: Subscription) -> None:
    """Pausing and planned ends are for what is paid up and runs. Raises RuleBroken."""
    if open_period(session, held.id) is not None:
        raise RuleBroken(
            _(
                "아직 끝나지 않은 결제가 있습니다. 결과가 나온 뒤에 다시 하거나 바로 해지하십시오. "
                "아무것도 바꾸지 않았습니다."
            ),
            subscription=held.id,
        )
    if held.state not in CHARGED or held.next_on is None:
        raise RuleBroken(_("이용 중이거나 체험 중인 정기결제에만 할 수 있습니다. 아무것도 바꾸지 않았습니다."))


def count_once(session: Session, subscriptions: Collection[Subscription], since: date) -> None:
    """Let each day count one paid period of a subscription in MRR, the later one, and none from its end on.

    Called when one is paid and at the end. Only what counts after `since` can have changed.
    """
    paid = select(Period).where(
        Period.subscription_id.in_([one.id for one in subscriptions]), Period.state == PeriodState.PAID,
        Period.worth_until > since,
    )  # fmt: skip
    found: dict[str, list[Period]] = defaultdict(list)
    for period in session.scalars(paid.order_by(Period.due_on, Period.number)):
        found[period.subscription_id].append(period)
    for subscription in subscriptions:
        periods = found[subscription.id]
        for earlier, later in pairwise(periods):
            earlier.worth_until = min(earlier.worth_until, later.due_on)
        if subscription.ended_at is not None:
            over = seoul_day(subscription.ended_at)
            for period in periods:
                period.worth_until = max(period.due_on, min(period.worth_until, over))


def step_on(subscription: Subscription) -> None:
    """Make the date after the next one the next one."""
    subscription.next_step += 1
    subscription.next_number += 1
    subscription.next_on = subscription.cycle.on(subscription.next_step)


def add_period(
    ctx: WorkContext, session: Session, subscription: Subscription, state: PeriodState, due_on: date
) -> Period:
    """The period of the next date, at the price of now; the subscription goes on to the date after it."""
    ends_on = subscription.cycle.on(subscription.next_step + 1)
    period = Period(
        id=new_id("prd"), subscription_id=subscription.id, mode=subscription.mode, number=subscription.next_number,
        due_on=due_on, ends_on=ends_on, worth_until=ends_on, amount_krw=subscription.amount_krw,
        tax_free_krw=subscription.tax_free_krw,
        monthly_krw=monthly_krw(subscription.amount_krw, subscription.unit, subscription.every),
        state=state, created_at=ctx.now(), tries=0, hand_tries=0,
    )  # fmt: skip
    session.add(period)
    step_on(subscription)
    return period
