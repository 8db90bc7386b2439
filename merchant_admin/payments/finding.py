"""What a typed question means: one payment by an exact id, or customers, a card's last four, part of a name."""

import re
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.queries import known_issuers
from merchant_admin.core.search import question, term_range
from merchant_admin.customers.models import CustomerTerm
from merchant_admin.payments.filters import Found, endings_of
from merchant_admin.payments.models import Charge, PaymentLine
from merchant_admin.staff.models import Staff

NAMED_CUSTOMERS = 200  # a question that fits more is answered by walking the newest lines


def line_named(session: Session, word: str) -> str | None:
    """The line an exact id names (our id, imp_uid, an order number used once, or a charge), or None."""
    word = word.strip()
    if not 4 <= len(word) <= 80 or not word.isascii():
        return None
    same = (PaymentLine.id, PaymentLine.imp_uid, PaymentLine.merchant_uid)
    ids = {row for column in same for row in session.scalars(select(PaymentLine.id).where(column == word).limit(2))}
    if not ids and word.startswith("chg_"):
        newest = select(PaymentLine.id).join(Charge, Charge.id == PaymentLine.charge_id).where(Charge.id == word)
        ids = set(session.scalars(newest.limit(2)))
    return ids.pop() if len(ids) == 1 else None


def understand(session: Session, text: str) -> Found:
    """What a typed question means: an order number shared by several payments, customers, or part of an order name."""
    plain = question(text)
    if not plain:
        return Found()
    shared = select(PaymentLine.id).where(PaymentLine.merchant_uid == text.strip()).limit(1)
    if session.scalar(shared) is not None:
        return Found(merchant_uid=text.strip())
    low, high = term_range(plain)
    carry = select(CustomerTerm.customer_id).where(CustomerTerm.term >= low, CustomerTerm.term < high).distinct()
    ids = tuple(session.scalars(carry.limit(NAMED_CUSTOMERS + 1)))
    if len(ids) > NAMED_CUSTOMERS:
        return Found(term=plain)
    card = plain if re.fullmatch(r"\d{4}", plain) and _has_card(session, plain) else ""
    if ids or card:
        return Found(customer_ids=ids, last_four=card)
    return Found(name_part=re.sub(r"\s+", " ", text.strip()))


def _has_card(session: Session, last_four: str) -> bool:
    return (
        session.scalar(select(PaymentLine.id).where(PaymentLine.last_four.in_(endings_of(last_four))).limit(1))
        is not None
    )


@dataclass(frozen=True)
class Choice:
    """One entry of a list to choose from."""

    value: str
    label: str


def issuer_choices(session: Session) -> list[Choice]:
    """Issuers of the stored cards, by name."""
    return [Choice(*issuer) for issuer in known_issuers(session)]


def staff_choices(session: Session) -> list[Choice]:
    """Everyone who may have asked for a payment."""
    return [Choice(*row) for row in session.execute(select(Staff.id, Staff.name).order_by(Staff.name).limit(200))]
