"""Reading what is to come: the groups of all subscriptions that go on, and those behind a day or a part of them.

The grouped read is answered from one index (ix_subscriptions_ahead); no row of a subscription is opened for a figure.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, text
from sqlalchemy.orm import Session, aliased

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.core.paging import Page, Place
from merchant_admin.core.settings import Mode
from merchant_admin.core.times import start_of
from merchant_admin.customers.models import Customer
from merchant_admin.outlook.paging import two_key_page
from merchant_admin.outlook.projecting import Group, Rhythm, hitting
from merchant_admin.subscriptions.models import Period, Subscription
from merchant_admin.subscriptions.states import SubscriptionState, Unit

# Written out, not bound: SQLite takes a partial index only where the query holds its condition to the letter.
GOES_ON = text("subscriptions.state IN ('trial', 'active', 'past_due')")
_WAITS_FOR_CARD = text("periods.state = 'needs_card'")
_GONE = (KeyState.MISSING, KeyState.DELETING, KeyState.DELETED)


@dataclass(frozen=True)
class ComingRow:
    """One subscription with a date to come."""

    id: str
    name: str
    customer_name: str
    state: SubscriptionState
    amount_krw: int
    unit: Unit
    every: int
    anchor_day: int
    next_on: date
    times_left: int | None
    issuer_name: str | None
    last_four: str | None
    key_state: KeyState

    def dates(self, last: date, today: date) -> list[date]:
        """Its due dates up to `last`."""
        return self._group().dates(last, today)

    def _group(self) -> Group:
        rhythm = Rhythm.of(self.unit, self.every, self.anchor_day)
        return Group(rhythm, self.next_on, self.times_left, self.state, 1, self.amount_krw)


def groups(session: Session, mode: Mode, last: date, *those: ColumnElement[bool]) -> list[Group]:
    """All that go on and have a date up to `last`, of those that `those` name."""
    kinds = (
        Subscription.unit, Subscription.every, Subscription.anchor_day, Subscription.next_on, Subscription.times_left,
        Subscription.state,
    )  # fmt: skip
    found = session.execute(
        select(*kinds, func.count(), func.sum(Subscription.amount_krw))
        .where(GOES_ON, Subscription.mode == mode, Subscription.next_on <= last, *those)
        .group_by(*kinds)
    )
    return [
        Group(Rhythm.of(unit, every, anchor_day), next_on, times_left, state, count, int(sum_krw))
        for unit, every, anchor_day, next_on, times_left, state, count, sum_krw in found
        if next_on is not None
    ]


def on_day(found: list[Group], day: date, today: date) -> ColumnElement[bool]:
    """The condition that picks exactly the subscriptions that `found` counts on `day`."""
    ways = [
        and_(
            Subscription.unit == rhythm.unit, Subscription.every == rhythm.every,
            *([Subscription.anchor_day == rhythm.anchor_day] if rhythm.anchor_day else []),
            Subscription.next_on.in_(sorted(next_ons)),
            or_(Subscription.times_left.is_(None), Subscription.times_left > before),
        )
        for (rhythm, before), next_ons in hitting(found, day, today).items()
    ]  # fmt: skip
    return or_(*ways) if ways else false()


def card_is_gone() -> ColumnElement[bool]:
    """Its card can't be charged: PortOne no longer has it, or it is being deleted."""
    return and_(Subscription.state != SubscriptionState.PAST_DUE, Subscription.billing_key_id.in_(_gone()))


def card_was_refused() -> ColumnElement[bool]:
    """Its card is still there, but was refused for good by another subscription that now waits for a new one."""
    other = aliased(Subscription)
    refused = select(other.billing_key_id).join(Period, Period.subscription_id == other.id).where(_WAITS_FOR_CARD)
    uses = Subscription.billing_key_id
    return and_(Subscription.state != SubscriptionState.PAST_DUE, uses.in_(refused), uses.not_in(_gone()))


def _gone() -> Select[str]:
    key = aliased(BillingKey)
    return select(key.id).where(key.state.in_(_GONE))


def is_past_due() -> ColumnElement[bool]:
    """A period of it was refused and is not settled."""
    return Subscription.state == SubscriptionState.PAST_DUE


def page_of(
    session: Session, mode: Mode, last: date, place: Place | None, *those: ColumnElement[bool]
) -> Page[ComingRow]:
    """One page of the subscriptions behind a figure, by their next date."""
    query = select(*_COLUMNS).where(GOES_ON, Subscription.mode == mode, Subscription.next_on <= last, *those)
    query = query.join(Customer, Customer.id == Subscription.customer_id)
    query = query.join(BillingKey, BillingKey.id == Subscription.billing_key_id)
    by: Any = (Subscription.next_on, Subscription.id)
    return two_key_page(session, query, by, place, lambda row: ComingRow(*row[: len(_COLUMNS)]), start_of)


_COLUMNS = (
    Subscription.id, Subscription.name, Customer.name, Subscription.state, Subscription.amount_krw, Subscription.unit,
    Subscription.every, Subscription.anchor_day, Subscription.next_on, Subscription.times_left, BillingKey.issuer_name,
    BillingKey.last_four, BillingKey.state,
)  # fmt: skip
