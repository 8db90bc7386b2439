"""Renewals that need a person: refused today, waiting for another card, with a card that is gone, without a consent.

Each row is one decision. Partial indexes and today's declines only: the cost does not grow with the subscriptions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, literal, null, select, text
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.core.settings import Mode
from merchant_admin.core.times import start_of
from merchant_admin.customers.models import Customer
from merchant_admin.failures.states import FailureClass
from merchant_admin.outlook.coming import gone_cards
from merchant_admin.payments.models import PaymentLine
from merchant_admin.payments.states import ChargeKind, LineState
from merchant_admin.subscriptions.ahead import within
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.subscriptions.models import Period, PeriodCharge, Subscription
from merchant_admin.subscriptions.states import CHARGED, PeriodState

# Written out, not bound: SQLite takes a partial index only where the query holds its condition to the letter.
WAITS_FOR_CARD = text("periods.state = 'needs_card'")
MOST = 50  # rows of one kind; the rest follow when these are done
_LOST = frozenset({PeriodState.RETRYING, PeriodState.UNCOLLECTED})


@dataclass(frozen=True)
class Renewal:
    """A subscription whose charge needs a person. `state` and `failure` None where no period is open yet."""

    subscription_id: str
    customer_id: str
    customer_name: str
    phone: str | None
    name: str
    amount_krw: int
    billing_key_id: str
    issuer_name: str | None
    last_four: str | None
    state: PeriodState | None
    failure: FailureClass | None
    try_at: datetime | None
    tries: int
    hand_tries: int
    next_on: date | None


@dataclass(frozen=True)
class Task:
    """One thing to do that another feature knows of: what, for whom, by when, and where it is done."""

    text: str
    customer_id: str
    customer_name: str
    amount_krw: int | None
    by: date | None
    label: str
    href: str


@dataclass(frozen=True)
class Attention:
    """All of them; `refused` the newest first, the others by when they end."""

    refused: list[Renewal]
    cards: list[Renewal]
    gone: list[Renewal]
    consents: list[Task]

    @property
    def is_empty(self) -> bool:
        return not (self.refused or self.cards or self.gone or self.consents)


FindTasks = Callable[[Session, Mode, date], list[Task]]
_CONSENTS: list[FindTasks] = []


def asks_for_consents(find: FindTasks) -> None:
    """Name a finder of consents that are missing; its rows stand among these. Asked once, when the app is made."""
    if find not in _CONSENTS:
        _CONSENTS.append(find)


def attention(session: Session, mode: Mode, today: date, hours: Hours, most: int = MOST) -> Attention:
    """What of the subscriptions a person should decide now, at most `most` of each kind; retries fall into `hours`."""
    return Attention(
        [_in_hours(row, hours) for row in _refused_on(session, mode, today)[:most]],
        _rows(session, _waiting_for_card(mode).order_by(Period.try_at, Period.id), most),
        _rows(session, _charged_to(gone_cards(session, mode)), most),
        [task for find in _CONSENTS for task in find(session, mode, today)][:most],
    )


def _in_hours(row: Renewal, hours: Hours) -> Renewal:
    """With the instant at which the retry is really made."""
    if row.state is not PeriodState.RETRYING or row.try_at is None:
        return row
    return replace(row, try_at=within(hours, row.try_at))


def cards_to_replace(mode: Mode) -> Select[Any]:
    """Periods that wait for another card, for a count."""
    return select(Period.id).select_from(Period).where(WAITS_FOR_CARD, Period.mode == mode)


def _refused_on(session: Session, mode: Mode, day: date) -> list[Renewal]:
    """Renewals that were refused on a Seoul day and are neither paid since nor waiting for a card, each once."""
    lines = (
        select(PaymentLine.charge_id, PaymentLine.asked_at)
        .where(
            PaymentLine.state == LineState.DECLINED, PaymentLine.kind == ChargeKind.RENEWAL.value,
            PaymentLine.asked_at >= start_of(day), PaymentLine.asked_at < start_of(day + timedelta(days=1)),
        )
        .order_by(PaymentLine.asked_at.desc())
        .limit(MOST)
        .subquery()
    )  # fmt: skip
    tied = _columns().join(PeriodCharge, PeriodCharge.period_id == Period.id)
    tied = tied.join(lines, lines.c.charge_id == PeriodCharge.charge_id)
    tied = tied.where(Period.state.in_(_LOST), Period.mode == mode)
    found = {row.subscription_id: row for row in _rows(session, tied.order_by(lines.c.asked_at.desc()))}
    return list(found.values())


def _waiting_for_card(mode: Mode) -> Select[Any]:
    return _columns().where(WAITS_FOR_CARD, Period.mode == mode)


def _charged_to(cards: Sequence[str]) -> Select[Any]:
    """Running ones with a card that PortOne no longer has: their next charge would not even be sent."""
    return (
        select(*_facts(Subscription.amount_krw, _NO_PERIOD))
        .join_from(Subscription, Customer, Customer.id == Subscription.customer_id)
        .join(BillingKey, BillingKey.id == Subscription.billing_key_id)
        .where(Subscription.billing_key_id.in_(cards), Subscription.state.in_(CHARGED))
        .order_by(Subscription.next_on, Subscription.id)
    )


def _columns() -> Select[Any]:
    return (
        select(*_facts(Period.amount_krw, _OF_PERIOD))
        .join_from(Period, Subscription, Subscription.id == Period.subscription_id)
        .join(Customer, Customer.id == Subscription.customer_id)
        .join(BillingKey, BillingKey.id == Subscription.billing_key_id)
    )


def _rows(session: Session, query: Select[Any], most: int = MOST) -> list[Renewal]:
    found = []
    for row in session.execute(query.limit(most)):
        facts = list(row)
        facts[_FAILURE] = FailureClass(facts[_FAILURE]) if facts[_FAILURE] else None
        found.append(Renewal(*facts))
    return found


def _facts(amount_krw: Any, period: tuple[Any, ...]) -> tuple[Any, ...]:
    """The columns of a Renewal, in its order."""
    return (
        Subscription.id, Subscription.customer_id, Customer.name, Customer.phone, Subscription.name, amount_krw,
        Subscription.billing_key_id, BillingKey.issuer_name, BillingKey.last_four, *period, Subscription.next_on,
    )  # fmt: skip


_OF_PERIOD: tuple[Any, ...] = (Period.state, Period.failure, Period.try_at, Period.tries, Period.hand_tries)
_NO_PERIOD: tuple[Any, ...] = (null(), null(), null(), literal(0), literal(0))
_FAILURE = 10  # where the class stands among them
