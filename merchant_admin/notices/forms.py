"""Reads a text as staff typed it: known variables only, no longer than its channel takes."""

from collections.abc import Mapping

from flask_babel import gettext as _

from merchant_admin.core.outgoing import Channel
from merchant_admin.notices.shipped import VARIABLES, Wording
from merchant_admin.notices.states import NoticeKind
from merchant_admin.notices.texts import MAIL_MOST, SUBJECT_MOST, TEXT_MOST, is_unfinished, unknown_variables
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
    if not form.is_valid or version is None:
        return form, None
    return form, Wording(kind, channel, version, is_on=is_on, subject=subject, body=body)


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
