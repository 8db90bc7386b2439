"""Making a text from its variables, and saving texts. Nothing in a text is ever run."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.core.context import WorkContext
from merchant_admin.core.errors import Conflict
from merchant_admin.core.outgoing import Channel, Outgoing
from merchant_admin.notices.models import NoticeText
from merchant_admin.notices.shipped import LINK_VARIABLES, VARIABLES, Wording, shipped
from merchant_admin.notices.states import NoticeKind

SUBJECT_MOST, MAIL_MOST, TEXT_MOST = 100, 2_000, 300
_VARIABLE = re.compile(r"#\{([^{}\n]*)\}")
MISSING = "–"
_STALE = _("다른 직원이 먼저 이 문구를 바꾸었습니다. 저장하지 않았습니다. 지금 문구를 보고 다시 하십시오.")


@dataclass(frozen=True)
class Rendered:
    """A text with its values in place, as a customer reads it."""

    subject: str
    body: str
    version: int


def fill(text: str, values: Mapping[str, str]) -> str:
    """Every variable replaced by its value, once; what a value holds is not read again."""
    return _VARIABLE.sub(lambda found: values.get(found.group(1).strip(), MISSING), text)


def render(wording: Wording, values: Mapping[str, str]) -> Rendered:
    """The text as it goes out. A subject is one line whatever the values hold."""
    subject = " ".join(fill(wording.subject, values).split())[: SUBJECT_MOST + 20]
    return Rendered(subject, fill(wording.body, values), wording.version)


def unknown_variables(kind: NoticeKind, text: str) -> list[str]:
    """Variables in `text` that this kind does not have, as they were written."""
    return [name for name in dict.fromkeys(_VARIABLE.findall(text)) if name.strip() not in VARIABLES[kind]]


def used_variables(text: str) -> set[str]:
    """The names of the variables in `text`."""
    return {name.strip() for name in _VARIABLE.findall(text)}


def is_unfinished(text: str) -> bool:
    """Whether a variable was begun and not ended."""
    return "#{" in _VARIABLE.sub("", text)


def wording_of(session: Session, kind: NoticeKind, channel: Channel) -> Wording:
    """The text that holds now."""
    newest = select(NoticeText).where(NoticeText.kind == kind, NoticeText.channel == channel)
    found = session.scalars(newest.order_by(NoticeText.version.desc()).limit(1)).first()
    return _wording(found) if found else shipped(kind, channel)


def carries_its_link(session: Session, out: Outgoing, kind: NoticeKind) -> bool:
    """Whether some way that is on tells of this kind, in a text with room for the kind's link."""
    held = [wording_of(session, kind, channel) for channel in out.channels]
    return any(each.is_on and LINK_VARIABLES[kind] in used_variables(each.body) for each in held)


def wordings(session: Session) -> dict[tuple[NoticeKind, Channel], Wording]:
    """Every text that holds now, read at once."""
    held = {(kind, channel): shipped(kind, channel) for kind in NoticeKind for channel in Channel}
    for row in session.scalars(select(NoticeText).order_by(NoticeText.version)):
        held[row.kind, row.channel] = _wording(row)
    return held


def save_text(ctx: WorkContext, wording: Wording) -> Wording:
    """Keep a new version; `wording.version` is the one it was made from. What was sent before stays as it was sent.

    Raises Conflict when somebody saved another one meanwhile.
    """
    try:
        return _saved(ctx, wording)
    except IntegrityError as late:
        raise Conflict(_STALE) from late


def _saved(ctx: WorkContext, wording: Wording) -> Wording:
    with ctx.atomic() as session:
        held = wording_of(session, wording.kind, wording.channel)
        if held.version != wording.version:
            raise Conflict(_STALE)
        row = NoticeText(
            kind=wording.kind, channel=wording.channel, version=held.version + 1, is_on=wording.is_on,
            subject=wording.subject, body=wording.body, staff_name=ctx.actor.name, created_at=ctx.now(),
        )  # fmt: skip
        session.add(row)
        session.flush()
        facts: dict[str, Any] = {"kind": wording.kind.value, "channel": wording.channel.value, "version": row.version}
        record(ctx, "notice.text_changed", ("notice_text", f"{wording.kind}.{wording.channel}"), **facts)
        return _wording(row)


def _wording(row: NoticeText) -> Wording:
    return Wording(row.kind, row.channel, row.version, is_on=row.is_on, subject=row.subject, body=row.body)
