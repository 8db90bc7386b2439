"""The customer's own side of a card link: the page with the consent, the window, and where a phone comes back to.

Anyone who knows the address may open these; it is the only key. They name the merchant and what is charged when, and
neither the customer nor the old card. Opening the page changes nothing.
"""

from dataclasses import replace

from flask import Blueprint, Response, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from merchant_admin.card_links import forms, queries, service
from merchant_admin.card_links.consent import VERSION, consent_text, mark_of
from merchant_admin.card_links.queries import LinkView
from merchant_admin.card_links.routes import go_on
from merchant_admin.card_links.service import Agreement
from merchant_admin.checkouts.words import time_left
from merchant_admin.core.context import Actor, ActorKind, WorkContext
from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict, GatewayError, RuleBroken
from merchant_admin.customers.models import Customer
from merchant_admin.payments.window import Told, WindowPlace, read_told
from merchant_admin.registrations.models import Registration
from merchant_admin.registrations.service import note_return, window_parameters
from merchant_admin.staff.strangers import misses_counted
from merchant_admin.web import windows
from merchant_admin.web.access import gateway, public, services, work_context
from merchant_admin.web.forms import FormReader
from merchant_admin.web.headers import card_window
from merchant_admin.web.pages import after_post, page

bp = Blueprint("register_links", __name__)


@bp.get("/register/<string:token>")
@public
def show_link(token: str) -> Response:
    """What will be charged when, the consent, and the button; or in plain words why not. Changes nothing."""
    return _link_page(token, _of_token(token), FormReader.showing())


def _link_page(
    token: str | None, view: LinkView, form: FormReader, refusal: str | None = None, status: int = 200
) -> Response:
    covered = queries.covered_by(db.session(), view.id)
    text = consent_text(services().settings, covered, replaces=view.old_key_id is not None)
    again = url_for(".show_link", token=token) if token else url_for(".come_back", return_token=view.return_token)
    return page(
        "card_links/phone.html", fragment="card_links/_phone.html", view=view, covered=covered, form=form, text=text,
        mark=mark_of(text), version=VERSION, token=token, refusal=refusal, left=time_left(view.expires_at, view.now),
        again=again, status=status,
    )  # fmt: skip


@bp.post("/register/<string:token>/opened")
@public
def note_opened(token: str) -> Response:
    """The page says that a person sees it: previews made by messengers run no script."""
    service.note_opened(_as_customer(), _of_token(token).id)
    return Response(status=204)


@bp.post("/register/<string:token>/open")
@public
def open_link(token: str) -> Response:
    """Keeps the consent and begins the registration; the window's page follows."""
    view = _of_token(token)
    covered = queries.covered_by(db.session(), view.id)
    text = consent_text(services().settings, covered, replaces=view.old_key_id is not None)
    form = forms.read_agreement(request.form, text)
    if view.may_open and not form.is_valid:
        return _link_page(token, view, form, status=422)
    agreement = Agreement(
        VERSION, str(get_locale()), text, request.remote_addr, request.headers.get("User-Agent")
    )  # fmt: skip
    try:
        service.open_window(_as_customer(), gateway(), view.id, agreement)
    except RuleBroken as refusal:
        return _link_page(token, _of_token(token), form, str(refusal.message), RuleBroken.status)
    except GatewayError:
        words = _("지금은 카드 등록 창을 열 수 없습니다. 아무것도 결제되지 않았습니다. 잠시 뒤 다시 눌러 주세요.")
        return _link_page(token, _of_token(token), form, words, RuleBroken.status)
    return after_post(url_for(".show_link_window", token=token))


@bp.get("/register/<string:token>/window")
@card_window
@public
def show_link_window(token: str) -> Response:
    """The page that loads PortOne's script. Once the window was answered it leads back instead."""
    view, session = _of_token(token), db.session()
    if view.registration_id is None or not view.may_open:
        return after_post(url_for(".show_link", token=token))
    place = WindowPlace(*windows.reader())
    parameters = window_parameters(
        services().settings, session.get_one(Registration, view.registration_id),
        session.get_one(Customer, view.customer_id), place, url_for(".come_back", return_token=view.return_token),
    )  # fmt: skip
    return page(
        "card_links/window.html", view=view, token=token, parameters=parameters, is_phone=place.is_phone,
        covered=queries.covered_by(session, view.id), **windows.sdk(),
    )  # fmt: skip


@bp.post("/register/<string:token>/told")
@public
def link_told(token: str) -> Response:
    """What the window said on a PC."""
    _keep_hint(_of_token(token), read_told(request.form))
    return after_post(url_for(".show_link", token=token))


@bp.get("/register/return/<string:return_token>")
@public
def come_back(return_token: str) -> Response:
    """Where a phone comes back to, any number of times: it only leads to one look at PortOne."""
    view = _of_return(return_token)
    if not request.args.get("poll"):
        _keep_hint(view, read_told(request.args))
        view = _of_return(return_token)
    return _link_page(None, view, FormReader.showing())


def _keep_hint(view: LinkView, said: Told) -> None:
    """Note the return, look once and go on. A hint that names another order is refused before anything changes."""
    if said.merchant_uid and said.merchant_uid != view.merchant_uid:
        raise Conflict(_("이 등록의 거래가 아닙니다. 아무것도 바뀌지 않았습니다."), link=view.id)
    if view.registration_id is None or not queries.is_registering(view):
        return
    note_return(_as_customer(), view.registration_id, said.imp_uid, said.words)
    go_on(_as_customer(), view)


def _of_token(token: str) -> LinkView:
    with misses_counted():
        return queries.link_of_token(db.session(), token, work_context().now())


def _of_return(return_token: str) -> LinkView:
    with misses_counted():
        return queries.link_of_return(db.session(), return_token, work_context().now())


def _as_customer() -> WorkContext:
    """The request's context, with the customer as who acts: nobody is signed in here."""
    return replace(work_context(), actor=Actor(ActorKind.CUSTOMER, None, "card link", request.remote_addr))
