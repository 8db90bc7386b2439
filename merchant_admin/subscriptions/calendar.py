"""The dates of a repeated payment. Plain arithmetic on Seoul days; nothing here knows a table or a clock.

A date is always counted from the anchor and never from the date before it, so that the 31st becomes the last day of a
short month and is the 31st again in the next one, and 29 February is itself again in every leap year.
"""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from merchant_admin.subscriptions.states import Unit

MONTHS_OF = {Unit.MONTH: 1, Unit.YEAR: 12}
DAYS_OF = {Unit.DAY: 1, Unit.WEEK: 7}
LAST_DAY = 31
MOST_OF = {Unit.DAY: 365, Unit.WEEK: 52, Unit.MONTH: 24, Unit.YEAR: 5}  # the longest "every N"


@dataclass(frozen=True)
class Cycle:
    """Every `every` units from `anchor_on`. `anchor_day` is the day of the month that is meant, 31 for the last."""

    unit: Unit
    every: int
    anchor_on: date
    anchor_day: int

    def on(self, step: int) -> date:
        """The date `step` turns after the anchor; step 0 is the anchor itself."""
        if self.unit in DAYS_OF:
            return self.anchor_on + timedelta(days=DAYS_OF[self.unit] * self.every * step)
        months = self.anchor_on.year * 12 + self.anchor_on.month - 1 + MONTHS_OF[self.unit] * self.every * step
        year, month = months // 12, months % 12 + 1
        return date(year, month, min(self.anchor_day, last_day(year, month)))

    def first_from(self, step: int, day: date) -> int:
        """The first step not before `step` whose date is not before `day`."""
        while self.on(step) < day:
            step += 1
        return step


def monthly_krw(amount_krw: int, unit: Unit, every: int) -> int:
    """What a price every `every` units is as of one month, in whole won, rounded down.

    A year is 12 months or 365 days, a week 7 days: the same for short and for long months, so that the figure moves
    only when something was agreed.
    """
    match unit:
        case Unit.MONTH:
            return amount_krw // every
        case Unit.YEAR:
            return amount_krw // (12 * every)
        case Unit.WEEK:
            return amount_krw * 365 // (12 * 7 * every)
        case Unit.DAY:
            return amount_krw * 365 // (12 * every)


def last_day(year: int, month: int) -> int:
    """How many days the month has."""
    return calendar.monthrange(year, month)[1]


def anchored(unit: Unit, every: int, on: date, *, at_month_end: bool = False) -> Cycle:
    """The cycle that begins `on`. `at_month_end`: on a month's last day, each month's last day is meant."""
    is_last = on.day == last_day(on.year, on.month)
    return Cycle(unit, every, on, LAST_DAY if at_month_end and is_last else on.day)
