"""Screens of consents: who must still agree, and writing down what a customer said."""

from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from merchant_admin.audit.queries import of_subjects
from merchant_admin.audit.words import told
from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict, RuleBroken
from merchant_admin.core.paging import Place
from merchant_admin.core.permissions import Permission
from merchant_admin.core.settings import Mode
from merchant_admin.core.times import SEOUL, seoul_day
from merchant_admin.notices import consent_queries as queries
from merchant_admin.notices import consents, forms
from merchant_admin.notices.consent_queries import ConsentRow, Tab
from merchant_admin.notices.consent_words import what_next
from merchant_admin.notices.models import Consent
from merchant_admin.notices.states import UNSETTLED, ConsentState, SaidBy
from merchant_admin.web.access import requires, services, work_context
from merchant_admin.web.forms import FormReader
from merchant_admin.web.looks import word
from merchant_admin.web.navigation import NavEntry, register
from merchant_admin.web.pages import after_post, page

bp = Blueprint("consents", __name__)
FEW_EVENTS = 20
LABELS = {
    Tab.TO_GET: lazy_gettext("받아야 함"), Tab.LATER: lazy_gettext("나중에"),
    Tab.REFUSED: lazy_gettext("동의하지 않음"), Tab.GIVEN: lazy_gettext("동의함"), Tab.PAST: lazy_gettext("지난 동의"),
}  # fmt: skip


@bp.record_once
def _set_up(state: BlueprintSetupState) -> None:
    entry = NavEntry(
        "consents.list_consents", lazy_gettext("고객 동의"), "check", Permission.VIEW, order=46,
        count=lambda: queries.count_of(db.session(), services().settings.mode, Tab.TO_GET, _today()),
    )  # fmt: skip
    register(state.app, entry)  # type: ignore[arg-type] # a blueprint meets a Flask app


def _today() -> date:
    return seoul_day(work_context().now())


@bp.get("/consents")
@requires(Permission.VIEW)
def list_consents() -> Response:
    asked = request.args.get("tab", "")
    tab = Tab(asked) if asked in set(Tab) else Tab.TO_GET
    mode = services().settings.mode
    return page(
        "notices/consents.html",
        page=queries.consent_page(db.session(), mode, tab, _today(), Place.read(request.args.get("place"))),
        tabs=[_tab(mode, each, tab) for each in Tab],
        days=work_context().outgoing.consent_days,
        today=_today(),
        url=lambda place: url_for(".list_consents", tab=tab.value, place=place),
    )


def _tab(mode: Mode, each: Tab, chosen: Tab) -> dict[str, Any]:
    count = None if each is Tab.PAST else queries.count_of(db.session(), mode, each, _today())
    label = f"{count:,}{'+' if count >= queries.COUNTED_MOST else ''}" if count is not None else None
    return {
        "label": LABELS[each], "href": url_for(".list_consents", tab=each.value), "is_current": each is chosen,
        "count": label,
    }  # fmt: skip


@bp.get("/consents/<string:consent_id>")
@requires(Permission.VIEW)
def show_consent(consent_id: str) -> Response:
    row = queries.consent_view(db.session(), consent_id)
    local = work_context().now().astimezone(SEOUL)
    form = FormReader.showing(
        agrees=None, said_by=None, said_on=local.date().isoformat(), said_time=f"{local:%H:%M}", note=None
    )  # fmt: skip
    return _consent_page(row, form)


@bp.post("/consents/<string:consent_id>/asks")
@requires(Permission.EDIT_CUSTOMERS)
def create_ask(consent_id: str) -> Response:
    """Asks the customer once more, with a link that lives on; once per press."""
    queries.consent_view(db.session(), consent_id)
    typed = request.form.get("asks", "")
    asks = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 6 else -1
    try:
        consents.ask_again(work_context(), consent_id, asks)
    except (Conflict, RuleBroken) as refusal:
        flash(str(refusal.message), "warn")
    else:
        flash(_("동의를 다시 요청합니다. 알리는 시간 안에 한 번 보냅니다."), "ok")
    return after_post(url_for(".show_consent", consent_id=consent_id))


@bp.post("/consents/<string:consent_id>/answers")
@requires(Permission.EDIT_CUSTOMERS)
def create_answer(consent_id: str) -> Response:
    """Writes down a yes or a no with the text it was given to. What was written is never changed."""
    row = queries.consent_view(db.session(), consent_id)
    form, said = forms.read_answer(request.form)
    if said is None:
        return _consent_page(row, form, status=422)
    try:
        consents.answer(work_context(), consent_id, said)
    except RuleBroken as refusal:
        form.refuse("said_on", str(refusal.message))
        return _consent_page(queries.consent_view(db.session(), consent_id), form, status=422)
    except Conflict as late:
        flash(str(late.message), "warn")
        return _consent_page(queries.consent_view(db.session(), consent_id), form, status=409)
    flash(_("고객의 동의를 적었습니다.") if said.agrees else _("고객이 동의하지 않은 것을 적었습니다."), "ok")
    return after_post(url_for(".show_consent", consent_id=consent_id))


def _consent_page(row: ConsentRow, form: FormReader, status: int = 200) -> Response:
    session, today = db.session(), _today()
    held = session.get_one(Consent, row.id)
    text = consents.text_for(work_context(), session, held)
    may_answer = row.state in UNSETTLED and row.opens_on <= today
    may_ask = row.state is ConsentState.OPEN and row.opens_on <= today and bool(work_context().outgoing.channels)
    return page(
        "notices/consent.html", row=row, form=form, text=text, words=queries.words_of(session, row.id),
        sentence=what_next(row, today), is_overdue=row.is_overdue(today), may_answer=may_answer,
        may_ask=may_ask, asks=held.asks, link_until=held.link_until,
        ways=[(way.value, word(way)) for way in SaidBy if way is not SaidBy.LINK],
        events=told(of_subjects(session, ("consent", row.id), limit=FEW_EVENTS)), status=status,
    )  # fmt: skip
