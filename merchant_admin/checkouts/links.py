"""The customer's own side of an ordinary payment: the link's page, its window, and where a phone comes back to.

Anyone who knows the address may open these; it is the only key. They show the order and nothing about the customer,
and their one power is to open the window of this order.
"""

from dataclasses import replace

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext as _

from merchant_admin.checkouts import queries, service
from merchant_admin.checkouts.queries import CheckoutView
from merchant_admin.checkouts.routes import keep_hint, times, window_page
from merchant_admin.core.context import Actor, ActorKind, WorkContext
from merchant_admin.core.db import db
from merchant_admin.core.errors import GatewayError, RuleBroken
from merchant_admin.payments.window import read_told
from merchant_admin.staff.strangers import misses_counted
from merchant_admin.web.access import current_staff, gateway, public, work_context
from merchant_admin.web.headers import card_window
from merchant_admin.web.pages import after_post, page

bp = Blueprint("pay_links", __name__)


@bp.get("/pay/<string:token>")
@public
def show_link(token: str) -> Response:
    """The order, its state in plain words, and the button. Opening it changes nothing."""
    return _link_page(token, _of_token(token))


def _link_page(token: str, view: CheckoutView, refusal: str | None = None, status: int = 200) -> Response:
    return page(
        "checkouts/pay.html", fragment="checkouts/_pay.html", view=view, refusal=refusal, status=status,
        open_url=url_for(".open_link", token=token), poll_url=url_for(".show_link", token=token, poll=1), **times(view),
    )  # fmt: skip


@bp.post("/pay/<string:token>/open")
@public
def open_link(token: str) -> Response:
    """Claims the window and locks the amount; the window's page follows."""
    view = _of_token(token)
    try:
        service.open_window(_as_customer(), gateway(), view.id)
    except RuleBroken as refusal:
        return _link_page(token, _of_token(token), str(refusal.message), RuleBroken.status)
    except GatewayError:
        words = _("지금은 결제창을 열 수 없습니다. 아무것도 결제되지 않았습니다. 잠시 뒤 다시 눌러 주세요.")
        return _link_page(token, _of_token(token), words, RuleBroken.status)
    return after_post(url_for(".show_link_window", token=token))


@bp.get("/pay/<string:token>/window")
@card_window
@public
def show_link_window(token: str) -> Response:
    view = _of_token(token)
    if view.merchant_uid is None or not view.may_open:
        return after_post(url_for(".show_link", token=token))
    return window_page("checkouts/link_window.html", view, token=token)


@bp.post("/pay/<string:token>/told")
@public
def link_told(token: str) -> Response:
    """What the window said on a PC."""
    keep_hint(_of_token(token), read_told(request.form))
    return after_post(url_for(".show_link", token=token))


@bp.get("/checkouts/return/<string:way_back>")
@public
def come_back(way_back: str) -> Response:
    """Where a phone comes back to, any number of times: it only leads to one look at PortOne."""
    view = _of_return(way_back)
    keep_hint(view, read_told(request.args))
    if current_staff() is not None:
        return after_post(url_for("checkouts.show_checkout", checkout_id=view.id))
    fresh = _of_return(way_back)
    return page(
        "checkouts/pay.html", fragment="checkouts/_pay.html", view=fresh, refusal=None, open_url=None,
        poll_url=url_for(".come_back", way_back=way_back, poll=1), **times(fresh),
    )  # fmt: skip


def _of_token(token: str) -> CheckoutView:
    with misses_counted():
        return queries.checkout_of_token(db.session(), token, work_context().now())


def _of_return(way_back: str) -> CheckoutView:
    with misses_counted():
        return queries.checkout_of_return(db.session(), way_back, work_context().now())


def _as_customer() -> WorkContext:
    """The request's context, with the customer as who acts: nobody is signed in here."""
    return replace(work_context(), actor=Actor(ActorKind.CUSTOMER, None, "payment link", request.remote_addr))
