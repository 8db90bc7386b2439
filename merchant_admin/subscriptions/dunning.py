"""After a charge of a period: paid, tried again, waiting for another card, or given up by the plan's rule.

A lost, stopped, expired or wrong card is never tried again: only another card helps. Anything else is tried again
after the plan's gaps. Tries by staff are counted apart and use none of them up.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.core.context import WorkContext
from merchant_admin.core.heaps import write_changed
from merchant_admin.core.times import seoul_day
from merchant_admin.failures.service import dictionary
from merchant_admin.failures.states import FailureClass
from merchant_admin.payments.models import Attempt, Payment
from merchant_admin.payments.promises import Keeper
from merchant_admin.payments.states import OPEN, AttemptState, read_evidence
from merchant_admin.subscriptions import steps, telling
from merchant_admin.subscriptions.models import Period, PeriodCharge, Plan, Subscription
from merchant_admin.subscriptions.states import OPEN_PERIOD, AfterLast, EndReason, PeriodState, SubscriptionState

HARD = frozenset({FailureClass.LOST_OR_STOPPED, FailureClass.EXPIRED, FailureClass.WRONG_DATA})
TAKEN = _("이미 처리 중이거나 끝난 결제라서 보내지 않았습니다. 지금 상태를 확인하십시오.")
AFTER_A_HAND_TRY = timedelta(days=1)
_UNPAID = frozenset({PeriodState.CHARGING, PeriodState.RETRYING, PeriodState.NEEDS_CARD})


def settle(ctx: WorkContext, period_id: str) -> None:
    """Write down what the period's charges came to. May run at any time, any number of times, in any order."""
    with ctx.atomic() as session:
        settle_within(ctx, session, period_id)


def needs_card(ctx: WorkContext, period_id: str, refused_key_id: str) -> None:
    """Its card can't be charged at all (gone, or not ours): nothing was sent, another card must come.

    If another card has come meanwhile, the refusal says nothing about that one.
    """
    with ctx.atomic() as session:
        subscription, period = _both(session, period_id)
        if subscription.billing_key_id == refused_key_id and period.state in {PeriodState.DUE, PeriodState.RETRYING}:
            _ask_for_card(ctx, session, subscription, period, FailureClass.WRONG_DATA)


def give_up(ctx: WorkContext, period_id: str) -> None:
    """No other card came in time: end or pause, as the plan says."""
    with ctx.atomic() as session:
        subscription, period = _both(session, period_id)
        if period.state is PeriodState.NEEDS_CARD and period.try_at is not None and period.try_at <= ctx.now():
            _write_off(ctx, session, subscription, period)


def _both(session: Session, period_id: str) -> tuple[Subscription, Period]:
    owner = session.scalars(select(Period.subscription_id).where(Period.id == period_id)).one()
    subscription = steps.locked(session, owner)
    return subscription, session.get_one(Period, period_id, with_for_update=True, populate_existing=True)


def settle_within(ctx: WorkContext, session: Session, period_id: str) -> None:
    """As settle, in the open write."""
    subscription, period = _both(session, period_id)
    tried = select(Attempt, PeriodCharge.by_hand).join(PeriodCharge, PeriodCharge.charge_id == Attempt.charge_id)
    tried = tried.where(PeriodCharge.period_id == period_id).order_by(PeriodCharge.number.desc())
    rows = session.execute(tried.execution_options(populate_existing=True)).all()
    if period.state is not PeriodState.PAID and any(attempt.state is AttemptState.PAID for attempt, _hand in rows):
        _paid(ctx, session, [(subscription, period)])
    elif rows and period.state is PeriodState.CHARGING and rows[0][0].state not in OPEN:
        _declined(ctx, session, subscription, period, rows[0][0], by_hand=rows[0][1])


def _paid(ctx: WorkContext, session: Session, both: Sequence[tuple[Subscription, Period]]) -> None:
    were_open = [period.state in OPEN_PERIOD for _subscription, period in both]
    for _subscription, period in both:
        steps.settle_period(ctx, period, PeriodState.PAID)
        period.failure = None
    write_changed(session, [period for _subscription, period in both])
    steps.count_once(session, [each for each, _period in both], min(period.due_on for _each, period in both))
    for (subscription, period), was_open in zip(both, were_open, strict=True):
        _go_on(ctx, subscription, period, was_open=was_open)
    write_changed(session, [subscription for subscription, _period in both])
    telling.charged(ctx, session, both)


def _go_on(ctx: WorkContext, subscription: Subscription, period: Period, *, was_open: bool) -> None:
    """What a subscription becomes when one of its periods was paid."""
    before = subscription.state
    if was_open and before in {SubscriptionState.TRIAL, SubscriptionState.ACTIVE, SubscriptionState.PAST_DUE}:
        if subscription.times_left == 0:
            subscription.ends_on, subscription.end_reason = period.ends_on, EndReason.COMPLETED
            steps.move(ctx, subscription, SubscriptionState.CANCELLING)
        else:
            steps.move(ctx, subscription, SubscriptionState.ACTIVE)
    recovered = before is SubscriptionState.PAST_DUE
    act = "subscription.recovered" if recovered else "subscription.paid"
    steps.tell(ctx, act, subscription, number=period.number, amount_krw=period.amount_krw)


def _declined(
    ctx: WorkContext, session: Session, subscription: Subscription, period: Period, attempt: Attempt, *, by_hand: bool
) -> None:
    text = attempt.fail_reason or read_evidence(attempt.evidence)[1]
    found = dictionary(session).class_of(text)
    period.failed_on = period.failed_on or seoul_day(ctx.now())
    if subscription.state is SubscriptionState.ENDED:  # nothing is owed by one that is paused or about to end
        steps.settle_period(ctx, period, PeriodState.UNCOLLECTED)
        return
    if found in HARD:
        _ask_for_card(ctx, session, subscription, period, found)
        return
    period.failure = found.value
    next_try = _next_try(ctx, session, subscription, period, by_hand=by_hand)
    if next_try is None:
        _write_off(ctx, session, subscription, period)
        return
    steps.settle_period(ctx, period, PeriodState.RETRYING, next_try)
    steps.move(ctx, subscription, SubscriptionState.PAST_DUE)
    facts: dict[str, Any] = {"number": period.number, "failure": found.value, "next_at": next_try.isoformat()}
    steps.tell(ctx, "subscription.declined", subscription, **facts)
    if not by_hand:
        telling.failed(ctx, session, subscription, period, next_try)


def _next_try(
    ctx: WorkContext, session: Session, subscription: Subscription, period: Period, *, by_hand: bool
) -> datetime | None:
    """When the clock tries again; None when it has used all its tries up."""
    gaps = session.get_one(Plan, subscription.plan_id).gaps
    if by_hand and period.tries <= len(gaps):
        return max(period.try_at or ctx.now(), ctx.now() + AFTER_A_HAND_TRY)
    return ctx.now() + timedelta(days=gaps[period.tries - 1]) if 1 <= period.tries <= len(gaps) else None


def _ask_for_card(
    ctx: WorkContext, session: Session, subscription: Subscription, period: Period, found: FailureClass
) -> None:
    """Nothing more is sent with this card; there is as much time for another one as retries would have taken."""
    gaps = session.get_one(Plan, subscription.plan_id).gaps
    period.failure, period.failed_on = found.value, period.failed_on or seoul_day(ctx.now())
    steps.settle_period(ctx, period, PeriodState.NEEDS_CARD, ctx.now() + timedelta(days=max(1, sum(gaps))))
    steps.move(ctx, subscription, SubscriptionState.PAST_DUE)
    steps.tell(ctx, "subscription.needs_card", subscription, number=period.number, failure=found.value)
    telling.card_needed(ctx, session, subscription, period)


def _write_off(ctx: WorkContext, session: Session, subscription: Subscription, period: Period) -> None:
    plan = session.get_one(Plan, subscription.plan_id)
    steps.settle_period(ctx, period, PeriodState.UNCOLLECTED)
    session.flush()
    facts: dict[str, Any] = {"number": period.number, "amount_krw": period.amount_krw}
    if plan.after_last is AfterLast.PAUSE:
        subscription.next_on = None
        steps.move(ctx, subscription, SubscriptionState.PAUSED)
        steps.tell(ctx, "subscription.paused_unpaid", subscription, **facts)
    else:
        steps.end(ctx, subscription, EndReason.UNPAID)
        steps.tell(ctx, "subscription.ended_unpaid", subscription, **facts)
        telling.withdraw(ctx, session, subscription)
        telling.ended_unpaid(ctx, session, subscription, period)


def _told(ctx: WorkContext, session: Session, _payment: Payment, attempt: Attempt | None) -> None:
    """News of a payment: if it settles a period, even a late one, that is written in the same commit."""
    if attempt is None or attempt.state is not AttemptState.PAID:
        return
    paid_for = select(PeriodCharge.period_id).join(Period, Period.id == PeriodCharge.period_id)
    owed = paid_for.where(PeriodCharge.charge_id == attempt.charge_id, Period.state != PeriodState.PAID)
    period_id = session.scalars(owed).first()
    if period_id is not None:
        session.flush()
        settle_within(ctx, session, period_id)


def _told_all(ctx: WorkContext, session: Session, paid: Sequence[tuple[Payment, Attempt]]) -> None:
    """As _told, for many: their subscriptions are locked first, then their periods, each in the order of ids."""
    paid_for = select(Period.id, Period.subscription_id).join(PeriodCharge, PeriodCharge.period_id == Period.id)
    charges = [attempt.charge_id for _payment, attempt in paid]
    owed = session.execute(paid_for.where(PeriodCharge.charge_id.in_(charges), Period.state != PeriodState.PAID)).all()
    if not owed:
        return
    subscriptions = {one.id: one for one in steps.all_locked(session, Subscription, [row[1] for row in owed])}
    periods = steps.all_locked(session, Period, [row[0] for row in owed])
    still = [period for period in periods if period.state is not PeriodState.PAID]
    _paid(ctx, session, [(subscriptions[period.subscription_id], period) for period in still])


KEEPER = Keeper(find=lambda _session, _merchant_uid: None, told=_told, told_all=_told_all)
