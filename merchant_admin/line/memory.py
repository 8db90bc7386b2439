"""What all processes know of the line, read and written in single statements on a connection of its own.

A call costs one statement: a read, or, each time the calls booked before are used up, the booking of some more. While
the database can't be asked each process goes by what it sees itself: nothing can be charged then anyhow.
"""

import logging
import threading
from typing import Any

from sqlalchemy import Engine, case, select, update
from sqlalchemy.exc import SQLAlchemyError

from merchant_admin.core.clock import Clock, monotonic
from merchant_admin.core.db import reading_engine, single_write
from merchant_admin.core.errors import GatewayUnreachable
from merchant_admin.line.models import THE_ROW, PortOneLine
from merchant_admin.portone.breaker import MOST_FAILURES, OwnMemory, Standing

log = logging.getLogger(__name__)

KEPT_SECONDS = 0.5  # how old the answer to a page or a worker may be
CALL_KEPT_SECONDS = 0.1  # and to a call: so many leave side by side that most can share one answer
BOOKED_AT_ONCE = 5
BURST_SECONDS = 2.0  # the calls of so many seconds may leave at one instant
LONGEST_WAIT = 10.0

_LINE = PortOneLine
_KNOWN = (_LINE.failures, _LINE.tried_at, _LINE.opened_at, _LINE.restored_at)
_LOOK = select(*_KNOWN).where(_LINE.id == THE_ROW)
_CHANGE = update(_LINE).where(_LINE.id == THE_ROW)


class SharedMemory:
    """A breaker's memory that every process of one database shares. `calls_a_second` 0: no budget."""

    def __init__(self, engine: Engine, clock: Clock, calls_a_second: int = 0) -> None:
        self._engine, self._clock, self._rate = engine, clock, calls_a_second
        self._reader = reading_engine(engine)
        self._own = OwnMemory()
        self._lock = threading.Lock()
        self._known, self._asked_at = Standing(), float("-inf")
        self._booked = 0  # calls taken from the budget and not made
        self.kept_seconds = KEPT_SECONDS

    def look(self) -> Standing:
        return self._heard(self.kept_seconds) or self._ask(_LOOK) or self._own.look()

    def admit(self, now: float) -> Standing:
        with self._lock:
            must_book = bool(self._rate) and not self._booked
            self._booked -= bool(self._rate) and not must_book
        if must_book:
            return self._book(now) or self._own.look()
        return self._heard(min(CALL_KEPT_SECONDS, self.kept_seconds)) or self._ask(_LOOK) or self._own.look()

    def claim_probe(self, seen: Standing, now: float) -> bool:
        claimed = _CHANGE.where(_LINE.tried_at == seen.tried_at).values(tried_at=now)
        return self._ask(claimed.returning(*_KNOWN)) is not None or self._own.claim_probe(seen, now)

    def failed(self, now: float) -> None:
        opened = case((_LINE.failures + 1 == MOST_FAILURES, now), else_=_LINE.opened_at)
        counted = _CHANGE.values(failures=_LINE.failures + 1, tried_at=now, opened_at=opened)
        if self._ask(counted.returning(*_KNOWN)) is None:
            self._own.failed(now)

    def succeeded(self) -> None:
        self._own.succeeded()
        with self._lock:
            is_known_well = not self._known.failures
        if not is_known_well:
            self._ask(_CHANGE.values(failures=0, opened_at=None).returning(*_KNOWN))

    def _book(self, now: float) -> Standing | None:
        """Take some calls from the budget of all, and wait for their turn. Raises GatewayUnreachable for a long one."""
        begin = case((_LINE.booked_until > now, _LINE.booked_until), else_=now)
        booked = _CHANGE.values(booked_until=begin + BOOKED_AT_ONCE / self._rate)
        row = self._row(booked.returning(*_KNOWN, _LINE.booked_until))
        if row is None:
            return None
        wait = row[4] - now - BURST_SECONDS
        if wait > LONGEST_WAIT:
            self._ask(_CHANGE.values(booked_until=_LINE.booked_until - BOOKED_AT_ONCE / self._rate).returning(*_KNOWN))
            raise GatewayUnreachable("too many calls to PortOne at once: nothing was sent", error="budget")
        with self._lock:
            self._booked += BOOKED_AT_ONCE - 1
        if wait > 0:
            self._clock.sleep(wait)
        return self._keep(row)

    def _heard(self, most_seconds: float) -> Standing | None:
        """What was heard last, unless that is too long ago."""
        with self._lock:
            return self._known if monotonic() - self._asked_at < most_seconds else None

    def _ask(self, statement: Any) -> Standing | None:
        """Run one statement and keep what it says; None when it found nothing or the database is away."""
        row = self._row(statement)
        return None if row is None else self._keep(row)

    def _row(self, statement: Any) -> Any:
        try:
            if statement.is_update:
                with single_write(self._engine) as connection:
                    return connection.execute(statement).first()
            with self._reader.connect() as connection:
                return connection.execute(statement).first()
        except SQLAlchemyError as wrong:
            log.warning("line.not_shared", extra={"error": type(wrong).__name__})
            return None

    def _keep(self, row: Any) -> Standing:
        known = Standing(*row[:4])
        with self._lock:
            self._known, self._asked_at = known, monotonic()
        return known
