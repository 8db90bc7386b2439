"""Screens of a pause: until when, what follows from it, and another day for one that lasts."""

from datetime import date

from flask import Response, flash, request, url_for
from flask_babel import format_date
from flask_babel import gettext as _

from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict, ConsoleError, NotFound, RuleBroken
from merchant_admin.core.permissions import Permission
from merchant_admin.core.times import seoul_day
from merchant_admin.subscriptions import forms, queries, service
from merchant_admin.subscriptions.agreed_routes import subscriptions
from merchant_admin.subscriptions.models import Subscription
from merchant_admin.subscriptions.states import SubscriptionState
from merchant_admin.web.access import requires, work_context
from merchant_admin.web.forms import FormReader
from merchant_admin.web.pages import after_post, page

__all__ = ["subscriptions"]


@subscriptions.get("/subscriptions/<string:subscription_id>/pause")
@requires(Permission.CHARGE)
def new_pause(subscription_id: str) -> Response:
    """The form: until when, and why. For one that is paused, with the day it has."""
    held = queries.one(db.session(), subscription_id)
    if not forms.may_pause(held):
        flash(_("지금 상태에서는 할 수 없습니다. 아무것도 바꾸지 않았습니다."), "warn")
        return after_post(url_for(".show_subscription", subscription_id=subscription_id))
    return _form_page(held, FormReader.showing(version=held.version, until=held.resumes_on, reason=None))


@subscriptions.post("/subscriptions/<string:subscription_id>/pause/confirm")
@requires(Permission.CHARGE)
def confirm_pause(subscription_id: str) -> Response:
    """Shows the next three dates and sums after the pause. Writes nothing."""
    held = queries.one(db.session(), subscription_id)
    form, until, _version, _reason = forms.read_pause(request.form, seoul_day(work_context().now()))
    if not form.is_valid or request.form.get("edit"):
        return _form_page(held, form, status=200 if form.is_valid else 422)
    return page(
        "subscriptions/confirm_pause.html", held=held, row=queries.row_of(db.session(), held.id), form=form,
        until=until, after=service.preview_pause(held, until), is_change=held.state is SubscriptionState.PAUSED,
    )  # fmt: skip


@subscriptions.post("/subscriptions/<string:subscription_id>/pause")
@requires(Permission.CHARGE)
def create_pause(subscription_id: str) -> Response:
    held = queries.one(db.session(), subscription_id)
    form, until, version, reason = forms.read_pause(request.form, seoul_day(work_context().now()))
    if not form.is_valid:
        return _form_page(held, form, status=422)
    act = service.change_pause if held.state is SubscriptionState.PAUSED else service.pause
    try:
        act(work_context(), subscription_id, version, reason or None, until)
    except (RuleBroken, NotFound, Conflict) as refusal:
        return _after_refusal(queries.one(db.session(), subscription_id), form, refusal)
    flash(str(_paused(until)), "ok")
    return after_post(url_for(".show_subscription", subscription_id=subscription_id))


def _after_refusal(held: Subscription, form: FormReader, refusal: ConsoleError) -> Response:
    """The form with what was typed. After a Conflict it is one of what stands now, to be looked at again."""
    if not forms.may_pause(held):
        raise refusal
    if isinstance(refusal, Conflict):
        form.values["version"] = str(held.version)
    return _form_page(held, form, None if form.takes(refusal) else refusal, refusal.status)


def _paused(until: date | None) -> object:
    if until is None:
        return _("일시정지했습니다. 직접 다시 시작할 때까지 결제하지 않습니다.")
    return _("일시정지했습니다. %(day)s에 저절로 다시 시작합니다.", day=format_date(until, "medium"))


def _form_page(
    held: Subscription, form: FormReader, refusal: ConsoleError | None = None, status: int = 200
) -> Response:
    return page(
        "subscriptions/pause.html", held=held, row=queries.row_of(db.session(), held.id), form=form, refusal=refusal,
        is_change=held.state is SubscriptionState.PAUSED, status=status,
    )  # fmt: skip
