"""Reading what was refused: the periods of a plan with every charge that was made for them."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from merchant_admin.core.times import seoul_day
from merchant_admin.failures.service import Dictionary, dictionary
from merchant_admin.payments.models import Attempt, Charge
from merchant_admin.payments.states import OPEN, AttemptState, read_evidence
from merchant_admin.subscriptions.dunning import HARD
from merchant_admin.subscriptions.models import Period, PeriodCharge, Subscription
from merchant_admin.subscriptions.replay import RealTry, Refusal, Replay, replayed
from merchant_admin.subscriptions.states import EndReason, PeriodState

DAYS = 90
MOST = 5_000  # refusals that are looked at, the newest; the page says so


def replay_of_plan(session: Session, plan_id: str, gaps: tuple[int, ...], today: date) -> Replay:
    """What these gaps would have made of the plan's refusals of the last DAYS days, beside what became of them."""
    found, is_all = refusals_of_plan(session, plan_id, today - timedelta(days=DAYS))
    return replayed(found, gaps, today, DAYS, is_all=is_all)


def refusals_of_plan(session: Session, plan_id: str, since: date) -> tuple[list[Refusal], bool]:
    """The plan's periods that failed from `since` on, at most the newest MOST, and whether these are all."""
    failed = (
        select(Period.id, Period.amount_krw, Period.state, Period.settled_at, Subscription.end_reason)
        .join(Subscription, Subscription.id == Period.subscription_id)
        .where(Period.failed_on >= since, Subscription.plan_id == plan_id)
        .order_by(Period.failed_on.desc(), Period.id.desc())
    )
    rows = session.execute(failed.limit(MOST + 1)).all()
    periods, words = rows[:MOST], dictionary(session)
    tries = _tries(session, [row.id for row in periods], words)
    found = [
        Refusal(row.amount_krw, tuple(tries[row.id]), _stopped_on(row.state, row.settled_at, row.end_reason))
        for row in periods
        if tries.get(row.id)
    ]
    return found, len(rows) <= MOST


def retrying_of_plan(session: Session, plan_id: str, most: int) -> int:
    """How many subscriptions of the plan wait for a retry now, counted to `most`."""
    waits = select(Period.id).join(Subscription, Subscription.id == Period.subscription_id)
    waits = waits.where(Subscription.plan_id == plan_id, Period.state == PeriodState.RETRYING).limit(most)
    return session.scalar(select(func.count()).select_from(waits.subquery())) or 0


def _stopped_on(state: PeriodState, settled_at: datetime | None, end_reason: EndReason | None) -> date | None:
    """The day on which staff ended the subscription, and with it this period."""
    is_asked = state is PeriodState.UNCOLLECTED and end_reason is EndReason.ASKED
    return seoul_day(settled_at) if is_asked and settled_at is not None else None


def _tries(session: Session, period_ids: list[str], words: Dictionary) -> dict[str, list[RealTry]]:
    """By period, beginning with the first that was refused."""
    found: dict[str, list[RealTry]] = {}
    first_card: dict[str, str | None] = {}
    for row in _charges(session, period_ids):
        tried = found.setdefault(row.period_id, [])
        is_paid = {AttemptState.PAID: True}.get(row.state, None if row.state in OPEN else False)
        if not tried and is_paid is not False:
            continue  # before the first refusal there is nothing to retry
        card = first_card.setdefault(row.period_id, row.billing_key_id)
        text = row.fail_reason or read_evidence(row.evidence)[1]
        is_hard = is_paid is False and words.class_of(text) in HARD
        is_retry = not row.by_hand and row.billing_key_id == card
        tried.append(RealTry(seoul_day(row.created_at), is_paid, is_hard, is_retry))
    return found


def _charges(session: Session, period_ids: list[str]) -> Iterable[Any]:
    at_once = 500
    for start in range(0, len(period_ids), at_once):
        yield from session.execute(
            select(
                PeriodCharge.period_id, PeriodCharge.by_hand, Charge.billing_key_id, Attempt.state,
                Attempt.fail_reason, Attempt.evidence, Attempt.created_at,
            )
            .join(Charge, Charge.id == PeriodCharge.charge_id)
            .join(Attempt, Attempt.charge_id == PeriodCharge.charge_id)
            .where(PeriodCharge.period_id.in_(period_ids[start : start + at_once]))
            .order_by(PeriodCharge.period_id, PeriodCharge.number, Attempt.created_at)
        )  # fmt: skip
