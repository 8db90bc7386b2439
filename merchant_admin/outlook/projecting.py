"""The due dates to come of many subscriptions at once.

Subscriptions whose dates are the same stand in one group, so that a million of them are a few thousand groups. The
dates follow from the cycle exactly as for one subscription. Nothing here reads a table or a clock.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from merchant_admin.subscriptions.calendar import MONTHS_OF, Cycle
from merchant_admin.subscriptions.states import SubscriptionState, Unit


@dataclass(frozen=True)
class Rhythm:
    """What decides when it comes again. `anchor_day` 0 where the day of the month plays no part."""

    unit: Unit
    every: int
    anchor_day: int

    @classmethod
    def of(cls, unit: Unit, every: int, anchor_day: int) -> "Rhythm":
        return cls(unit, every, anchor_day if unit in MONTHS_OF else 0)

    def dates(self, next_on: date, last: date, today: date) -> Iterator[date]:
        """From `next_on` to `last`. Of dates that passed and were not opened only one is charged, today."""
        cycle, step = Cycle(self.unit, self.every, next_on, self.anchor_day or next_on.day), 0
        if next_on < today:
            while cycle.on(step + 1) <= today:
                step += 1
            yield today
            step += 1
        while (on := cycle.on(step)) <= last:
            yield on
            step += 1


@dataclass(frozen=True)
class Group:
    """Subscriptions with the same dates and standing. `sum_krw` is what one date of all of them asks for."""

    rhythm: Rhythm
    next_on: date
    times_left: int | None
    state: SubscriptionState
    count: int
    sum_krw: int

    def dates(self, last: date, today: date) -> list[date]:
        """Its due dates up to `last`, no more than are agreed."""
        found = list(self.rhythm.dates(self.next_on, last, today))
        return found if self.times_left is None else found[: self.times_left]


@dataclass
class Sum:
    """How many charges, and how much."""

    count: int = 0
    sum_krw: int = 0

    def __sub__(self, other: "Sum") -> "Sum":
        return Sum(self.count - other.count, self.sum_krw - other.sum_krw)

    def add(self, count: int, sum_krw: int) -> None:
        self.count += count
        self.sum_krw += sum_krw


def by_day(groups: Iterable[Group], first: date, last: date, today: date) -> dict[date, Sum]:
    """What each day from `first` to `last` will ask for; days on which nothing falls are left out."""
    found: dict[date, Sum] = {}
    for group in groups:
        for on in group.dates(last, today):
            if on >= first:
                found.setdefault(on, Sum()).add(group.count, group.sum_krw)
    return found


def in_all(groups: Iterable[Group], last: date, today: date) -> Sum:
    """Everything up to `last`."""
    total = Sum()
    for group in groups:
        times = len(group.dates(last, today))
        total.add(group.count * times, group.sum_krw * times)
    return total


def hitting(groups: Iterable[Group], day: date, today: date) -> dict[tuple[Rhythm, int], set[date]]:
    """Which next dates lead to `day`, by rhythm and by how many dates come before it."""
    found: dict[tuple[Rhythm, int], set[date]] = {}
    for rhythm, next_on in {(group.rhythm, group.next_on) for group in groups}:
        for before, on in enumerate(rhythm.dates(next_on, day, today)):
            if on == day:
                found.setdefault((rhythm, before), set()).add(next_on)
    return found
