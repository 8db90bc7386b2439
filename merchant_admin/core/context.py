"""What a rule is handed: the session, the clock, and who acts. Nothing is looked up from the web request."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy.orm import Session, scoped_session

from merchant_admin.core.clock import Clock
from merchant_admin.core.db import write_transaction
from merchant_admin.core.outgoing import Outgoing


class ActorKind(StrEnum):
    STAFF = "staff"
    JOB = "job"
    WEBHOOK = "webhook"
    CUSTOMER = "customer"
    SYSTEM = "system"


@dataclass(frozen=True)
class Actor:
    """Who does a thing: a staff member (id and name), or a part of the system by its name."""

    kind: ActorKind
    id: str | None
    name: str
    address: str | None = None

    @classmethod
    def job(cls, name: str) -> "Actor":
        return cls(ActorKind.JOB, None, name)


class LastAct(Protocol):
    """Something that a write does right before its commit, because it locks what other writes need too.

    Those with a lower `turn` come first: all writes lock in one order, so that none waits for another in a ring.
    """

    turn: int

    def __call__(self, session: Session, /) -> None: ...


@dataclass
class WorkContext:
    """One unit of work's surroundings. `mode` is the merchant's PortOne mode, stamped on every money row; `outgoing`
    says which notices are written for customers.
    """

    session: Session | scoped_session[Any]
    clock: Clock
    actor: Actor
    mode: str
    secret: bytes = field(default=b"", repr=False)
    outgoing: Outgoing = field(default_factory=Outgoing)
    _last_acts: list[LastAct] = field(default_factory=list, repr=False)

    def now(self) -> datetime:
        return self.clock.now()

    @property
    def reader(self) -> Session:
        """The plain session, for queries."""
        return self.session() if isinstance(self.session, scoped_session) else self.session

    @property
    def last_acts(self) -> tuple[LastAct, ...]:
        """What `before_commit` holds for the open write."""
        return tuple(self._last_acts)

    def before_commit(self, act: LastAct) -> None:
        """Do `act` at the end of the open write, so that what it locks is locked for the shortest time."""
        self._last_acts.append(act)

    @contextmanager
    def atomic(self) -> Iterator[Session]:
        """One write transaction: all of it, or nothing. Never open while PortOne is called."""
        session = self.reader
        self._last_acts.clear()
        with write_transaction(session):
            yield session
            for act in sorted(self._last_acts, key=lambda act: act.turn):
                act(session)
        self._last_acts.clear()

    def end_reading(self) -> None:
        """Close an open read, so that no transaction stands while PortOne is asked."""
        self.session.rollback()
