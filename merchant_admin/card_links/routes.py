"""Card links at the desk: making one, what became of it, withdrawing it."""

from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _

from merchant_admin.audit.queries import of_subjects
from merchant_admin.audit.words import told
from merchant_admin.billing_keys.dependants import of_key
from merchant_admin.billing_keys.queries import any_key, keys_of_customer
from merchant_admin.card_links import forms, queries, service, switching, telling
from merchant_admin.card_links.at_desk import replace_card
from merchant_admin.card_links.queries import LinkView
from merchant_admin.card_links.words import message
from merchant_admin.checkouts.words import time_left
from merchant_admin.core.context import WorkContext
from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict, GatewayError, InvalidInput, NotFound, RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.core.permissions import Permission
from merchant_admin.customers.queries import live_customer
from merchant_admin.notices.queries import carrying as notices_of
from merchant_admin.notices.words import what_next
from merchant_admin.registrations.service import look_at_registration
from merchant_admin.subscriptions.words import cycle
from merchant_admin.web import windows
from merchant_admin.web.access import gateway, requires, services, work_context
from merchant_admin.web.forms import FormReader
from merchant_admin.web.pages import after_post, page

bp = Blueprint("card_links", __name__)
FEW_EVENTS = 20


@bp.get("/customers/<string:customer_id>/card-links/new")
@requires(Permission.REGISTER_CARDS)
def new_link(customer_id: str) -> Response:
    """`billing_key_id` names the card to replace; without one the link adds a card."""
    key_id = request.args.get("billing_key_id", "")[:40] or None
    form = forms.fresh_form(key_id)
    if key_id is not None:
        form.values["subscription_id"] = ",".join(each.id for each in queries.charged_to(db.session(), key_id))
    return _form_page(customer_id, form)


def _form_page(customer_id: str, form: FormReader, status: int = 200, refusal: Any = None) -> Response:
    session, key_id = db.session(), form.values.get("billing_key_id") or None
    key = any_key(session, key_id) if key_id else None
    if key is not None and key.customer_id != customer_id:
        raise NotFound(_("이 고객의 빌링키를 찾을 수 없습니다."))
    now = work_context().now()
    return page(
        "card_links/new.html", customer=live_customer(session, customer_id), form=form, key=key, refusal=refusal,
        charged=queries.charged_to(session, key_id) if key_id else [], days=service.LINK_DAYS, cycle=cycle,
        ticked=form.values.get("subscription_id", "").split(","), pg=gateway().billing_pg, status=status,
        earlier=[view for view in queries.links_of_key(session, key_id, now) if view.may_end] if key_id else [],
    )  # fmt: skip


@bp.post("/customers/<string:customer_id>/card-links")
@requires(Permission.REGISTER_CARDS)
def create_link(customer_id: str) -> Response:
    form, order = forms.read_order(request.form, customer_id)
    if order is None:
        return _form_page(customer_id, form, status=422)
    try:
        link_id = service.create_link(work_context(), gateway(), order).id
    except InvalidInput as wrong:
        for name, message in wrong.fields.items():
            form.refuse(name, str(message))
        return _form_page(customer_id, form, status=422)
    except (RuleBroken, Conflict) as refusal:
        return _form_page(customer_id, form, 422, refusal.message)
    return after_post(url_for(".show_link", card_link_id=link_id))


@bp.get("/billing-keys/<string:billing_key_id>/replacement")
@requires(Permission.DELETE_CARDS)
def new_replacement(billing_key_id: str) -> Response:
    """Putting everything of this card on another one that is stored already."""
    return _replacement_page(billing_key_id, FormReader.showing(sheet_key=new_id("sht"), new_key_id=None))


def _replacement_page(key_id: str, form: FormReader, status: int = 200, refusal: Any = None) -> Response:
    session = db.session()
    key = any_key(session, key_id)
    others = keys_of_customer(session, key.customer_id, with_deleted=False)
    return page(
        "card_links/replacement.html", key=key, form=form, refusal=refusal, cycle=cycle, status=status,
        charged=queries.charged_to(session, key_id), needs=of_key(session, key_id),
        others=[other for other in others if other.may_charge and other.id != key_id],
    )  # fmt: skip


@bp.post("/billing-keys/<string:billing_key_id>/replacement")
@requires(Permission.DELETE_CARDS)
def create_replacement(billing_key_id: str) -> Response:
    any_key(db.session(), billing_key_id)
    form = FormReader(request.form)
    sheet_key, chosen = form.line("sheet_key", most=40, required=True), form.line("new_key_id", most=40)
    if not chosen:
        form.refuse("new_key_id", _("카드를 골라 주세요."))
    if not form.is_valid:
        return _replacement_page(billing_key_id, form, 422)
    try:
        link_id = replace_card(work_context(), gateway(), sheet_key, billing_key_id, chosen)
    except (RuleBroken, NotFound) as refusal:
        return _replacement_page(billing_key_id, form, 422, refusal.message)
    return after_post(url_for(".show_link", card_link_id=link_id))


@bp.get("/card-links/<string:card_link_id>")
@requires(Permission.VIEW)
def show_link(card_link_id: str) -> Response:
    session, view = db.session(), _view(card_link_id)
    link, told_of = address_of(view), notices_of(session, view.id)
    out = services().settings.outgoing
    return page(
        "card_links/show.html", fragment="card_links/_link.html", view=view, link=link, cycle=cycle,
        message=message(services().settings.merchant_name, link, view.expires_at),
        covered=queries.covered_by(session, view.id), consents=queries.consents_of(session, view.id),
        notices=[(row, what_next(row, out, view.now)) for row in told_of],
        may_tell=view.is_unused and not told_of and bool(out.channels),
        left=time_left(view.expires_at, view.now),
        events=told(of_subjects(session, (service.SUBJECT, view.id), limit=FEW_EVENTS)),
    )  # fmt: skip


@bp.post("/card-links/<string:card_link_id>/sent")
@requires(Permission.REGISTER_CARDS)
def mark_sent(card_link_id: str) -> Response:
    _view(card_link_id)
    service.mark_sent(work_context(), card_link_id)
    flash(_("보낸 것으로 적었습니다."), "ok")
    return after_post(url_for(".show_link", card_link_id=card_link_id))


@bp.post("/card-links/<string:card_link_id>/notices")
@requires(Permission.REGISTER_CARDS)
def create_notice(card_link_id: str) -> Response:
    """Puts it into the outbox, once however often it is pressed."""
    _view(card_link_id)
    try:
        made = telling.send_link(work_context(), card_link_id)
    except RuleBroken as refusal:
        flash(str(refusal.message), "warn")
    else:
        if made:
            flash(_("고객에게 링크를 보냅니다. 어떻게 됐는지 이 화면에 나옵니다."), "ok")
        else:
            flash(_("이미 보내기로 했거나, 이 알림을 보내는 방법이 꺼져 있습니다. 새로 보낸 것은 없습니다."), "info")
    return after_post(url_for(".show_link", card_link_id=card_link_id))


@bp.post("/card-links/<string:card_link_id>/end")
@requires(Permission.REGISTER_CARDS)
def end_link(card_link_id: str) -> Response:
    _view(card_link_id)
    try:
        service.end_link(work_context(), card_link_id)
    except RuleBroken as refusal:
        flash(str(refusal.message), "warn")
    else:
        flash(_("링크를 취소했습니다. 이제 이 링크로 카드를 등록할 수 없습니다. 쓰던 카드는 그대로입니다."), "ok")
    return after_post(url_for(".show_link", card_link_id=card_link_id))


@bp.post("/card-links/<string:card_link_id>/look")
@requires(Permission.REGISTER_CARDS)
def look_now(card_link_id: str) -> Response:
    if not go_on(work_context(), _view(card_link_id)):
        flash(_("포트원에 물어보지 못했습니다. 자동으로 다시 확인합니다."), "warn")
    return after_post(url_for(".show_link", card_link_id=card_link_id))


def go_on(ctx: WorkContext, view: LinkView) -> bool:
    """Read PortOne and do the next steps at once; the worker goes on in either case. Whether it could be read."""
    is_read = True
    if view.registration_id is not None and queries.is_registering(view):
        try:
            look_at_registration(ctx, gateway(), view.registration_id)
        except GatewayError:
            is_read = False
    switching.go_on(ctx, gateway(), view.id)
    return is_read


def address_of(view: LinkView) -> str:
    """The link's whole address, for staff; it is made again each time and stored nowhere."""
    return f"{windows.here()}{url_for('register_links.show_link', token=service.token(work_context(), view.id))}"


def _view(link_id: str) -> LinkView:
    return queries.link_view(db.session(), link_id, work_context().now())
