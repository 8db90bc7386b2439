"""Many customers at once, from a file: who of them is there already, and all the others in one commit or none."""

import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Row, insert, select, text
from sqlalchemy.orm import Session

from merchant_admin.audit.queries import of_subjects
from merchant_admin.audit.service import record
from merchant_admin.core import search
from merchant_admin.core.context import WorkContext
from merchant_admin.core.ids import ALPHABET, RANDOM_SIGNS
from merchant_admin.customers.models import Customer, CustomerTerm
from merchant_admin.customers.service import OWN_TERMS, CustomerDetails, terms_of

MOST_ROWS = 10_000
_AT_ONCE = 500  # words in one question to the database
_IMPORT_LOCK = 7_041_964  # PostgreSQL advisory lock: the second of two files at once must see whom the first added


@dataclass(frozen=True)
class SheetRow:
    """A customer of the file, by the number of its line."""

    line: int
    details: CustomerDetails


@dataclass(frozen=True)
class Twin:
    """A line that looks like a customer who is there (`customer_id`), or like an earlier line of the file."""

    line: int
    name: str
    customer_id: str | None = None
    same_as_line: int | None = None


@dataclass(frozen=True)
class Outcome:
    """How many were added and left out; `is_repeat` when an earlier press of the same sheet did it."""

    added: int
    skipped: int
    is_repeat: bool = False


def twins(session: Session, rows: Sequence[SheetRow]) -> list[Twin]:
    """The lines with the name and phone of a customer, archived or not; without a phone, the name and e-mail."""
    known = {_looks(row.name, row.phone, row.email): row.id for row in _alike(session, rows)}
    seen: dict[tuple[str, str, str], int] = {}
    found = []
    for row in rows:
        looks = _looks(row.details.name, row.details.phone, row.details.email)
        if looks in known:
            found.append(Twin(row.line, row.details.name, customer_id=known[looks]))
        elif looks in seen:
            found.append(Twin(row.line, row.details.name, same_as_line=seen[looks]))
        seen.setdefault(looks, row.line)
    return found


def add_all(ctx: WorkContext, sheet_key: str, rows: Sequence[SheetRow], *, skip_twins: bool) -> Outcome:
    """Add every row, without the twins where asked, in one commit. The same sheet again adds nobody.

    One file is added at a time, so that of two presses, or of two staff with the same file, the second meets the
    first one's customers. The ids follow from the sheet's random key: the table itself takes no sheet twice.
    """
    with ctx.atomic() as session:
        if session.get_bind().dialect.name == "postgresql":  # SQLite lets one write in at a time anyway
            session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _IMPORT_LOCK})
        if done := _done(session, sheet_key):
            return done
        left_out = {twin.line for twin in twins(session, rows)} if skip_twins else set()
        wanted = [row for row in rows if row.line not in left_out]
        if wanted:
            _insert(ctx, session, sheet_key, wanted)
            record(ctx, "customer.imported", ("sheet", sheet_key), count=len(wanted), skipped=len(left_out))
        return Outcome(len(wanted), len(left_out))


def _done(session: Session, sheet_key: str) -> Outcome | None:
    lines = of_subjects(session, ("sheet", sheet_key), limit=1)
    return Outcome(lines[0].facts["count"], lines[0].facts["skipped"], is_repeat=True) if lines else None


def _insert(ctx: WorkContext, session: Session, sheet_key: str, rows: Sequence[SheetRow]) -> None:
    now = ctx.now()
    ids = {row.line: _id(ctx.secret, sheet_key, row.line) for row in rows}
    session.execute(
        insert(Customer.__table__),  # type: ignore[arg-type] # a declared table is one
        [
            {
                "id": ids[row.line], "version": 1, "created_at": now, "updated_at": now, "name": row.details.name,
                "phone": row.details.phone, "email": row.details.email, "memo": row.details.memo,
            }
            for row in rows
        ],
    )  # fmt: skip
    terms = sorted((term, ids[row.line]) for row in rows for term in terms_of(ids[row.line], row.details))
    session.execute(
        insert(CustomerTerm.__table__),  # type: ignore[arg-type]
        [{"term": term, "customer_id": customer_id, "source": OWN_TERMS} for term, customer_id in terms],
    )
    for row in rows:
        record(ctx, "customer.created", ("customer", ids[row.line]), customer_id=ids[row.line], sheet=sheet_key)


def _id(secret: bytes, sheet_key: str, line: int) -> str:
    """A hundred bits that nobody can guess, and the same for one line of one sheet."""
    drawn = hmac.digest(secret, f"customer sheet\n{sheet_key}\n{line}".encode(), hashlib.sha256)
    return "cus_" + "".join(ALPHABET[byte % len(ALPHABET)] for byte in drawn[:RANDOM_SIGNS])


def _looks(name: str, phone: str | None, email: str | None) -> tuple[str, str, str]:
    return name, phone or "", "" if phone else email or ""


def _alike(session: Session, rows: Sequence[SheetRow]) -> Iterator[Row[str, str, str | None, str | None]]:
    """Customers who share a phone number with a row, or the name where neither has a phone."""
    query = select(Customer.id, Customer.name, Customer.phone, Customer.email)
    query = query.join(CustomerTerm, CustomerTerm.customer_id == Customer.id).where(CustomerTerm.source == OWN_TERMS)
    phones = {re.sub(r"\D", "", row.details.phone) for row in rows if row.details.phone}
    for part in _parts(phones):
        yield from session.execute(query.where(CustomerTerm.term.in_(part)))
    names = {search.normalise(row.details.name)[: search.MAX_TERM] for row in rows if not row.details.phone}
    for part in _parts(names):
        yield from session.execute(query.where(CustomerTerm.term.in_(part), Customer.phone.is_(None)))


def _parts(words: set[str]) -> Iterator[list[str]]:
    ordered = sorted(words)
    return (ordered[at : at + _AT_ONCE] for at in range(0, len(ordered), _AT_ONCE))
