"""Taking webhooks in, and acting on them by asking PortOne.

Taking in is one small write and no call. A copy that comes while the first still waits is counted, not stored. Acting
reads the payment the notice names and records what PortOne says; the notice itself decides nothing.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import exists, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.core.context import Actor, ActorKind, WorkContext
from merchant_admin.core.errors import GatewayError, NotFound, RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.payments import problems
from merchant_admin.payments.facts import is_foreign, record_transaction
from merchant_admin.payments.models import Attempt, Payment
from merchant_admin.portone.gateway import Gateway
from merchant_admin.portone.types import PaymentStatus, Transaction
from merchant_admin.registrations.models import Registration
from merchant_admin.registrations.service import look_at_registration, registration_of_order
from merchant_admin.webhooks.models import Decision, WebhookEvent
from merchant_admin.webhooks.parsing import kept_body, read_notice

STRANGERS_A_MINUTE = 30  # reads of PortOne we spend on payments we never heard of
MALFORMED_A_MINUTE = 30  # rows we keep of bodies that name no payment
STRANGER_LIVES = timedelta(days=1)
ABSENCES = 5  # looks for a payment of ours that PortOne does not show yet
_MINUTE = timedelta(minutes=1)
_MONEY = frozenset({PaymentStatus.PAID, PaymentStatus.CANCELLED})


def receive(ctx: WorkContext, raw: bytes, content_type: str, address: str | None) -> str | None:
    """Store a delivery and return its event's id; None for one of too many unreadable bodies. Calls nobody."""
    notice = read_notice(raw, content_type)
    now = ctx.now()
    row = {
        "id": new_id("whk"), "hits": 1, "looks": 0, "address": address, "body": kept_body(raw), "received_at": now,
        "imp_uid": "", "merchant_uid": "", "status": "", "cancellation_id": "",
    }  # fmt: skip
    with ctx.atomic() as session:
        if notice is None:
            if _count_since(session, Decision.MALFORMED, now - _MINUTE) >= MALFORMED_A_MINUTE:
                return None
            session.add(WebhookEvent(**row, decision=Decision.MALFORMED, done_at=now))
            return str(row["id"])
        row |= {
            "imp_uid": notice.imp_uid, "merchant_uid": notice.merchant_uid, "status": notice.status,
            "cancellation_id": notice.cancellation_id, "decision": Decision.WAITING, "next_look_at": now,
        }  # fmt: skip
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        fresh = dialect.insert(WebhookEvent).values(row)
        counted = fresh.on_conflict_do_update(
            index_elements=["imp_uid", "status", "cancellation_id"],
            index_where=WebhookEvent.decision == Decision.WAITING,
            set_={"hits": WebhookEvent.hits + 1},
        )
        event_id: str = session.execute(counted.returning(WebhookEvent.id)).scalar_one()
    return event_id


def apply_event(ctx: WorkContext, gateway: Gateway, event_id: str) -> WebhookEvent | None:
    """Read the payment a waiting event names and record what PortOne says of it. Safe to run twice or at once.

    A payment nobody here asked for costs one read, and those reads have a budget a minute. While PortOne can't be
    read the event waits.
    """
    event = ctx.session.get(WebhookEvent, event_id, populate_existing=True)
    if event is None or event.decision is not Decision.WAITING:
        return event
    imp_uid, looks, now = event.imp_uid, event.looks, ctx.now()
    is_known = _is_known(ctx.reader, event)
    if not is_known and now - event.received_at >= STRANGER_LIVES:
        return _decide(ctx, event_id, Decision.UNKNOWN_PAYMENT)
    if not is_known and _is_spent(ctx, now):
        return _wait(ctx, event_id, _MINUTE, counts=False)
    ctx.end_reading()
    try:
        transaction = gateway.payment(imp_uid)
        if transaction is None:
            may_come = is_known and looks < ABSENCES
            return _wait(ctx, event_id) if may_come else _decide(ctx, event_id, Decision.UNKNOWN_PAYMENT)
        return _decide(ctx, event_id, _apply(ctx, gateway, event_id, transaction))
    except GatewayError:
        return _wait(ctx, event_id, min(timedelta(seconds=5 * 3 ** (looks + 1)), _MINUTE))  # soon after any outage


def replay_event(ctx: WorkContext, gateway: Gateway, event_id: str) -> WebhookEvent:
    """Read what a delivery names once more, because a person asked, and record what PortOne says now.

    The body decides nothing, so a replay is as harmless as any look. Raises NotFound, RuleBroken for a delivery that
    names no payment, and the GatewayError family when PortOne can't be read.
    """
    event = ctx.session.get(WebhookEvent, event_id, populate_existing=True)
    if event is None:
        raise NotFound(_("웹훅을 찾을 수 없습니다."))
    if event.decision is Decision.MALFORMED:
        raise RuleBroken(_("거래번호가 없는 웹훅이라 다시 읽을 것이 없습니다."))
    imp_uid = event.imp_uid
    ctx.end_reading()
    transaction = gateway.payment(imp_uid)
    decision = Decision.UNKNOWN_PAYMENT
    if transaction is not None:
        decision = _apply(ctx, gateway, event_id, transaction)
    with ctx.atomic() as session:
        event = session.get_one(WebhookEvent, event_id, with_for_update=True, populate_existing=True)
        before, event.decision, event.next_look_at = event.decision, decision, None
        event.done_at = event.done_at or ctx.now()
        event.looks += 1
        record(ctx, "webhook.replayed", ("webhook", event_id), before=before.value, after=decision.value)
    return event


def due_events(session: Session, now: datetime, limit: int = 50) -> list[str]:
    """Ids of waiting events whose time has come, the oldest first: those about payments of ours before any other.

    Of strangers no more than the budget of this minute allows, so that a flood of inventions neither keeps a notice of
    ours waiting nor gives the worker anything to do.
    """
    due = (WebhookEvent.decision == Decision.WAITING, WebhookEvent.next_look_at <= now)
    waiting = select(WebhookEvent.id).where(*due).order_by(WebhookEvent.next_look_at)
    if session.scalar(waiting.limit(1)) is None:  # nearly always: the worker asks at every round
        return []
    ours = or_(
        exists().where(Payment.imp_uid == WebhookEvent.imp_uid),
        exists().where(Attempt.merchant_uid == WebhookEvent.merchant_uid),
        exists().where(Registration.merchant_uid == WebhookEvent.merchant_uid),
    )
    found = list(session.scalars(waiting.where(ours).limit(limit)))
    budget = STRANGERS_A_MINUTE - _count_since(session, Decision.UNKNOWN_PAYMENT, now - _MINUTE)
    rest = min(limit - len(found), budget)
    if rest > 0:
        found += session.scalars(waiting.where(~ours).limit(rest))
    expired = waiting.where(~ours, WebhookEvent.received_at <= now - STRANGER_LIVES).limit(limit)
    return list(dict.fromkeys([*found, *session.scalars(expired)]))


def _apply(ctx: WorkContext, gateway: Gateway, event_id: str, transaction: Transaction) -> Decision:
    """Record under the webhook's own name. A registration is looked at whole, since its key is a second fact.

    Money is recorded before that: a settled registration is not read again, but its first charge may be cancelled.
    """
    as_webhook = replace(ctx, actor=Actor(ActorKind.WEBHOOK, event_id, "portone"))
    if is_foreign(ctx.mode, transaction):
        with as_webhook.atomic() as session:
            problems.test_in_live(as_webhook, session, transaction)
        return Decision.FOREIGN_MODE
    registration_id = registration_of_order(ctx.reader, transaction.merchant_uid)
    ctx.end_reading()
    # A failed try in a window that is still open is no end yet: what it means, the look decides.
    if transaction.amount_krw > 0 and (registration_id is None or transaction.status in _MONEY):
        with as_webhook.atomic() as session:
            record_transaction(as_webhook, session, transaction, source="webhook")
    if registration_id is not None:
        look_at_registration(as_webhook, gateway, registration_id)
    return Decision.APPLIED


def _is_known(session: Session, event: WebhookEvent) -> bool:
    """Whether the named payment or its order number is ours: such a notice never waits for the budget."""
    return (
        session.scalar(select(Payment.id).where(Payment.imp_uid == event.imp_uid)) is not None
        or session.scalar(select(Attempt.id).where(Attempt.merchant_uid == event.merchant_uid)) is not None
        or registration_of_order(session, event.merchant_uid) is not None
    )


def _is_spent(ctx: WorkContext, now: datetime) -> bool:
    return _count_since(ctx.reader, Decision.UNKNOWN_PAYMENT, now - _MINUTE) >= STRANGERS_A_MINUTE


def _count_since(session: Session, decision: Decision, since: datetime) -> int:
    query = select(func.count()).where(WebhookEvent.decision == decision, WebhookEvent.done_at > since)
    return session.execute(query).scalar_one()


def _wait(ctx: WorkContext, event_id: str, wait: timedelta | None = None, *, counts: bool = True) -> WebhookEvent:
    """Put an event off: for so long, or ever longer while PortOne does not show the payment yet."""
    with ctx.atomic() as session:
        event = session.get_one(WebhookEvent, event_id, with_for_update=True, populate_existing=True)
        event.looks += int(counts)
        event.next_look_at = ctx.now() + (wait or min(timedelta(seconds=5 * 3**event.looks), timedelta(hours=1)))
    return event


def _decide(ctx: WorkContext, event_id: str, decision: Decision) -> WebhookEvent:
    with ctx.atomic() as session:
        event = session.get_one(WebhookEvent, event_id, with_for_update=True, populate_existing=True)
        if event.decision is Decision.WAITING:
            event.decision, event.done_at, event.next_look_at = decision, ctx.now(), None
            event.looks += 1
    return event
