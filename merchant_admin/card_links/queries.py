"""Reading card links: for staff, for the customer who holds one, and for the pages of a card and a customer."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session, aliased

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.card_links.models import CardConsent, CardLink, CardLinkSubscription
from merchant_admin.card_links.states import AGAIN_SHEET, LinkStage, LinkState, Standing, Trouble
from merchant_admin.core.errors import NotFound
from merchant_admin.core.link_tokens import hash_of
from merchant_admin.core.settings import Mode
from merchant_admin.customers.models import Customer
from merchant_admin.registrations.models import Registration
from merchant_admin.registrations.states import LIVE as LIVE_REGISTRATIONS
from merchant_admin.registrations.states import RegistrationState
from merchant_admin.schedules.models import Schedule
from merchant_admin.schedules.states import ScheduleState
from merchant_admin.staff.models import Staff
from merchant_admin.subscriptions.models import Period, Subscription
from merchant_admin.subscriptions.states import LIVE as LIVE_SUBSCRIPTIONS
from merchant_admin.subscriptions.states import OPEN_PERIOD, Unit

_LIVE_STAGES = frozenset({LinkStage.REGISTERING, LinkStage.VERIFIED})
_UNUSED = frozenset({LinkStage.MADE, LinkStage.SENT, LinkStage.OPENED})


@dataclass(frozen=True)
class Covered:
    """A subscription that a new card is to take over, as the customer reads it."""

    id: str
    name: str
    amount_krw: int
    unit: Unit
    every: int
    next_on: date | None
    owed_krw: int  # of a period that is not paid; 0 if all is


@dataclass(frozen=True)
class NotReserved:
    """A switch of cards whose revoked reservations wait for a press: how many, and the soonest they were for."""

    link_id: str
    customer_id: str
    customer_name: str
    count: int
    soonest_at: datetime


@dataclass(frozen=True)
class LinkView:
    """One link as its pages show it, at one instant."""

    id: str
    customer_id: str
    customer_name: str
    pg: str
    old_key_id: str | None
    old_issuer: str | None
    old_last_four: str | None
    new_key_id: str | None
    new_issuer: str | None
    new_last_four: str | None
    move_id: str | None
    expires_at: datetime
    sent_at: datetime | None
    opened_at: datetime | None
    moved_at: datetime | None
    settled_at: datetime | None
    created_at: datetime
    trouble: Trouble | None
    revoked: int
    staff_name: str | None
    is_automatic: bool  # made because the plan says so
    registration_id: str | None
    return_token: str | None
    merchant_uid: str | None
    registration_state: RegistrationState | None
    registration_until: datetime | None
    has_card: bool
    stage: LinkStage
    now: datetime

    @property
    def is_live(self) -> bool:
        """Whether the next thing comes by itself and soon: the page asks again."""
        return self.stage in _LIVE_STAGES

    @property
    def is_unused(self) -> bool:
        return self.stage in _UNUSED

    @property
    def is_checking(self) -> bool:
        """Whether the window is over and PortOne is being read."""
        return self.stage is LinkStage.REGISTERING and not self.may_open

    @property
    def is_used(self) -> bool:
        return self.stage in {LinkStage.VERIFIED, LinkStage.MOVED, LinkStage.DONE}

    @property
    def came_to_nothing(self) -> bool:
        """Whether a window was opened before, and no card came of it."""
        return self.is_unused and self.registration_id is not None and not self.has_card

    @property
    def may_open(self) -> bool:
        if self.stage is LinkStage.REGISTERING:
            until = self.registration_until
            return self.registration_state is RegistrationState.OPEN and until is not None and self.now < until
        return self.is_unused and not self.has_card

    @property
    def may_end(self) -> bool:
        return self.is_unused or self.stage is LinkStage.REGISTERING

    @property
    def may_go_on(self) -> bool:
        """Whether a worker still has something to do, which staff may hurry."""
        return self.stage in {LinkStage.REGISTERING, LinkStage.VERIFIED, LinkStage.MOVED}


def link_view(session: Session, link_id: str, now: datetime) -> LinkView:
    """The link of this id. Raises NotFound."""
    return _only(session, _ROWS.where(CardLink.id == link_id), now)


def link_of_token(session: Session, token: str, now: datetime) -> LinkView:
    """The link that this address opens. Raises NotFound."""
    return _only(session, _ROWS.where(CardLink.link_hash == hash_of(token)), now)


def link_of_return(session: Session, return_token: str, now: datetime) -> LinkView:
    """The link whose window a phone came back from. Raises NotFound."""
    return _only(session, _ROWS.where(Registration.return_token == return_token), now)


def links_of_customer(session: Session, customer_id: str, now: datetime, limit: int = 5) -> list[LinkView]:
    """A customer's newest links."""
    return _some(session, _ROWS.where(CardLink.customer_id == customer_id), now, limit)


def links_of_key(session: Session, key_id: str, now: datetime, limit: int = 5) -> list[LinkView]:
    """The newest links that replace this card, or that brought it."""
    either = (CardLink.old_billing_key_id == key_id) | (CardLink.new_billing_key_id == key_id)
    return _some(session, _ROWS.where(either), now, limit)


def covered_by(session: Session, link_id: str) -> list[Covered]:
    """What the new card takes over, as it stands now."""
    return _covered(
        session,
        _COVERED.join(CardLinkSubscription, CardLinkSubscription.subscription_id == Subscription.id).where(
            CardLinkSubscription.link_id == link_id
        ),
    )


def charged_to(session: Session, key_id: str) -> list[Covered]:
    """The live subscriptions of a card."""
    return _covered(session, _COVERED.where(Subscription.billing_key_id == key_id))


def consents_of(session: Session, link_id: str) -> list[CardConsent]:
    """What was agreed to on this link, the newest first."""
    given = select(CardConsent).where(CardConsent.link_id == link_id).order_by(CardConsent.given_at.desc())
    return list(session.scalars(given.limit(20)))


def is_registering(view: LinkView) -> bool:
    """Whether its registration is not settled."""
    return view.registration_state in LIVE_REGISTRATIONS


_COVERED: Select[*tuple[Any, ...]] = (
    select(
        Subscription.id, Subscription.name, Subscription.amount_krw, Subscription.unit, Subscription.every,
        Subscription.next_on, Period.amount_krw,
    )
    .outerjoin(Period, (Period.subscription_id == Subscription.id) & Period.state.in_(OPEN_PERIOD))
    .where(Subscription.state.in_(LIVE_SUBSCRIPTIONS))
    .order_by(Subscription.created_at, Subscription.id)
)  # fmt: skip


def _covered(session: Session, query: Select[*tuple[Any, ...]]) -> list[Covered]:
    return [
        Covered(sub_id, name, amount_krw, unit, every, next_on, owed_krw or 0)
        for sub_id, name, amount_krw, unit, every, next_on, owed_krw in session.execute(query)
    ]


def not_reserved(session: Session, mode: Mode, now: datetime, limit: int = 50) -> list[NotReserved]:
    """Switches that left reservations unmade whose time is still to come, the soonest first."""
    again = aliased(Schedule)
    is_made = exists().where(again.sheet_key == AGAIN_SHEET + Schedule.id)
    soonest = func.min(Schedule.schedule_at)
    query = (
        select(CardLink.id, CardLink.customer_id, Customer.name, func.count(), soonest)
        .select_from(Schedule)
        .join(CardLink, CardLink.old_billing_key_id == Schedule.billing_key_id)
        .join(BillingKey, BillingKey.id == CardLink.old_billing_key_id)
        .join(Customer, Customer.id == CardLink.customer_id)
        .where(
            Schedule.state == ScheduleState.REVOKED, Schedule.schedule_at > now, CardLink.mode == mode,
            CardLink.state == LinkState.DONE, Schedule.settled_at >= CardLink.moved_at,
            BillingKey.state == KeyState.DELETED, ~is_made,
        )
        .group_by(CardLink.id, CardLink.customer_id, Customer.name)
    )  # fmt: skip
    return [NotReserved(*row) for row in session.execute(query.order_by(soonest, CardLink.id).limit(limit))]


_OLD, _NEW = aliased(BillingKey), aliased(BillingKey)
_ROWS: Select[*tuple[Any, ...]] = (
    select(CardLink, Customer.name, _OLD, _NEW, Staff.name, Registration)
    .join(Customer, Customer.id == CardLink.customer_id)
    .outerjoin(_OLD, _OLD.id == CardLink.old_billing_key_id)
    .outerjoin(_NEW, _NEW.id == CardLink.new_billing_key_id)
    .outerjoin(Registration, Registration.id == CardLink.registration_id)
    .outerjoin(Staff, Staff.id == CardLink.staff_id)
)


def _only(session: Session, query: Select[*tuple[Any, ...]], now: datetime) -> LinkView:
    row = session.execute(query).first()
    if row is None:
        raise NotFound(_("카드 링크를 찾을 수 없습니다."))
    return _view(row, now)


def _some(session: Session, query: Select[*tuple[Any, ...]], now: datetime, limit: int) -> list[LinkView]:
    rows = session.execute(query.order_by(CardLink.created_at.desc(), CardLink.id).limit(limit))
    return [_view(row, now) for row in rows]


def _view(row: Any, now: datetime) -> LinkView:
    link, customer_name, old, new, staff_name, found = row
    return LinkView(
        id=link.id, customer_id=link.customer_id, customer_name=customer_name, pg=link.pg,
        old_key_id=link.old_billing_key_id, old_issuer=old.issuer_name if old else None,
        old_last_four=old.last_four if old else None, new_key_id=link.new_billing_key_id,
        new_issuer=new.issuer_name if new else None, new_last_four=new.last_four if new else None,
        move_id=link.move_id, expires_at=link.expires_at, sent_at=link.sent_at, opened_at=link.opened_at,
        moved_at=link.moved_at, settled_at=link.settled_at, created_at=link.created_at, trouble=link.trouble,
        revoked=link.revoked, staff_name=staff_name, is_automatic=link.period_id is not None,
        registration_id=found.id if found else None,
        return_token=found.return_token if found else None, merchant_uid=found.merchant_uid if found else None,
        registration_state=found.state if found else None, registration_until=found.expires_at if found else None,
        has_card=found is not None and found.billing_key_id is not None,
        stage=Standing(link.state, link.sent_at, link.opened_at, link.expires_at).at(now), now=now,
    )  # fmt: skip
