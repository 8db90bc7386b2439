"""Due dates against another way of finding them: walking day by day through a calendar."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merchant_admin.subscriptions.calendar import Cycle, anchored
from merchant_admin.subscriptions.states import Unit
from merchant_admin.subscriptions.terms import Terms, preview, unused

DAYS = st.dates(date(2020, 1, 1), date(2090, 12, 31))


def month_of(cycle, wanted):
    """All days of the wanted-th month after the anchor's, found by walking."""
    day, passed = cycle.anchor_on, 0
    while passed < wanted:
        before, day = day, day + timedelta(days=1)
        passed += before.month != day.month
    days = [day.replace(day=1) + timedelta(days=n) for n in range(31)]
    return [each for each in days if (each.year, each.month) == (day.year, day.month)]


def by_walking(cycle, step):
    if cycle.unit in (Unit.DAY, Unit.WEEK):
        day = cycle.anchor_on
        for _turn in range(step * cycle.every * (7 if cycle.unit is Unit.WEEK else 1)):
            day += timedelta(days=1)
        return day
    days = month_of(cycle, step * cycle.every * (12 if cycle.unit is Unit.YEAR else 1))
    return max(each for each in days if each.day <= cycle.anchor_day)


@given(st.sampled_from(list(Unit)), st.integers(1, 4), DAYS, st.booleans(), st.integers(0, 6))
def test_dates_are_those_found_by_walking(unit, every, on, at_month_end, step):
    cycle = anchored(unit, every, on, at_month_end=at_month_end)
    assert cycle.on(step) == by_walking(cycle, step)


@given(st.sampled_from(list(Unit)), st.integers(1, 12), DAYS, st.integers(0, 30))
def test_dates_only_go_forward_and_the_first_from_a_day_is_the_first(unit, every, on, step):
    cycle = anchored(unit, every, on)
    assert cycle.on(step) < cycle.on(step + 1)
    day = cycle.on(step) + timedelta(days=1)
    found = cycle.first_from(0, day)
    assert cycle.on(found) >= day > cycle.on(found - 1)


def test_the_31st_is_the_last_day_and_the_31st_again():
    cycle = anchored(Unit.MONTH, 1, date(2027, 1, 31))
    assert [cycle.on(step).day for step in range(6)] == [31, 28, 31, 30, 31, 30]


def test_a_last_day_that_is_meant_as_such_stays_one():
    assert anchored(Unit.MONTH, 1, date(2027, 2, 28), at_month_end=True).on(1) == date(2027, 3, 31)
    assert anchored(Unit.MONTH, 1, date(2027, 2, 28)).on(1) == date(2027, 3, 28)
    assert anchored(Unit.MONTH, 1, date(2027, 2, 27), at_month_end=True).on(1) == date(2027, 3, 27)


def test_29_february_comes_back_in_leap_years():
    cycle = anchored(Unit.YEAR, 1, date(2028, 2, 29))
    assert [cycle.on(step) for step in (1, 4)] == [date(2029, 2, 28), date(2032, 2, 29)]


def test_a_preview_ends_with_the_agreed_number_of_times():
    cycle = Cycle(Unit.MONTH, 1, date(2027, 1, 31), 31)
    assert [each.on for each in preview(Terms(cycle, 1, 9_900, 2))] == [date(2027, 2, 28), date(2027, 3, 31)]
    assert len(preview(Terms(cycle, 0, 9_900))) == 3


@pytest.mark.parametrize(
    ("today", "days"), [(date(2026, 11, 1), (29, 30)), (date(2026, 11, 30), (0, 30)), (date(2026, 10, 20), (30, 30))]
)
def test_unused_days_leave_today_out(today, days):
    assert unused(date(2026, 11, 1), date(2026, 12, 1), today) == days
