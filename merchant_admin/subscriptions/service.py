"""What staff can do with a subscription. Each act names the version it saw; a stale page changes nothing.

Every act that changes dates or sums has a preview of the same shape (`preview_*`), so that what is confirmed is what
is then done. Money moves in `clock.collect` only, which is an ordinary charge of `payments`.
"""

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.core.context import ActorKind, WorkContext
from merchant_admin.core.errors import Conflict, RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.core.settings import Mode
from merchant_admin.core.times import seoul_day
from merchant_admin.customers.models import Customer
from merchant_admin.portone.gateway import Gateway
from merchant_admin.subscriptions import agreeing, clock, steps, telling
from merchant_admin.subscriptions.agreeing import Agreed
from merchant_admin.subscriptions.cards import change_card, usable
from merchant_admin.subscriptions.models import Period, Plan, Subscription
from merchant_admin.subscriptions.pausing import change_pause, pause, resume, resume_due
from merchant_admin.subscriptions.plans import held_offer
from merchant_admin.subscriptions.proposals import (
    Change,
    Order,
    changed,
    cycle_of,
    preview_change,
    preview_order,
    preview_pause,
    preview_resume,
    preview_skip,
    price_of,
    refund_suggestion,
    refuse_ended,
    refuse_order,
    tax_free_of,
)  # fmt: skip
from merchant_admin.subscriptions.states import (
    CHARGED,
    EndReason,
    PeriodState,
    SubscriptionState,
)  # fmt: skip

__all__ = [
    "Change", "Order", "cancel_at_period_end", "cancel_now", "change_card", "change_pause", "change_terms",
    "collect_now", "keep", "pause", "preview_change", "preview_order", "preview_pause", "preview_resume",
    "preview_skip", "refund_suggestion", "resume", "resume_due", "skip_next", "subscribe",
]  # fmt: skip


def subscribe(ctx: WorkContext, order: Order) -> Subscription:
    """Promise to charge again. The same sheet again returns its first subscription.

    What is due today becomes a debt in the same commit; `collect_now` charges it at once, else the clock does within
    its hours. Raises RuleBroken (price, day, a card that can't be charged, an archived plan or customer), NotFound
    (also for another customer's card), Conflict (the sheet was used for something else, or the plan was changed).
    """
    today = seoul_day(ctx.now())
    refuse_order(order, today)
    with ctx.atomic() as session:
        key = session.get(BillingKey, order.billing_key_id, with_for_update=True, populate_existing=True)
        customer = session.get(Customer, order.customer_id, with_for_update={"key_share": True})
        used = session.scalars(select(Subscription).where(Subscription.sheet_key == order.sheet_key)).first()
        if used is not None:
            if (used.customer_id, used.plan_id) != (order.customer_id, order.plan_id):
                raise Conflict(
                    _("이 화면으로 이미 다른 정기결제를 시작했습니다. 이번 요청은 하지 않았습니다."),
                    subscription=used.id,
                )
            return used
        card = usable(ctx, key, customer)
        plan = held_offer(session, order.plan_id, order.plan_version)
        made = _made(ctx, order, plan, card)
        session.add(made)
        session.flush()
        agreeing.follow(ctx, session, made, Agreed.of(made))
        upcoming = made.next_on
        steps.tell(
            ctx, "subscription.created", made, amount_krw=made.amount_krw, plan=plan.name,
            first_on=upcoming.isoformat() if upcoming else None,
        )  # fmt: skip
        if upcoming is not None and upcoming <= today:
            clock.open_next(ctx, session, made, plan, today)
    return made


def collect_now(ctx: WorkContext, gateway: Gateway, subscription_id: str, number: int | None = None) -> None:
    """Charge the open period at once, because staff pressed. `number` is the try the page showed.

    The first try of a period counts as the clock's, so that a fresh start is not counted as a manual retry. Raises
    RuleBroken (nothing is owed, or it is being charged already), GatewayUnreachable; nothing was sent then.
    """
    period = _owed(ctx.reader, subscription_id)
    by_hand = period.tries > 0 or period.state is PeriodState.NEEDS_CARD
    clock.collect(ctx, gateway, period.id, by_hand=by_hand, number=number)


def change_terms(
    ctx: WorkContext, subscription_id: str, version: int, change: Change, reason: str | None = None
) -> Subscription:
    """Change price, plan or dates from the next due date on; a debt that exists keeps its sum.

    Raises NotFound, Conflict (stale version, or the new plan was changed), RuleBroken (ended, a past or far day, a
    price that can't be).
    """
    today = seoul_day(ctx.now())
    with ctx.atomic() as session:
        held = steps.locked(session, subscription_id, version)
        before = {"amount_krw": held.amount_krw, "next_on": _text(held.next_on), "plan": held.plan_id}
        agreed = Agreed.of(held)
        refuse_ended(held)
        plan = held_offer(session, change.plan_id, change.plan_version) if change.plan_id is not None else None
        terms = changed(session, held, change, today)
        if plan is not None:
            held.plan_id = plan.id
        held.amount_krw = terms.amount_krw
        held.tax_free_krw = tax_free_of(session, held, change)
        held.unit, held.every = terms.cycle.unit, terms.cycle.every
        held.anchor_on, held.anchor_day = terms.cycle.anchor_on, terms.cycle.anchor_day
        held.next_step = terms.step
        if held.next_on is not None:
            held.next_on = terms.not_before(held.resumes_on).next_on
            held.trial_until = held.next_on if held.state is SubscriptionState.TRIAL else held.trial_until
        held.version += 1
        after = {"amount_krw": held.amount_krw, "next_on": _text(held.next_on), "plan": held.plan_id}
        telling.withdraw(ctx, session, held)
        agreeing.follow(ctx, session, held, agreed)
        steps.tell(ctx, "subscription.changed", held, reason, before=before, after=after)
    return held


def skip_next(ctx: WorkContext, subscription_id: str, version: int, reason: str | None = None) -> Subscription:
    """Leave the next due date out; no agreed time is used up by it. Raises RuleBroken when no date is to come."""
    with ctx.atomic() as session:
        held = steps.locked(session, subscription_id, version)
        if held.state not in CHARGED or held.next_on is None:
            raise RuleBroken(_("건너뛸 다음 결제일이 없습니다. 아무것도 바꾸지 않았습니다."))
        skipped = steps.add_period(ctx, session, held, PeriodState.SKIPPED, held.next_on)
        skipped.settled_at = ctx.now()
        held.version += 1
        telling.withdraw(ctx, session, held)
        agreeing.follow(ctx, session, held, Agreed.of(held))
        steps.tell(
            ctx, "subscription.skipped", held, reason, on=skipped.due_on.isoformat(), next_on=_text(held.next_on)
        )
    return held


def cancel_now(ctx: WorkContext, subscription_id: str, version: int, reason: str) -> Subscription:
    """End it today. What is owed is given up; a charge that is being checked is still settled, and may yet be paid.

    Gives nothing back by itself: see `refund_suggestion`. Raises NotFound, Conflict, RuleBroken (ended already).
    """
    with ctx.atomic() as session:
        held = steps.locked(session, subscription_id, version)
        refuse_ended(held)
        period = steps.open_period(session, held.id)
        if period is not None and period.state is not PeriodState.CHARGING:
            steps.settle_period(ctx, period, PeriodState.UNCOLLECTED)
        steps.end(ctx, held, EndReason.ASKED)
        telling.withdraw(ctx, session, held)
        steps.tell(ctx, "subscription.cancelled", held, reason)
    return held


def cancel_at_period_end(ctx: WorkContext, subscription_id: str, version: int, reason: str) -> Subscription:
    """Charge no more, and end on the day the next charge would have come. Raises RuleBroken while something is owed."""
    with ctx.atomic() as session:
        held = steps.locked(session, subscription_id, version)
        steps.refuse_open(session, held)
        steps.move(ctx, held, SubscriptionState.CANCELLING)
        held.ends_on, held.end_reason, held.next_on = held.next_on, EndReason.ASKED, None
        telling.withdraw(ctx, session, held)
        steps.tell(ctx, "subscription.cancel_planned", held, reason, ends_on=_text(held.ends_on))
    return held


def keep(ctx: WorkContext, subscription_id: str, version: int) -> Subscription:
    """Take a planned cancellation back: the next charge comes on the day it would have ended."""
    with ctx.atomic() as session:
        held = steps.locked(session, subscription_id, version)
        if held.state is not SubscriptionState.CANCELLING or held.times_left == 0:
            raise RuleBroken(_("해지 예정인 정기결제만 되돌릴 수 있습니다. 아무것도 바꾸지 않았습니다."))
        to = steps.running(session, held)  # read first: no row is cancelling without a day
        held.ends_on = held.end_reason = None
        held.next_on = held.cycle.on(held.next_step)
        steps.move(ctx, held, to)
        agreeing.follow(ctx, session, held, Agreed.of(held))
        steps.tell(ctx, "subscription.kept", held, next_on=_text(held.next_on))
    return held


def _made(ctx: WorkContext, order: Order, plan: Plan, key: BillingKey) -> Subscription:
    amount_krw, tax_free_krw = price_of(order, plan)
    cycle = cycle_of(order, plan)
    is_trial = cycle.anchor_on > order.starts_on
    return Subscription(
        id=new_id("sub"), sheet_key=order.sheet_key, plan_id=plan.id, customer_id=order.customer_id,
        billing_key_id=key.id, mode=Mode(ctx.mode), name=order.name, amount_krw=amount_krw, tax_free_krw=tax_free_krw,
        state=SubscriptionState.TRIAL if is_trial else SubscriptionState.ACTIVE, unit=cycle.unit, every=cycle.every,
        anchor_on=cycle.anchor_on, anchor_day=cycle.anchor_day, next_step=0, next_number=1, next_on=cycle.anchor_on,
        trial_until=cycle.anchor_on if is_trial else None, times_left=order.times, version=1,
        staff_id=ctx.actor.id if ctx.actor.kind is ActorKind.STAFF else None, created_at=ctx.now(), moved_at=ctx.now(),
    )  # fmt: skip


def _owed(session: Session, subscription_id: str) -> Period:
    waiting = {PeriodState.DUE, PeriodState.RETRYING, PeriodState.NEEDS_CARD}
    owed = select(Period).where(Period.subscription_id == subscription_id, Period.state.in_(waiting))
    period = session.scalars(owed).first()
    if period is None:
        raise RuleBroken(_("지금 결제할 것이 없거나 이미 결제를 확인하고 있습니다. 아무것도 보내지 않았습니다."))
    return period


def _text(day: date | None) -> Any:
    return day.isoformat() if day else None
