"""The test clock's page: sandbox mode only, where the app has a clock that can be moved."""

from datetime import date, timedelta
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import lazy_gettext

from merchant_admin.audit.queries import after, last_seq
from merchant_admin.audit.words import told
from merchant_admin.core.clock import MovableClock
from merchant_admin.core.db import db
from merchant_admin.core.errors import RuleBroken
from merchant_admin.core.permissions import Permission
from merchant_admin.core.settings import Mode
from merchant_admin.core.times import seoul_day
from merchant_admin.subscriptions import queries
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.web.access import gateway, requires, services, work_context
from merchant_admin.web.forms import FormReader
from merchant_admin.web.navigation import NavEntry, register
from merchant_admin.web.pages import after_post, page
from merchant_admin.worker import rehearsal

bp = Blueprint("test_clock", __name__)
STEPS = {"day": 1, "week": 7, "month": 31}


@bp.record_once
def _set_up(state: BlueprintSetupState) -> None:
    entry = NavEntry(
        "test_clock.show_clock", lazy_gettext("시험 시계"), "clock", Permission.EDIT_PLANS, "run", order=95
    )
    register(state.app, entry)  # type: ignore[arg-type] # a blueprint meets a Flask app


@bp.before_request
def _only_here() -> None:
    if services().settings.mode is not Mode.SANDBOX or not isinstance(services().clock, MovableClock):
        abort(404)


@bp.get("/test-clock")
@requires(Permission.EDIT_PLANS)
def show_clock() -> Response:
    return _page(FormReader.showing(until=""))


@bp.post("/test-clock")
@requires(Permission.EDIT_PLANS)
def move_clock() -> Response:
    ctx, form = work_context(), FormReader(request.form)
    today = seoul_day(ctx.now())
    try:
        until = rehearsal.allowed(today, _until(today), is_under_way="since" in request.form)
    except RuleBroken as refusal:
        form.refuse("until", str(refusal))
        return _page(form, status=422)
    since = request.form.get("since", type=int)
    words = {
        "since": last_seq(db.session()) if since is None else since, "until": until.isoformat(),
        "began": request.form.get("began") or today.isoformat(),
        "subscription_id": request.form.get("subscription_id", ""),
    }  # fmt: skip
    if request.args.get("poll"):  # the page goes on by itself, which doesn't keep a forgotten screen signed in
        words["poll"] = 1
    ctx.end_reading()
    rehearsal.go_on(ctx, gateway(), Hours(*services().settings.charge_hours), until)
    return after_post(f"{url_for('.show_clock')}?{urlencode(words)}")


def _until(today: date) -> date | None:
    step = request.form.get("step", "")
    if step == "next":
        return rehearsal.next_day_of(work_context(), request.form.get("subscription_id", ""))
    if step in STEPS:
        return today + timedelta(days=STEPS[step])
    return _day(request.form.get("until", ""))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _page(form: FormReader, status: int = 200) -> Response:
    words, now = request.values, work_context().now()
    subscription_id = words.get("subscription_id", "")
    about = queries.row_of(db.session(), subscription_id) if subscription_id else None
    since, until, began = words.get("since", type=int), _day(words.get("until")), _day(words.get("began"))
    today = seoul_day(now)
    is_running = request.method == "GET" and since is not None and until is not None and until > today
    done = after(db.session(), since, about.customer_id if about else None) if since is not None else []
    return page(
        "subscriptions/test_clock.html", status=status, form=form, now=now, about=about, since=since, until=until,
        began=began, is_running=is_running, acts=told(done),
        days_done=(today - began).days if began else 0, days_all=(until - began).days if began and until else 0,
    )  # fmt: skip
