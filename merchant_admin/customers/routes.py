"""The list of customers, the forms, and what can be done with one. The page of one customer is in `overview`."""

from flask import Blueprint, Response, flash, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from flask_babel import lazy_pgettext

from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict
from merchant_admin.core.paging import Place
from merchant_admin.core.permissions import Permission
from merchant_admin.customers import forms, queries, service
from merchant_admin.web.access import current_staff, requires, work_context
from merchant_admin.web.forms import FormReader
from merchant_admin.web.navigation import NavEntry, register
from merchant_admin.web.pages import after_post, back_to, page, wants_fragment

bp = Blueprint("customers", __name__)


@bp.record_once
def _set_up(state: BlueprintSetupState) -> None:
    entry = NavEntry("customers.list_customers", lazy_pgettext("list", "고객"), "users", Permission.VIEW, order=30)
    register(state.app, entry)  # type: ignore[arg-type] # a blueprint meets a Flask app


@bp.get("/customers")
@requires(Permission.VIEW)
def list_customers() -> Response:
    form, filters = forms.read_filters(request.args)
    if filters.text and not wants_fragment() and (found := queries.exact_id(db.session(), filters.text)):
        return after_post(_address(found))
    answer = page(
        "customers/list.html",
        fragment="customers/_list.html",
        form=form,
        filters=filters,
        page=queries.customer_page(db.session(), filters, Place.read(request.args.get("place"))),
        total=_total(queries.matches(db.session(), filters)),
        tabs=_tabs(filters),
        url=lambda **over: _list_address(filters, **over),
    )
    if wants_fragment():
        answer.headers["HX-Push-Url"] = _list_address(filters)
    return answer


def _list_address(filters: queries.CustomerFilters, **over: str | None) -> str:
    words = {"q": filters.text or None, "tab": "archived" if filters.archived else None, **over}
    return url_for(".list_customers", **words)  # type: ignore[arg-type] # words of an address, no options of url_for


def _tabs(filters: queries.CustomerFilters) -> list[dict[str, object]]:
    """Both tabs, each with the search that is typed."""
    return [
        {
            "label": label,
            "href": _list_address(queries.CustomerFilters(filters.text, archived)),
            "is_current": archived is filters.archived,
            "count": None,
        }
        for archived, label in ((False, _("이용 중")), (True, _("보관됨")))
    ]


def _total(found: queries.Matches) -> str:
    if found.is_more and not found.count:
        return str(_("많은 고객이 나옵니다. 더 적으면 줄어듭니다."))
    if found.is_more:
        return str(_("%(count)s명 이상", count=f"{found.count:,}"))
    return str(_("%(count)s명", count=f"{found.count:,}"))


@bp.get("/customers/new")
@requires(Permission.EDIT_CUSTOMERS)
def new_customer() -> Response:
    _form, filters = forms.read_filters(request.args)
    return page("customers/new.html", form=FormReader.showing(name=filters.text[: service.NAME_MOST], memo=""))


@bp.post("/customers")
@requires(Permission.EDIT_CUSTOMERS)
def create_customer() -> Response:
    form, details = forms.read_details(request.form)
    if not form.is_valid:
        return page("customers/new.html", form=form, status=422)
    customer = service.create_customer(work_context(), details)
    flash(_("고객을 추가했습니다. 이제 카드를 등록할 수 있습니다."), "ok")
    return after_post(_address(customer.id))


@bp.get("/customers/<string:customer_id>/edit")
@requires(Permission.EDIT_CUSTOMERS)
def edit_customer(customer_id: str) -> Response:
    saved = queries.customer_summary(db.session(), customer_id)
    return _edit_page(saved, forms.form_of(saved, contact_shown=_seconds_shown(customer_id) > 0))


def _edit_page(saved: queries.CustomerSummary, form: FormReader, status: int = 200, *, stale: bool = False) -> Response:
    return page("customers/edit.html", customer=saved, form=form, stale=stale, status=status)


@bp.post("/customers/<string:customer_id>")
@requires(Permission.EDIT_CUSTOMERS)
def update_customer(customer_id: str) -> Response:
    saved = queries.customer_summary(db.session(), customer_id)
    form, details, version = forms.read_changes(request.form, saved)
    if not form.is_valid:
        return _edit_page(saved, form, status=422)
    try:
        service.update_customer(work_context(), customer_id, details, version)
    except Conflict:
        fresh = queries.customer_summary(db.session(), customer_id)
        form.values["version"] = str(fresh.version)
        return _edit_page(fresh, form, status=Conflict.status, stale=True)
    flash(_("고객 정보를 저장했습니다."), "ok")
    return after_post(_address(customer_id))


@bp.post("/customers/<string:customer_id>/memo")
@requires(Permission.EDIT_CUSTOMERS)
def update_memo(customer_id: str) -> Response:
    form, memo = forms.read_memo(request.form)
    if not form.is_valid:
        return page(
            "customers/memo.html", customer=queries.customer_summary(db.session(), customer_id), form=form, status=422
        )
    service.update_memo(work_context(), customer_id, memo)
    flash(_("메모를 저장했습니다."), "ok")
    return after_post(_address(customer_id))


@bp.post("/customers/<string:customer_id>/archive")
@requires(Permission.EDIT_CUSTOMERS)
def archive_customer(customer_id: str) -> Response:
    service.archive_customer(work_context(), customer_id)
    flash(_("고객을 보관했습니다. 지난 결제는 그대로 남고, 언제든 복원할 수 있습니다."), "ok")
    return after_post(_address(customer_id))


@bp.post("/customers/<string:customer_id>/restore")
@requires(Permission.EDIT_CUSTOMERS)
def restore_customer(customer_id: str) -> Response:
    service.restore_customer(work_context(), customer_id)
    flash(_("고객을 복원했습니다."), "ok")
    return after_post(_address(customer_id))


@bp.post("/customers/<string:customer_id>/reveal")
@requires(Permission.REVEAL)
def reveal_customer(customer_id: str) -> Response:
    """Recorded, then shown for a minute: the mark in the address opens the details to this browser alone."""
    mark = service.reveal(work_context(), customer_id, _session_id())
    back = back_to(_address(customer_id)).partition("?")[0]
    return after_post(f"{back}?revealed={mark}")


@bp.get("/customers/<string:customer_id>/contact")
@requires(Permission.VIEW)
def show_contact(customer_id: str) -> Response:
    """The contact details alone, for the page that covers them again after a minute."""
    if not wants_fragment():
        return after_post(_address(customer_id))
    contact = queries.contact_of(db.session(), customer_id, _seconds_shown(customer_id))
    return page("customers/_contact.html", contact=contact)


def _seconds_shown(customer_id: str) -> int:
    mark = request.args.get("revealed", "")
    return service.revealed_seconds(work_context(), customer_id, _session_id(), mark) if mark else 0


def _session_id() -> str:
    staff = current_staff()
    assert staff is not None  # the gate let nobody else through
    return staff.session_id


def _address(customer_id: str) -> str:
    return url_for("overview.show_customer", customer_id=customer_id)
