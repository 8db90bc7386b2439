"""How much waits, for health checks and metrics: numbers only, nothing of any person."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, literal, select
from sqlalchemy.orm import Session

from merchant_admin.core.db import among
from merchant_admin.core.outgoing import Channel
from merchant_admin.notices.models import Notice
from merchant_admin.notices.queries import COUNTED_MOST
from merchant_admin.notices.states import NoticeState
from merchant_admin.notices.writing import GOOD_FOR
from merchant_admin.payments.looks import NEEDED_ABSENCES
from merchant_admin.payments.models import Attempt
from merchant_admin.payments.states import OPEN as OPEN_ATTEMPTS
from merchant_admin.payments.states import AttemptState
from merchant_admin.refunds.models import Refund
from merchant_admin.refunds.states import OPEN as OPEN_REFUNDS
from merchant_admin.registrations.models import Registration
from merchant_admin.registrations.states import LIVE
from merchant_admin.webhooks.models import Decision, WebhookEvent


@dataclass(frozen=True)
class Outbox:
    """One way to customers. `failed` and `unknown` wait for a person and are counted to COUNTED_MOST."""

    waiting: int
    oldest_seconds: float  # since the notice that waits longest was written
    sent_last_day: int
    failed: int
    unknown: int


@dataclass(frozen=True)
class Backlog:
    """What is unsettled now. Counts by state hold every open state, also those that are 0."""

    attempts: dict[str, int]
    refunds: dict[str, int]
    registrations: int
    webhook_events: int
    attempts_for_a_person: int  # PortOne does not know them; somebody must decide
    oldest_seconds: float  # since the oldest open attempt was made
    notices: dict[Channel, Outbox]


def backlog(session: Session, now: datetime) -> Backlog:
    """Count what is open, along the indexes that hold open rows only."""
    oldest = session.scalar(select(func.min(Attempt.created_at)).where(among(Attempt.state, OPEN_ATTEMPTS)))
    for_person = select(func.count()).where(
        among(Attempt.state, OPEN_ATTEMPTS),
        Attempt.state == AttemptState.UNCERTAIN,
        Attempt.absences >= NEEDED_ABSENCES,
    )
    waiting = select(func.count()).where(WebhookEvent.decision == Decision.WAITING)
    return Backlog(
        attempts=_by_state(session, Attempt, OPEN_ATTEMPTS),
        refunds=_by_state(session, Refund, OPEN_REFUNDS),
        registrations=session.scalar(select(func.count()).where(among(Registration.state, LIVE))) or 0,
        webhook_events=session.scalar(waiting) or 0,
        attempts_for_a_person=session.scalar(for_person) or 0,
        oldest_seconds=max(0.0, (now - oldest).total_seconds()) if oldest else 0.0,
        notices={channel: outbox_of(session, channel, now) for channel in Channel},
    )


def outbox_of(session: Session, channel: Channel, now: datetime) -> Outbox:
    """Along the indexes of the states; what was sent is counted for one day, since the whole grows for ever.

    Of that day, those written in the days a notice is usually good for: the index is by when it was written.
    """
    # Written out, so that SQLite sees that its index of what waits holds these.
    waits = (Notice.state == bindparam(None, NoticeState.WAITING, literal_execute=True), Notice.channel == channel)
    first = select(Notice.created_at).where(*waits).order_by(Notice.created_at, Notice.id).limit(1)
    oldest = session.scalar(first)
    since = (Notice.created_at >= now - GOOD_FOR, Notice.moved_at > now - timedelta(days=1))

    def count(state: NoticeState, *more: Any) -> int:
        some = select(literal(1)).where(Notice.state == state, Notice.channel == channel, *more)
        some = some if more else some.limit(COUNTED_MOST)
        return session.execute(select(func.count()).select_from(some.subquery())).scalar_one()

    return Outbox(
        waiting=session.scalar(select(func.count()).where(*waits)) or 0,
        oldest_seconds=max(0.0, (now - oldest).total_seconds()) if oldest else 0.0,
        sent_last_day=count(NoticeState.SENT, *since) + count(NoticeState.HANDED_OVER, *since),
        failed=count(NoticeState.FAILED),
        unknown=count(NoticeState.UNKNOWN),
    )


def _by_state(session: Session, model: type[Attempt] | type[Refund], states: frozenset[Any]) -> dict[str, int]:
    found = session.execute(select(model.state, func.count()).where(among(model.state, states)).group_by(model.state))
    counts = {str(state): count for state, count in found}
    return {str(state): counts.get(str(state), 0) for state in sorted(states)}
