"""Registering a card: the form, the page with the window, and the two ways back from it."""

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _

from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict, GatewayError, InvalidInput
from merchant_admin.core.ids import new_id
from merchant_admin.core.permissions import Permission
from merchant_admin.customers.queries import live_customer
from merchant_admin.payments import issuers
from merchant_admin.payments.issuer_form import starting_issuers
from merchant_admin.payments.window import Told, WindowPlace, kept_issuers, read_told
from merchant_admin.registrations import forms, queries, service
from merchant_admin.registrations.models import Registration
from merchant_admin.registrations.queries import RegistrationView
from merchant_admin.registrations.states import RegistrationState
from merchant_admin.web import windows
from merchant_admin.web.access import current_staff, gateway, public, requires, services, work_context
from merchant_admin.web.forms import FormReader
from merchant_admin.web.headers import card_window
from merchant_admin.web.pages import after_post, page

bp = Blueprint("registrations", __name__)


@bp.get("/customers/<string:customer_id>/registrations/new")
@requires(Permission.REGISTER_CARDS)
def new_registration(customer_id: str) -> Response:
    form = FormReader.showing(
        sheet_key=new_id("sht"), name=_("카드 등록"), amount_krw="", tax_free_krw="",
        issuer=starting_issuers(services().settings.window_issuers),
    )  # fmt: skip
    return _form_page(customer_id, form)


def _form_page(customer_id: str, form: FormReader, status: int = 200) -> Response:
    session = db.session()
    ticked = kept_issuers(form.values.get("issuer", ""))
    return page(
        "registrations/new.html",
        ticked=ticked,
        offered=issuers.offered(services().settings.window_issuers),
        detail=issuers.detail(ticked),
        customer=live_customer(session, customer_id),
        running=queries.live_registrations(session, customer_id),
        form=form,
        status=status,
    )


@bp.post("/customers/<string:customer_id>/registrations")
@requires(Permission.REGISTER_CARDS)
def create_registration(customer_id: str) -> Response:
    form, order = forms.read_order(request.form, customer_id, services().settings.window_issuers)
    if form.is_valid:
        try:
            registration = service.open_registration(work_context(), gateway(), order)
        except InvalidInput as wrong:
            for name, message in wrong.fields.items():
                form.refuse(name, str(message))
        except GatewayError:
            form.refuse(
                "amount_krw", _("포트원에 금액을 등록하지 못했습니다. 결제창을 열지 않았습니다. 잠시 뒤 다시 하세요.")
            )
        else:
            return after_post(url_for(".show_window", registration_id=registration.id))
    return _form_page(customer_id, form, status=422)


@bp.get("/registrations/<string:registration_id>/window")
@card_window
@requires(Permission.REGISTER_CARDS)
def show_window(registration_id: str) -> Response:
    """The page that loads PortOne's script. Once the window was answered it leads to the result instead."""
    session = db.session()
    view = queries.registration_view(session, registration_id)
    if view.is_keyed_in or view.state is not RegistrationState.OPEN or work_context().now() >= view.expires_at:
        return after_post(_result_page(registration_id))
    place = WindowPlace(*windows.reader())
    parameters = service.window_parameters(
        services().settings,
        session.get_one(Registration, registration_id),
        live_customer(session, view.customer_id),
        place,
    )
    return page("registrations/window.html", view=view, parameters=parameters, is_phone=place.is_phone, **windows.sdk())


@bp.post("/registrations/<string:registration_id>/told")
@requires(Permission.REGISTER_CARDS)
def told(registration_id: str) -> Response:
    """What the window said on a PC: kept as a hint, then PortOne is read."""
    _keep_hint(queries.registration_view(db.session(), registration_id), read_told(request.form))
    return after_post(_result_page(registration_id))


@bp.get("/return/<string:return_token>")
@public
def come_back(return_token: str) -> Response:
    """Where a phone comes back to. Anyone may open it any number of times: it only leads to one look at PortOne."""
    view = queries.registration_of_token(db.session(), return_token)
    _keep_hint(view, read_told(request.args))
    if current_staff() is not None:
        return after_post(_result_page(view.id))
    fresh = queries.registration_view(db.session(), view.id)
    return page("registrations/return.html", fragment="registrations/_return.html", view=fresh, token=return_token)


def _keep_hint(view: RegistrationView, said: Told) -> None:
    """Note the return and look once. A hint that names another order is refused before anything changes."""
    if said.merchant_uid and said.merchant_uid != view.merchant_uid:
        raise Conflict(_("이 등록의 거래가 아닙니다. 아무것도 바뀌지 않았습니다."), registration=view.id)
    if not view.is_live:
        return
    registration = service.note_return(work_context(), view.id, said.imp_uid, said.words)
    if registration.next_look_at is not None and registration.next_look_at <= work_context().now():
        _look(view.id)


def _look(registration_id: str) -> bool:
    """Whether PortOne could be read; the worker goes on looking in either case."""
    try:
        service.look_at_registration(work_context(), gateway(), registration_id)
    except GatewayError:
        return False
    return True


@bp.post("/registrations/<string:registration_id>/look")
@requires(Permission.REGISTER_CARDS)
def look_now(registration_id: str) -> Response:
    if not _look(registration_id):
        flash(_("포트원에 물어보지 못했습니다. 자동으로 다시 확인합니다."), "warn")
    return after_post(_result_page(registration_id))


@bp.get("/registrations/<string:registration_id>")
@requires(Permission.VIEW)
def show_registration(registration_id: str) -> Response:
    view = queries.registration_view(db.session(), registration_id)
    return page("registrations/show.html", fragment="registrations/_outcome.html", view=view)


def _result_page(registration_id: str) -> str:
    return url_for(".show_registration", registration_id=registration_id)
