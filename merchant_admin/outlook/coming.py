"""Reading what is to come: the groups of all subscriptions that go on, and those behind a day or a part of them.

The grouped read is answered from one index (ix_subscriptions_ahead); no row of a subscription is opened for a figure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, text
from sqlalchemy.orm import Session, aliased

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.core.db import among
from merchant_admin.core.paging import Page, Place
from merchant_admin.core.settings import Mode
from merchant_admin.customers.models import Customer
from merchant_admin.notices.consents import holds_back
from merchant_admin.notices.models import Consent
from merchant_admin.notices.states import HOLDS
from merchant_admin.outlook.paging import two_key_page
from merchant_admin.outlook.projecting import Group, Rhythm, hitting
from merchant_admin.subscriptions.models import Period, Subscription
from merchant_admin.subscriptions.states import SubscriptionState, Unit

# Written out, not bound: SQLite takes a partial index only where the query holds its condition to the letter.
GOES_ON = text("subscriptions.state IN ('trial', 'active', 'past_due', 'paused')")  # those without a next date fall out
_GOING_ON = frozenset(SubscriptionState) - {SubscriptionState.CANCELLING, SubscriptionState.ENDED}  # the same again
_EVERY_ONE = 2**31 - 1
_WAITS_FOR_CARD = text("periods.state = 'needs_card'")
_GONE = frozenset({KeyState.DELETING, KeyState.MISSING})  # one that is deleted has no subscription left
MOST_CARDS = 20_000  # values in one statement


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


def groups(session: Session, mode: Mode, last: date, few: ColumnElement[bool] | None = None) -> list[Group]:
    """All that go on and have a date up to `last`; or those of them that `few` names, by an index of its own."""
    of = Subscription if few is None else _fenced(few)
    kinds = of.next_on, of.unit, of.every, of.anchor_day, of.times_left, of.state
    goes_on = GOES_ON if few is None else of.state.in_(_GOING_ON)
    found = session.execute(
        select(*kinds, func.count(), func.sum(of.amount_krw))
        .where(goes_on, of.mode == mode, of.next_on <= last)
        .group_by(*kinds)
    )
    return [
        Group(Rhythm.of(unit, every, anchor_day), next_on, times_left, state, count, int(sum_krw))
        for next_on, unit, every, anchor_day, times_left, state, count, sum_krw in found
        if next_on is not None
    ]


def _fenced(few: ColumnElement[bool]) -> Any:
    """The subscriptions that `few` names, found before anything else is asked of them.

    The limit is a fence: else a planner reads all subscriptions in the order of the groups to find these few.
    """
    return aliased(Subscription, select(Subscription).where(few).limit(_EVERY_ONE).subquery())


def held_groups(session: Session, mode: Mode, last: date) -> list[Group]:
    """Those among all that no debt is made of before the customer agrees."""
    return groups(session, mode, last, is_held())


def is_held() -> ColumnElement[bool]:
    """A consent that its next date needs is missing. Read from the consents."""
    return Subscription.id.in_(select(Consent.subscription_id).where(among(Consent.state, HOLDS)))


def is_not_held() -> ColumnElement[bool]:
    """The opposite, asked row by row."""
    return ~holds_back(Subscription.id)


def on_day(found: list[Group], day: date, today: date) -> ColumnElement[bool] | None:
    """The condition that picks exactly the subscriptions that `found` counts on `day`; None when it counts none."""
    hits = hitting(found, day, today)
    ways = [
        and_(
            Subscription.unit == rhythm.unit, Subscription.every == rhythm.every,
            *([Subscription.anchor_day == rhythm.anchor_day] if rhythm.anchor_day else []),
            Subscription.next_on.in_(sorted(next_ons)),
            or_(Subscription.times_left.is_(None), Subscription.times_left > before),
        )
        for (rhythm, before), next_ons in hits.items()
    ]  # fmt: skip
    any_of = sorted({each for next_ons in hits.values() for each in next_ons})
    return and_(Subscription.next_on.in_(any_of), or_(*ways)) if ways else None


def card_is_gone(session: Session, mode: Mode) -> ColumnElement[bool]:
    """Its card can't be charged: PortOne no longer has it, or it is being deleted."""
    return and_(_stands_well(), Subscription.billing_key_id.in_(gone_cards(session, mode)))


def card_was_refused(session: Session, mode: Mode) -> ColumnElement[bool]:
    """Its card is still there, but was refused for good by another subscription that now waits for a new one."""
    waits = select(Subscription.billing_key_id).join(Period, Period.subscription_id == Subscription.id)
    waits = waits.where(_WAITS_FOR_CARD, Period.mode == mode)
    refused = set(session.scalars(waits)) - set(gone_cards(session, mode))
    return and_(_stands_well(), Subscription.billing_key_id.in_(sorted(refused)))


def gone_cards(session: Session, mode: Mode) -> Sequence[str]:
    """Cards that are gone. Read first and named one by one: no planner guesses well how few of all cards these are."""
    gone = select(BillingKey.id).where(among(BillingKey.state, _GONE), BillingKey.mode == mode)
    return session.scalars(gone.limit(MOST_CARDS)).all()


def is_past_due() -> ColumnElement[bool]:
    """A period of it was refused and is not settled; what is held beside that counts as held."""
    return and_(Subscription.state == SubscriptionState.PAST_DUE, is_not_held())


def _stands_well() -> ColumnElement[bool]:
    return and_(Subscription.state != SubscriptionState.PAST_DUE, is_not_held())


def page_of(
    session: Session, mode: Mode, last: date, place: Place | None, *those: ColumnElement[bool],
    few: ColumnElement[bool] | None = None,
) -> Page[ComingRow]:  # fmt: skip
    """One page of the subscriptions behind a figure, by their next date. `few` as for `groups`."""
    of = Subscription if few is None else _fenced(few)
    by: Any = (of.next_on, of.id)
    goes_on = GOES_ON if few is None else of.state.in_(_GOING_ON)
    picked = select(*by).where(goes_on, of.mode == mode, of.next_on <= last, *those)
    return two_key_page(session, picked, by, place, lambda ids: _rows(session, ids))


def _rows(session: Session, ids: list[str]) -> list[ComingRow]:
    query = select(*_COLUMNS).join(Customer, Customer.id == Subscription.customer_id)
    query = query.join(BillingKey, BillingKey.id == Subscription.billing_key_id)
    return [ComingRow(*row) for row in session.execute(query.where(Subscription.id.in_(ids)))]


_COLUMNS: tuple[Any, ...] = (
    Subscription.id, Subscription.name, Customer.name, Subscription.state, Subscription.amount_krw, Subscription.unit,
    Subscription.every, Subscription.anchor_day, Subscription.next_on, Subscription.times_left, BillingKey.issuer_name,
    BillingKey.last_four, BillingKey.state,
)  # fmt: skip
