"""Reservations of which it is not known what PortOne holds: on the page of what needs a person until they are."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from merchant_admin.customers.models import Customer
from merchant_admin.schedules.models import Schedule
from merchant_admin.schedules.states import AGAIN, ScheduleState
from merchant_admin.schedules.words import explain

GRACE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)  # between two looks at what is in doubt
MOST_WAITING = 50


@dataclass(frozen=True)
class OpenSchedule:
    """A reservation that is being checked, or that was asked for another time which is not known to stand."""

    schedule_id: str
    name: str
    amount_krw: int
    customer_name: str | None
    state: ScheduleState
    evidence: str | None
    schedule_at: datetime
    wanted_at: datetime | None
    next_look_at: datetime | None
    at: datetime

    @property
    def why(self) -> str:
        return explain(self.evidence).sentence


def open_schedules(session: Session, now: datetime) -> list[OpenSchedule]:
    """Those in doubt and those being moved, the soonest to run first: along two indexes, never the whole table."""
    found: dict[str, OpenSchedule] = {}
    for query in (_in_doubt(now), _being_moved(now)):
        rows: Any = session.execute(query.order_by(Schedule.schedule_at, Schedule.id).limit(MOST_WAITING))
        found |= {row[0]: OpenSchedule(*row) for row in rows}
    return list(found.values())


def doubted(now: datetime) -> Select[Any]:
    """The ids of those in doubt, for a count."""
    return select(Schedule.id).where(*_is_in_doubt(now))


def _rows() -> Select[Any]:
    columns: Any = select(
        Schedule.id, Schedule.name, Schedule.amount_krw, Customer.name, Schedule.state, Schedule.evidence,
        Schedule.schedule_at, Schedule.wanted_at, Schedule.next_look_at, Schedule.created_at,
    )  # fmt: skip
    found: Select[Any] = columns.outerjoin(Customer, Customer.id == Schedule.customer_id)
    return found


def _in_doubt(now: datetime) -> Select[Any]:
    return _rows().where(*_is_in_doubt(now))


def _is_in_doubt(now: datetime) -> tuple[ColumnElement[bool], ...]:
    lost = (Schedule.state != ScheduleState.SENDING) | (Schedule.created_at < now - GRACE)
    kept = [ScheduleState.SENDING, ScheduleState.UNCERTAIN, ScheduleState.REVOKING]
    return or_(*(Schedule.state == state for state in kept)), lost


def _being_moved(now: datetime) -> Select[Any]:
    return _rows().where(
        Schedule.next_look_at <= now + LONGEST_PAUSE, Schedule.state.in_(AGAIN | {ScheduleState.SCHEDULED}),
        Schedule.wanted_at.is_not(None),
    )  # fmt: skip
