"""The customer's own page for saying yes or no to a higher price or the end of a trial, opened by a link.

Anyone who knows the address may open it; it is the only key. Opening it changes nothing, and a link takes one answer:
what the customer reads, the mail's text and its version, is what is kept.
"""

from dataclasses import replace

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext as _

from merchant_admin.checkouts.words import time_left
from merchant_admin.core.context import Actor, ActorKind, WorkContext
from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict, RuleBroken
from merchant_admin.notices import consents
from merchant_admin.notices.consents import Said
from merchant_admin.notices.models import Consent
from merchant_admin.notices.states import SaidBy
from merchant_admin.staff.strangers import misses_counted
from merchant_admin.subscriptions.answering import ConsentPage, Standing, page_of_token
from merchant_admin.subscriptions.words import cycle
from merchant_admin.web.access import public, work_context
from merchant_admin.web.forms import FormReader
from merchant_admin.web.pages import after_post, page

bp = Blueprint("consent_links", __name__)


@bp.get("/consent/<string:token>")
@public
def show_link(token: str) -> Response:
    """What changes, from when, and the two answers; or in plain words why there is nothing to answer."""
    return _page(token, _of_token(token), FormReader.showing(agrees=None))


@bp.post("/consent/<string:token>/answers")
@public
def give_answer(token: str) -> Response:
    """Keeps the answer with the text it was given to. A second one, from another phone or tab, changes nothing."""
    view = _of_token(token)
    form, said = _read()
    if view.standing is not Standing.OPEN:
        return _page(token, view, form, 409)
    if said is None:
        return _page(token, view, form, 422)
    try:
        consents.answer(_as_customer(), view.consent_id, said)
    except (Conflict, RuleBroken):
        form.values["agrees"] = ""
        form.refuse("agrees", _("그사이 내용이 바뀌었습니다. 지금 내용을 읽고 다시 골라 주세요."))
        return _page(token, _of_token(token), form, 409)
    return after_post(url_for(".show_link", token=token))


def _read() -> tuple[FormReader, Said | None]:
    form = FormReader(request.form)
    agrees = form.line("agrees", most=3)
    if agrees not in {"yes", "no"}:
        form.refuse("agrees", _("동의하는지 골라 주세요."))
    version = form.whole("version", least=1, most=1_000_000)
    text_version = form.whole("text_version", least=0, most=1_000_000)
    if not form.is_valid or version is None or text_version is None:
        return form, None
    now = work_context().now()
    return form, Said(agrees == "yes", SaidBy.LINK, now, text_version, version, _from_where())


def _from_where() -> str:
    """What is kept of the answering browser, as evidence."""
    return " · ".join(filter(None, (request.remote_addr, request.headers.get("User-Agent", "")[:240])))


def _page(token: str, view: ConsentPage, form: FormReader, status: int = 200) -> Response:
    session = db.session()
    text = consents.text_for(work_context(), session, session.get_one(Consent, view.consent_id))
    return page(
        "subscriptions/answer.html", view=view, form=form, text=text, token=token, cycle=cycle,
        left=time_left(view.until, work_context().now()), shop=work_context().outgoing.shop, status=status,
    )  # fmt: skip


def _of_token(token: str) -> ConsentPage:
    with misses_counted():
        return page_of_token(db.session(), token, work_context().now())


def _as_customer() -> WorkContext:
    """The request's context, with the customer as who acts: nobody is signed in here."""
    return replace(work_context(), actor=Actor(ActorKind.CUSTOMER, None, "consent link", request.remote_addr))
