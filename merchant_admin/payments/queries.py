"""The history as screens read it: pages and capped counts. What a typed question means is found in `finding`.

Nothing here counts a table, skips rows or scans without an end. A page walks one index that already has the order:

- the narrowest equality that is chosen (customer, billing key, last four, issuer, staff, each state of a group) has
  an index ending in (asked_at, id); without one the walk is over (asked_at, id), or over (paid_at, id) and
  (refunded_at, id) when the days mean those;
- whatever else is chosen is looked at row by row, for at most SCAN_ROWS rows; a page that ends there says how far
  back it looked and offers to go on, so a filter that matches nothing costs the same in a million rows as in ten
  thousand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    SQLColumnExpression,
    String,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from merchant_admin.core.paging import PAGE_ROWS, Page, Place
from merchant_admin.core.search import term_range
from merchant_admin.core.settings import Mode
from merchant_admin.customers.models import Customer, CustomerTerm
from merchant_admin.payments.filters import STATES_OF, TABS, DateBasis, Found, LineFilters, StateGroup, endings_of
from merchant_admin.payments.models import PaymentLine
from merchant_admin.payments.states import LineState

SCAN_ROWS = 10_000
COUNT_CAP = 10_000
TAB_CAP = 1_000  # each of the five tabs is counted on every full page: past this it only says "1,000+"
_PERSONAL = frozenset({PaymentLine.merchant_uid, PaymentLine.customer_id, PaymentLine.billing_key_id})
_BROAD = frozenset({PaymentLine.staff_id, PaymentLine.issuer_code})
_MOVABLE = frozenset({LineState.PAID, LineState.PARTLY_REFUNDED})

_INSTANT: dict[DateBasis, InstrumentedAttribute[Any]] = {
    DateBasis.ASKED: PaymentLine.asked_at,
    DateBasis.PAID: PaymentLine.paid_at,
    DateBasis.REFUNDED: PaymentLine.refunded_at,
}
_COLUMNS = (
    PaymentLine.id, PaymentLine.state, PaymentLine.kind, PaymentLine.mode, PaymentLine.customer_id,
    PaymentLine.billing_key_id, PaymentLine.staff_id, PaymentLine.name, PaymentLine.amount_krw,
    PaymentLine.refunded_krw, PaymentLine.issuer_name, PaymentLine.last_four, PaymentLine.fail_reason,
    PaymentLine.merchant_uid, PaymentLine.imp_uid, PaymentLine.asked_at, PaymentLine.paid_at, PaymentLine.refunded_at,
    PaymentLine.method,
)  # fmt: skip


@dataclass(frozen=True)
class LineRow:
    """One line of the history as a screen shows it."""

    id: str
    state: LineState
    kind: str
    mode: Mode
    customer_id: str | None
    billing_key_id: str | None
    staff_id: str | None
    name: str
    amount_krw: int
    refunded_krw: int
    issuer_name: str | None
    last_four: str | None
    fail_reason: str | None
    merchant_uid: str
    imp_uid: str | None
    asked_at: datetime
    paid_at: datetime | None
    refunded_at: datetime | None
    method: str | None
    customer_name: str | None

    @property
    def may_refund(self) -> bool:
        """Whether money is left to give back, as far as this row knows."""
        return self.state in _MOVABLE and self.refunded_krw < self.amount_krw

    @property
    def may_repeat(self) -> bool:
        """Whether "charge again" can start from here: it needs a customer."""
        return self.customer_id is not None


@dataclass(frozen=True)
class LinePage(Page[LineRow]):
    """A page; `looked_back_to` is set when the walk ended at its bound and more may follow."""

    looked_back_to: datetime | None = None


@dataclass(frozen=True)
class _Part:
    """One range of an index. `gathers`: it lacks the order, but its lines are few, so they are gathered and sorted."""

    tests: tuple[ColumnElement[bool], ...]
    gathers: bool = False


@dataclass(frozen=True)
class _Walk:
    """One way through the table: ranges whose lines are merged in order, and what is checked line by line."""

    at: InstrumentedAttribute[Any]
    parts: tuple[_Part, ...]
    checks: tuple[ColumnElement[bool], ...] = ()


def line_page(session: Session, filters: LineFilters, place: Place | None, found: Found | None = None) -> LinePage:
    """One page of the history, newest first, from `place`. `found` is what `filters.q` was understood to mean."""
    if _contradicts(filters):
        return LinePage([], None, None)
    walk = _walk(filters, found or Found())
    bound = _bound(session, walk, place) if walk.checks else None
    rows = list(session.execute(_statement(walk, place, bound)))
    return _page(rows, place, bound)


def _contradicts(filters: LineFilters) -> bool:
    """Whether no line can have both the state and the instant that are asked for."""
    if filters.state is None:
        return False
    without = {
        DateBasis.ASKED: frozenset[StateGroup](),
        DateBasis.PAID: frozenset({StateGroup.DECLINED, StateGroup.OTHER}),
        DateBasis.REFUNDED: frozenset({StateGroup.DECLINED, StateGroup.OTHER, StateGroup.PAID}),
    }
    return filters.state in without[filters.basis]


def _walk(filters: LineFilters, found: Found) -> _Walk:
    equal: dict[InstrumentedAttribute[Any], Any] = {
        PaymentLine.merchant_uid: found.merchant_uid,
        PaymentLine.customer_id: filters.customer_id,
        PaymentLine.billing_key_id: filters.billing_key_id,
        PaymentLine.last_four: filters.last_four,
        PaymentLine.staff_id: filters.staff_id,
        PaymentLine.issuer_code: filters.issuer_code,
    }
    chosen = [(column, value) for column, value in equal.items() if value]
    first = chosen[0][0] if chosen else None
    by_person = first in _PERSONAL
    at = PaymentLine.asked_at if by_person or found.names_people else _INSTANT[filters.basis]
    rare_state = filters.state not in {None, StateGroup.PAID} and first in _BROAD
    leads = by_person or (bool(chosen) and at is PaymentLine.asked_at and not rare_state)
    checks = [
        *_checks(filters, found),
        *(unindexed(c).in_(_values(c, v)) for c, v in (chosen[1:] if leads else chosen)),
    ]
    span = _span(filters)
    own_span = span if at is _INSTANT[filters.basis] else ()
    if found.names_people and not by_person:
        return _Walk(at, _people(found), (*checks, *span, *_states(filters)))
    if found.names_people:
        checks.append(or_(*(part.tests[0] for part in _people(found))))
    checks += () if own_span else span
    if leads and first is not None:
        values = _values(*chosen[0])
        return _Walk(at, tuple(_Part((first == v, *own_span)) for v in values), (*checks, *_states(filters)))
    if filters.state and at is PaymentLine.asked_at:
        states = STATES_OF[filters.state]
        return _Walk(at, tuple(_Part((PaymentLine.state == s, *own_span)) for s in states), tuple(checks))
    always = own_span or ((at.is_not(None),) if at is not PaymentLine.asked_at else ())
    return _Walk(at, (_Part(always),), (*checks, *_states(filters)))


def _values(column: InstrumentedAttribute[Any], value: str) -> tuple[str, ...]:
    """What stands in the column for a chosen value."""
    return endings_of(value) if column is PaymentLine.last_four else (value,)


def _people(found: Found) -> tuple[_Part, ...]:
    """The lines of the customers a question names, and of the cards that end in its four digits."""
    parts = []
    if found.last_four:
        parts += [_Part((PaymentLine.last_four == ending,)) for ending in endings_of(found.last_four)]
    if found.customer_ids:
        theirs = PaymentLine.customer_id.in_(found.customer_ids)
        once = unindexed(PaymentLine.last_four).not_in(endings_of(found.last_four)) if found.last_four else true()
        parts.append(_Part((theirs, once), gathers=True))
    return tuple(parts)


def _span(filters: LineFilters) -> tuple[ColumnElement[bool], ...]:
    at, days = _INSTANT[filters.basis], filters.interval
    if days is not None:
        return (at >= days.start, at < days.end)
    return () if filters.basis is DateBasis.ASKED else (at.is_not(None),)


def _states(filters: LineFilters) -> tuple[ColumnElement[bool], ...]:
    return (unindexed(PaymentLine.state).in_([s.value for s in STATES_OF[filters.state]]),) if filters.state else ()


def unindexed(column: InstrumentedAttribute[Any]) -> ColumnElement[str]:
    """The column as no index knows it, so that an engine keeps to the walk that was chosen."""
    return func.coalesce(type_coerce(column, String), "")


def _checks(filters: LineFilters, found: Found) -> list[ColumnElement[bool]]:
    checks: list[ColumnElement[bool]] = []
    if filters.least_krw is not None:
        checks.append(PaymentLine.amount_krw >= filters.least_krw)
    if filters.most_krw is not None:
        checks.append(PaymentLine.amount_krw <= filters.most_krw)
    if filters.kind is not None:
        checks.append(PaymentLine.kind == filters.kind.value)
    if filters.mode is not None:
        checks.append(PaymentLine.mode == filters.mode)
    if found.name_part:
        checks.append(PaymentLine.name.icontains(found.name_part, autoescape=True))
    if found.term:
        low, high = term_range(found.term)
        carries = select(literal(1)).where(
            CustomerTerm.customer_id == PaymentLine.customer_id, CustomerTerm.term >= low, CustomerTerm.term < high
        )
        checks.append(or_(carries.exists(), unindexed(PaymentLine.last_four).in_(endings_of(found.term))))
    return checks


def _bound(session: Session, walk: _Walk, place: Place | None) -> Place | None:
    """The row at which the walk must end: the SCAN_ROWS-th of the shortest way, read from the index alone."""
    ends = []
    for part in walk.parts:
        if part.gathers:
            continue
        ordered = _ordered(select(walk.at, PaymentLine.id).where(*part.tests), walk.at, place)
        end = session.execute(ordered.limit(1).offset(SCAN_ROWS)).first()
        if end is not None:
            ends.append(Place(end[0], end[1]))
    nearest = min if place is not None and place.backwards else max
    return nearest(ends, key=lambda end: (end.at, end.id)) if ends else None


def _ordered(
    query: Select[Any],
    at: SQLColumnExpression[Any],
    place: Place | None,
    line_id: SQLColumnExpression[str] = PaymentLine.id,
) -> Select[Any]:
    backwards = place is not None and place.backwards
    if place is not None:
        here, there = tuple_(at, line_id), tuple_(place.at, place.id)
        query = query.where(here > there if backwards else here < there)
    return query.order_by(*((at.asc(), line_id.asc()) if backwards else (at.desc(), line_id.desc())))


def _statement(walk: _Walk, place: Place | None, bound: Place | None) -> Select[Any]:
    backwards = place is not None and place.backwards
    tests = list(walk.checks)
    if bound is not None:
        here, end = tuple_(walk.at, PaymentLine.id), tuple_(bound.at, bound.id)
        tests.append(here <= end if backwards else here >= end)
    columns = (*_COLUMNS, walk.at.label("page_at"))
    parts = [
        _ordered(select(*columns).where(*_lines_in(part, walk, place), *tests), walk.at, place) for part in walk.parts
    ]
    parts = [part.limit(PAGE_ROWS + 1) for part in parts]
    if len(parts) == 1:
        lines = parts[0].subquery("lines")
    else:  # SQLite allows a LIMIT inside a UNION only one level down
        lines = union_all(*(select(part.subquery()) for part in parts)).subquery("lines")
    order = (lines.c.page_at.asc(), lines.c.id.asc()) if backwards else (lines.c.page_at.desc(), lines.c.id.desc())
    return (
        select(*(lines.c[column.key] for column in _COLUMNS), Customer.name.label("customer_name"), lines.c.page_at)
        .outerjoin_from(lines, Customer, Customer.id == lines.c.customer_id)
        .order_by(*order)
        .limit(PAGE_ROWS + 1)
    )


def _lines_in(part: _Part, walk: _Walk, place: Place | None) -> tuple[ColumnElement[bool], ...]:
    """The part's own tests. A gathered one is made apart, so that no engine walks the whole history instead.

    Where every gathered line counts, a page of them is picked from the index alone and only that is read whole.
    """
    if not part.gathers:
        return part.tests
    theirs = select(PaymentLine.id, walk.at.label("at")).where(*part.tests).cte("theirs").prefix_with("MATERIALIZED")
    some = select(theirs.c.id)
    if not walk.checks:
        some = _ordered(some, theirs.c.at, place, theirs.c.id).limit(PAGE_ROWS + 1)
    return (PaymentLine.id.in_(some),)


def _page(found: list[Row[Any]], place: Place | None, bound: Place | None) -> LinePage:
    """The rows, and the places beside them: after the last row, or where the walk stopped."""
    backwards = place is not None and place.backwards
    more = len(found) > PAGE_ROWS
    found = found[:PAGE_ROWS]
    stopped = None if more else bound
    ahead = Place(found[-1].page_at, found[-1].id) if more else stopped
    behind = Place(found[0].page_at, found[0].id) if found else place
    if backwards:
        found.reverse()
    next_place, previous = (behind, ahead) if backwards else (ahead, behind if place else None)
    return LinePage(
        [_line_row(row) for row in found],
        Place(previous.at, previous.id, backwards=True).text() if previous else None,
        Place(next_place.at, next_place.id).text() if next_place else None,
        stopped.at if stopped else None,
    )


def _line_row(row: Any) -> LineRow:
    return LineRow(*row[:-1])


def match_count(session: Session, filters: LineFilters, found: Found | None = None) -> int | None:
    """How many lines match, at most COUNT_CAP + 1; None where only looking at each row could tell."""
    if _contradicts(filters):
        return 0
    walk = _walk(filters, found or Found())
    if walk.checks:
        return None
    return sum(_capped(session, part.tests) for part in walk.parts)


def _capped(session: Session, tests: Sequence[ColumnElement[bool]]) -> int:
    some = select(literal(1)).select_from(PaymentLine).where(*tests).limit(COUNT_CAP + 1).subquery()
    return session.execute(select(func.count()).select_from(some)).scalar_one()


def tab_counts(session: Session) -> dict[StateGroup | None, int]:
    """Lines behind each tab, at most TAB_CAP + 1 each ("1,000+"), read from the state's index; None is all."""
    columns = []
    for group in TABS:
        theirs = PaymentLine.state.in_(STATES_OF[group])
        some = select(literal(1)).select_from(PaymentLine).where(theirs).limit(TAB_CAP + 1).subquery()
        columns.append(select(func.count()).select_from(some).scalar_subquery())
    counts: dict[StateGroup | None, int] = dict(zip(TABS, session.execute(select(*columns)).one(), strict=True))
    return {None: min(sum(counts.values()), TAB_CAP + 1), **counts}
