"""Consents as screens show them, and those that wait for a person."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, func, literal, or_, select
from sqlalchemy.orm import Session

from merchant_admin.core.db import among
from merchant_admin.core.errors import NotFound
from merchant_admin.core.paging import Page, Place, keyset_page
from merchant_admin.core.settings import Mode
from merchant_admin.customers.models import Customer
from merchant_admin.notices.models import Consent, ConsentWord
from merchant_admin.notices.states import HOLDS, ConsentKind, ConsentState

COUNTED_MOST = 1000
MISSING_MOST = 50


class Tab(StrEnum):
    TO_GET = "to_get"  # no answer yet, and its days have begun
    LATER = "later"
    REFUSED = "refused"
    GIVEN = "given"
    PAST = "past"


@dataclass(frozen=True)
class ConsentRow:
    """One consent with whom it is asked of."""

    id: str
    kind: ConsentKind
    state: ConsentState
    subscription_id: str
    customer_id: str
    customer_name: str
    phone: str | None
    name: str
    agreed_krw: int
    amount_krw: int
    effective_on: date
    opens_on: date
    version: int
    asked_at: datetime | None
    answered_at: datetime | None
    created_at: datetime

    def is_overdue(self, today: date) -> bool:
        """Whether its charge is held back already."""
        return self.state in HOLDS and self.effective_on <= today


_SHOWN = (
    Consent.id, Consent.kind, Consent.state, Consent.subscription_id, Consent.customer_id,
    Customer.name.label("customer_name"), Customer.phone, Consent.name, Consent.agreed_krw, Consent.amount_krw,
    Consent.effective_on, Consent.opens_on, Consent.version, Consent.asked_at, Consent.answered_at, Consent.created_at,
)  # fmt: skip


def consent_page(session: Session, mode: Mode, tab: Tab, today: date, place: Place | None) -> Page[ConsentRow]:
    """One page of a tab, newest first."""
    query = select(*_SHOWN).join(Customer, Customer.id == Consent.customer_id).where(*_those(mode, tab, today))
    return keyset_page(session, query, (Consent.created_at, Consent.id), place, _row)


def consent_view(session: Session, consent_id: str) -> ConsentRow:
    """One consent. Raises NotFound."""
    query = select(*_SHOWN).join(Customer, Customer.id == Consent.customer_id).where(Consent.id == consent_id)
    found = session.execute(query).first()
    if found is None:
        raise NotFound(_("동의 기록을 찾을 수 없습니다."))
    return _row(found)


def words_of(session: Session, consent_id: str) -> list[ConsentWord]:
    """Every answer, the newest first."""
    said = select(ConsentWord).where(ConsentWord.consent_id == consent_id)
    return list(session.scalars(said.order_by(ConsentWord.number.desc())))


def held_for(session: Session, subscription_id: str) -> ConsentRow | None:
    """The consent that a subscription waits for, or that it has and did not use yet."""
    query = select(*_SHOWN).join(Customer, Customer.id == Consent.customer_id)
    unsettled = query.where(
        Consent.subscription_id == subscription_id, or_(Consent.state.in_(HOLDS), Consent.state == ConsentState.GIVEN)
    )  # fmt: skip
    found = session.execute(unsettled).first()
    return _row(found) if found else None


def missing(session: Session, mode: Mode, today: date, limit: int = MISSING_MOST) -> list[ConsentRow]:
    """Consents a person should get now: asked for and not answered, or refused, the nearest date first."""
    query = select(*_SHOWN).join(Customer, Customer.id == Consent.customer_id)
    wanted = query.where(Consent.mode == mode, among(Consent.state, HOLDS), Consent.opens_on <= today)
    return [_row(row) for row in session.execute(wanted.order_by(Consent.effective_on, Consent.id).limit(limit))]


def count_of(session: Session, mode: Mode, tab: Tab, today: date) -> int:
    """How many stand in a tab, counted to COUNTED_MOST."""
    some = select(literal(1)).where(*_those(mode, tab, today)).limit(COUNTED_MOST)
    return session.execute(select(func.count()).select_from(some.subquery())).scalar_one()


def _those(mode: Mode, tab: Tab, today: date) -> tuple[ColumnElement[bool], ...]:
    return Consent.mode == mode, *_in_tab(tab, today)


def _in_tab(tab: Tab, today: date) -> tuple[ColumnElement[bool], ...]:
    match tab:
        case Tab.TO_GET:
            return Consent.state == ConsentState.OPEN, Consent.opens_on <= today
        case Tab.LATER:
            return Consent.state == ConsentState.OPEN, Consent.opens_on > today
        case Tab.REFUSED:
            return (Consent.state == ConsentState.REFUSED,)
        case Tab.GIVEN:
            return (Consent.state == ConsentState.GIVEN,)
        case Tab.PAST:
            return (Consent.state.in_([ConsentState.APPLIED, ConsentState.WITHDRAWN]),)


def _row(row: Any) -> ConsentRow:
    return ConsentRow(*row[: len(_SHOWN)])
