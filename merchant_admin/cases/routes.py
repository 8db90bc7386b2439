"""The list of cases, and one case with what a person can do about it."""

from flask import Blueprint, Response, flash, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from merchant_admin.audit.queries import of_subjects
from merchant_admin.audit.words import told
from merchant_admin.cases import queries, service
from merchant_admin.cases.states import CaseKind, CaseState
from merchant_admin.cases.words import ending, explain, facts_of
from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict
from merchant_admin.core.paging import Place
from merchant_admin.core.permissions import Permission
from merchant_admin.web.access import requires, work_context
from merchant_admin.web.forms import FormReader
from merchant_admin.web.navigation import NavEntry, register
from merchant_admin.web.pages import after_post, page

bp = Blueprint("cases", __name__)


@bp.record_once
def _set_up(state: BlueprintSetupState) -> None:
    entry = NavEntry(
        "cases.list_cases", lazy_gettext("확인할 일"), "circle-alert", Permission.VIEW, order=61,
        count=lambda: queries.open_count(db.session(), without=(CaseKind.CHARGE_ONLY,)),
    )  # fmt: skip
    register(state.app, entry)  # type: ignore[arg-type] # a blueprint meets a Flask app


@bp.get("/cases")
@requires(Permission.VIEW)
def list_cases() -> Response:
    asked = request.args.get("state", "")
    state = CaseState(asked) if asked in set(CaseState) else CaseState.OPEN
    return page(
        "cases/list.html",
        page=queries.case_page(db.session(), state, Place.read(request.args.get("place"))),
        state=state,
        explain=explain,
        url=lambda **over: url_for(".list_cases", **{"state": state.value, **over}),
    )


@bp.get("/cases/<string:case_id>")
@requires(Permission.VIEW)
def show_case(case_id: str) -> Response:
    return _case_page(case_id, FormReader.showing(resolution=""))


@bp.post("/cases/<string:case_id>/take")
@requires(Permission.REFUND)
def take_case(case_id: str) -> Response:
    """The presser looks after it from now on."""
    try:
        service.take_case(work_context(), case_id)
    except Conflict as late:
        flash(str(late.message), "warn")
    else:
        flash(_("이 일을 맡았습니다."), "ok")
    return after_post(url_for(".show_case", case_id=case_id))


@bp.post("/cases/<string:case_id>/resolution")
@requires(Permission.REFUND)
def create_resolution(case_id: str) -> Response:
    """Ends the case with the presser's word. Moves no money."""
    form = FormReader(request.form)
    text = form.text("resolution", most=service.RESOLUTION_MOST, required=True)
    if not form.is_valid:
        return _case_page(case_id, form, status=422)
    try:
        service.resolve_case(work_context(), case_id, text)
    except Conflict as late:
        flash(str(late.message), "warn")
    else:
        flash(_("끝낸 일로 적었습니다."), "ok")
    return after_post(url_for(".show_case", case_id=case_id))


def _case_page(case_id: str, form: FormReader, status: int = 200) -> Response:
    case = queries.case_view(db.session(), case_id)
    events = told(of_subjects(db.session(), ("case", case_id), limit=50))
    return page(
        "cases/show.html", case=case, words=explain(case.kind), ended=ending(case.resolution),
        facts_found=facts_of(case.facts), events=events,
        form=form, status=status,
    )  # fmt: skip
