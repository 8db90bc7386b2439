"""Reads what staff typed: a text (known variables only, no longer than its channel takes), a customer's answer."""

from collections.abc import Mapping
from datetime import date, datetime, time

from flask_babel import gettext as _

from merchant_admin.core.outgoing import Channel
from merchant_admin.core.times import SEOUL
from merchant_admin.notices.consents import NOTE_MOST, Said
from merchant_admin.notices.shipped import LINK_VARIABLES, VARIABLES, WORTHLESS_WITHOUT, Wording
from merchant_admin.notices.states import NoticeKind, SaidBy
from merchant_admin.notices.texts import (
    MAIL_MOST,
    SUBJECT_MOST,
    TEXT_MOST,
    is_unfinished,
    unknown_variables,
    used_variables,
)
from merchant_admin.web.forms import FormReader


def text_form(wording: Wording) -> FormReader:
    """The form, filled with a text."""
    return FormReader.showing(
        version=wording.version, is_on="1" if wording.is_on else None, subject=wording.subject, body=wording.body
    )


def read_text(data: Mapping[str, str], kind: NoticeKind, channel: Channel) -> tuple[FormReader, Wording | None]:
    """The typed text, or None with messages at the fields."""
    form = FormReader(data)
    version = form.whole("version", least=0, most=1_000_000)
    is_on = form.flag("is_on")
    is_mail = channel is Channel.EMAIL
    subject = form.line("subject", most=SUBJECT_MOST, required=True) if is_mail else ""
    body = form.text("body", most=MAIL_MOST if is_mail else TEXT_MOST, required=True)
    for name, text in (("subject", subject), ("body", body)):
        _refuse_variables(form, name, kind, text)
    _refuse_misplaced_link(form, kind, subject, body)
    if not form.is_valid or version is None:
        return form, None
    return form, Wording(kind, channel, version, is_on=is_on, subject=subject, body=body)


def read_answer(data: Mapping[str, str]) -> tuple[FormReader, Said | None]:
    """What a customer said, how, and when by Seoul's clock; None with messages at the fields."""
    form = FormReader(data)
    agrees = form.line("agrees", most=3)
    if agrees not in {"yes", "no"}:
        form.refuse("agrees", _("고객의 답을 골라 주세요."))
    said_by = form.choice("said_by", SaidBy)
    if said_by is SaidBy.LINK:
        form.refuse("said_by", _("목록에서 하나를 골라 주세요."))
    said_at = _instant(form)
    note = form.text("note", most=NOTE_MOST)
    version = form.whole("version", least=1, most=1_000_000)
    text_version = form.whole("text_version", least=0, most=1_000_000)
    if not form.is_valid or said_by is None or said_at is None or version is None or text_version is None:
        return form, None
    return form, Said(agrees == "yes", said_by, said_at, text_version, version, note)


def _instant(form: FormReader) -> datetime | None:
    day, at = form.line("said_on", most=10, required=True), form.line("said_time", most=5, required=True)
    try:
        return datetime.combine(date.fromisoformat(day), time.fromisoformat(at), SEOUL)
    except ValueError:
        form.refuse("said_on", _("날짜와 시각을 2026-11-23, 14:30처럼 적어 주세요."))
        return None


def _refuse_misplaced_link(form: FormReader, kind: NoticeKind, subject: str, body: str) -> None:
    """A link never stands in a subject, which mail servers write down; and some texts are for nothing without it."""
    link = LINK_VARIABLES.get(kind)
    if link is None:
        return
    if link in used_variables(subject):
        form.refuse("subject", _("링크는 제목에 넣을 수 없습니다. 내용에 넣어 주세요."))
    if kind in WORTHLESS_WITHOUT and body and link not in used_variables(body):
        form.refuse("body", _("이 알림에는 %(name)s이 있어야 합니다.", name=f"#{{{link}}}"))


def _refuse_variables(form: FormReader, name: str, kind: NoticeKind, text: str) -> None:
    unknown = unknown_variables(kind, text)
    if unknown:
        known = ", ".join(f"#{{{each}}}" for each in VARIABLES[kind])
        form.refuse(
            name,
            _("%(name)s: 쓸 수 없는 변수입니다. 쓸 수 있는 변수: %(known)s", name=f"#{{{unknown[0]}}}", known=known),
        )
    elif is_unfinished(text):
        form.refuse(name, _("변수는 #{고객명}처럼 닫는 괄호까지 적어 주세요."))
