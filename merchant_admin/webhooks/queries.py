"""Reading the inbox: what came, what was decided, how long it took."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from merchant_admin.core.paging import Page, Place, keyset_page
from merchant_admin.payments.models import Payment
from merchant_admin.webhooks.models import Decision, WebhookEvent


@dataclass(frozen=True)
class WebhookRow:
    """One delivery as the list shows it. `payment_id` is the record it led to, if there is one."""

    id: str
    imp_uid: str
    merchant_uid: str
    status: str
    decision: Decision
    hits: int
    looks: int
    address: str | None
    body: str
    received_at: datetime
    next_look_at: datetime | None
    done_at: datetime | None
    payment_id: str | None

    @property
    def latency(self) -> timedelta | None:
        """From arrival to decision."""
        return self.done_at - self.received_at if self.done_at else None


@dataclass(frozen=True)
class InboxHealth:
    """What of the last day's deliveries a person should know."""

    waiting: int
    applied: int
    strangers: int
    malformed: int
    newest_at: datetime | None


_SHOWN = (
    WebhookEvent.id, WebhookEvent.imp_uid, WebhookEvent.merchant_uid, WebhookEvent.status, WebhookEvent.decision,
    WebhookEvent.hits, WebhookEvent.looks, WebhookEvent.address, WebhookEvent.body, WebhookEvent.received_at,
    WebhookEvent.next_look_at, WebhookEvent.done_at, Payment.id.label("payment_id"),
)  # fmt: skip


def event_page(session: Session, decision: Decision | None, place: Place | None) -> Page[WebhookRow]:
    """One page of deliveries, newest first, of one decision or all."""
    query = select(*_SHOWN).outerjoin(Payment, Payment.imp_uid == WebhookEvent.imp_uid)
    if decision is not None:
        query = query.where(WebhookEvent.decision == decision)
    return keyset_page(session, query, (WebhookEvent.received_at, WebhookEvent.id), place, _row)


def inbox_health(session: Session, now: datetime) -> InboxHealth:
    """Counts over the last day by decision, and when the newest delivery came."""
    since = now - timedelta(days=1)
    decided = select(WebhookEvent.decision, func.count()).where(WebhookEvent.done_at > since)
    counts = {row[0]: row[1] for row in session.execute(decided.group_by(WebhookEvent.decision))}
    waiting = select(func.count()).where(WebhookEvent.decision == Decision.WAITING)
    newest = select(WebhookEvent.received_at).order_by(WebhookEvent.received_at.desc()).limit(1)
    return InboxHealth(
        session.execute(waiting).scalar_one(),
        counts.get(Decision.APPLIED, 0),
        counts.get(Decision.UNKNOWN_PAYMENT, 0) + counts.get(Decision.FOREIGN_MODE, 0),
        counts.get(Decision.MALFORMED, 0),
        session.scalar(newest),
    )


def _row(row: Any) -> WebhookRow:
    return WebhookRow(*row[:13])
