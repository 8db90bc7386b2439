"""The history, and the sheet that charges a card."""

from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Blueprint, Response, flash, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict, ConsoleError, GatewayError, GatewayUnreachable, NotFound, RuleBroken
from merchant_admin.core.money import QUOTAS
from merchant_admin.core.paging import Place
from merchant_admin.core.permissions import Permission
from merchant_admin.core.times import seoul_day
from merchant_admin.customers.queries import find_customers
from merchant_admin.doubts.queries import closings_of, looks_at
from merchant_admin.failures.service import dictionary
from merchant_admin.payments import (
    assurance,
    charging,
    closing,
    details,
    evidence,
    finding,
    listing,
    next_steps,
    proof,
    queries,
    service,
)
from merchant_admin.payments.address import HistoryAddress
from merchant_admin.payments.forms import ChargeForm, read_closing
from merchant_admin.web.access import gateway, requires, services, work_context
from merchant_admin.web.forms import FormReader
from merchant_admin.web.navigation import NavEntry, register
from merchant_admin.web.pages import after_post, page, wants_fragment

bp = Blueprint("payments", __name__)


@bp.record_once
def _set_up(state: BlueprintSetupState) -> None:
    entry = NavEntry("payments.list_payments", lazy_gettext("결제 내역"), "receipt-text", Permission.VIEW, order=20)
    register(state.app, entry)  # type: ignore[arg-type] # a blueprint meets a Flask app


@bp.get("/payments")
@requires(Permission.VIEW)
def list_payments() -> Response:
    session, today = db.session(), seoul_day(work_context().now())
    address = HistoryAddress.read(request.args, today)
    exact = finding.line_named(session, address.filters.q) if address.filters.q else None
    if exact is not None:  # a number names one payment: no filter can hide it
        return after_post(url_for("overview.show_payment", payment_id=exact))
    found = finding.understand(session, address.filters.q) if address.filters.q else None
    place = Place.read(request.args.get("place"))
    answer = page(
        "payments/list.html",
        fragment="payments/_table.html",
        address=address,
        found=found,
        page=queries.line_page(session, address.filters, place, found),
        total=listing.total(session, address, found, place),
        tabs=listing.tabs(session, address),
        chips=listing.chips_of(session, address),
        words=dictionary(session),
        choices=listing.choices(session) if not wants_fragment() else None,
        url=_pages_of(address),
    )
    if wants_fragment():
        answer.headers["HX-Push-Url"] = listing.link(**address.params)
    return answer


def _pages_of(address: HistoryAddress) -> Callable[..., str]:
    return lambda place: listing.link(**address.params, place=place)


@bp.get("/charges/new")
@requires(Permission.CHARGE)
def new_charge() -> Response:
    """The form, filled from where one came; without a customer, a search for one."""
    asked = {name: request.args.get(name, "")[:40] for name in ("customer_id", "billing_key_id", "from_payment_id")}
    started = charging.start(db.session(), **asked)
    if started is not None:
        return _form_page(*started)
    reader = FormReader(request.args)
    text = reader.line("q", most=100) if request.args.get("q") else ""
    rows = find_customers(db.session(), text) if text and reader.is_valid else []
    return page(
        "payments/choose_customer.html", fragment="payments/_customers.html", form=reader, text=text,
        rows=[row for row in rows if row.archived_at is None],
    )  # fmt: skip


@bp.post("/charges/confirm")
@requires(Permission.CHARGE)
def confirm_charge() -> Response:
    """Restates what was asked. Writes nothing and sends nothing."""
    posted = ChargeForm.read(request.form)
    if posted.sheet is None or request.form.get("edit"):
        return _form_again(posted.form, status=200 if posted.form.is_valid else 422)
    try:
        return _confirm_page(posted)
    except RuleBroken as refusal:
        return _form_again(posted.form, refusal)


@bp.post("/charges")
@requires(Permission.CHARGE)
def create_charge() -> Response:
    """Charges once per sheet. A used sheet leads to its first charge; for another body, both are shown."""
    posted = ChargeForm.read(request.form)
    if posted.sheet is None:
        return _form_again(posted.form)
    if details.charge_of_sheet(db.session(), posted.sheet.sheet_key) is None:
        refused = _refused_sheet(posted)
        if refused is not None:
            return refused
    try:
        if request.form.get("hold"):  # the clerk's own choice on the sheet, while PortOne is away
            charge = service.hold_charge(work_context(), posted.sheet)
        else:
            charge = service.charge_billing_key(work_context(), gateway(), posted.sheet)
    except GatewayUnreachable:
        return _confirm_page(posted, status=422)  # nothing was written: refused, or held if the clerk says so
    except Conflict:
        return _used_page(posted)
    except (RuleBroken, NotFound, GatewayError) as refusal:
        return _form_again(posted.form, refusal)
    return after_post(url_for(".show_charge", charge_id=charge.id))


def _refused_sheet(posted: ChargeForm) -> Response | None:
    """The confirm sheet again, if the tick or the typed sum is missing; the form, if the card can't be charged."""
    assert posted.sheet is not None
    try:
        sheet = charging.confirm_sheet(db.session(), posted.sheet, work_context().now())
    except (RuleBroken, NotFound) as refusal:
        return _form_again(posted.form, refusal)
    posted.check_typed_again()
    if sheet.earlier is not None and not posted.sheet.confirms_repeat:
        posted.form.refuse("agrees", _("한 번 더 결제하려면 표시하세요. 아직 결제하지 않았습니다."))
        service.note_same_sum(work_context(), sheet.earlier.id)
    return None if posted.form.is_valid else _confirm_page(posted, status=422)


@bp.get("/charges/<string:charge_id>")
@requires(Permission.VIEW)
def show_charge(charge_id: str) -> Response:
    return _charge_page(charge_id)


@bp.post("/charges/<string:charge_id>/send-again")
@requires(Permission.CHARGE)
def send_again(charge_id: str) -> Response:
    return _acted(charge_id, lambda: service.send_again(work_context(), gateway(), charge_id))


@bp.get("/charges/<string:charge_id>/closings/new")
@requires(Permission.CHARGE)
def new_closing(charge_id: str) -> Response:
    """The form by which one person asks that another close the charge."""
    return _closing_page(charge_id, FormReader.showing(reason="", evidence=""))


@bp.post("/charges/<string:charge_id>/closings")
@requires(Permission.CHARGE)
def create_closing(charge_id: str) -> Response:
    form, reason, seen = read_closing(request.form)
    if not form.is_valid:
        return _closing_page(charge_id, form, status=422)
    return _acted(charge_id, lambda: closing.ask_closing(work_context(), charge_id, reason, seen))


@bp.post("/charges/<string:charge_id>/closings/<string:closing_id>/agreement")
@requires(Permission.REFUND)
def create_agreement(charge_id: str, closing_id: str) -> Response:
    """The second person: the charge is closed as not taken."""
    return _acted(charge_id, lambda: closing.agree_to_closing(work_context(), charge_id, closing_id))


@bp.post("/charges/<string:charge_id>/closings/<string:closing_id>/refusal")
@requires(Permission.CHARGE)
def create_refusal(charge_id: str, closing_id: str) -> Response:
    return _acted(charge_id, lambda: closing.refuse_closing(work_context(), charge_id, closing_id))


def _closing_page(charge_id: str, form: FormReader, status: int = 200) -> Response:
    view = details.charge_view(db.session(), charge_id)
    if not view.attempt.may_be_closed:
        return after_post(url_for(".show_charge", charge_id=charge_id))
    return page("payments/new_closing.html", view=view, form=form, status=status)


@bp.post("/charges/<string:charge_id>/look")
@requires(Permission.CHARGE)
def look_now(charge_id: str) -> Response:
    """Reads PortOne at once; can't move money."""
    attempt_id = details.charge_view(db.session(), charge_id).attempt.id
    return _acted(charge_id, lambda: service.look_at_attempt(work_context(), gateway(), attempt_id))


def _acted(charge_id: str, act: Callable[[], object]) -> Response:
    """Back to the charge, with what refused the act said on it."""
    try:
        act()
    except (RuleBroken, Conflict, GatewayError) as refusal:
        flash(str(refusal.message), "warn")
    return after_post(url_for(".show_charge", charge_id=charge_id))


def _form_page(
    payer: charging.Payer, form: FormReader, status: int = 200, refusal: ConsoleError | None = None
) -> Response:
    return page("payments/new_charge.html", payer=payer, form=form, quotas=QUOTAS, refusal=refusal, status=status)


def _form_again(form: FormReader, refusal: ConsoleError | None = None, status: int = 422) -> Response:
    """The form with what was typed, for another try. Raises what keeps its customer from being charged at all."""
    payer = charging.why_not(db.session(), form.values.get("customer_id", ""))
    if isinstance(payer, charging.Payer):
        return _form_page(payer, form, status, refusal)
    return page("payments/no_charge.html", form=form, refusal=payer, status=422)


def _confirm_page(posted: ChargeForm, status: int = 200) -> Response:
    assert posted.sheet is not None
    return page(
        "payments/confirm_charge.html", form=posted.form, must_type_again=posted.must_type_again,
        confirm=charging.confirm_sheet(db.session(), posted.sheet, work_context().now()), status=status,
        mode=services().settings.mode, stopped_at=_stopped_at(),
    )  # fmt: skip


def _stopped_at() -> datetime | None:
    """Since when nothing is sent, or None."""
    seconds = gateway().breaker.open_seconds
    return None if seconds is None else work_context().now() - timedelta(seconds=seconds)


def _used_page(posted: ChargeForm) -> Response:
    assert posted.sheet is not None
    first = details.charge_of_sheet(db.session(), posted.sheet.sheet_key)
    assert first is not None
    view = details.charge_view(db.session(), first)
    return page("payments/used_sheet.html", view=view, asked=posted.sheet, status=Conflict.status)


def _charge_page(charge_id: str) -> Response:
    session = db.session()
    view = details.charge_view(session, charge_id)
    charge, attempt = view.charge, view.attempt
    shown = proof.proof_of_charge(session, charge_id, view.attempts)
    paid_by = view.paid_by
    asked = assurance.Asked(
        charge.name, charge.amount_krw, charge.created_at, paid_by.issuer_name, paid_by.last_four, paid_by.method
    )
    return page(
        "payments/show_charge.html",
        fragment="payments/_charge.html",
        view=view,
        decline=dictionary(session).explain(attempt.fail_reason),
        evidence=evidence.explain(attempt.evidence),
        next_step=next_steps.of_attempt(attempt, charge.kind),
        looks=looks_at(session, charge_id),
        closings=closings_of(session, charge_id),
        proof=shown,
        customer_text=assurance.text_for_customer(shown, asked),
    )
