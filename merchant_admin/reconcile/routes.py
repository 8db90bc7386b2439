"""Whether our records equal PortOne's: the days, one day, and the payment channels."""

from datetime import date

from flask import Blueprint, Response, flash, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from merchant_admin.audit.queries import of_subjects
from merchant_admin.audit.words import told
from merchant_admin.cases.queries import open_cases
from merchant_admin.cases.states import CaseKind
from merchant_admin.core.db import db
from merchant_admin.core.errors import GatewayError, NotFound, RuleBroken
from merchant_admin.core.permissions import Permission
from merchant_admin.core.times import seoul_day
from merchant_admin.portone.channels import ChannelCheck, check_channels
from merchant_admin.reconcile import closing, queries, service
from merchant_admin.reconcile.commands import close_day, sync
from merchant_admin.web.access import gateway, requires, services, work_context
from merchant_admin.web.navigation import NavEntry, register
from merchant_admin.web.pages import after_post, page

bp = Blueprint("reconcile", __name__, cli_group=None)
bp.cli.add_command(sync)
bp.cli.add_command(close_day)
_KINDS = (
    CaseKind.MISSING_HERE, CaseKind.MISSING_THERE, CaseKind.DIFFERS, CaseKind.BOOKS_DIFFER, CaseKind.CLOSED_DAY_MOVED,
    CaseKind.HISTORY_DIFFERS, CaseKind.AMOUNT_CHANGED, CaseKind.TEST_IN_LIVE,
)  # fmt: skip


@bp.record_once
def _set_up(state: BlueprintSetupState) -> None:
    entries = (
        NavEntry("reconcile.list_days", lazy_gettext("정산 대조"), "check", Permission.VIEW, group="run", order=50),
        NavEntry(
            "reconcile.list_channels", lazy_gettext("결제 채널"), "settings", Permission.VIEW_AUDIT, group="run",
            order=75,
        ),
    )  # fmt: skip
    for entry in entries:
        register(state.app, entry)  # type: ignore[arg-type] # a blueprint meets a Flask app


@bp.get("/reconciliation")
@requires(Permission.VIEW)
def list_days() -> Response:
    session, mode = db.session(), services().settings.mode
    days = queries.day_rows(session, mode, seoul_day(work_context().now()))
    return page(
        "reconcile/list.html",
        days=days,
        yesterday=days[0],
        cases=open_cases(session, *_KINDS),
        duties=queries.duty_lines(session),
        mode=mode,
    )


@bp.get("/reconciliation/<string:day>")
@requires(Permission.VIEW)
def show_day(day: str) -> Response:
    session, settings, which = db.session(), services().settings, _day(day)
    cases = [case for case in open_cases(session, *_KINDS, limit=500) if case.day == day]
    return page(
        "reconcile/day.html",
        row=queries.day_row(session, settings.mode, which),
        closing=queries.closing_of(session, settings.secret_key.encode(), settings.mode, which),
        figures=closing.figures(session, settings.mode, which),
        cases=cases,
        events=told(of_subjects(session, ("day", day), limit=20)),
        is_over=which < seoul_day(work_context().now()),
        mode=settings.mode,
    )


@bp.post("/reconciliation/<string:day>/match")
@requires(Permission.VIEW_AUDIT)
def create_match(day: str) -> Response:
    """Matches the day now. Reads PortOne; moves no money."""
    which = _day(day)
    try:
        is_equal = service.match_now(work_context(), gateway(), which)
    except GatewayError:
        flash(_("포트원을 읽지 못해 대조하지 못했습니다. 잠시 뒤 다시 하십시오."), "warn")
    else:
        flash(
            _("포트원과 같습니다.") if is_equal else _("차이가 있습니다. 아래에서 확인하세요."),
            "ok" if is_equal else "warn",
        )
    return after_post(url_for(".show_day", day=day))


@bp.post("/reconciliation/<string:day>/closing")
@requires(Permission.REFUND)
def create_closing(day: str) -> Response:
    """Freezes the day's totals."""
    try:
        closing.close_day(work_context(), _day(day))
    except RuleBroken as refusal:
        flash(str(refusal.message), "warn")
    else:
        flash(_("이 날을 마감했습니다. 숫자는 더 바뀌지 않습니다."), "ok")
    return after_post(url_for(".show_day", day=day))


@bp.get("/channels")
@requires(Permission.VIEW_AUDIT)
def list_channels() -> Response:
    """The three MIDs of the settings, as PortOne knows them now."""
    settings = services().settings
    checks: list[ChannelCheck] | None
    try:
        checks = list(check_channels(settings, gateway()))
    except GatewayError:
        checks = None
    cases = open_cases(db.session(), CaseKind.UNKNOWN_CHANNEL, CaseKind.WRONG_MID)
    return page("reconcile/channels.html", checks=checks, settings=settings, cases=cases)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or text != day.isoformat() or not 2000 <= day.year <= 2999:
        raise NotFound(_("그런 날은 없습니다."))
    return day
