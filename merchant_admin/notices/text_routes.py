"""Screens of the texts customers read: the list, one with its preview, saving it, going back to the shipped one."""

import json
from dataclasses import replace

from flask import Response, abort, flash, request, url_for
from flask_babel import gettext as _

from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict
from merchant_admin.core.outgoing import Channel
from merchant_admin.core.permissions import Permission
from merchant_admin.customers.queries import find_customers
from merchant_admin.notices import forms, queries, texts
from merchant_admin.notices.routes import bp
from merchant_admin.notices.shipped import SAMPLES, VARIABLES, Wording, shipped
from merchant_admin.notices.states import NoticeKind
from merchant_admin.notices.texts import Rendered, render
from merchant_admin.web.access import requires, services, work_context
from merchant_admin.web.forms import FormReader
from merchant_admin.web.pages import after_post, page

notices = bp  # with these views on it


@bp.get("/notices/texts")
@requires(Permission.VIEW)
def list_texts() -> Response:
    held = texts.wordings(db.session())
    return page(
        "notices/texts.html", held=held, kinds=list(NoticeKind), channels=list(Channel),
        on=services().settings.outgoing.channels,
    )  # fmt: skip


@bp.get("/notices/texts/<string:kind>/<string:channel>")
@requires(Permission.VIEW)
def show_text(kind: str, channel: str) -> Response:
    found = _named(kind, channel)
    held = texts.wording_of(db.session(), *found)
    return _text_page(held, forms.text_form(held), held)


@bp.post("/notices/texts/<string:kind>/<string:channel>/preview")
@requires(Permission.EDIT_NOTICES)
def preview_text(kind: str, channel: str) -> Response:
    """Shows what was typed as a customer would read it. Writes nothing."""
    form, typed = forms.read_text(request.form, *_named(kind, channel))
    return _text_page(texts.wording_of(db.session(), *_named(kind, channel)), form, typed, 200 if typed else 422)


@bp.post("/notices/texts/<string:kind>/<string:channel>")
@requires(Permission.EDIT_NOTICES)
def update_text(kind: str, channel: str) -> Response:
    form, typed = forms.read_text(request.form, *_named(kind, channel))
    if typed is None:
        return _text_page(texts.wording_of(db.session(), *_named(kind, channel)), form, None, 422)
    return _saved(typed, _("문구를 저장했습니다. 다음에 보내는 알림부터 이 문구로 나갑니다."), form)


@bp.post("/notices/texts/<string:kind>/<string:channel>/reset")
@requires(Permission.EDIT_NOTICES)
def reset_text(kind: str, channel: str) -> Response:
    """The shipped text again, as a new version; what staff wrote stays to be read."""
    found = _named(kind, channel)
    version = FormReader(request.form).whole("version", least=0, most=1_000_000)
    held = texts.wording_of(db.session(), *found)
    meant = replace(shipped(*found), version=version if version is not None else held.version, is_on=held.is_on)
    return _saved(meant, _("기본 문구로 되돌렸습니다."), forms.text_form(held))


def _saved(wording: Wording, done: str, form: FormReader) -> Response:
    try:
        texts.save_text(work_context(), wording)
    except Conflict as late:
        held = texts.wording_of(db.session(), wording.kind, wording.channel)
        flash(str(late.message), "warn")
        return _text_page(held, form, wording, 409)
    flash(done, "ok")
    return after_post(url_for(".show_text", kind=wording.kind.value, channel=wording.channel.value))


def _named(kind: str, channel: str) -> tuple[NoticeKind, Channel]:
    if kind not in set(NoticeKind) or channel not in set(Channel):
        abort(404)
    return NoticeKind(kind), Channel(channel)


def _text_page(held: Wording, form: FormReader, shown: Wording | None, status: int = 200) -> Response:
    asked = (request.form.get("whom") or request.args.get("whom") or "")[:100]
    form.values.setdefault("whom", asked)
    draft, whom = _preview(shown, asked) if shown else (None, None)
    if asked and shown and whom is None:
        form.errors.setdefault("whom", _("고객을 찾지 못해 보기 값으로 보여 줍니다."))
    original = shipped(held.kind, held.channel)
    return page(
        "notices/text.html", held=held, form=form, draft=draft, whom=whom, variables=VARIABLES[held.kind],
        samples={**SAMPLES, "상호": services().settings.outgoing.shop}, is_mail=held.channel is Channel.EMAIL,
        is_shipped=(held.subject, held.body) == (original.subject, original.body),
        versions=queries.versions_of(db.session(), held.kind, held.channel), mail_most=texts.MAIL_MOST,
        text_most=texts.TEXT_MOST, status=status,
    )  # fmt: skip


def _preview(shown: Wording, asked: str) -> tuple[Rendered, str | None]:
    """The text with a customer's own name and newest values where there are some, with samples for the rest."""
    values = {**SAMPLES, "상호": services().settings.outgoing.shop}
    whom = next(iter(find_customers(db.session(), asked, 1)), None) if asked.strip() else None
    if whom is not None:
        latest = queries.latest_facts(db.session(), shown.kind, whom.id)
        values |= {**(json.loads(latest) if latest else {}), "고객명": whom.name}
    return render(shown, values), whom.name if whom else None
