"""Reading spans of time from PortOne, status by status, page by page, from a kept place.

A payment moves on from list to list while lists are read, and only forwards: so the lists are read in the order of a
payment's life, and a list whose length changed under the reading is read again.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from merchant_admin.core.context import WorkContext
from merchant_admin.portone.gateway import Gateway
from merchant_admin.portone.types import PaymentStatus
from merchant_admin.reconcile.intake import Taken, take_in

LIFE = (PaymentStatus.READY, PaymentStatus.FAILED, PaymentStatus.PAID, PaymentStatus.CANCELLED)
WINDOW = timedelta(days=30)  # PortOne allows 90; a smaller one keeps its lists short
OVERLAP = timedelta(hours=1)
MOST_READINGS = 3  # of one list that changes under the reading; what is missed then, the next round brings


@dataclass(frozen=True)
class Span:
    """From `since` to `until`, both included, as PortOne counts."""

    since: datetime
    until: datetime


@dataclass(frozen=True)
class Place:
    """Which list of which span is read next, and how long it was when its reading began."""

    span: int = 0
    status: int = 0
    page: int = 1
    total: int = -1
    readings: int = 1

    def text(self) -> str:
        return json.dumps([self.span, self.status, self.page, self.total, self.readings])

    @classmethod
    def read(cls, text: str) -> "Place":
        """The place a run kept; the beginning for anything else."""
        try:
            return cls(*map(int, json.loads(text)))
        except (ValueError, TypeError):
            return cls()


@dataclass(frozen=True)
class Walked:
    """How far a turn came. `place` is None at the end."""

    place: Place | None
    calls: int
    taken: Taken


def spans(since: datetime, until: datetime) -> list[Span]:
    """Spans that cover the time from `since` to `until`, each reaching a little into the one before it."""
    found: list[Span] = []
    start = since
    while start < until:
        end = min(start + WINDOW, until)
        found.append(Span(start - OVERLAP if found else start, end))
        start = end
    return found


def walk(ctx: WorkContext, gateway: Gateway, over: Sequence[Span], place: Place, most_calls: int) -> Walked:
    """Read on from `place`, at most `most_calls` pages. Raises the GatewayError family; what was read is recorded."""
    taken, calls = Taken(), 0
    here: Place | None = place if place.span < len(over) else None
    while here is not None and calls < most_calls:
        ctx.end_reading()
        span, status = over[here.span], LIFE[here.status]
        listing = gateway.payments_between(status, span.since, span.until, here.page)
        calls += 1
        taken += take_in(ctx, listing.rows, source="sync", skipped=listing.unreadable)
        here = _next(here, listing.total, listing.next_page, len(over))
    return Walked(here, calls, taken)


def _next(here: Place, total: int, following: int, span_count: int) -> Place | None:
    first_total = total if here.page == 1 else here.total
    if following > here.page:
        return replace(here, page=following, total=first_total)
    if here.page > 1 and total != first_total and here.readings < MOST_READINGS:
        return Place(here.span, here.status, readings=here.readings + 1)
    if here.status + 1 < len(LIFE):
        return Place(here.span, here.status + 1)
    return Place(here.span + 1) if here.span + 1 < span_count else None
