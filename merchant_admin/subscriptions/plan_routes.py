"""Screens of plans."""

from flask import Response, flash, request, url_for
from flask_babel import gettext as _

from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict, ConsoleError, RuleBroken
from merchant_admin.core.permissions import Permission
from merchant_admin.core.times import seoul_day
from merchant_admin.subscriptions import forms, plan_words, plans, queries, refusals, words
from merchant_admin.subscriptions.models import Plan
from merchant_admin.subscriptions.routes import bp, tells_of_cards
from merchant_admin.subscriptions.states import AfterLast, CatchUp, Unit
from merchant_admin.web.access import requires, work_context
from merchant_admin.web.forms import FormReader
from merchant_admin.web.looks import word
from merchant_admin.web.pages import after_post, page

subscriptions = bp  # with these views on it


@bp.get("/plans")
@requires(Permission.VIEW)
def list_plans() -> Response:
    archived = request.args.get("tab") == "archived"
    return page(
        "subscriptions/plans.html",
        rows=queries.plan_rows(db.session(), archived=archived),
        cycle=words.cycle,
        most=queries.COUNTED_MOST,
        tabs=[
            {"label": _("제공 중"), "href": url_for(".list_plans"), "is_current": not archived, "count": None},
            {
                "label": _("보관됨"),
                "href": url_for(".list_plans", tab="archived"),
                "is_current": archived,
                "count": None,
            },
        ],
    )


@bp.get("/plans/new")
@requires(Permission.EDIT_PLANS)
def new_plan() -> Response:
    return _plan_page(None, forms.plan_form(None))


@bp.post("/plans")
@requires(Permission.EDIT_PLANS)
def create_plan() -> Response:
    form, details, _version = forms.read_plan(request.form)
    if details is None:
        return _plan_page(None, form, 422)
    try:
        plans.create_plan(work_context(), details)
    except RuleBroken as refusal:
        form.takes(refusal)
        return _plan_page(None, form, 422)
    flash(_("요금제를 추가했습니다."), "ok")
    return after_post(url_for(".list_plans"))


@bp.get("/plans/<string:plan_id>/edit")
@requires(Permission.EDIT_PLANS)
def edit_plan(plan_id: str) -> Response:
    plan = queries.one_plan(db.session(), plan_id)
    return _plan_page(plan, forms.plan_form(plan))


@bp.post("/plans/<string:plan_id>/confirm")
@requires(Permission.EDIT_PLANS)
def confirm_plan(plan_id: str) -> Response:
    """What would change, and what another retry rule would have made of the last 90 days. Writes nothing."""
    session, plan = db.session(), queries.one_plan(db.session(), plan_id)
    form, details, _version = forms.read_plan(request.form)
    if details is None or request.form.get("edit"):
        return _plan_page(plan, form, 422 if details is None else 200)
    try:
        plans.refuse_impossible(details)
    except RuleBroken as refusal:
        form.takes(refusal)
        return _plan_page(plan, form, 422)
    is_other_rule = details.gaps != plan.gaps
    today = seoul_day(work_context().now())
    return page(
        "subscriptions/confirm_plan.html", plan=plan, form=form, changes=plan_words.changes(plan, details),
        replay=refusals.replay_of_plan(session, plan.id, details.gaps, today) if is_other_rule else None,
        retrying=refusals.retrying_of_plan(session, plan.id, queries.COUNTED_MOST) if is_other_rule else 0,
        most=queries.COUNTED_MOST,
    )  # fmt: skip


@bp.post("/plans/<string:plan_id>")
@requires(Permission.EDIT_PLANS)
def update_plan(plan_id: str) -> Response:
    plan = queries.one_plan(db.session(), plan_id)
    form, details, version = forms.read_plan(request.form)
    if details is None:
        return _plan_page(plan, form, 422)
    try:
        plans.update_plan(work_context(), plan_id, details, version)
    except RuleBroken as refusal:
        form.takes(refusal)
        return _plan_page(queries.one_plan(db.session(), plan_id), form, 422)
    except Conflict as refusal:
        plan = queries.one_plan(db.session(), plan_id)
        form.values["version"] = str(plan.version)
        return _plan_page(plan, form, refusal.status, refusal)
    flash(_("요금제를 바꾸었습니다. 지금 있는 정기결제의 금액은 그대로입니다."), "ok")
    return after_post(url_for(".list_plans"))


@bp.post("/plans/<string:plan_id>/archive")
@requires(Permission.EDIT_PLANS)
def archive_plan(plan_id: str) -> Response:
    plans.archive_plan(work_context(), plan_id)
    flash(_("요금제를 보관했습니다. 이 요금제의 정기결제는 그대로 이어집니다."), "ok")
    return after_post(url_for(".list_plans"))


def _plan_page(plan: Plan | None, form: FormReader, status: int = 200, refusal: ConsoleError | None = None) -> Response:
    return page(
        "subscriptions/plan.html", plan=plan, form=form, status=status, refusal=refusal, is_told=tells_of_cards(),
        in_use=plan is not None and plans.is_in_use(db.session(), plan.id),
        units=[(unit.value, word(unit)) for unit in Unit],
        after_last=[(each.value, word(each)) for each in AfterLast],
        catch_up=[(each.value, word(each)) for each in CatchUp],
    )  # fmt: skip
