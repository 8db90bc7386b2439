"""The books on the screen: twelve months of kept sums, and exactly the entries behind a figure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select, tuple_, union_all
from sqlalchemy.orm import Session

from merchant_admin.core.paging import PAGE_ROWS, Page, Place
from merchant_admin.core.settings import Mode
from merchant_admin.core.times import Interval
from merchant_admin.customers.models import Customer
from merchant_admin.ledger.models import DailyTotal, EntryKind, LedgerEntry
from merchant_admin.payments.models import PaymentLine

CHART_MONTHS = 12


@dataclass(frozen=True)
class Month:
    """One month's approvals. `first_on` is its first day, `last_on` its last or today."""

    first_on: date
    last_on: date
    charged_krw: int
    refunded_krw: int


def months(session: Session, mode: Mode, today: date) -> list[Month]:
    """The last twelve months, the oldest first, from the kept sums in one read."""
    spans = [(first, min(_next_month(first) - timedelta(days=1), today)) for first in _first_days(today)]
    sums = [
        func.coalesce(func.sum(case((_within(kind, *span), DailyTotal.sum_krw), else_=0)), 0)
        for span in spans
        for kind in (EntryKind.CHARGE, EntryKind.REFUND)
    ]
    row = session.execute(
        select(*sums).where(DailyTotal.mode == mode, DailyTotal.seoul_day.between(spans[0][0], today))
    ).one()
    return [Month(*span, int(row[2 * n]), int(row[2 * n + 1])) for n, span in enumerate(spans)]


def _within(kind: EntryKind, first: date, last: date) -> ColumnElement[bool]:
    return and_(DailyTotal.kind == kind, DailyTotal.seoul_day.between(first, last))


def _first_days(today: date) -> list[date]:
    months_since = today.year * 12 + today.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(months_since - CHART_MONTHS + 1, months_since + 1)]


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


@dataclass(frozen=True)
class Entry:
    """One entry of the books: money taken or given back, and the payment it belongs to."""

    id: str
    kind: EntryKind
    amount_krw: int
    happened_at: datetime
    payment_id: str
    name: str | None
    customer_id: str | None
    customer_name: str | None


def entry_page(
    session: Session, mode: Mode, days: tuple[date, date], kind: EntryKind | None, place: Place | None
) -> Page[Entry]:
    """One page of the books of a span of Seoul days, newest first: exactly the rows behind a figure.

    Each kind is one range of the index (kind, happened_at, id); both are merged when `kind` is None.
    """
    span = Interval.of_days(*days)
    backwards = place is not None and place.backwards
    parts = [_entries(mode, one, span, place).subquery() for one in ((kind,) if kind else tuple(EntryKind))]
    merged = (select(parts[0]) if len(parts) == 1 else union_all(*(select(part) for part in parts))).subquery("entries")
    order = (merged.c.happened_at, merged.c.id) if backwards else (merged.c.happened_at.desc(), merged.c.id.desc())
    found: Any = list(
        session.execute(
            select(
                merged.c.id, merged.c.kind, merged.c.amount_krw, merged.c.happened_at, merged.c.payment_id,
                PaymentLine.name, PaymentLine.customer_id, Customer.name,
            )
            .outerjoin_from(merged, PaymentLine, PaymentLine.id == merged.c.payment_id)
            .outerjoin(Customer, Customer.id == PaymentLine.customer_id)
            .order_by(*order)
            .limit(PAGE_ROWS + 1)
        )
    )  # fmt: skip
    more = len(found) > PAGE_ROWS
    rows = [Entry(*row) for row in found[:PAGE_ROWS]]
    if backwards:
        rows.reverse()
    has_previous, has_next = (more, True) if backwards else (place is not None, more)
    return Page(
        rows,
        Place(rows[0].happened_at, rows[0].id, backwards=True).text() if rows and has_previous else None,
        Place(rows[-1].happened_at, rows[-1].id).text() if rows and has_next else None,
    )


def _entries(mode: Mode, kind: EntryKind, span: Interval, place: Place | None) -> Any:
    query = select(
        LedgerEntry.id, LedgerEntry.kind, LedgerEntry.amount_krw, LedgerEntry.happened_at, LedgerEntry.payment_id
    ).where(
        LedgerEntry.kind == kind, LedgerEntry.happened_at >= span.start, LedgerEntry.happened_at < span.end,
        LedgerEntry.mode == mode,
    )  # fmt: skip
    backwards = place is not None and place.backwards
    if place is not None:
        here, there = tuple_(LedgerEntry.happened_at, LedgerEntry.id), tuple_(place.at, place.id)
        query = query.where(here > there if backwards else here < there)
    at, row_id = LedgerEntry.happened_at, LedgerEntry.id
    return query.order_by(*((at, row_id) if backwards else (at.desc(), row_id.desc()))).limit(PAGE_ROWS + 1)
