"""The list of cards, and what staff do with one. The page of one card is in `overview`."""

from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from flask_babel import lazy_pgettext

from merchant_admin.billing_keys import dependants, forms, queries, service
from merchant_admin.billing_keys.queries import KeyFilters
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.core.db import db
from merchant_admin.core.errors import GatewayError, InvalidInput, RuleBroken
from merchant_admin.core.paging import Place
from merchant_admin.core.permissions import Permission
from merchant_admin.customers.queries import live_customer
from merchant_admin.portone.types import StoredCard
from merchant_admin.web.access import gateway, requires, work_context
from merchant_admin.web.forms import FormReader
from merchant_admin.web.looks import word
from merchant_admin.web.navigation import NavEntry, register
from merchant_admin.web.pages import after_post, back_to, page, wants_fragment

bp = Blueprint("billing_keys", __name__)


@bp.record_once
def _set_up(state: BlueprintSetupState) -> None:
    entry = NavEntry(
        "billing_keys.list_billing_keys", lazy_pgettext("list", "빌링키"), "credit-card", Permission.VIEW, order=40
    )
    register(state.app, entry)  # type: ignore[arg-type] # a blueprint meets a Flask app


@bp.get("/billing-keys")
@requires(Permission.VIEW)
def list_billing_keys() -> Response:
    session, filters = db.session(), forms.read_filters(request.args)
    answer = page(
        "billing_keys/list.html",
        fragment="billing_keys/_table.html",
        filters=filters,
        page=queries.key_page(session, filters, Place.read(request.args.get("place"))),
        url=lambda **over: _address(filters, **over),
        chips=_chips(session, filters),
        states=[(state.value, word(state)) for state in KeyState],
        issuers=queries.known_issuers(session),
        mids=[(mid, mid) for mid in queries.known_mids(session)],
    )
    if wants_fragment():
        answer.headers["HX-Push-Url"] = _address(filters)
    return answer


def _words(filters: KeyFilters) -> dict[str, str | None]:
    return {
        "q": filters.text or None,
        "state": filters.state.value if filters.state else None,
        "issuer": filters.issuer_code,
        "mid": filters.pg_id,
        "unused": "1" if filters.never_used else None,
    }


def _address(filters: KeyFilters, **over: str | None) -> str:
    words: dict[str, Any] = {**_words(filters), **over}
    return url_for(".list_billing_keys", **words)


def _chips(session: Any, filters: KeyFilters) -> list[dict[str, str]]:
    """The filters in force, each with the address of the list without it."""
    names = dict(queries.known_issuers(session)) if filters.issuer_code else {}
    shown = {
        "q": _("찾기: %(text)s", text=filters.text) if filters.text else None,
        "state": word(filters.state) if filters.state else None,
        "issuer": names.get(filters.issuer_code or "", filters.issuer_code),
        "mid": filters.pg_id,
        "unused": _("결제한 적 없음") if filters.never_used else None,
    }
    return [{"label": label, "href": _address(filters, **{name: None})} for name, label in shown.items() if label]


@bp.get("/customers/<string:customer_id>/billing-keys/adopt")
@requires(Permission.REGISTER_CARDS)
def new_adoption(customer_id: str) -> Response:
    return _adoption_page(customer_id, FormReader.showing(customer_uid=""))


@bp.post("/customers/<string:customer_id>/billing-keys/adopt")
@requires(Permission.REGISTER_CARDS)
def create_adoption(customer_id: str) -> Response:
    """First the key is read and shown; the second post, with `confirmed`, links it."""
    form, customer_uid, is_confirmed = forms.read_adoption(request.form)
    if not form.is_valid:
        return _adoption_page(customer_id, form, status=422)
    try:
        if is_confirmed:
            key = service.adopt_card(work_context(), gateway(), customer_id, customer_uid)
            flash(_("빌링키를 연결했습니다. 이제 이 카드로 결제할 수 있습니다."), "ok")
            return after_post(_key_page(key.id))
        card = service.check_adoption(work_context(), gateway(), customer_uid)
    except InvalidInput as wrong:
        form.refuse("customer_uid", str(wrong.fields.get("customer_uid", wrong.message)))
        return _adoption_page(customer_id, form, status=422)
    except GatewayError:
        form.refuse("customer_uid", _("포트원에 물어보지 못했습니다. 연결하지 않았습니다. 잠시 뒤 다시 하세요."))
        return _adoption_page(customer_id, form, status=422)
    return _adoption_page(customer_id, form, card)


def _adoption_page(customer_id: str, form: FormReader, card: StoredCard | None = None, status: int = 200) -> Response:
    customer = live_customer(db.session(), customer_id)
    return page("billing_keys/adopt.html", customer=customer, form=form, card=card, status=status)


@bp.post("/billing-keys/<string:billing_key_id>/default")
@requires(Permission.REGISTER_CARDS)
def make_default(billing_key_id: str) -> Response:
    service.make_default(work_context(), billing_key_id)
    flash(_("기본 카드를 바꿨습니다."), "ok")
    return after_post(back_to(_key_page(billing_key_id)))


@bp.post("/billing-keys/<string:billing_key_id>/look")
@requires(Permission.REGISTER_CARDS)
def look_at_billing_key(billing_key_id: str) -> Response:
    key = service.look_at_card(work_context(), gateway(), billing_key_id)
    if key.state is KeyState.MISSING:
        flash(_("포트원에 이 빌링키가 없습니다. 이 카드로는 결제할 수 없습니다."), "warn")
    else:
        flash(_("포트원에서 확인했습니다: %(state)s", state=word(key.state)), "ok")
    return after_post(_key_page(billing_key_id))


@bp.get("/billing-keys/<string:billing_key_id>/deletion")
@requires(Permission.DELETE_CARDS)
def new_deletion(billing_key_id: str) -> Response:
    return _deletion_page(billing_key_id, FormReader.showing(reason_text=""))


@bp.post("/billing-keys/<string:billing_key_id>/deletion")
@requires(Permission.DELETE_CARDS)
def create_deletion(billing_key_id: str) -> Response:
    form, reason = forms.read_deletion(request.form)
    if not form.is_valid:
        return _deletion_page(billing_key_id, form, status=422)
    try:
        key = service.delete_card(work_context(), gateway(), billing_key_id, reason)
    except (RuleBroken, GatewayError) as refusal:
        return _deletion_page(billing_key_id, form, status=422, refusal=str(refusal))
    if key.state is KeyState.DELETED:
        flash(_("빌링키를 삭제했습니다. 지난 결제는 그대로 남습니다."), "ok")
    elif key.state is KeyState.DELETING:
        flash(_("포트원의 답을 받지 못해 확인하고 있습니다. 그동안 이 카드로는 결제되지 않습니다."), "warn")
    else:
        flash(_("포트원이 삭제를 거절했습니다. 카드는 그대로 사용할 수 있습니다."), "bad")
    return after_post(_key_page(billing_key_id))


def _deletion_page(key_id: str, form: FormReader, status: int = 200, refusal: str | None = None) -> Response:
    session = db.session()
    return page(
        "billing_keys/delete.html",
        key=queries.any_key(session, key_id),
        needs=dependants.of_key(session, key_id),
        form=form,
        refusal=refusal,
        status=status,
    )


def _key_page(key_id: str) -> str:
    return url_for("overview.show_billing_key", billing_key_id=key_id)
