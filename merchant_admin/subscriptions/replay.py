"""What another retry rule would have made of the refusals that really happened.

A retry counts as made when a charge of that period was really made on that Seoul day; it then keeps the outcome it
really had. A retry on any other day has no outcome that anyone knows: it is counted apart, and none is invented.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class RealTry:
    """One charge that was really made for a period. `paid` None: its outcome is not known."""

    on: date
    paid: bool | None
    is_hard: bool = False  # refused for good: this card will never do
    is_retry: bool = True  # by the clock, with the card that was refused first; False: by staff, or another card


@dataclass(frozen=True)
class Refusal:
    """A period that was refused, with all its charges in their order; the first is the one that was refused.

    `stopped_on`: the day on which staff ended it, if they did. No rule retries after that.
    """

    amount_krw: int
    tries: tuple[RealTry, ...]
    stopped_on: date | None = None


@dataclass(frozen=True)
class Tally:
    """What a rule makes of refusals. Retries only; the first charge of a period is not one."""

    known: int = 0  # retries that were really made on their day
    unknown: int = 0  # retries on days on which none was made
    recovered: int = 0
    recovered_krw: int = 0
    open_krw: int = 0  # never paid, with at least one retry of unknown outcome

    @property
    def attempts(self) -> int:
        return self.known + self.unknown

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.known + other.known, self.unknown + other.unknown, self.recovered + other.recovered,
            self.recovered_krw + other.recovered_krw, self.open_krw + other.open_krw,
        )  # fmt: skip


@dataclass(frozen=True)
class Replay:
    """The last `days` days as they were, and as another rule would have had them.

    `hard` refusals were refused for good at once, so no rule retries them. `otherwise` were paid by staff's press or
    with another card, whatever the rule. `is_all` False: only the newest refusals were looked at.
    """

    days: int
    refusals: int
    hard: int
    otherwise: int
    otherwise_krw: int
    real: Tally
    would: Tally
    is_all: bool = True


def replayed(refusals: Iterable[Refusal], gaps: tuple[int, ...], today: date, days: int, *, is_all: bool) -> Replay:
    """All of `refusals` under the gaps of another rule, beside what really became of them."""
    real, would, hard, otherwise, otherwise_krw, count = Tally(), Tally(), 0, 0, 0, 0
    for each in refusals:
        count += 1
        real, would = real + as_it_was(each), would + under(each, gaps, today)
        hard += each.tries[0].is_hard
        if any(tried.paid and not tried.is_retry for tried in each.tries):
            otherwise, otherwise_krw = otherwise + 1, otherwise_krw + each.amount_krw
    return Replay(days, count, hard, otherwise, otherwise_krw, real, would, is_all)


def as_it_was(refusal: Refusal) -> Tally:
    """The retries that were really made, and whether one of them was paid."""
    retries = [tried for tried in refusal.tries[1:] if tried.is_retry]
    is_paid = any(tried.paid for tried in retries)
    unknown = sum(tried.paid is None for tried in retries)
    return _tally(refusal, len(retries) - unknown, unknown, is_paid=is_paid)


def under(refusal: Refusal, gaps: tuple[int, ...], today: date) -> Tally:
    """The retries that these gaps would have led to until `today`."""
    first = refusal.tries[0]
    if first.is_hard:
        return Tally()
    really = {tried.on: tried for tried in refusal.tries[1:] if tried.is_retry}
    ended = [tried.on for tried in refusal.tries if tried.paid and not tried.is_retry]
    last_on = min([today, *ended, *([refusal.stopped_on] if refusal.stopped_on else [])])
    on, known, unknown = first.on, 0, 0
    for gap in gaps:
        on += timedelta(days=gap)
        if on > last_on:
            break
        found = really.get(on)
        if found is None or found.paid is None:
            unknown += 1
            if found is not None:
                break  # not known yet: nothing else goes out before it is
            continue
        known += 1
        if found.paid:
            return _tally(refusal, known, unknown, is_paid=True)
        if found.is_hard:
            break
    return _tally(refusal, known, unknown, is_paid=False)


def _tally(refusal: Refusal, known: int, unknown: int, *, is_paid: bool) -> Tally:
    is_open = unknown > 0 and not is_paid and not any(tried.paid for tried in refusal.tries)
    amount_krw = refusal.amount_krw
    return Tally(known, unknown, int(is_paid), amount_krw if is_paid else 0, amount_krw if is_open else 0)
