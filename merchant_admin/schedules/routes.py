"""Reservations: the list, the sheet that reserves, one reservation, and those that other systems left at PortOne."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from flask_babel import lazy_pgettext

from merchant_admin.audit.queries import of_subjects
from merchant_admin.audit.words import told
from merchant_admin.billing_keys.queries import any_key, live_key
from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict, ConsoleError, GatewayError, InvalidInput, NotFound, RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.core.money import vat_krw
from merchant_admin.core.paging import Place
from merchant_admin.core.permissions import Permission
from merchant_admin.core.times import seoul_day
from merchant_admin.failures.service import dictionary
from merchant_admin.payments import charging
from merchant_admin.schedules import forms, importing, looking, queries, service, words
from merchant_admin.schedules.queries import ScheduleFilters, Tab
from merchant_admin.web.access import gateway, requires, services, work_context
from merchant_admin.web.forms import FormReader
from merchant_admin.web.navigation import NavEntry, register
from merchant_admin.web.pages import after_post, page, wants_fragment

bp = Blueprint("schedules", __name__)
FEW_EVENTS = 15
MOST_IMPORT_DAYS = 366
MOST_TAKEN = 200  # in one press


@bp.record_once
def _set_up(state: BlueprintSetupState) -> None:
    entry = NavEntry(
        "schedules.list_schedules", lazy_pgettext("list", "결제 예약"), "calendar-clock", Permission.VIEW, order=25
    )
    register(state.app, entry)  # type: ignore[arg-type] # a blueprint meets a Flask app


@bp.get("/schedules")
@requires(Permission.VIEW)
def list_schedules() -> Response:
    session, filters = db.session(), forms.read_filters(request.args)
    counts = queries.tab_counts(session) if filters.is_empty else {}
    answer = page(
        "schedules/list.html",
        fragment="schedules/_table.html",
        filters=filters,
        page=queries.schedule_page(session, filters, Place.read(request.args.get("place"))),
        sums=queries.sums(session, filters),
        url=lambda **over: _address(filters, **over),
        tabs=[
            {
                "label": words.tab_word(tab), "href": _address(filters, tab=tab.value),
                "is_current": tab is filters.tab, "count": counts.get(tab),
            }
            for tab in Tab
        ],
    )  # fmt: skip
    if wants_fragment():
        answer.headers["HX-Push-Url"] = _address(filters)
    return answer


def _address(filters: ScheduleFilters, **over: Any) -> str:
    asked: dict[str, Any] = {
        "tab": filters.tab.value if filters.tab is not Tab.COMING else None, "month": filters.month or None,
        "day": filters.day.isoformat() if filters.day else None, "customer_id": filters.customer_id or None,
    }  # fmt: skip
    return url_for(".list_schedules", **asked | over)


@bp.get("/schedules/new")
@requires(Permission.CHARGE)
def new_schedule() -> Response:
    """The form for one customer; it is opened from a customer's or a card's page."""
    customer_id, key_id = request.args.get("customer_id", "")[:40], request.args.get("billing_key_id", "")[:40]
    session = db.session()
    if key_id:
        customer_id = live_key(session, key_id).customer_id
    if not customer_id:
        flash(_("먼저 고객을 고르세요. 고객 화면에서 예약할 수 있습니다."), "info")
        return after_post(url_for("customers.list_customers"))
    payer = charging.payer(session, customer_id)
    ids = [key.id for key in payer.keys]
    tomorrow = work_context().now() + timedelta(days=1)
    form = FormReader.showing(
        sheet_key=new_id("sht"), customer_id=customer_id, name="", amount_krw="", tax_free_krw="", memo="",
        billing_key_id=key_id if key_id in ids else (ids[0] if ids else ""),
        schedule_day=forms.time_values(tomorrow)["schedule_day"], schedule_time="10:00",
    )  # fmt: skip
    return _form_page(payer, form)


@bp.post("/schedules/confirm")
@requires(Permission.CHARGE)
def confirm_schedule() -> Response:
    """Restates what was asked. Writes nothing and sends nothing."""
    posted = forms.ScheduleForm.read(request.form, work_context().now())
    if posted.sheet is None or request.form.get("edit"):
        return _form_again(posted.form, status=200 if posted.form.is_valid else 422)
    try:
        return _confirm_page(posted)
    except (RuleBroken, NotFound) as refusal:
        return _form_again(posted.form, refusal)


@bp.post("/schedules")
@requires(Permission.CHARGE)
def create_schedule() -> Response:
    """Reserves once per sheet. A used sheet leads to its first reservation."""
    posted = forms.ScheduleForm.read(request.form, work_context().now())
    used = queries.schedule_of_sheet(db.session(), posted.form.values.get("sheet_key", ""))
    if posted.sheet is None:
        return _form_again(posted.form) if used is None else after_post(url_for(".show_schedule", schedule_id=used))
    if used is None:
        posted.check_typed_again()
        if not posted.form.is_valid:
            return _confirm_page(posted, status=422)
    try:
        schedule = service.reserve_charge(work_context(), gateway(), posted.sheet)
    except Conflict as refusal:
        if used is None:
            raise
        flash(str(refusal.message), "warn")
        return after_post(url_for(".show_schedule", schedule_id=used))
    except InvalidInput as refusal:
        for name, message in refusal.fields.items():
            posted.form.refuse(name, str(message))
        return _form_again(posted.form)
    except (RuleBroken, NotFound, GatewayError) as refusal:
        return _form_again(posted.form, refusal)
    return after_post(url_for(".show_schedule", schedule_id=schedule.id))


@bp.get("/schedules/<string:schedule_id>")
@requires(Permission.VIEW)
def show_schedule(schedule_id: str) -> Response:
    return _schedule_page(schedule_id)


@bp.get("/schedules/<string:schedule_id>/time")
@requires(Permission.CHARGE)
def edit_time(schedule_id: str) -> Response:
    row = queries.schedule_view(db.session(), schedule_id)
    form = FormReader.showing(**forms.time_values(row.schedule_at))
    return page("schedules/edit_time.html", row=row, form=form)


@bp.post("/schedules/<string:schedule_id>/time")
@requires(Permission.CHARGE)
def update_time(schedule_id: str) -> Response:
    form = FormReader(request.form)
    at = forms.read_time(form, work_context().now())
    if at is None:
        row = queries.schedule_view(db.session(), schedule_id)
        return page("schedules/edit_time.html", row=row, form=form, status=422)
    return _acted(schedule_id, lambda: service.move_schedule(work_context(), gateway(), schedule_id, at))


@bp.post("/schedules/<string:schedule_id>/revoke")
@requires(Permission.CHARGE)
def revoke_schedule(schedule_id: str) -> Response:
    form, reason = forms.read_reason(request.form)
    if not form.is_valid:
        return _schedule_page(schedule_id, form, status=422)
    return _acted(schedule_id, lambda: service.revoke_schedule(work_context(), gateway(), schedule_id, reason))


@bp.post("/schedules/<string:schedule_id>/look")
@requires(Permission.CHARGE)
def look_now(schedule_id: str) -> Response:
    """Reads PortOne at once; can't move money."""
    return _acted(schedule_id, lambda: looking.look_at_schedule(work_context(), gateway(), schedule_id))


@bp.get("/schedules/import")
@requires(Permission.CHARGE)
def new_import() -> Response:
    """Shows what waits at PortOne, once somebody asks for it."""
    form, first, last = forms.read_span(request.args, seoul_day(work_context().now()), MOST_IMPORT_DAYS)
    customer_uid = form.line("customer_uid", most=80)
    rows: list[importing.Held] | None = None
    refusal: ConsoleError | None = None
    if "find" in request.args and form.is_valid:
        try:
            rows = importing.held_at_portone(work_context(), gateway(), first, last, customer_uid)
        except GatewayError as wrong:
            refusal = wrong
    return page("schedules/import.html", form=form, rows=rows, refusal=refusal, most=MOST_TAKEN)


@bp.post("/schedules/import")
@requires(Permission.CHARGE)
def create_import() -> Response:
    asked = [word[:80] for word in request.form.getlist("merchant_uid")][:MOST_TAKEN]
    if not asked:
        flash(_("가져올 예약을 고르세요."), "warn")
        return after_post(url_for(".new_import"))
    try:
        taken = importing.take_over(work_context(), gateway(), asked)
    except GatewayError as wrong:
        flash(_("포트원을 읽지 못해 멈췄습니다. 다시 하면 나머지를 가져옵니다. %(why)s", why=str(wrong)), "warn")
        return after_post(url_for(".new_import"))
    flash(_("예약 %(count)s건을 가져왔습니다.", count=taken), "ok" if taken else "info")
    return after_post(url_for(".list_schedules"))


def _acted(schedule_id: str, act: Callable[[], object]) -> Response:
    """Back to the reservation, with what refused the act said on it."""
    try:
        act()
    except (RuleBroken, InvalidInput, GatewayError) as refusal:
        flash(str(refusal.message), "warn")
    return after_post(url_for(".show_schedule", schedule_id=schedule_id))


def _form_page(
    payer: charging.Payer, form: FormReader, status: int = 200, refusal: ConsoleError | None = None
) -> Response:
    return page("schedules/new.html", payer=payer, form=form, refusal=refusal, status=status)


def _form_again(form: FormReader, refusal: ConsoleError | None = None, status: int = 422) -> Response:
    """The form with what was typed, for another try. Raises what keeps its customer from being charged at all."""
    payer = charging.payer(db.session(), form.values.get("customer_id", ""))
    return _form_page(payer, form, status, refusal)


def _confirm_page(posted: forms.ScheduleForm, status: int = 200) -> Response:
    sheet = posted.sheet
    assert sheet is not None
    session = db.session()
    live_key(session, sheet.billing_key_id)
    vat = vat_krw(sheet.amount_krw, sheet.tax_free_krw)
    return page(
        "schedules/confirm.html", form=posted.form, sheet=sheet, must_type_again=posted.must_type_again,
        payer=charging.payer(session, sheet.customer_id), key=any_key(session, sheet.billing_key_id),
        vat_krw=vat, supply_krw=sheet.amount_krw - sheet.tax_free_krw - vat, mode=services().settings.mode,
        earlier=queries.same_coming(session, sheet.customer_id, sheet.amount_krw), status=status,
    )  # fmt: skip


def _schedule_page(schedule_id: str, form: FormReader | None = None, status: int = 200) -> Response:
    session = db.session()
    row = queries.schedule_view(session, schedule_id)
    return page(
        "schedules/show.html", fragment="schedules/_schedule.html", row=row, form=form or FormReader.showing(reason=""),
        payment_id=queries.payment_of(session, row), evidence=words.explain(row.evidence), status=status,
        may_run_again=row.may_run_again and gateway().runs_again(row.pg_provider),
        decline=dictionary(session).explain(row.fail_reason) if row.fail_reason else None,
        events=told(of_subjects(session, ("schedule", row.id), limit=FEW_EVENTS)),
    )  # fmt: skip
