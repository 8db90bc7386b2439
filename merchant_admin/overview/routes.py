"""Screens that read across features: home, one customer, one card, one payment, search."""

from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from merchant_admin.audit.queries import of_customer, of_subjects
from merchant_admin.audit.words import told
from merchant_admin.billing_keys.queries import any_key, keys_of_customer
from merchant_admin.card_links.queries import links_of_customer, links_of_key
from merchant_admin.checkouts.queries import checkout_of_charge, checkouts_of_customer
from merchant_admin.checkouts.words import time_left
from merchant_admin.core.db import db
from merchant_admin.core.paging import Place
from merchant_admin.core.permissions import Permission
from merchant_admin.core.times import seoul_day
from merchant_admin.customers.queries import contact_of, customer_summary
from merchant_admin.customers.service import revealed_seconds
from merchant_admin.failures.service import dictionary, reclass
from merchant_admin.failures.states import FailureClass
from merchant_admin.ledger.models import EntryKind
from merchant_admin.ledger.queries import totals_of
from merchant_admin.overview import attention, books, calling, doubting, failing, queries, searching
from merchant_admin.overview.billed import billed
from merchant_admin.payments import assurance, details, evidence
from merchant_admin.payments.filters import LineFilters
from merchant_admin.payments.proof import proof_of_charge, proof_of_order
from merchant_admin.payments.queries import line_page
from merchant_admin.refunds.queries import refunds_of_payment
from merchant_admin.registrations.queries import live_registrations
from merchant_admin.subscriptions import words as subscription_words
from merchant_admin.subscriptions.ahead import within
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.subscriptions.queries import of_customer as subscriptions_of
from merchant_admin.web.access import current_staff, requires, services, work_context
from merchant_admin.web.forms import FormReader
from merchant_admin.web.looks import word
from merchant_admin.web.navigation import NavEntry, register
from merchant_admin.web.pages import after_post, page, wants_fragment

bp = Blueprint("overview", __name__)
FEW_PAYMENTS = 10
FEW_EVENTS = 15
ON_HOME = 5  # renewals of a kind; the page of things to do shows more


@bp.record_once
def _set_up(state: BlueprintSetupState) -> None:
    entries = (
        NavEntry("overview.home", lazy_gettext("홈"), "house", Permission.VIEW, order=10),
        NavEntry("overview.list_failures", lazy_gettext("실패 사유"), "file-text", Permission.VIEW, "run", order=65),
        NavEntry(
            "overview.needs_action", lazy_gettext("확인 필요"), "triangle-alert", Permission.VIEW, order=60,
            count=lambda: queries.waiting(db.session(), services().settings.mode, work_context().now()),
        ),
    )  # fmt: skip
    for entry in entries:
        register(state.app, entry)  # type: ignore[arg-type] # a blueprint meets a Flask app


def _today() -> date:
    return seoul_day(work_context().now())


@bp.get("/")
@requires(Permission.VIEW)
def home() -> Response:
    session, today, mode = db.session(), _today(), services().settings.mode
    return page(
        "overview/home.html",
        needs=queries.needs(session, mode, work_context().now(), today),
        failed_today=queries.failed_count(session, today),
        **_calls(ON_HOME),
        doubts=None,
        totals=totals_of(session, mode, today, today),
        months=books.months(session, mode, today),
        today=today,
        explain=evidence.explain,
        decline=dictionary(session).explain,
    )


@bp.get("/needs-action")
@requires(Permission.VIEW)
def needs_action() -> Response:
    session = db.session()
    needs = queries.needs(session, services().settings.mode, work_context().now(), _today())
    return page(
        "overview/needs_action.html",
        fragment="overview/_needs.html",
        needs=needs,
        **_calls(attention.MOST),
        doubts=doubting.doubts(session, needs),
        explain=evidence.explain,
        decline=dictionary(session).explain,
    )


def _in_hours(at: datetime) -> datetime:
    return within(Hours(*services().settings.charge_hours), at)


def _calls(most: int) -> dict[str, Any]:
    """What overview/_renewals.html needs."""
    settings = services().settings
    hours = Hours(*settings.charge_hours)
    return {
        "attention": attention.attention(db.session(), settings.mode, _today(), hours, most),
        "shown": _seconds_revealed, "most": most,
        "say": lambda row: calling.to_say(row, settings.merchant_name or settings.imp_code),
    }  # fmt: skip


@bp.get("/entries")
@requires(Permission.VIEW)
def list_entries() -> Response:
    """The books of a span of days: exactly the rows behind a figure of home."""
    form = FormReader(request.args)
    today = _today()
    days = _day(form, "from") or today, _day(form, "to") or today
    days = min(days), max(days)
    kind = form.choice("kind", EntryKind, required=False)
    span: dict[str, Any] = {"from": days[0].isoformat(), "to": days[1].isoformat()}
    mode = services().settings.mode
    return page(
        "overview/entries.html",
        days=days,
        kind=kind,
        totals=totals_of(db.session(), mode, *days),
        page=books.entry_page(db.session(), mode, days, kind, Place.read(request.args.get("place"))),
        url=lambda place: url_for(".list_entries", **span, kind=kind.value if kind else None, place=place),
        tab=lambda wanted: url_for(".list_entries", **span, kind=wanted),
    )


def _day(form: FormReader, name: str) -> date | None:
    try:
        day = date.fromisoformat(form.line(name, most=10))
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2999 else None


@bp.get("/customers/<string:customer_id>")
@requires(Permission.VIEW)
def show_customer(customer_id: str) -> Response:
    session = db.session()
    customer = customer_summary(session, customer_id)
    lines = line_page(session, LineFilters(customer_id=customer_id), None)
    return page(
        "overview/customer.html",
        customer=customer,
        contact=contact_of(session, customer_id, _seconds_revealed(customer_id)),
        keys=keys_of_customer(session, customer_id),
        lines=lines.rows[:FEW_PAYMENTS],
        has_more_lines=len(lines.rows) > FEW_PAYMENTS or lines.next is not None,
        words=dictionary(session),
        registrations=live_registrations(session, customer_id),
        subscriptions=subscriptions_of(session, customer_id),
        billed=billed(session, customer_id),
        when=_in_hours,
        what_next=subscription_words.what_next,
        checkouts=checkouts_of_customer(session, customer_id, work_context().now()),
        card_links=links_of_customer(session, customer_id, work_context().now()),
        events=told(of_customer(session, customer_id, FEW_EVENTS)),
    )


def _seconds_revealed(customer_id: str) -> int:
    staff, mark = current_staff(), request.args.get("revealed", "")
    return revealed_seconds(work_context(), customer_id, staff.session_id, mark) if staff and mark else 0


@bp.get("/billing-keys/<string:billing_key_id>")
@requires(Permission.VIEW)
def show_billing_key(billing_key_id: str) -> Response:
    session = db.session()
    key = any_key(session, billing_key_id)
    lines = line_page(session, LineFilters(billing_key_id=billing_key_id), None)
    return page(
        "overview/billing_key.html",
        key=key,
        customer=customer_summary(session, key.customer_id),
        card_links=links_of_key(session, billing_key_id, work_context().now()),
        lines=lines.rows[:FEW_PAYMENTS],
        has_more_lines=len(lines.rows) > FEW_PAYMENTS or lines.next is not None,
        words=dictionary(session),
        events=told(of_subjects(session, ("billing_key", billing_key_id), limit=FEW_EVENTS)),
    )


@bp.get("/payments/<string:payment_id>")
@requires(Permission.VIEW)
def show_payment(payment_id: str) -> Response:
    session = db.session()
    line = details.line_detail(session, payment_id)
    refunds = refunds_of_payment(session, payment_id)
    own = line.charge_id
    proof = proof_of_charge(session, own, line.attempts) if own else proof_of_order(session, line.merchant_uid)
    asked = assurance.Asked(line.name, line.amount_krw, line.asked_at, line.issuer_name, line.last_four, line.method)
    subjects = [("payment", payment_id), *(("refund", refund.id) for refund in refunds)]
    if line.charge_id:
        subjects += [("charge", line.charge_id), *(("attempt", attempt.id) for attempt in line.attempts)]
    return page(
        "overview/payment.html",
        fragment="overview/_payment.html",
        line=line,
        refunds=refunds,
        given_back=queries.given_back(line, refunds),
        checkout_id=checkout_of_charge(session, line.charge_id) if line.charge_id else None,
        deposit_left=_deposit_left(line),
        open_refund=next((refund for refund in refunds if refund.is_open), None),
        decline=dictionary(session).explain(line.fail_reason),
        proof=proof,
        customer_text=assurance.text_for_customer(proof, asked),
        events=told(of_subjects(session, *subjects, limit=50)),
    )


@bp.get("/failures")
@requires(Permission.VIEW)
def list_failures() -> Response:
    """The raw texts of the newest declines, with what each is taken to mean."""
    session = db.session()
    return page("overview/failures.html", seen=failing.seen(session, dictionary(session)))


@bp.get("/failures/<string:failure_id>")
@requires(Permission.VIEW)
def show_failure(failure_id: str) -> Response:
    return _failure_page(failing.text_named(db.session(), failure_id))


@bp.post("/failures/<string:failure_id>")
@requires(Permission.REFUND)
def update_failure(failure_id: str) -> Response:
    """Puts the text into another class. Only words on screens change."""
    text = failing.text_named(db.session(), failure_id)
    form = FormReader(request.form)
    wanted = form.choice("failure_class", FailureClass)
    if wanted is None:
        return _failure_page(text, status=422)
    reclass(work_context(), text, wanted)
    flash(_("분류를 바꾸었습니다. 지난 결제의 화면에도 바로 보입니다."), "ok")
    return after_post(url_for(".show_failure", failure_id=failure_id))


def _failure_page(text: str, status: int = 200) -> Response:
    session = db.session()
    words = dictionary(session)
    return page(
        "overview/failure.html",
        failure=failing.one(session, words, text),
        both=failing.in_both_languages(words.explain(text)),
        options=[(each.value, word(each)) for each in FailureClass],
        form=FormReader.showing(failure_class=words.class_of(text).value),
        lines=failing.examples(session, text),
        words=words,
        status=status,
    )


def _deposit_left(line: details.LineDetail) -> str:
    """How long an account still waits for its money, in words; empty where none does."""
    if line.payment is None or line.took_money or line.payment.deposit_due_at is None:
        return ""
    return time_left(line.payment.deposit_due_at, work_context().now())


@bp.get("/search")
@requires(Permission.VIEW)
def search() -> Response:
    """An exact id leads to its record at once; other words list what they find. The palette asks for the fragment."""
    form = FormReader(request.args)
    text = form.line("q", most=100) if request.args.get("q") else ""
    if not form.is_valid:
        text = ""
    target = searching.exact(db.session(), text)
    if target is not None and not wants_fragment():
        return after_post(_url_of(target))
    return page(
        "overview/search.html",
        fragment="overview/_hits.html",
        form=form,
        text=text,
        target=_url_of(target) if target else None,
        hits=searching.hits(db.session(), text) if text and target is None else searching.Hits(),
    )


def _url_of(target: searching.Target) -> str:
    words: dict[str, Any] = {target.name: target.id}
    return url_for(target.endpoint, **words)
