"""Sending a card link as a notice: into the outbox once, with its secret made at the moment of sending.

The outbox's rules hold: hours in which customers are left in peace, nothing sent twice, and a link that was used or is
over before its turn is not sent and says why.
"""

from collections.abc import Sequence
from datetime import timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.card_links import moves, service
from merchant_admin.card_links.models import CardLink
from merchant_admin.card_links.states import WORKING, LinkStage, LinkState
from merchant_admin.core.context import WorkContext
from merchant_admin.core.errors import RuleBroken
from merchant_admin.customers.models import Customer
from merchant_admin.notices.links import Link
from merchant_admin.notices.models import Notice
from merchant_admin.notices.states import NoticeKind
from merchant_admin.notices.writing import News, said_card, said_day, tell_customers

UNUSED = frozenset({LinkStage.MADE, LinkStage.SENT, LinkStage.OPENED})
MOST_AT_ONCE = 500  # links of one press, in one write


def send_link(ctx: WorkContext, link_id: str) -> int:
    """Write the notices that carry this link, once for each way that is on. Returns how many are new.

    Raises RuleBroken for a link that is used, over or withdrawn.
    """
    with ctx.atomic() as session:
        link = service.locked(session, link_id)
        if service.stage_of(link, ctx.now()) not in UNUSED:
            raise RuleBroken(_("쓰였거나 기한이 지난 링크입니다. 아무것도 보내지 않았습니다."), link=link_id)
        made = send_within(ctx, session, [link])
        if made:
            service.tell(ctx, link, "card_link.queued")
    return made


def send_move(ctx: WorkContext, move_id: str) -> tuple[int, bool]:
    """The same for links of a move that nobody sent yet. Returns how many links, and whether more are left."""
    with ctx.atomic() as session:
        move = moves.locked(session, move_id)
        unsent = select(CardLink).where(
            CardLink.move_id == move_id, CardLink.state == LinkState.OPEN, CardLink.sent_at.is_(None),
            CardLink.expires_at > ctx.now(), ~was_told(),
        )  # fmt: skip
        found = session.scalars(unsent.order_by(CardLink.id).limit(MOST_AT_ONCE + 1).with_for_update()).all()
        links = found[:MOST_AT_ONCE]
        made = send_within(ctx, session, links)
        if made:
            record(ctx, "card_move.queued", (moves.SUBJECT, move.id), count=len(links))
    return (len(links) if made else 0), bool(made) and len(found) > MOST_AT_ONCE


def was_told() -> ColumnElement[bool]:
    """Whether a link has a notice, of its own or of a card that is needed: for queries of links."""
    own = (Notice.subject_id == CardLink.id) & (Notice.kind == NoticeKind.CARD_LINK)
    return exists().where(own) | exists().where(Notice.link_id == CardLink.id)


def send_within(ctx: WorkContext, session: Session, links: Sequence[CardLink]) -> int:
    """In the open write. The cause is the link itself, so that it is told once, whoever asks again.

    One that another notice carries already is not told a second time.
    """
    ids = [link.id for link in links]
    carried = set(session.scalars(select(Notice.link_id).where(Notice.link_id.in_(ids))))
    links = [link for link in links if link.id not in carried]
    keys = {link.old_billing_key_id for link in links}
    cards = {row.id: row for row in session.scalars(select(BillingKey).where(BillingKey.id.in_(keys)))}
    whose = {link.customer_id for link in links}
    at_hand = session.scalars(select(Customer).where(Customer.id.in_(whose))).all()  # in one read, not one by one
    assert len(at_hand) == len(whose)
    return tell_customers(ctx, session, [_news(link, cards.get(link.old_billing_key_id or "")) for link in links])


def _news(link: CardLink, card: BillingKey | None) -> News:
    last_day = said_day(link.expires_at - timedelta(seconds=1))
    values = {"카드": said_card(card.issuer_name, card.last_four) if card else "없음", "기한": last_day}
    subject = (service.SUBJECT, link.id)
    return News(link.id, NoticeKind.CARD_LINK, link.customer_id, subject, values, None, link.expires_at)


def _is_over(ctx: WorkContext, session: Session, notice: Notice) -> bool:
    link = session.get(CardLink, notice.subject_id, populate_existing=True)
    return link is None or service.stage_of(link, ctx.now()) not in UNUSED


def _note_sent(ctx: WorkContext, session: Session, notice: Notice) -> None:
    service.note_sent(ctx, service.locked(session, notice.subject_id))


def _token_in(ctx: WorkContext, notice: Notice) -> str:
    return service.token(ctx, notice.link_id) if notice.link_id else ""


def _in_notice(session: Session, notice: Notice) -> CardLink | None:
    return session.get(CardLink, notice.link_id, populate_existing=True) if notice.link_id else None


def _is_in_use(_ctx: WorkContext, session: Session, notice: Notice) -> bool:
    """The customer is registering, or has: nobody need be told any more that a card is missing."""
    link = _in_notice(session, notice)
    return link is not None and link.state in WORKING | {LinkState.DONE}


def _opens(ctx: WorkContext, session: Session, notice: Notice) -> bool:
    link = _in_notice(session, notice)
    return link is not None and service.stage_of(link, ctx.now()) in UNUSED


def _note_handed(ctx: WorkContext, session: Session, notice: Notice) -> None:
    if notice.link_id:
        service.note_sent(ctx, service.locked(session, notice.link_id))


CARD_LINK = Link("/register/", lambda ctx, notice: service.token(ctx, notice.subject_id), _is_over, _note_sent)
CARD_NEEDED = Link("/register/", _token_in, _is_in_use, _note_handed, _opens)
