"""Reading subscriptions: the list by state, one with its periods, those of a customer, and what needs a card."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import Select, func, literal, select
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.dependants import Dependant, Need
from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.core.db import among
from merchant_admin.core.errors import NotFound
from merchant_admin.core.paging import Page, Place, keyset_page
from merchant_admin.customers.models import Customer
from merchant_admin.notices.models import Consent
from merchant_admin.notices.states import HOLDS, ConsentState
from merchant_admin.payments.models import Attempt
from merchant_admin.payments.states import AttemptState
from merchant_admin.subscriptions.models import Period, PeriodCharge, Plan, Subscription
from merchant_admin.subscriptions.states import LIVE, OPEN_PERIOD, EndReason, PeriodState, SubscriptionState, Unit

COUNTED_MOST = 1000
SHOWN_PERIODS = 24


@dataclass(frozen=True)
class SubscriptionRow:
    """One subscription as a list shows it, with its unsettled period if it has one."""

    id: str
    name: str
    state: SubscriptionState
    customer_id: str
    customer_name: str
    amount_krw: int
    unit: Unit
    every: int
    next_on: date | None
    ends_on: date | None
    ended_at: datetime | None
    issuer_name: str | None
    last_four: str | None
    moved_at: datetime
    owed: PeriodState | None
    try_at: datetime | None
    consent: ConsentState | None = None  # OPEN or REFUSED while the customer's word holds the next date back
    owed_krw: int | None = None  # of the unsettled period, whose sum stays when the price changes
    resumes_on: date | None = None  # the day on which a pause is over; `next_on` is the first date from then on
    times_left: int | None = None
    end_reason: EndReason | None = None


@dataclass(frozen=True)
class Try:
    """One charge made for a period."""

    charge_id: str
    number: int
    by_hand: bool
    state: AttemptState
    fail_reason: str | None
    at: datetime


@dataclass(frozen=True)
class PeriodRow:
    """A period with its charges, the newest first."""

    period: Period
    tries: list[Try]


@dataclass(frozen=True)
class PlanRow:
    """A plan with how many subscriptions live by it (counted to COUNTED_MOST)."""

    plan: Plan
    subscribers: int


def subscription_page(session: Session, state: SubscriptionState | None, place: Place | None) -> Page[SubscriptionRow]:
    """One page of subscriptions of a state (None = all), the latest moved first."""
    query = _COLUMNS if state is None else _COLUMNS.where(Subscription.state == state)
    return keyset_page(session, query, (Subscription.moved_at, Subscription.id), place, _row)


def state_counts(session: Session) -> dict[SubscriptionState, int]:
    """How many there are of each state, counted to COUNTED_MOST."""
    return {state: _counted(session, Subscription.state == state) for state in SubscriptionState}


def of_customer(session: Session, customer_id: str, limit: int = 20) -> list[SubscriptionRow]:
    """A customer's subscriptions, the newest first."""
    owned = _COLUMNS.where(Subscription.customer_id == customer_id)
    return [_row(row) for row in session.execute(owned.order_by(Subscription.created_at.desc()).limit(limit))]


def one(session: Session, subscription_id: str) -> Subscription:
    """The subscription of this id. Raises NotFound."""
    found = session.get(Subscription, subscription_id)
    if found is None:
        raise NotFound(_("정기결제를 찾을 수 없습니다."))
    return found


def row_of(session: Session, subscription_id: str) -> SubscriptionRow:
    """As a list shows it. Raises NotFound."""
    found = session.execute(_COLUMNS.where(Subscription.id == subscription_id)).first()
    if found is None:
        raise NotFound(_("정기결제를 찾을 수 없습니다."))
    return _row(found)


def periods_of(session: Session, subscription_id: str) -> list[PeriodRow]:
    """The latest periods with every charge that was made for them."""
    owned = select(Period).where(Period.subscription_id == subscription_id).order_by(Period.number.desc())
    found = session.scalars(owned.limit(SHOWN_PERIODS)).all()
    made = (
        select(PeriodCharge, Attempt)
        .join(Attempt, Attempt.charge_id == PeriodCharge.charge_id)
        .where(PeriodCharge.period_id.in_([period.id for period in found]))
    )
    tries: dict[str, list[Try]] = {}
    for tie, attempt in session.execute(made.order_by(PeriodCharge.number.desc())):
        tries.setdefault(tie.period_id, []).append(
            Try(tie.charge_id, tie.number, tie.by_hand, attempt.state, attempt.fail_reason, attempt.created_at)
        )
    return [PeriodRow(period, tries.get(period.id, [])) for period in found]


def plan_rows(session: Session, *, archived: bool = False) -> list[PlanRow]:
    """All plans that are offered, or those that no longer are."""
    is_archived = Plan.archived_at.is_not(None) if archived else Plan.archived_at.is_(None)
    plans = session.scalars(select(Plan).where(is_archived).order_by(Plan.created_at.desc()).limit(200))
    return [
        PlanRow(plan, _counted(session, Subscription.plan_id == plan.id, Subscription.state.in_(LIVE)))
        for plan in plans
    ]


def one_plan(session: Session, plan_id: str) -> Plan:
    """The plan of this id, archived or not. Raises NotFound."""
    found = session.get(Plan, plan_id)
    if found is None:
        raise NotFound(_("요금제를 찾을 수 없습니다."))
    return found


def subscriptions_of_key(session: Session, key_id: str) -> list[Dependant]:
    """Live subscriptions that are charged with this card; it is not deleted before they have another."""
    uses = select(Subscription).where(Subscription.billing_key_id == key_id, Subscription.state.in_(LIVE))
    return [
        Dependant(Need.SUBSCRIPTION, held.id, held.name, held.amount_krw, held.created_at)
        for held in session.scalars(uses.limit(COUNTED_MOST))
    ]


def _counted(session: Session, *those: Any) -> int:
    some = select(literal(1)).select_from(Subscription).where(*those).limit(COUNTED_MOST).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


_COLUMNS: Select[*tuple[Any, ...]] = (
    select(
        Subscription.id, Subscription.name, Subscription.state, Subscription.customer_id,
        Customer.name.label("customer_name"), Subscription.amount_krw, Subscription.unit, Subscription.every,
        Subscription.next_on, Subscription.ends_on, Subscription.ended_at, BillingKey.issuer_name,
        BillingKey.last_four, Subscription.moved_at, Period.state.label("owed"), Period.try_at,
        Consent.state.label("consent"), Period.amount_krw.label("owed_krw"),
        Subscription.resumes_on, Subscription.times_left, Subscription.end_reason,
    )
    .join(Customer, Customer.id == Subscription.customer_id)
    .join(BillingKey, BillingKey.id == Subscription.billing_key_id)
    .outerjoin(Period, (Period.subscription_id == Subscription.id) & among(Period.state, OPEN_PERIOD))
    .outerjoin(Consent, (Consent.subscription_id == Subscription.id) & Consent.state.in_(HOLDS))
)  # fmt: skip


def _row(row: Any) -> SubscriptionRow:
    return SubscriptionRow(*row[:21])
