"""When a subscription needs the customer's consent: before it costs more, or comes more often, or its trial ends."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from merchant_admin.core.context import WorkContext
from merchant_admin.core.times import seoul_day
from merchant_admin.notices import consents
from merchant_admin.notices.models import Consent
from merchant_admin.notices.states import HOLDS, ConsentKind, ConsentState
from merchant_admin.subscriptions.models import Subscription
from merchant_admin.subscriptions.states import SubscriptionState, Unit
from merchant_admin.subscriptions.terms import Terms

_DAYS = {Unit.DAY: 1, Unit.WEEK: 7, Unit.MONTH: 30, Unit.YEAR: 365}


@dataclass(frozen=True)
class Agreed:
    """What stood before a change: the sum of one charge, and about how many days lie between two."""

    amount_krw: int
    days: int
    cycle: str  # as a consent names it: "month.1"

    @classmethod
    def of(cls, held: Subscription) -> "Agreed":
        """As the subscription stands."""
        return cls(held.amount_krw, _DAYS[held.unit] * held.every, f"{held.unit.value}.{held.every}")

    def is_less_than(self, now: "Agreed") -> bool:
        """Whether `now` takes more, at a time or over the year."""
        return now.amount_krw > self.amount_krw or now.amount_krw * self.days > self.amount_krw * now.days


def follow(ctx: WorkContext, session: Session, held: Subscription, before: Agreed) -> None:
    """After a change, in the same write: make, keep or withdraw the consent that the next date needs."""
    unsettled = consents.unsettled_of(session, [held.id]).get(held.id)
    effective_on = _coming_on(held, seoul_day(ctx.now()))
    if effective_on is None or not ctx.outgoing.consent_days:
        return
    agreed = _agreed(held, before, unsettled)
    if not agreed.is_less_than(Agreed.of(held)):
        if unsettled is not None:
            consents.withdraw_consent(ctx, session, unsettled)
        return
    kind = ConsentKind.TRIAL_END if held.state is SubscriptionState.TRIAL else ConsentKind.PRICE_RISE
    wish = consents.Wish(
        kind, held.id, held.customer_id, held.mode, held.name, agreed.amount_krw, agreed.days, held.amount_krw,
        effective_on, agreed.cycle, Agreed.of(held).cycle,
    )  # fmt: skip
    consents.need(ctx, session, wish, unsettled)


def drop(ctx: WorkContext, session: Session, held: Subscription) -> None:
    """It ended: nobody need agree to anything."""
    unsettled = consents.unsettled_of(session, [held.id]).get(held.id)
    if unsettled is not None:
        consents.withdraw_consent(ctx, session, unsettled)


def is_held(consent: Consent | None) -> bool:
    """Whether the next date must not become a debt."""
    return consent is not None and consent.state in HOLDS


def _coming_on(held: Subscription, today: date) -> date | None:
    """The next due date; while it stands still, the one that would come next if it went on today."""
    stands_still = held.state in {SubscriptionState.PAUSED, SubscriptionState.CANCELLING} and held.times_left != 0
    return (
        Terms.without_pause(held).not_before(today).next_on if held.next_on is None and stands_still else held.next_on
    )


def _agreed(held: Subscription, before: Agreed, unsettled: Consent | None) -> Agreed:
    """What the customer agreed to so far: nothing while it is free, else the terms before the first open wish."""
    if held.state is SubscriptionState.TRIAL:
        return Agreed(0, before.days, before.cycle)
    if unsettled is None or unsettled.kind is ConsentKind.TRIAL_END:
        return before
    if unsettled.state is ConsentState.GIVEN and before.is_less_than(Agreed.of(held)):
        return before  # they agreed to that, and now it is to be more
    return Agreed(unsettled.agreed_krw, unsettled.agreed_days, unsettled.agreed_cycle)
