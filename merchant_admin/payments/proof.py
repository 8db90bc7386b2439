"""Charged once: what was sent and when, which repeats were stopped, and what PortOne holds under the order numbers.

Everything is read from what was written when it happened: the timeline, the attempts, and the payments as PortOne
last told of them.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from merchant_admin.audit.queries import EventRow, of_subjects
from merchant_admin.payments.details import AttemptRow
from merchant_admin.payments.facts import is_taken
from merchant_admin.payments.models import Attempt, Payment
from merchant_admin.payments.repeats import ACT, Stop
from merchant_admin.payments.states import Evidence, read_evidence
from merchant_admin.portone.types import PaymentStatus

MOST_EVENTS = 500


class Verdict(StrEnum):
    ONCE = "once"
    NONE = "none"
    TWICE = "twice"  # or more often
    WAITING = "waiting"  # an account was issued, and nothing has come into it
    DIFFERS = "differs"  # money came that is not what was asked for
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class SendRow:
    """One time the bytes left for PortOne."""

    at: datetime
    merchant_uid: str
    number: int  # 2: the second send under the same order number
    who: str


@dataclass(frozen=True)
class StopRow:
    """Repeats that were stopped for one reason: how many, and the latest."""

    why: Stop
    count: int
    last_at: datetime
    last_who: str


@dataclass(frozen=True)
class HeldRow:
    """One payment that PortOne holds under one of the order numbers, as it last told of it."""

    id: str
    imp_uid: str
    merchant_uid: str
    status: PaymentStatus
    amount_krw: int
    cancelled_krw: int
    at: datetime | None
    read_at: datetime
    took_money: bool


@dataclass(frozen=True)
class Proof:
    """How often one wish was charged, and what that is known from."""

    verdict: Verdict
    order_numbers: list[str]
    sends: list[SendRow]
    stops: list[StopRow]
    held: list[HeldRow]

    @property
    def times(self) -> int:
        """How many payments took money."""
        return sum(row.took_money for row in self.held)

    @property
    def taken_krw(self) -> int:
        return sum(row.amount_krw for row in self.held if row.took_money)

    @property
    def given_back_krw(self) -> int:
        return sum(row.cancelled_krw for row in self.held if row.took_money)

    @property
    def stopped(self) -> int:
        """How many repeats were stopped."""
        return sum(row.count for row in self.stops)

    @property
    def first_taken(self) -> HeldRow | None:
        return next((row for row in reversed(self.held) if row.took_money), None)


def proof_of_charge(session: Session, charge_id: str, attempts: list[AttemptRow]) -> Proof:
    """The proof for a wish of ours: all of its order numbers together."""
    events = of_subjects(session, ("charge", charge_id), limit=MOST_EVENTS)
    numbers = [attempt.merchant_uid for attempt in attempts]
    theirs = select(Attempt.id).where(Attempt.charge_id == charge_id)
    held = _held(session, Payment.attempt_id.in_(theirs) | Payment.merchant_uid.in_(numbers))
    why = next((read_evidence(attempt.evidence)[0] or "" for attempt in attempts if attempt.is_open), None)
    return Proof(_verdict(held, why), numbers, _sends(events, numbers), _stops(events), held)


def proof_of_order(session: Session, merchant_uid: str) -> Proof:
    """The proof for an order number that nobody here sent: only what PortOne holds."""
    held = _held(session, Payment.merchant_uid == merchant_uid)
    return Proof(_verdict(held, None), [merchant_uid], [], [], held)


def _verdict(held: list[HeldRow], why_open: str | None) -> Verdict:
    """`why_open`: the evidence of an attempt that has not ended, None when all have."""
    times = sum(row.took_money for row in held)
    if times > 1:
        return Verdict.TWICE
    if why_open == Evidence.AWAITING_DEPOSIT and not times:
        return Verdict.WAITING
    if why_open == Evidence.MISMATCH and times:
        return Verdict.DIFFERS
    if why_open is not None or any(row.status is PaymentStatus.UNKNOWN for row in held):
        return Verdict.UNKNOWN
    return Verdict.ONCE if times else Verdict.NONE


def _held(session: Session, which: ColumnElement[bool]) -> list[HeldRow]:
    """Newest first. A registration's own 0 won is no payment."""
    found = session.scalars(select(Payment).where(which, Payment.amount_krw > 0).order_by(Payment.started_at.desc()))
    return [
        HeldRow(
            payment.id, payment.imp_uid, payment.merchant_uid, payment.status, payment.amount_krw,
            payment.cancelled_krw, payment.paid_at or payment.failed_at or payment.started_at, payment.read_at,
            is_taken(payment),
        )
        for payment in found
    ]  # fmt: skip


def _sends(events: list[EventRow], numbers: list[str]) -> list[SendRow]:
    """Oldest first."""
    only = numbers[0] if len(numbers) == 1 else "–"
    return [
        SendRow(row.at, row.facts.get("merchant_uid", only), row.facts.get("sends", 1), row.actor_name)
        for row in reversed(events)
        if row.act == "charge.sent"
    ]


def _stops(events: list[EventRow]) -> list[StopRow]:
    by_why: dict[Any, list[EventRow]] = {}
    for row in events:
        if row.act == ACT and row.facts.get("why") in set(Stop):
            by_why.setdefault(Stop(row.facts["why"]), []).append(row)
    return [StopRow(why, len(rows), rows[0].at, rows[0].actor_name) for why, rows in by_why.items()]
