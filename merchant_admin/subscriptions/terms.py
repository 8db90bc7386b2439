"""What a subscription will do, told before it does it: dates and sums to come, and what a cancellation gives back."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from merchant_admin.subscriptions.calendar import Cycle
from merchant_admin.subscriptions.models import Subscription

SHOWN = 3


@dataclass(frozen=True)
class Terms:
    """All that decides the coming dates and sums. `times_left` None: until cancelled."""

    cycle: Cycle
    step: int
    amount_krw: int
    times_left: int | None = None

    @classmethod
    def of(cls, subscription: Subscription) -> "Terms":
        """As the subscription stands: one that is paused until a day goes on with its first date from then on."""
        return cls.without_pause(subscription).not_before(subscription.resumes_on)

    @classmethod
    def without_pause(cls, subscription: Subscription) -> "Terms":
        """As if no pause left dates out."""
        return cls(subscription.cycle, subscription.next_step, subscription.amount_krw, subscription.times_left)

    @property
    def next_on(self) -> date:
        """The first date, if any time is left."""
        return self.cycle.on(self.step)

    def not_before(self, day: date | None) -> "Terms":
        """The same, beginning with the first date that is not before `day` (None: as it is)."""
        return self if day is None else replace(self, step=self.cycle.first_from(self.step, day))


@dataclass(frozen=True)
class Upcoming:
    """A due date to come, and what it will ask for."""

    on: date
    amount_krw: int


def preview(terms: Terms, count: int = SHOWN) -> list[Upcoming]:
    """The next `count` due dates with their sums, fewer when the agreed number of times ends before."""
    return [Upcoming(on, terms.amount_krw) for on, _step in zip(_dates(terms), range(count), strict=False)]


def _dates(terms: Terms) -> Iterator[date]:
    step, left = terms.step, terms.times_left
    while left is None or left > 0:
        yield terms.cycle.on(step)
        step, left = step + 1, None if left is None else left - 1


@dataclass(frozen=True)
class RefundSuggestion:
    """What an early end would give back: `amount_krw` = paid × unused days ÷ days of the period, rounded down.

    Never more than is left of the payment after what was refunded before. The day of the cancellation counts as used.
    `charge_id` names the charge the period was paid with.
    """

    charge_id: str
    paid_krw: int
    unused_days: int
    all_days: int
    refunded_krw: int = 0

    @property
    def amount_krw(self) -> int:
        return min(self.share_krw, self.paid_krw - self.refunded_krw)

    @property
    def share_krw(self) -> int:
        """The unused days' share of what was paid, whatever was refunded since."""
        return self.paid_krw * self.unused_days // self.all_days


def unused(due_on: date, ends_on: date, today: date) -> tuple[int, int]:
    """How many whole days after `today` a period still covers, and how many it has."""
    first_unused = max(due_on, today + timedelta(days=1))
    return max(0, (ends_on - first_unused).days), (ends_on - due_on).days
