"""Links in notices: the secret of a link is put into the text at the moment of sending, and stands in no row.

A notice is kept with a mark in the link's place. Features that can't be seen from here name their link once
(`carries_link`); sending, and the file of text messages, ask it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from merchant_admin.core.context import WorkContext
from merchant_admin.notices.models import Notice
from merchant_admin.notices.shipped import LINK_VARIABLES
from merchant_admin.notices.states import NoticeKind

MARK = "•" * 8


def _nothing(_ctx: WorkContext, _session: Session, _notice: Notice) -> None:
    """For links that need not know that they were sent."""


def _always(_ctx: WorkContext, _session: Session, _notice: Notice) -> bool:
    """For notices that are for nothing without their link."""
    return True


@dataclass(frozen=True)
class Link:
    """The link of one kind of notice: `path` stands before the secret, `is_over` says that it opens nothing any more.

    `note_sent` is called in the write that notes the notice as sent or handed over. Where `has_link` says no, the
    notice goes out with a sentence in the link's place.
    """

    path: str
    secret: Callable[[WorkContext, Notice], str]
    is_over: Callable[[WorkContext, Session, Notice], bool]
    note_sent: Callable[[WorkContext, Session, Notice], None] = _nothing
    has_link: Callable[[WorkContext, Session, Notice], bool] = _always


_links: dict[NoticeKind, Link] = {}


def carries_link(link: Link, *kinds: NoticeKind) -> None:
    """Notices of these kinds carry this link. Naming it twice is once."""
    _links.update(dict.fromkeys(kinds, link))


def hidden(ctx: WorkContext, kind: NoticeKind) -> dict[str, str]:
    """The value of the link's variable as it is kept and shown: with the mark."""
    link = _links.get(kind)
    return {LINK_VARIABLES[kind]: f"{ctx.outgoing.address}{link.path}{MARK}"} if link else {}


def shown(ctx: WorkContext, session: Session, notice: Notice) -> dict[str, str]:
    """The same for one notice: the mark, or whom to ask where this one has no link to open."""
    link = _links.get(notice.kind)
    if link is None or link.has_link(ctx, session, notice):
        return hidden(ctx, notice.kind)
    return {LINK_VARIABLES[notice.kind]: f"{ctx.outgoing.shop}에 연락해 주세요"}


def is_over(ctx: WorkContext, session: Session, notice: Notice) -> bool:
    """Whether sending this notice would hand the customer a link that opens nothing."""
    link = _links.get(notice.kind)
    return link is not None and link.is_over(ctx, session, notice)


def secret_of(ctx: WorkContext, notice: Notice) -> str:
    """The secret that this notice hands over; empty for one without a link."""
    link = _links.get(notice.kind)
    return link.secret(ctx, notice) if link else ""


def with_secret(ctx: WorkContext, notice: Notice, text: str) -> str:
    """The text as it goes out. What comes of it must be kept nowhere."""
    link = _links.get(notice.kind)
    return text.replace(f"{link.path}{MARK}", f"{link.path}{link.secret(ctx, notice)}") if link else text


def note_sent(ctx: WorkContext, session: Session, notice: Notice) -> None:
    """The notice was sent, or is in a file that staff send: a link in it is in the customer's hands."""
    link = _links.get(notice.kind)
    if link is not None and f"{link.path}{MARK}" in (notice.body or ""):
        link.note_sent(ctx, session, notice)
