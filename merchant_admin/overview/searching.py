"""One question over everything: an exact id leads to its record; other words list customers, payments and cards."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.queries import KeyFilters, KeyRow, key_page
from merchant_admin.customers.queries import CustomerRow, exact_id, find_customers
from merchant_admin.payments.filters import LineFilters
from merchant_admin.payments.finding import line_named, understand
from merchant_admin.payments.queries import LineRow, line_page
from merchant_admin.refunds.models import Refund

MOST_OF_A_KIND = 8


@dataclass(frozen=True)
class Target:
    """The record an exact id names: an endpoint and its id's name."""

    endpoint: str
    name: str
    id: str


@dataclass(frozen=True)
class Hits:
    """What other words found, a few of each kind."""

    customers: Sequence[CustomerRow] = ()
    payments: Sequence[LineRow] = ()
    keys: Sequence[KeyRow] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.customers or self.payments or self.keys)


def exact(session: Session, text: str) -> Target | None:
    """The record whose id was typed or pasted whole."""
    word = text.strip()
    if not word or len(word) > 80 or not word.isascii():
        return None
    if found := exact_id(session, word):
        return Target("overview.show_customer", "customer_id", found)
    key = select(BillingKey.id).where(or_(BillingKey.id == word, BillingKey.customer_uid == word))
    if found := session.scalar(key.limit(1)):
        return Target("overview.show_billing_key", "billing_key_id", found)
    if found := session.scalar(select(Refund.id).where(Refund.id == word)):
        return Target("refunds.show_refund", "refund_id", found)
    if found := line_named(session, word):
        return Target("overview.show_payment", "payment_id", found)
    return None


def hits(session: Session, text: str) -> Hits:
    """A few of each kind that the words find."""
    if not text.strip():
        return Hits()
    filters = LineFilters(q=text)
    return Hits(
        find_customers(session, text, MOST_OF_A_KIND),
        line_page(session, filters, None, understand(session, text)).rows[:MOST_OF_A_KIND],
        key_page(session, KeyFilters(text=text), None).rows[:MOST_OF_A_KIND],
    )
