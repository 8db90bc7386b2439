"""Taking a rehearsed shop's time forward: our clock and the sandbox's together, day by day, with all that falls due.

For sandbox mode only. A day is walked as a worker would live it, at ten in the morning in Seoul, so that charges,
retries, ends and notices come in the order and on the dates they would come by themselves.
"""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from merchant_admin.core.clock import MovableClock, monotonic
from merchant_admin.core.context import Actor, WorkContext
from merchant_admin.core.errors import RuleBroken
from merchant_admin.core.times import SEOUL, seoul_day
from merchant_admin.payments.models import Attempt
from merchant_admin.payments.states import OPEN
from merchant_admin.portone.gateway import Gateway
from merchant_admin.staff.service import carry_sessions
from merchant_admin.subscriptions import telling
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.subscriptions.models import Period, Subscription
from merchant_admin.subscriptions.states import OPEN_PERIOD
from merchant_admin.worker.renewals import keep_promises
from merchant_admin.worker.service import run_once

MOST_DAYS = 400
A_WHILE = 3.0  # seconds of work in one request; the page goes on by itself
LOOKS = (0, 10, 240, 70, 70)  # seconds, after which an unclear charge is looked at again


def allowed(today: date, until: date | None, *, is_under_way: bool) -> date:
    """The day to go to. Raises RuleBroken for one the clock can't be taken to; a walk under way may have arrived."""
    if until is None:
        raise RuleBroken(_("갈 날을 고르십시오. 없는 날짜이거나 이 정기결제에 다음 일이 없습니다."))
    if until <= today and not is_under_way:
        raise RuleBroken(_("시계는 앞으로만 갑니다. 오늘보다 뒤의 날을 고르십시오."))
    if (until - today).days > MOST_DAYS:
        raise RuleBroken(_("한 번에 400일까지 갈 수 있습니다."))
    return until


def next_day_of(ctx: WorkContext, subscription_id: str) -> date | None:
    """The next day on which something happens to this subscription by itself; None if nothing does."""
    owed = select(Period.try_at).where(Period.subscription_id == subscription_id, Period.state.in_(OPEN_PERIOD))
    try_at = ctx.session.scalars(owed).first()
    held = ctx.session.get(Subscription, subscription_id)
    ctx.end_reading()
    days = [] if held is None else [day for day in (held.resumes_on, held.next_on, held.ends_on) if day is not None]
    today = seoul_day(ctx.now())
    return min((day for day in (*days, *([seoul_day(try_at)] if try_at else [])) if day > today), default=None)


def go_on(ctx: WorkContext, gateway: Gateway, hours: Hours, until: date) -> None:
    """Walk towards `until` for a while. What is left is walked by the next call; a call more does nothing."""
    ctx = replace(ctx, actor=Actor.job("test clock"), _last_acts=[])  # what falls due is done by nobody
    ends = monotonic() + A_WHILE
    while (today := seoul_day(ctx.now())) < until:
        _move(ctx, datetime.combine(today + timedelta(days=1), max(time(10), hours.start), SEOUL))
        for seconds in LOOKS:
            if seconds and not _in_doubt(ctx):
                break
            if seconds:
                _move(ctx, ctx.now() + timedelta(seconds=seconds))
            run_once(ctx, gateway)
            keep_promises(ctx, gateway, hours)
        telling.announce_renewals(ctx)
        if monotonic() > ends:
            break


def _move(ctx: WorkContext, to: datetime) -> None:
    assert isinstance(ctx.clock, MovableClock)
    by = to - ctx.now()
    if by > timedelta():
        ctx.clock.move_to(to)
        carry_sessions(ctx, by)


def _in_doubt(ctx: WorkContext) -> bool:
    found = ctx.session.scalars(select(Attempt.id).where(Attempt.state.in_(OPEN)).limit(1)).first()
    ctx.end_reading()
    return found is not None
