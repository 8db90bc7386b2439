"""The list of customers, finding them, and one customer's own facts.

Searching reads `customer_terms` alone. A word that few customers answer to is read from there; one that many answer
to ("김") is found by walking the list from its newest end until the page is full. Which of the two is decided by a
look that stops at FEW, so that neither database can choose to read everyone.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.orm import Session

from merchant_admin.core import search
from merchant_admin.core.errors import NotFound, RuleBroken
from merchant_admin.core.paging import Page, Place, keyset_page
from merchant_admin.customers.models import Customer, CustomerTerm

FEW = 2_000  # as many customers are read by their ids and sorted
COUNTED = 10_000  # past this, "10,000 or more"
MOST_WORDS = 4


@dataclass(frozen=True)
class CustomerFilters:
    """What the list shows: the searched text, and which tab."""

    text: str = ""
    archived: bool = False


@dataclass(frozen=True)
class CustomerRow:
    """One line of the list. Phone and e-mail are drawn masked."""

    id: str
    name: str
    phone: str | None
    email: str | None
    created_at: datetime
    archived_at: datetime | None


@dataclass(frozen=True)
class Matches:
    """How many customers the filters find; `is_more` when counting stopped there or was not worth it (0)."""

    count: int
    is_more: bool


@dataclass(frozen=True)
class CustomerSummary:
    """One customer, archived or not, as their own page shows them."""

    id: str
    name: str
    phone: str | None
    email: str | None
    memo: str
    version: int
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None


@dataclass(frozen=True)
class Contact:
    """Phone and e-mail for `customers/_contact.html`, which masks them unless `seconds` are left to see them."""

    customer_id: str
    phone: str | None
    email: str | None
    seconds: int


def customer_page(session: Session, filters: CustomerFilters, place: Place | None) -> Page[CustomerRow]:
    """One page of customers, newest first."""
    query = select(
        Customer.id, Customer.name, Customer.phone, Customer.email, Customer.created_at, Customer.archived_at
    ).where(_tab(filters))
    wanted = _found_by(session, _words(filters.text))
    return keyset_page(session, query.where(*wanted.conditions), (Customer.created_at, Customer.id), place, _row)


def matches(session: Session, filters: CustomerFilters) -> Matches:
    """How many customers the filters find, counted up to 10,000; a word that many answer to is not counted."""
    wanted = _found_by(session, _words(filters.text))
    if wanted.is_wide:
        return Matches(0, is_more=True)
    query = select(Customer.id).where(_tab(filters), *wanted.conditions)
    found = session.scalar(select(func.count()).select_from(query.limit(COUNTED + 1).subquery())) or 0
    return Matches(min(found, COUNTED), found > COUNTED)


def exact_id(session: Session, text: str) -> str | None:
    """The customer whose id was typed or pasted whole."""
    return session.scalar(select(Customer.id).where(Customer.id == text.strip().casefold()))


def live_customer(session: Session, customer_id: str) -> Customer:
    """A customer to whom something new may be done. Raises NotFound; RuleBroken when archived."""
    customer = session.get(Customer, customer_id)
    if customer is None:
        raise NotFound(_("고객을 찾을 수 없습니다."), customer=customer_id)
    if customer.is_archived:
        raise RuleBroken(
            _("보관된 고객입니다. 먼저 복원해야 카드를 등록하거나 결제할 수 있습니다. 아무것도 청구하지 않았습니다."),
            customer=customer_id,
        )
    return customer


def customer_summary(session: Session, customer_id: str) -> CustomerSummary:
    """One customer's facts, archived or not. Raises NotFound."""
    found = session.execute(
        select(
            Customer.id, Customer.name, Customer.phone, Customer.email, Customer.memo, Customer.version,
            Customer.created_at, Customer.updated_at, Customer.archived_at,
        ).where(Customer.id == customer_id)
    ).one_or_none()  # fmt: skip
    if found is None:
        raise NotFound(_("고객을 찾을 수 없습니다."), customer=customer_id)
    return CustomerSummary(*found)


def contact_of(session: Session, customer_id: str, seconds: int) -> Contact:
    """How to reach a customer; `seconds` from `service.revealed_seconds`. Raises NotFound."""
    found = customer_summary(session, customer_id)
    return Contact(found.id, found.phone, found.email, seconds)


def find_customers(session: Session, text: str, limit: int = 10) -> list[CustomerRow]:
    """The newest customers a typed question finds, archived ones after the others: for search across the product."""
    words = _words(text)
    if not words:
        return []
    rows: list[CustomerRow] = []
    for archived in (False, True):
        page = customer_page(session, CustomerFilters(text, archived), None)
        rows += page.rows
    return rows[:limit]


def _tab(filters: CustomerFilters) -> ColumnElement[bool]:
    return Customer.archived_at.is_not(None) if filters.archived else Customer.archived_at.is_(None)


def _words(text: str) -> list[str]:
    """The typed question as words that must all be found; a phone number is one word, however it is spaced."""
    whole = search.question(text)[: search.MAX_TERM]
    if re.fullmatch(r"\d+", whole):
        return [whole]
    words = [search.question(part)[: search.MAX_TERM] for part in text.split()[:MOST_WORDS]]
    return [word for word in words if word]


@dataclass(frozen=True)
class _Wanted:
    """Conditions that all words stand for; `is_wide` when every one of them finds many."""

    conditions: list[ColumnElement[bool]]
    is_wide: bool = False


def _found_by(session: Session, words: list[str]) -> _Wanted:
    """The first word that few answer to, the longest tried first, names the customers; the others are looked up."""
    for word in sorted(words, key=len, reverse=True):
        found = session.scalars(_ids_with(word).limit(FEW + 1)).all()
        if len(found) <= FEW:
            named = Customer.id.in_(sorted(set(found)))
            return _Wanted([named, *[_has(other) for other in words if other != word]])
    return _Wanted([_has(word) for word in words], is_wide=bool(words))


def _in_range(word: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    first, end = search.term_range(word)
    return CustomerTerm.term >= first, CustomerTerm.term < end


def _ids_with(word: str) -> Select[str]:
    """Customers with a term that begins with `word`: one range of the table's own key."""
    return select(CustomerTerm.customer_id).where(*_in_range(word))


def _has(word: str) -> ColumnElement[bool]:
    """Whether the customer at hand has such a term: one look into the index by customer."""
    return select(CustomerTerm.term).where(CustomerTerm.customer_id == Customer.id, *_in_range(word)).exists()


def _row(row: Row[*tuple[Any, ...]]) -> CustomerRow:
    return CustomerRow(row.id, row.name, row.phone, row.email, row.created_at, row.archived_at)
