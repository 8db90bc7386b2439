"""The lives of a subscription and of one of its periods. The same tables stand in the database's triggers."""

from enum import StrEnum

from merchant_admin.core.errors import RuleBroken


class Unit(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class SubscriptionState(StrEnum):
    TRIAL = "trial"  # nothing was charged yet, by agreement
    ACTIVE = "active"
    PAST_DUE = "past_due"  # the open period was declined; dunning is at work
    PAUSED = "paused"
    CANCELLING = "cancelling"  # paid until `ends_on`, and not charged again
    ENDED = "ended"


class PeriodState(StrEnum):
    DUE = "due"
    CHARGING = "charging"  # a charge is being sent, or its outcome is not known
    RETRYING = "retrying"  # declined for a passing reason; tried again at `try_at`
    NEEDS_CARD = "needs_card"  # this card will never do; nothing is sent until there is another
    PAID = "paid"
    SKIPPED = "skipped"
    UNCOLLECTED = "uncollected"  # given up


class AfterLast(StrEnum):
    """What becomes of a subscription when the last try of a period has failed."""

    END = "end"
    PAUSE = "pause"


class CatchUp(StrEnum):
    """What becomes of a due date that passed while nobody charged. Older ones beside it are always skipped."""

    CHARGE = "charge"
    SKIP = "skip"


class EndReason(StrEnum):
    ASKED = "asked"
    COMPLETED = "completed"  # the agreed number of times
    UNPAID = "unpaid"


_S, _P = SubscriptionState, PeriodState
NEXT: dict[SubscriptionState, frozenset[SubscriptionState]] = {
    _S.TRIAL: frozenset({_S.ACTIVE, _S.PAST_DUE, _S.PAUSED, _S.CANCELLING, _S.ENDED}),
    _S.ACTIVE: frozenset({_S.PAST_DUE, _S.PAUSED, _S.CANCELLING, _S.ENDED}),
    _S.PAST_DUE: frozenset({_S.ACTIVE, _S.PAUSED, _S.CANCELLING, _S.ENDED}),
    _S.PAUSED: frozenset({_S.TRIAL, _S.ACTIVE, _S.ENDED}),
    _S.CANCELLING: frozenset({_S.TRIAL, _S.ACTIVE, _S.ENDED}),
    _S.ENDED: frozenset(),
}
NEXT_PERIOD: dict[PeriodState, frozenset[PeriodState]] = {
    _P.DUE: frozenset({_P.CHARGING, _P.NEEDS_CARD, _P.SKIPPED, _P.UNCOLLECTED}),
    _P.CHARGING: frozenset({_P.PAID, _P.RETRYING, _P.NEEDS_CARD, _P.UNCOLLECTED}),
    _P.RETRYING: frozenset({_P.CHARGING, _P.DUE, _P.NEEDS_CARD, _P.SKIPPED, _P.UNCOLLECTED, _P.PAID}),
    _P.NEEDS_CARD: frozenset({_P.CHARGING, _P.DUE, _P.SKIPPED, _P.UNCOLLECTED, _P.PAID}),
    _P.UNCOLLECTED: frozenset({_P.PAID}),  # late approval: a fact is always recorded
    _P.SKIPPED: frozenset({_P.PAID}),
    _P.PAID: frozenset(),
}
CHARGED = frozenset({_S.TRIAL, _S.ACTIVE})  # a due date of these becomes a debt
LIVE = frozenset({_S.TRIAL, _S.ACTIVE, _S.PAST_DUE, _S.PAUSED, _S.CANCELLING})
OPEN_PERIOD = frozenset({_P.DUE, _P.CHARGING, _P.RETRYING, _P.NEEDS_CARD})
TO_CHARGE = frozenset({_P.DUE, _P.RETRYING})


def advance(state: SubscriptionState, to: SubscriptionState) -> SubscriptionState:
    """`to`, if a subscription may go there from `state`. Raises RuleBroken for a pair that is not in NEXT."""
    if to not in NEXT[state]:
        raise RuleBroken(f"subscription: {state} -> {to}")
    return to


def advance_period(state: PeriodState, to: PeriodState) -> PeriodState:
    """The same for a period."""
    if to not in NEXT_PERIOD[state]:
        raise RuleBroken(f"period: {state} -> {to}")
    return to
