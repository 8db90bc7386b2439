"""Reading cards: one that may be charged, those of a customer, and the list of all."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeySource, KeyState
from merchant_admin.core import search
from merchant_admin.core.db import distinct
from merchant_admin.core.errors import NotFound, RuleBroken
from merchant_admin.core.paging import Page, Place, keyset_page
from merchant_admin.customers.models import Customer, CustomerTerm

_WHY_NOT = {
    KeyState.DELETING: _("삭제하는 중인 빌링키라서 결제할 수 없습니다."),
    KeyState.DELETED: _("삭제한 빌링키라서 결제할 수 없습니다."),
    KeyState.MISSING: _("포트원에 없는 빌링키라서 결제할 수 없습니다. 카드를 새로 등록하세요."),
}


@dataclass(frozen=True)
class KeyRow:
    """One card as a list shows it."""

    id: str
    customer_id: str
    customer_name: str
    customer_uid: str
    state: KeyState
    source: KeySource
    pg_provider: str
    pg_id: str
    issuer_code: str | None
    issuer_name: str | None
    last_four: str | None
    is_default: bool
    registered_at: datetime
    last_charged_at: datetime | None

    @property
    def may_charge(self) -> bool:
        return self.state is KeyState.ACTIVE


@dataclass(frozen=True)
class KeyFilters:
    """What the list is narrowed by. `text` finds last four, a customer, or an id."""

    state: KeyState | None = None
    issuer_code: str | None = None
    pg_id: str | None = None
    never_used: bool = False
    text: str = ""

    @property
    def is_empty(self) -> bool:
        return self == KeyFilters()


def live_key(session: Session, key_id: str) -> BillingKey:
    """The card of this id, if it may be charged. Raises NotFound, or RuleBroken that says why it may not."""
    key = session.get(BillingKey, key_id)
    if key is None:
        raise NotFound(_("빌링키를 찾을 수 없습니다."))
    if key.state in _WHY_NOT:
        raise RuleBroken(_WHY_NOT[key.state], billing_key=key.id)
    return key


def any_key(session: Session, key_id: str) -> KeyRow:
    """The card of this id in whatever state. Raises NotFound."""
    row = session.execute(_COLUMNS.where(BillingKey.id == key_id)).first()
    if row is None:
        raise NotFound(_("빌링키를 찾을 수 없습니다."))
    return _row(row)


def keys_of_customer(session: Session, customer_id: str, *, with_deleted: bool = True) -> list[KeyRow]:
    """A customer's cards: the default first, then the newest; deleted ones last."""
    query = _COLUMNS.where(BillingKey.customer_id == customer_id)
    if not with_deleted:
        query = query.where(BillingKey.state != KeyState.DELETED)
    found = session.execute(
        query.order_by(
            BillingKey.is_default.desc(), (BillingKey.state == KeyState.DELETED), BillingKey.registered_at.desc()
        )
    )
    return [_row(row) for row in found]


def key_page(session: Session, filters: KeyFilters, place: Place | None) -> Page[KeyRow]:
    """One page of all cards, newest first."""
    query = _COLUMNS
    if filters.state is not None:
        query = query.where(BillingKey.state == filters.state)
    if filters.issuer_code:
        query = query.where(BillingKey.issuer_code == filters.issuer_code)
    if filters.pg_id:
        query = query.where(BillingKey.pg_id == filters.pg_id)
    if filters.never_used:
        query = query.where(BillingKey.last_charged_at.is_(None))
    if filters.text.strip():
        query = query.where(_matches(filters.text))
    return keyset_page(session, query, (BillingKey.registered_at, BillingKey.id), place, _row)


def known_issuers(session: Session) -> list[tuple[str, str]]:
    """(code, name) of each issuer some card has, by name."""
    newest = (BillingKey.registered_at.desc(), BillingKey.id.desc())
    names = {
        code: session.scalar(
            select(BillingKey.issuer_name).where(BillingKey.issuer_code == code).order_by(*newest).limit(1)
        )
        for code in distinct(session, BillingKey.issuer_code)
    }
    return sorted(((code, name or code) for code, name in names.items()), key=lambda one: one[1])


def known_mids(session: Session) -> list[str]:
    """Each PG MID some card was issued by."""
    return distinct(session, BillingKey.pg_id)


def _matches(text: str) -> ColumnElement[bool]:
    asked = search.question(text)
    least, below = search.term_range(asked)
    by_customer = select(CustomerTerm.customer_id).where(CustomerTerm.term >= least, CustomerTerm.term < below)
    plain = text.strip()
    claims = [BillingKey.id == plain, BillingKey.customer_uid == plain, BillingKey.customer_id == plain]
    if re.fullmatch(r"[0-9]{3}[0-9*]", asked):
        # Some PGs mask the last digit as well: 0013 on the card is 001* here.
        claims.append(BillingKey.last_four.in_({asked, f"{asked[:3]}*"}))
        # Four digits name a card; the customer's other cards (found through its last-four terms) must not follow.
        by_customer = by_customer.where(CustomerTerm.source == "customer")
    return or_(*claims, BillingKey.customer_id.in_(by_customer))


_COLUMNS: Select[*tuple[Any, ...]] = select(
    BillingKey.id, BillingKey.customer_id, Customer.name, BillingKey.customer_uid, BillingKey.state,
    BillingKey.source, BillingKey.pg_provider, BillingKey.pg_id, BillingKey.issuer_code, BillingKey.issuer_name,
    BillingKey.last_four, BillingKey.is_default, BillingKey.registered_at, BillingKey.last_charged_at,
).join(Customer, Customer.id == BillingKey.customer_id)  # fmt: skip


def _row(row: Any) -> KeyRow:
    return KeyRow(*row[:14])
