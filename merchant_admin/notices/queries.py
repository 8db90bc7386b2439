"""Notices as screens show them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from merchant_admin.core.errors import NotFound
from merchant_admin.core.outgoing import Channel
from merchant_admin.core.paging import Page, Place, keyset_page
from merchant_admin.customers.models import Customer
from merchant_admin.customers.queries import find_customers
from merchant_admin.notices.models import Notice, NoticeText, NoticeTry
from merchant_admin.notices.states import NoticeKind, NoticeState, Why

COUNTED_MOST = 1000
FOUND_MOST = 50  # customers whose notices a search shows
FILES_SHOWN = 10


@dataclass(frozen=True)
class NoticeRow:
    """One notice. `address` is drawn masked."""

    id: str
    kind: NoticeKind
    channel: Channel
    state: NoticeState
    why: Why | None
    customer_id: str
    customer_name: str
    email: str | None
    phone: str | None
    subject_kind: str
    subject_id: str
    about_on: date | None
    send_at: datetime
    good_until: datetime
    tries: int
    most_tries: int
    address: str | None
    subject: str | None
    body: str | None
    text_version: int | None
    handover_id: str | None
    awaits_link: bool
    link_id: str | None
    created_at: datetime
    moved_at: datetime


@dataclass(frozen=True)
class HandoverRow:
    """One file of text messages."""

    id: str
    at: datetime
    count: int


_SHOWN = (
    Notice.id, Notice.kind, Notice.channel, Notice.state, Notice.why, Notice.customer_id,
    Customer.name.label("customer_name"), Customer.email, Customer.phone, Notice.subject_kind, Notice.subject_id,
    Notice.about_on, Notice.send_at, Notice.good_until, Notice.tries, Notice.most_tries, Notice.address,
    Notice.subject, Notice.body, Notice.text_version, Notice.handover_id, Notice.awaits_link, Notice.link_id,
    Notice.created_at, Notice.moved_at,
)  # fmt: skip


def notice_page(session: Session, state: NoticeState | None, text: str, place: Place | None) -> Page[NoticeRow]:
    """One page of notices of a state (None = all), newest first; with a text, those of the customers it finds."""
    query = select(*_SHOWN).join(Customer, Customer.id == Notice.customer_id)
    if state is not None:
        query = query.where(Notice.state == state)
    if text.strip():
        query = query.where(Notice.customer_id.in_([row.id for row in find_customers(session, text, FOUND_MOST)]))
    return keyset_page(session, query, (Notice.created_at, Notice.id), place, _row)


def notice_view(session: Session, notice_id: str) -> NoticeRow:
    """One notice. Raises NotFound."""
    query = select(*_SHOWN).join(Customer, Customer.id == Notice.customer_id)
    found = session.execute(query.where(Notice.id == notice_id)).first()
    if found is None:
        raise NotFound(_("알림을 찾을 수 없습니다."))
    return _row(found)


def of_customer(session: Session, customer_id: str, limit: int = 10) -> list[NoticeRow]:
    """A customer's notices, newest first."""
    query = select(*_SHOWN).join(Customer, Customer.id == Notice.customer_id).where(Notice.customer_id == customer_id)
    return [_row(row) for row in session.execute(query.order_by(Notice.created_at.desc(), Notice.id).limit(limit))]


def carrying(session: Session, link_id: str, limit: int = 10) -> list[NoticeRow]:
    """The notices that carry a link of a feature above, or tell of nothing else; newest first."""
    query = select(*_SHOWN).join(Customer, Customer.id == Notice.customer_id)
    either = (Notice.subject_id == link_id) | (Notice.link_id == link_id)
    return [_row(row) for row in session.execute(query.where(either).order_by(Notice.created_at.desc()).limit(limit))]


def newest_with_link(session: Session, subject_id: str) -> NoticeRow | None:
    """The newest notice of one thing that carries a link of a feature above."""
    query = select(*_SHOWN).join(Customer, Customer.id == Notice.customer_id)
    query = query.where(Notice.subject_id == subject_id, Notice.link_id.is_not(None))
    found = session.execute(query.order_by(Notice.created_at.desc(), Notice.id).limit(1)).first()
    return _row(found) if found else None


def tries_of(session: Session, notice_id: str) -> list[NoticeTry]:
    """Every try of a notice, the newest first."""
    made = select(NoticeTry).where(NoticeTry.notice_id == notice_id)
    return list(session.scalars(made.order_by(NoticeTry.number.desc())))


def state_counts(session: Session) -> dict[NoticeState, int]:
    """How many there are of each state, counted to COUNTED_MOST."""
    return {state: _counted(session, Notice.state == state) for state in NoticeState}


def texts_waiting(session: Session) -> int:
    """Text messages that wait to be handed over, counted to COUNTED_MOST."""
    return _counted(session, Notice.state == NoticeState.WAITING, Notice.channel == Channel.TEXT)


def unsettled_count(session: Session) -> int:
    """Notices a person should look at: perhaps sent, or not sent after all tries. For the rail."""
    return _counted(session, Notice.state == NoticeState.UNKNOWN) + _counted(
        session, Notice.state == NoticeState.FAILED
    )


def handovers(session: Session) -> list[HandoverRow]:
    """The latest files."""
    made = select(Notice.handover_id, func.max(Notice.moved_at), func.count()).where(Notice.handover_id.is_not(None))
    newest = made.group_by(Notice.handover_id).order_by(func.max(Notice.moved_at).desc()).limit(FILES_SHOWN)
    return [HandoverRow(str(row[0]), row[1], row[2]) for row in session.execute(newest)]


def versions_of(session: Session, kind: NoticeKind, channel: Channel, limit: int = 10) -> list[NoticeText]:
    """The saved versions of a text, the newest first."""
    saved = select(NoticeText).where(NoticeText.kind == kind, NoticeText.channel == channel)
    return list(session.scalars(saved.order_by(NoticeText.version.desc()).limit(limit)))


def latest_facts(session: Session, kind: NoticeKind, customer_id: str) -> str | None:
    """The values of the newest notice of this kind to a customer, as JSON: for a preview with what really happened."""
    newest = select(Notice.facts).where(Notice.kind == kind, Notice.customer_id == customer_id)
    return session.scalars(newest.order_by(Notice.created_at.desc()).limit(1)).first()


def _counted(session: Session, *those: Any) -> int:
    some = select(literal(1)).where(*those).limit(COUNTED_MOST)
    return session.execute(select(func.count()).select_from(some.subquery())).scalar_one()


def _row(row: Any) -> NoticeRow:
    return NoticeRow(*row[: len(_SHOWN)])
