"""A shop with many subscriptions of every kind, written straight into the tables; and its figures, counted one by one."""

import random
from datetime import date, datetime, timedelta

from sqlalchemy import select

from merchant_admin.core.ids import new_id
from merchant_admin.core.times import SEOUL, seoul_day
from merchant_admin.notices.models import Consent
from merchant_admin.subscriptions.calendar import monthly_krw
from merchant_admin.subscriptions.models import Period, Subscription
from merchant_admin.subscriptions.states import PeriodState, SubscriptionState, Unit
from merchant_admin.subscriptions.terms import Terms, preview
from tests.subscriptions.acting import a_plan

_S, _P = SubscriptionState, PeriodState
GOES_ON = {_S.TRIAL, _S.ACTIVE, _S.PAST_DUE}
CYCLES = ((Unit.MONTH, 1), (Unit.MONTH, 3), (Unit.WEEK, 1), (Unit.WEEK, 2), (Unit.DAY, 10), (Unit.YEAR, 1))
WAITING = {_P.DUE, _P.CHARGING, _P.RETRYING, _P.NEEDS_CARD}
SETTLED = (_P.PAID, _P.PAID, _P.PAID, _P.SKIPPED, _P.UNCOLLECTED)


def noon(day):
    return datetime(day.year, day.month, day.day, 12, tzinfo=SEOUL)


def a_crowd(world, count=120, seed=5, mode="sandbox"):
    """`count` subscriptions of four cards, with three past periods each and an open one for those in trouble.

    One in seven that goes on waits for a consent, one in seven has it.
    """
    dice, today = random.Random(seed), seoul_day(world.clock.now())
    keys, plan_id, now = [world.a_key() for _ in range(4)], a_plan(world).id, world.clock.now()
    made, periods = [], []
    for _number in range(count):
        key, state = dice.choice(keys), dice.choice([*list(_S), _S.ACTIVE, _S.ACTIVE, _S.ACTIVE])
        unit, every = dice.choice(CYCLES)
        anchor_on = today - timedelta(days=dice.randrange(400))
        day = dice.choice([anchor_on.day, 31]) if unit in {Unit.MONTH, Unit.YEAR} else anchor_on.day
        one = Subscription(
            id=new_id("sub"), sheet_key=new_id("sht"), plan_id=plan_id, customer_id=key.customer_id,
            billing_key_id=key.id, mode=mode, state=state, name="월 이용료", amount_krw=dice.randrange(1_000, 90_000),
            tax_free_krw=0, unit=unit, every=every, anchor_on=anchor_on, anchor_day=day, next_step=0, next_number=5,
            times_left=dice.choice([None, None, None, 1, 2]), created_at=now, moved_at=now, version=1,
        )  # fmt: skip
        step = one.cycle.first_from(0, today + timedelta(days=dice.choice([0, 0, 1, 2])))
        one.next_step = step
        if state is _S.PAUSED and dice.random() < 0.5:
            one.resumes_on = today + timedelta(days=dice.randrange(1, 60))
        one.next_on = Terms.of(one).next_on if state in GOES_ON or one.resumes_on else None
        if state is _S.ENDED:
            one.ended_at, one.end_reason = now - timedelta(days=dice.randrange(60)), dice.choice(["asked", "unpaid"])
        if state is _S.CANCELLING:
            one.ends_on = today + timedelta(days=9)
        made.append(one)
        periods += _periods(dice, one, step, state, today)
    with world.ctx().atomic() as session:
        session.add_all(made)
        session.flush()
        session.add_all([*periods, *_consents(dice, made)])
    world.session.expire_all()
    return made


def a_crowd_of_another_mode(world):
    """Of the test mode: no figure of this process counts it, and no list shows it."""
    return a_crowd(world, 60, seed=9, mode="test")


def _consents(dice, made):
    for one in made:
        state = dice.choice(["open", "refused", "given", *["none"] * 9])
        if one.state in GOES_ON and state != "none":
            yield Consent(
                id=new_id("cns"), kind="price_rise", subscription_id=one.id, customer_id=one.customer_id, mode=one.mode, name=one.name,
                agreed_krw=500, agreed_days=30, amount_krw=one.amount_krw, effective_on=one.next_on,
                opens_on=one.next_on - timedelta(days=30), state=state, version=1, created_at=one.created_at,
                agreed_cycle="month.1", cycle="month.1", link_hash=new_id("lnk"),
            )  # fmt: skip


def held_ones(session):
    """The ids of subscriptions that wait for a consent."""
    return {one.subscription_id for one in session.scalars(select(Consent)) if one.state in {"open", "refused"}}


def _periods(dice, one, step, state, today):
    for number in range(1, 5):
        due_on, ends_on = one.cycle.on(step - 5 + number), one.cycle.on(step - 4 + number)
        is_open = number == 4 and state is _S.PAST_DUE
        if number == 4 and not is_open and state is not _S.ACTIVE:
            continue
        what = dice.choice([_P.RETRYING, _P.NEEDS_CARD]) if is_open else dice.choice(SETTLED)
        failed = what in {_P.RETRYING, _P.NEEDS_CARD, _P.UNCOLLECTED} or (what is _P.PAID and dice.random() < 0.3)
        settled = None if what in WAITING else noon(min(today, due_on + timedelta(days=dice.randrange(5))))
        yield Period(
            id=new_id("prd"), subscription_id=one.id, mode=one.mode, number=number, due_on=due_on, ends_on=ends_on,
            worth_until=_worth_until(one, due_on, ends_on), amount_krw=one.amount_krw, tax_free_krw=0, state=what, tries=1,
            monthly_krw=monthly_krw(one.amount_krw, one.unit, one.every),
            hand_tries=0, created_at=noon(due_on), settled_at=settled, failed_on=due_on if failed else None,
            try_at=noon(today + timedelta(days=1)) if is_open else None,
            failure="balance" if what is _P.RETRYING else ("expired" if what is _P.NEEDS_CARD else None),
        )  # fmt: skip


def _worth_until(one, due_on, ends_on):
    return max(due_on, min(ends_on, seoul_day(one.ended_at))) if one.ended_at else ends_on


def dates_of(one, last, today):
    """The due dates to come of one subscription, one by one."""
    if one.next_on is None:
        return []
    found, terms = [], Terms.of(one)
    for each in preview(terms, 500):
        if each.on > last:
            break
        found.append(each.on)
    return found


def month_of(day):
    first = date(day.year, day.month, 1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
