"""A year of some subscriptions under a clock that is moved day by day, against dates found another way.

Cards refuse as they like, answers get lost, the machine is off for days: no due date is charged twice or forgotten, and
what the sandbox took is what the books say.
"""

import random
from collections import Counter
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from merchant_admin.payments.models import Attempt
from merchant_admin.payments.states import OPEN, AttemptState
from merchant_admin.subscriptions import service
from merchant_admin.subscriptions.models import Period, PeriodCharge
from merchant_admin.subscriptions.states import PeriodState, SubscriptionState, Unit
from tests.subscriptions.acting import a_plan, fresh, periods, subscribed, today, turn
from tests.support.books import assert_books_agree, assert_books_balance

DAYS = 365
FAULTS = ("close_after", "close_before", "html_after", "html_before")


def month_days(start, every, count):
    """Due dates by the calendar's own rows: the day of the start, or the last day of a shorter month."""
    found, year, month = [], start.year, start.month
    while len(found) < count:
        last = max(day for day in range(28, 32) if _is_day(year, month, day))
        found.append(date(year, month, min(start.day, last)))
        month += every
        year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return found


def _is_day(year, month, day):
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("seed", [7, 23])
def test_a_year_of_dates_refusals_faults_and_days_off(world, seed):
    dice = random.Random(seed)
    monthly, weekly = a_plan(world, gaps=(1, 3, 5)), a_plan(world, unit=Unit.WEEK, every=2, gaps=(1, 2))
    made = {}
    for number in range(10):
        plan = weekly if number % 3 == 2 else monthly
        start = today(world) + timedelta(days=number)
        card = "works_twice" if number == 4 else "approve"
        made[subscribed(world, plan, card, starts_on=start)] = (plan.unit, start)
    off = 0
    for _day in range(DAYS):
        world.clock.advance(days=1)
        off = off - 1 if off > 0 else (3 if dice.random() < 0.02 else 0)
        if off:
            continue
        if dice.random() < 0.1:
            world.sandbox.faults.plan(dice.choice(FAULTS), "/subscribe/payments/again")
        turn(world)
        world.sandbox.faults.clear()
        for seconds in (190, 70, 70):
            if unsettled(world):
                world.clock.advance(seconds=seconds)
                turn(world)
    for subscription_id, (unit, start) in made.items():
        assert_dates(world, subscription_id, unit, start)
    assert_once(world)
    assert_books_balance(world.session)
    assert_books_agree(world.app, world.sandbox)


def unsettled(world):
    world.session.rollback()
    return world.session.scalars(select(Attempt.id).where(Attempt.state.in_(OPEN)).limit(1)).first() is not None


def assert_dates(world, subscription_id, unit, start):
    """Every date up to today has its period and no other has one; a live one has paid or skipped all of them."""
    rows = periods(world, subscription_id)
    count = len(rows) + 1
    dates = (
        month_days(start, 1, count) if unit is Unit.MONTH else [start + timedelta(days=14 * n) for n in range(count)]
    )
    assert [row.due_on for row in rows] == dates[:-1]
    held = fresh(world, subscription_id)
    if held.state is SubscriptionState.ACTIVE:
        assert held.next_on == dates[-1] > today(world) - timedelta(days=4)
        assert {row.state for row in rows[:-1]} <= {PeriodState.PAID, PeriodState.SKIPPED}


def assert_once(world):
    paid = select(PeriodCharge.period_id).join(Attempt, Attempt.charge_id == PeriodCharge.charge_id)
    times = Counter(world.session.scalars(paid.where(Attempt.state == AttemptState.PAID)))
    assert set(times.values()) == {1}
    settled = set(world.session.scalars(select(Period.id).where(Period.state == PeriodState.PAID)))
    assert settled == set(times)
    assert service.__all__
