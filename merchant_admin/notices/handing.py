"""What staff do with notices: fetch the text messages to send by hand, and ask for one to be sent again."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from merchant_admin.audit.service import record
from merchant_admin.core.context import WorkContext
from merchant_admin.core.db import lease_now
from merchant_admin.core.errors import Conflict, NotFound
from merchant_admin.core.ids import new_id
from merchant_admin.core.outgoing import Channel
from merchant_admin.notices import links
from merchant_admin.notices.models import Notice
from merchant_admin.notices.sending import prepare
from merchant_admin.notices.states import AGAIN, NoticeState, advance
from merchant_admin.notices.writing import GOOD_FOR, MOST_TRIES

MOST_ROWS = 2_000  # of one file
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")


@dataclass(frozen=True)
class HandedOver:
    """One line of the file."""

    notice_id: str
    phone: str
    text: str
    kind: str


def hand_over(ctx: WorkContext) -> str | None:
    """Mark every waiting text message as handed over, in one write, with its text as it is now.

    Returns the id under which the file can be fetched as often as needed; None when nothing waits.
    """
    handover_id = new_id("hnd")
    with ctx.atomic() as session:
        now = lease_now(session, ctx.clock)
        waiting = select(Notice).where(
            Notice.state == NoticeState.WAITING, Notice.channel == Channel.TEXT, Notice.awaits_link.is_(False)
        )  # fmt: skip
        found = session.scalars(waiting.order_by(Notice.send_at, Notice.id).limit(MOST_ROWS).with_for_update()).all()
        taken = [notice for notice in found if prepare(ctx, session, notice, now)]
        for notice in taken:
            notice.state, notice.moved_at = advance(notice.state, NoticeState.HANDED_OVER), ctx.now()
            notice.handover_id = handover_id
            links.note_sent(ctx, session, notice)
            facts = {"kind": notice.kind.value, "channel": notice.channel.value}
            record(ctx, "notice.handed_over", ("notice", notice.id), customer_id=notice.customer_id, **facts)
        if taken:
            record(ctx, "notice.file_made", ("handover", handover_id), count=len(taken))
    return handover_id if taken else None


def handed_over(ctx: WorkContext, handover_id: str) -> list[HandedOver]:
    """The lines of a file, with the secrets of their links. Raises NotFound."""
    lines = select(Notice).where(Notice.handover_id == handover_id)
    found = ctx.reader.scalars(lines.order_by(Notice.id)).all()
    if not found:
        raise NotFound(_("내보낸 파일을 찾을 수 없습니다."))
    return [
        HandedOver(row.id, row.address or "", links.with_secret(ctx, row, row.body or ""), row.kind.value)
        for row in found
    ]


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet reads as a formula (an apostrophe in front, as spreadsheets themselves write it)."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def ask_again(ctx: WorkContext, notice_id: str, tries: int) -> Notice:
    """Send a notice again because a person pressed. `tries` is how many the page showed, so two presses are one.

    Raises NotFound, Conflict when it is on its way already, or was sent.
    """
    with ctx.atomic() as session:
        notice = session.get(Notice, notice_id, with_for_update=True, populate_existing=True)
        if notice is None:
            raise NotFound(_("알림을 찾을 수 없습니다."))
        if notice.state not in AGAIN or notice.tries != tries:
            raise Conflict(_("이미 다시 보내는 중이거나 보낸 알림입니다. 이번 요청은 하지 않았습니다."))
        now: datetime = lease_now(session, ctx.clock)
        before = notice.state.value
        notice.state, notice.why, notice.moved_at = advance(notice.state, NoticeState.WAITING), None, ctx.now()
        notice.send_at, notice.good_until = now, max(notice.good_until, now + GOOD_FOR)
        notice.most_tries = notice.tries + MOST_TRIES
        facts = {"kind": notice.kind.value, "channel": notice.channel.value, "before": before}
        record(ctx, "notice.asked_again", ("notice", notice.id), customer_id=notice.customer_id, **facts)
    return notice
