"""Ordinary payments at the desk: the form, the page with the window, and what came of it."""

from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _

from merchant_admin.checkouts import forms, queries, service
from merchant_admin.checkouts.models import Checkout
from merchant_admin.checkouts.queries import CheckoutView
from merchant_admin.checkouts.tokens import token_of
from merchant_admin.checkouts.words import time_left
from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict, GatewayError, InvalidInput, RuleBroken
from merchant_admin.core.permissions import Permission
from merchant_admin.customers.models import Customer
from merchant_admin.customers.queries import live_customer
from merchant_admin.payments import issuers
from merchant_admin.payments.states import PayMethod
from merchant_admin.payments.window import Told, WindowPlace, kept_issuers, read_told
from merchant_admin.web import windows
from merchant_admin.web.access import gateway, requires, services, work_context
from merchant_admin.web.forms import FormReader
from merchant_admin.web.headers import card_window
from merchant_admin.web.looks import word
from merchant_admin.web.pages import after_post, page

bp = Blueprint("checkouts", __name__)


@bp.get("/customers/<string:customer_id>/checkouts/new")
@requires(Permission.CHARGE)
def new_checkout(customer_id: str) -> Response:
    return _form_page(customer_id, forms.fresh_form(customer_id, services().settings.window_issuers))


@bp.get("/checkouts/new")
@requires(Permission.CHARGE)
def new_order() -> Response:
    """The same form for somebody who is not in the list of customers yet."""
    return _form_page("", forms.fresh_form("", services().settings.window_issuers))


def _form_page(customer_id: str, form: FormReader, status: int = 200, refusal: Any = None) -> Response:
    """The form for a customer, or with fields for who pays."""
    settings = services().settings
    ticked = kept_issuers(form.values.get("issuer", ""))
    return page(
        "checkouts/new.html", form=form, status=status, refusal=refusal, ticked=ticked,
        customer=live_customer(db.session(), customer_id) if customer_id else None,
        methods=[(one.value, word(one)) for one in PayMethod],
        offered=issuers.offered(settings.window_issuers), detail=issuers.detail(ticked), pg=settings.certified_pg,
        quotas=service.QUOTAS_MOST, deposit_days=service.DEPOSIT_DAYS, link_days=service.LINK_DAYS,
    )  # fmt: skip


@bp.get("/issuers/preview")
@requires(Permission.CHARGE)
def preview_issuers() -> Response:
    """The exact parameter that the ticked issuers make; the form asks as ticks change."""
    known = dict(issuers.offered(services().settings.window_issuers))
    ticked = [code for code in request.args.getlist("issuer")[:50] if code in known]
    return page("ui/_issuer_preview.html", ticked=ticked, detail=issuers.detail(ticked))


@bp.post("/customers/<string:customer_id>/checkouts")
@requires(Permission.CHARGE)
def create_checkout(customer_id: str) -> Response:
    """Writes the order down. A link is shown; at the desk the window's page follows."""
    return _create(customer_id)


@bp.post("/checkouts")
@requires(Permission.CHARGE)
def create_order() -> Response:
    """As `create_checkout`, for who is named on the form: found by name and phone, or written down with the order."""
    return _create("")


def _create(customer_id: str) -> Response:
    data = request.form.copy()
    data["customer_id"] = customer_id
    form, order = forms.read_order(data, services().settings.window_issuers)
    newcomer = None if customer_id else forms.read_newcomer(data, form)
    if order is None or not form.is_valid:
        return _form_page(customer_id, form, status=422)
    try:
        checkout_id = service.create_checkout(work_context(), gateway(), order, newcomer).id
        if not order.link_days:
            service.open_window(work_context(), gateway(), checkout_id)
    except InvalidInput as wrong:
        for name, message in wrong.fields.items():
            form.refuse(name, str(message))
        return _form_page(customer_id, form, status=422)
    except GatewayError:
        message = _("포트원에 금액을 등록하지 못했습니다. 결제창을 열지 않았습니다. 잠시 뒤 다시 하세요.")
        return _form_page(customer_id, form, 422, message)
    except (RuleBroken, Conflict) as refusal:
        return _form_page(customer_id, form, 422, refusal.message)
    return after_post(url_for(".show_checkout" if order.link_days else ".show_window", checkout_id=checkout_id))


@bp.post("/checkouts/<string:checkout_id>/open")
@requires(Permission.CHARGE)
def open_checkout(checkout_id: str) -> Response:
    """The window again, for an order that has not been paid."""
    try:
        service.open_window(work_context(), gateway(), checkout_id)
    except (RuleBroken, GatewayError) as refusal:
        is_rule = isinstance(refusal, RuleBroken)
        flash(str(refusal.message) if is_rule else _("포트원에 연결되지 않아 결제창을 열지 않았습니다."), "warn")
        return after_post(url_for(".show_checkout", checkout_id=checkout_id))
    return after_post(url_for(".show_window", checkout_id=checkout_id))


@bp.get("/checkouts/<string:checkout_id>/window")
@card_window
@requires(Permission.CHARGE)
def show_window(checkout_id: str) -> Response:
    view = view_of(checkout_id)
    if view.merchant_uid is None or not view.may_open:
        return after_post(url_for(".show_checkout", checkout_id=checkout_id))
    return window_page("checkouts/window.html", view)


def window_page(template: str, view: CheckoutView, **more: Any) -> Response:
    """The page that loads PortOne's script, for the desk or for a link."""
    session, now, place = db.session(), work_context().now(), WindowPlace(*windows.reader())
    made = service.window_parameters(
        services().settings, session.get_one(Checkout, view.id), view.merchant_uid or "",
        session.get_one(Customer, view.customer_id), place, now,
    )  # fmt: skip
    return page(template, view=view, parameters=made, is_phone=place.is_phone, **windows.sdk(), **more)


@bp.post("/checkouts/<string:checkout_id>/told")
@requires(Permission.CHARGE)
def told(checkout_id: str) -> Response:
    """What the window said on a PC: kept as a hint, then PortOne is read."""
    keep_hint(view_of(checkout_id), read_told(request.form))
    return after_post(url_for(".show_checkout", checkout_id=checkout_id))


def keep_hint(view: CheckoutView, said: Told) -> None:
    """Note the return and look once. A hint that names another order is refused before anything changes."""
    if said.merchant_uid and said.merchant_uid != view.merchant_uid:
        raise Conflict(_("이 주문의 거래가 아닙니다. 아무것도 바뀌지 않았습니다."), checkout=view.id)
    if not view.is_live:
        return
    checkout = service.note_return(work_context(), view.id, said.imp_uid, said.words)
    if checkout.next_look_at is not None and checkout.next_look_at <= work_context().now():
        look(view.id)


def look(checkout_id: str) -> bool:
    """Whether PortOne could be read; the worker goes on looking in either case."""
    try:
        service.look_at_checkout(work_context(), gateway(), checkout_id)
    except GatewayError:
        return False
    return True


@bp.post("/checkouts/<string:checkout_id>/look")
@requires(Permission.CHARGE)
def look_now(checkout_id: str) -> Response:
    if not look(checkout_id):
        flash(_("포트원에 물어보지 못했습니다. 자동으로 다시 확인합니다."), "warn")
    return after_post(url_for(".show_checkout", checkout_id=checkout_id))


@bp.get("/checkouts/<string:checkout_id>")
@requires(Permission.VIEW)
def show_checkout(checkout_id: str) -> Response:
    view = view_of(checkout_id)
    return page(
        "checkouts/show.html", fragment="checkouts/_outcome.html", view=view, link=link_of(view),
        issuers=[issuers.name_of(code) for code in kept_issuers(view.issuers)], **times(view),
    )  # fmt: skip


def times(view: CheckoutView) -> dict[str, Any]:
    """How long the link and the account still live, in words."""
    now = work_context().now()
    return {
        "link_left": time_left(view.link_expires_at, now),
        "deposit_left": time_left(view.account.due_at, now) if view.account else "",
    }


def link_of(view: CheckoutView) -> str | None:
    """The link's whole address, for staff who may charge; it is made again each time and stored nowhere."""
    if not view.has_link:
        return None
    token = token_of(services().settings.secret_key.encode(), view.id)
    return f"{windows.here()}{url_for('pay_links.show_link', token=token)}"


@bp.post("/checkouts/<string:checkout_id>/end")
@requires(Permission.CHARGE)
def end_link(checkout_id: str) -> Response:
    try:
        service.end_link(work_context(), checkout_id)
    except RuleBroken as refusal:
        flash(str(refusal.message), "warn")
    else:
        flash(_("결제 링크를 취소했습니다. 이제 이 링크로 결제할 수 없습니다."), "ok")
    return after_post(url_for(".show_checkout", checkout_id=checkout_id))


def view_of(checkout_id: str) -> CheckoutView:
    return queries.checkout_view(db.session(), checkout_id, work_context().now())
