"""What will happen to one subscription, with dates: the next charge, each retry, when it ends, and only if what.

Plain arithmetic on what stands in the rows; nothing here reads a table or a clock. `dunning` does what this says.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from merchant_admin.core.times import SEOUL, seoul_day
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.subscriptions.states import AfterLast, PeriodState, SubscriptionState
from merchant_admin.subscriptions.terms import Terms, preview

LATER_DATES = 2  # ordinary due dates that are named after the retries


class StepKind(StrEnum):
    CHARGE = "charge"
    RETRY = "retry"
    CHECKING = "checking"  # a charge is on its way, or its outcome is not known: nothing else goes before it is
    END = "end"
    PAUSE = "pause"
    RESUME = "resume"
    CARD_LINK = "card_link"  # in the notice that another card is needed


class Only(StrEnum):
    """What must have happened before for a step to come."""

    ALWAYS = "always"
    REFUSED = "refused"  # every charge of the period before it was refused, and not for good
    HARD = "hard"  # the charge before it was refused for good: this card will never do
    NO_CARD = "no_card"  # no other card came by then
    PAID = "paid"  # the period before it was paid


@dataclass(frozen=True)
class Step:
    """One thing to come. `at` is None where no date is set; `number` counts the retries of its period from 1."""

    kind: StepKind
    only: Only
    at: datetime | None = None
    amount_krw: int | None = None
    number: int = 0


@dataclass(frozen=True)
class Rule:
    """How a plan deals with refusals."""

    gaps: tuple[int, ...]
    after_last: AfterLast
    sends_card_link: bool  # with the notice that another card is needed, where customers are told so at all

    @property
    def card_days(self) -> int:
        """How long another card is waited for when this one will never do."""
        return max(1, sum(self.gaps))

    @property
    def last(self) -> StepKind:
        return StepKind.PAUSE if self.after_last is AfterLast.PAUSE else StepKind.END


@dataclass(frozen=True)
class Owed:
    """The period that is not settled. `tries` are the clock's; those of staff use none up."""

    state: PeriodState
    amount_krw: int
    try_at: datetime | None
    tries: int


@dataclass(frozen=True)
class Standing:
    """How a subscription stands: all that its future follows from."""

    state: SubscriptionState
    terms: Terms | None  # None while no date is to come
    ends_on: date | None = None
    owed: Owed | None = None
    resumes_on: date | None = None  # of a pause; `terms` then begin with the first date from that day on


def ahead(standing: Standing, rule: Rule, hours: Hours, now: datetime) -> list[Step]:
    """The steps to come, in the order in which they would happen."""
    match standing.state:
        case SubscriptionState.ENDED:
            return []
        case SubscriptionState.PAUSED:
            if standing.resumes_on is None or standing.terms is None:
                return [Step(StepKind.PAUSE, Only.ALWAYS)]
            at = within(hours, max(now, _opening(standing.resumes_on, hours.start)))
            return [Step(StepKind.RESUME, Only.ALWAYS, at), *_charging(standing, standing.terms, rule, hours, at)]
        case SubscriptionState.CANCELLING:
            assert standing.ends_on is not None
            return [Step(StepKind.END, Only.ALWAYS, _opening(standing.ends_on, time()))]
    if standing.owed is not None:
        return [*_collecting(standing.owed, rule, hours, now), *_later(standing, hours, now, skip=0)]
    return _charging(standing, standing.terms, rule, hours, now) if standing.terms else []


def _charging(standing: Standing, terms: Terms, rule: Rule, hours: Hours, now: datetime) -> list[Step]:
    """The next due date, what follows when it is refused, and the dates after it."""
    first = preview(terms, 1)
    if not first:
        return []
    at = within(hours, max(now, _opening(first[0].on, hours.start)))
    chain = _refused(first[0].amount_krw, at, 1, rule, hours)
    charge = Step(StepKind.CHARGE, Only.ALWAYS, at, first[0].amount_krw)
    return [charge, *_dead_card(rule, at), *chain, *_later(standing, hours, now, skip=1)]


def within(hours: Hours, at: datetime) -> datetime:
    """`at`, or the next instant at which cards are charged. Holidays are days like any other."""
    if hours.hold(at):
        return at
    local = at.astimezone(SEOUL)
    day = local.date() if local.time() < hours.start else local.date() + timedelta(days=1)
    return _opening(day, hours.start)


def _collecting(owed: Owed, rule: Rule, hours: Hours, now: datetime) -> Iterator[Step]:
    """What becomes of an unsettled period."""
    match owed.state:
        case PeriodState.CHARGING:
            yield Step(StepKind.CHECKING, Only.ALWAYS, amount_krw=owed.amount_krw)
        case PeriodState.NEEDS_CARD:
            yield Step(rule.last, Only.NO_CARD, owed.try_at)
        case _:
            at = within(hours, max(now, owed.try_at or now))
            kind = StepKind.RETRY if owed.tries else StepKind.CHARGE
            yield Step(kind, Only.ALWAYS, at, owed.amount_krw, owed.tries)
            yield from _dead_card(rule, at)
            yield from _refused(owed.amount_krw, at, owed.tries + 1, rule, hours)


def _dead_card(rule: Rule, at: datetime) -> Iterator[Step]:
    """What the customer gets when the charge made `at` is refused for good."""
    if rule.sends_card_link:
        yield Step(StepKind.CARD_LINK, Only.HARD, at)


def _refused(amount_krw: int, at: datetime, tries: int, rule: Rule, hours: Hours) -> Iterator[Step]:
    """What follows when try number `tries`, made `at`, is refused for a reason that may pass."""
    for number in range(tries, len(rule.gaps) + 1):
        at = within(hours, at + timedelta(days=rule.gaps[number - 1]))
        yield Step(StepKind.RETRY, Only.REFUSED, at, amount_krw, number)
    yield Step(rule.last, Only.REFUSED, at)


def _later(standing: Standing, hours: Hours, now: datetime, *, skip: int) -> Iterator[Step]:
    """The due dates after the one in hand, which come only when it is paid."""
    if standing.terms is None:
        return
    for each in preview(standing.terms, skip + LATER_DATES)[skip:]:
        if each.on >= seoul_day(now):
            yield Step(StepKind.CHARGE, Only.PAID, _opening(each.on, hours.start), each.amount_krw)


def _opening(day: date, at: time) -> datetime:
    return datetime.combine(day, at, SEOUL)
