"""Screens that run a failed or revoked reservation once more, where its PG profile has that."""

from flask import Response, flash, request, url_for

from merchant_admin.core.db import db
from merchant_admin.core.errors import GatewayError, InvalidInput, NotFound, RuleBroken
from merchant_admin.core.permissions import Permission
from merchant_admin.payments.details import same_recent_charge
from merchant_admin.schedules import again, forms, queries
from merchant_admin.schedules.queries import ScheduleRow
from merchant_admin.schedules.routes import bp
from merchant_admin.schedules.service import refused_time
from merchant_admin.web.access import gateway, requires, services, work_context
from merchant_admin.web.forms import FormReader
from merchant_admin.web.pages import after_post, page

schedules = bp  # with these views on it


@bp.get("/schedules/<string:schedule_id>/again")
@requires(Permission.CHARGE)
def new_again(schedule_id: str) -> Response:
    """The form; its own time stands in it while that can still be asked for, else tomorrow at that hour."""
    row = queries.schedule_view(db.session(), schedule_id)
    now = work_context().now()
    at = forms.next_at_hour(row.schedule_at, now) if refused_time(row.schedule_at, now) else row.schedule_at
    return _form_page(row, FormReader.showing(**forms.time_values(at)))


@bp.post("/schedules/<string:schedule_id>/again/confirm")
@requires(Permission.CHARGE)
def confirm_again(schedule_id: str) -> Response:
    """Restates what was asked. Writes nothing and sends nothing."""
    row = queries.schedule_view(db.session(), schedule_id)
    form, now = FormReader(request.form), work_context().now()
    at = forms.read_time(form, now)
    if at is None or request.form.get("edit"):
        return _form_page(row, form, status=200 if at is not None else 422)
    if not _is_offered(row):
        return _form_page(row, form, status=422)
    session, customer_id = db.session(), row.customer_id
    return page(
        "schedules/confirm_again.html", row=row, form=form, at=at, mode=services().settings.mode,
        charged=same_recent_charge(session, customer_id, row.amount_krw, now) if customer_id else None,
        coming=queries.same_coming(session, customer_id, row.amount_krw) if customer_id else [],
    )  # fmt: skip


@bp.post("/schedules/<string:schedule_id>/again")
@requires(Permission.CHARGE)
def create_again(schedule_id: str) -> Response:
    """Asks PortOne once. A second press meets a reservation that is already asked for, and sends nothing."""
    row = queries.schedule_view(db.session(), schedule_id)
    form = FormReader(request.form)
    at = forms.read_time(form, work_context().now())
    if at is None:
        return _form_page(row, form, status=422)
    try:
        again.reschedule(work_context(), gateway(), schedule_id, at)
    except (RuleBroken, NotFound, InvalidInput, GatewayError) as refusal:
        flash(str(refusal.message), "warn")
    return after_post(url_for(".show_schedule", schedule_id=schedule_id))


def _is_offered(row: ScheduleRow) -> bool:
    return row.may_run_again and gateway().runs_again(row.pg_provider)


def _form_page(row: ScheduleRow, form: FormReader, status: int = 200) -> Response:
    return page("schedules/again.html", row=row, form=form, is_offered=_is_offered(row), status=status)
