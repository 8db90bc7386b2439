"""Pauses: until staff resume by hand, or until an agreed day on which the clock does. Nothing is charged meanwhile.

Dates that a pause passed over are not made up for. A pause is over as of the agreed day, however late the clock comes
to it: the dates from that day on are due as if no machine had been off, under the plan's rule for missed ones.
"""

from datetime import date

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.core.context import WorkContext
from merchant_admin.core.errors import RuleBroken
from merchant_admin.core.settings import Mode
from merchant_admin.core.times import seoul_day, start_of
from merchant_admin.subscriptions import agreeing, steps, telling
from merchant_admin.subscriptions.agreeing import Agreed
from merchant_admin.subscriptions.models import Subscription
from merchant_admin.subscriptions.proposals import refuse_until
from merchant_admin.subscriptions.states import SubscriptionState
from merchant_admin.subscriptions.terms import Terms

BATCH = 100


def pause(
    ctx: WorkContext, subscription_id: str, version: int, reason: str | None = None, until: date | None = None
) -> Subscription:
    """Charge nothing until that Seoul day, or without one until it is resumed by hand.

    Raises NotFound, Conflict (stale version), RuleBroken (a day that is not to come or too far, a period that is not
    settled).
    """
    with ctx.atomic() as session:
        held = steps.locked(session, subscription_id, version)
        steps.refuse_open(session, held)
        steps.move(ctx, held, SubscriptionState.PAUSED)
        _put_until(ctx, held, until)
        telling.withdraw(ctx, session, held)
        act = "subscription.paused_until" if until else "subscription.paused"
        steps.tell(ctx, act, held, reason, **_words(held))
    return held


def change_pause(
    ctx: WorkContext, subscription_id: str, version: int, reason: str | None = None, until: date | None = None
) -> Subscription:
    """Move the day on which a pause is over, or take it away (None): then it lasts until it is resumed by hand.

    Raises as `pause`, and RuleBroken for one that is not paused.
    """
    with ctx.atomic() as session:
        held = steps.locked(session, subscription_id, version)
        _refuse_running(held)
        before = _text(held.resumes_on)
        _put_until(ctx, held, until)
        held.version += 1
        telling.withdraw(ctx, session, held)
        act = "subscription.pause_moved" if until else "subscription.pause_opened"
        steps.tell(ctx, act, held, reason, before=before, **_words(held))
    return held


def resume(ctx: WorkContext, subscription_id: str, version: int) -> Subscription:
    """Go on after a pause, at the first date of its cycle that is not past. Raises RuleBroken when not paused."""
    with ctx.atomic() as session:
        held = steps.locked(session, subscription_id, version)
        _refuse_running(held)
        _go_on(ctx, session, held, seoul_day(ctx.now()))
        steps.tell(ctx, "subscription.resumed", held, next_on=_text(held.next_on))
    return held


def resume_due(ctx: WorkContext, limit: int = BATCH) -> int:
    """Go on with those whose agreed day has come, up to `limit` in one write. Returns how many."""
    over = select(Subscription).where(
        Subscription.mode == Mode(ctx.mode), Subscription.resumes_on.is_not(None),
        Subscription.resumes_on <= seoul_day(ctx.now()),
    ).order_by(Subscription.resumes_on, Subscription.id)  # fmt: skip
    ctx.end_reading()
    with ctx.atomic() as session:
        found = session.scalars(over.limit(limit).with_for_update(skip_locked=True)).all()
        for held in found:
            agreed_on = held.resumes_on
            assert agreed_on is not None
            _go_on(ctx, session, held, agreed_on)
            held.moved_at = start_of(agreed_on)  # so that dates since then count as missed, as after any day off
            steps.tell(ctx, "subscription.resumed_on_day", held, on=_text(agreed_on), next_on=_text(held.next_on))
    return len(found)


def _go_on(ctx: WorkContext, session: Session, held: Subscription, day: date) -> None:
    """The first date that is not before `day` is the next one."""
    terms, to = Terms.without_pause(held).not_before(day), steps.running(session, held)
    held.resumes_on, held.next_step, held.next_on = None, terms.step, terms.next_on
    steps.move(ctx, held, to)
    agreeing.follow(ctx, session, held, Agreed.of(held))


def _put_until(ctx: WorkContext, held: Subscription, until: date | None) -> None:
    if until is not None:
        refuse_until(until, seoul_day(ctx.now()))
    held.resumes_on = until
    held.next_on = Terms.of(held).next_on if until else None


def _refuse_running(held: Subscription) -> None:
    if held.state is not SubscriptionState.PAUSED or held.times_left == 0:
        raise RuleBroken(_("일시정지한 정기결제에만 할 수 있습니다. 아무것도 바꾸지 않았습니다."))


def _words(held: Subscription) -> dict[str, str | None]:
    return {"until": _text(held.resumes_on), "next_on": _text(held.next_on)}


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None
