"""Looks and closings as screens show them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from merchant_admin.doubts.models import HandClosing, Look
from merchant_admin.doubts.states import ClosingState, DoubtKind, LookAnswer
from merchant_admin.staff.models import Staff

MOST_LOOKS = 20


@dataclass(frozen=True)
class LookRow:
    """One look and what it found."""

    at: datetime
    answer: LookAnswer
    detail: str
    actor_name: str


@dataclass(frozen=True)
class ClosingRow:
    """One closing by hand: who asked, why, what they saw, and what a second person said."""

    id: str
    kind: DoubtKind
    subject_id: str
    reason: str
    evidence: str
    state: ClosingState
    asked_by: str
    asked_at: datetime
    decided_at: datetime | None
    asker_name: str
    decider_name: str | None

    @property
    def is_open(self) -> bool:
        return self.state is ClosingState.ASKED

    def may_agree(self, staff_id: str) -> bool:
        """Whether this person is a second one."""
        return self.is_open and staff_id != self.asked_by


def looks_at(session: Session, subject_id: str, limit: int = MOST_LOOKS) -> list[LookRow]:
    """The newest looks at a charge or a refund, newest first."""
    newest: Any = (
        select(Look.at, Look.answer, Look.detail, Look.actor_name)
        .where(Look.subject_id == subject_id)
        .order_by(Look.at.desc(), Look.id.desc())
    )
    return [LookRow(*row) for row in session.execute(newest.limit(limit))]


def closings_of(session: Session, subject_id: str) -> list[ClosingRow]:
    """Every closing that was asked for, newest first; at most one is open."""
    return _rows(session, _all().where(HandClosing.subject_id == subject_id))


def open_closings(session: Session, limit: int = 50) -> list[ClosingRow]:
    """The closings that wait for a second person, the newest first."""
    return _rows(session, _all().where(HandClosing.state == ClosingState.ASKED).limit(limit))


def _all() -> Any:
    asker, decider = aliased(Staff), aliased(Staff)
    return (
        select(
            HandClosing.id, HandClosing.kind, HandClosing.subject_id, HandClosing.reason, HandClosing.evidence,
            HandClosing.state, HandClosing.asked_by, HandClosing.asked_at, HandClosing.decided_at,
            asker.name.label("asker_name"), decider.name.label("decider_name"),
        )
        .join(asker, asker.id == HandClosing.asked_by)
        .outerjoin(decider, decider.id == HandClosing.decided_by)
        .order_by(HandClosing.asked_at.desc(), HandClosing.id)
    )  # fmt: skip


def _rows(session: Session, query: Any) -> list[ClosingRow]:
    return [ClosingRow(*row) for row in session.execute(query)]
