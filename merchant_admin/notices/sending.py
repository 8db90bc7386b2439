"""The outbox's work: claim, commit, send, write the answer. What may have been sent is never sent again by itself.

Quiet hours hold for everything here. A process killed between sending and writing leaves a row whose lease runs out;
it becomes "unknown", because a customer told twice is worse than one whom staff must ask.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.core.context import WorkContext
from merchant_admin.core.db import lease_now
from merchant_admin.core.outgoing import Channel, is_address
from merchant_admin.core.owners import is_gone, me
from merchant_admin.customers.models import Customer
from merchant_admin.notices import links
from merchant_admin.notices.models import Notice, NoticeTry
from merchant_admin.notices.states import Answer, NoticeState, Why, advance
from merchant_admin.notices.texts import Rendered, render, wording_of
from merchant_admin.notices.writing import address_of

LEASE = timedelta(seconds=180)  # longer than all time-outs of one try together
GAPS = tuple(timedelta(minutes=m) for m in (1, 5, 30, 120, 360))
BATCH = 50


@dataclass(frozen=True)
class Parcel:
    """One notice ready to go."""

    notice_id: str
    number: int  # of the try
    kind: str
    address: str
    subject: str
    body: str = field(repr=False)
    secret: str = field(default="", repr=False)  # of the link in the body


@dataclass(frozen=True)
class Delivery:
    """What became of a parcel, and what the other side said."""

    answer: Answer
    detail: str = ""


class Sender(Protocol):
    """Hands parcels over. Never raises for what the other side or the line does: it answers.

    `close` ends what was opened for a round; a sender that sends again after it opens anew.
    """

    def send(self, parcel: Parcel) -> Delivery: ...
    def close(self) -> None: ...


def due_notices(ctx: WorkContext, channel: Channel, limit: int = BATCH) -> list[str]:
    """Notices of a channel whose time has come, the longest waiting first; none in quiet hours."""
    if not ctx.outgoing.may_disturb(ctx.now()):
        return []
    now = lease_now(ctx.reader, ctx.clock)
    due = select(Notice.id).where(
        Notice.state == NoticeState.WAITING, Notice.channel == channel, Notice.send_at <= now,
        Notice.awaits_link.is_(False),
    )  # fmt: skip
    return list(ctx.reader.scalars(due.order_by(Notice.send_at, Notice.id).limit(limit)))


def deliver(ctx: WorkContext, sender: Sender, notice_id: str) -> None:
    """One try of one notice. Does nothing for one that somebody else has, or that is over."""
    ctx.end_reading()
    parcel = _claim(ctx, notice_id)
    if parcel is not None:
        _write_down(ctx, parcel, sender.send(parcel))


def expire_leases(ctx: WorkContext) -> int:
    """Notices whose sender died or hangs become unknown. Returns how many."""
    now = lease_now(ctx.reader, ctx.clock)
    held = select(Notice.id, Notice.lease_until, Notice.owner).where(Notice.state == NoticeState.SENDING)
    over = [row.id for row in ctx.reader.execute(held) if row.lease_until <= now or is_gone(row.owner)]
    ctx.end_reading()
    for notice_id in over:
        with ctx.atomic() as session:
            notice = locked(session, notice_id)
            is_over = (notice.lease_until or now) <= now or is_gone(notice.owner)
            if notice.state is NoticeState.SENDING and is_over:
                _apply(ctx, session, notice, Delivery(Answer.UNKNOWN))
    return len(over)


def drop_late(ctx: WorkContext, limit: int = BATCH) -> int:
    """Drop what waited until it was no longer worth telling, also where a channel is off. Returns how many."""
    now = lease_now(ctx.reader, ctx.clock)
    late = select(Notice).where(Notice.state == NoticeState.WAITING, Notice.good_until <= now)
    ctx.end_reading()
    with ctx.atomic() as session:
        found = session.scalars(
            late.order_by(Notice.good_until, Notice.id).limit(limit).with_for_update(skip_locked=True)
        ).all()
        for notice in found:
            _move(ctx, notice, NoticeState.DROPPED, Why.TOO_LATE)
    return len(found)


def locked(session: Session, notice_id: str) -> Notice:
    """The notice as it stands, locked until the commit."""
    return session.get_one(Notice, notice_id, with_for_update=True, populate_existing=True)


def make_text(ctx: WorkContext, session: Session, notice: Notice, customer: Customer | None) -> Rendered:
    """The notice's text as it would go out now, with a mark where a link's secret will stand."""
    values: Mapping[str, str] = json.loads(notice.facts)
    shown = links.shown(ctx, session, notice)
    names = {"상호": ctx.outgoing.shop, "고객명": customer.name if customer else "", **shown}
    return render(wording_of(session, notice.kind, notice.channel), {**values, **names})


def prepare(ctx: WorkContext, session: Session, notice: Notice, now: datetime) -> bool:
    """Put address and text into a waiting notice; False when it is dropped instead."""
    customer = session.get(Customer, notice.customer_id)
    address = address_of(customer, notice.channel)
    why = None
    if notice.good_until <= now:
        why = Why.TOO_LATE
    elif not address:
        why = Why.NO_ADDRESS
    elif notice.channel is Channel.EMAIL and not is_address(address):
        why = Why.BAD_ADDRESS
    elif links.is_over(ctx, session, notice):
        why = Why.LINK_OVER
    if why is not None:
        _move(ctx, notice, NoticeState.DROPPED, why)
        return False
    text = make_text(ctx, session, notice, customer)
    notice.address, notice.subject, notice.body = address, text.subject or None, text.body
    notice.text_version = text.version
    return True


def _claim(ctx: WorkContext, notice_id: str) -> Parcel | None:
    with ctx.atomic() as session:
        notice, now = locked(session, notice_id), lease_now(session, ctx.clock)
        is_due = notice.state is NoticeState.WAITING and notice.send_at <= now and not notice.awaits_link
        if not is_due or not prepare(ctx, session, notice, now):
            return None
        notice.state, notice.moved_at = advance(notice.state, NoticeState.SENDING), ctx.now()
        notice.tries += 1
        notice.owner, notice.lease_until = me(), now + LEASE
        body = links.with_secret(ctx, notice, notice.body or "")
        address, subject, secret = notice.address or "", notice.subject or "", links.secret_of(ctx, notice)
        return Parcel(notice.id, notice.tries, notice.kind.value, address, subject, body, secret)


def _write_down(ctx: WorkContext, parcel: Parcel, delivery: Delivery) -> None:
    with ctx.atomic() as session:
        notice = locked(session, parcel.notice_id)
        if notice.state is NoticeState.SENDING and notice.tries == parcel.number:
            detail = delivery.detail.replace(parcel.address, "•••")  # servers repeat whom and what they refuse
            detail = detail.replace(parcel.secret, "•••") if parcel.secret else detail
            if delivery.answer is Answer.SENT:
                links.note_sent(ctx, session, notice)
            _apply(ctx, session, notice, Delivery(delivery.answer, detail))


def _apply(ctx: WorkContext, session: Session, notice: Notice, delivery: Delivery) -> None:
    now = lease_now(session, ctx.clock)
    said = NoticeTry(
        notice_id=notice.id, number=notice.tries, answer=delivery.answer, detail=delivery.detail[:200], at=now
    )
    session.add(said)
    notice.owner = notice.lease_until = None
    match delivery.answer:
        case Answer.SENT:
            _move(ctx, notice, NoticeState.SENT)
        case Answer.UNKNOWN:
            _move(ctx, notice, NoticeState.UNKNOWN, Why.NO_ANSWER)
        case Answer.REFUSED:
            _move(ctx, notice, NoticeState.FAILED, Why.REFUSED)
        case Answer.NOT_NOW if notice.tries >= notice.most_tries:
            _move(ctx, notice, NoticeState.FAILED, Why.GIVEN_UP)
        case Answer.NOT_NOW:
            left = notice.most_tries - notice.tries
            notice.send_at = now + GAPS[max(0, len(GAPS) - left)]
            notice.state, notice.moved_at = advance(notice.state, NoticeState.WAITING), ctx.now()


def _move(ctx: WorkContext, notice: Notice, to: NoticeState, why: Why | None = None) -> None:
    notice.state, notice.why, notice.moved_at = advance(notice.state, to), why, ctx.now()
    facts = {"kind": notice.kind.value, "channel": notice.channel.value}
    acts = {
        NoticeState.SENT: "notice.sent", NoticeState.UNKNOWN: "notice.unknown", NoticeState.FAILED: "notice.failed",
        NoticeState.DROPPED: "notice.dropped",
    }  # fmt: skip
    record(ctx, acts[to], ("notice", notice.id), customer_id=notice.customer_id, **facts)
