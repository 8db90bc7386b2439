"""Screens of subscriptions: the list, one with its periods, starting one, changing one. Plans are in plan_routes."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, flash, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from flask_babel import lazy_pgettext

from merchant_admin.audit.queries import of_subjects
from merchant_admin.audit.words import told
from merchant_admin.billing_keys.queries import keys_of_customer
from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict, ConsoleError, GatewayError, NotFound, RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.core.paging import Place
from merchant_admin.core.permissions import Permission
from merchant_admin.core.times import seoul_day
from merchant_admin.customers.queries import customer_summary
from merchant_admin.failures.states import FailureClass
from merchant_admin.failures.words import READINGS
from merchant_admin.notices.consent_queries import held_for
from merchant_admin.notices.queries import newest_with_link
from merchant_admin.notices.states import NoticeKind
from merchant_admin.notices.texts import carries_its_link
from merchant_admin.payments.charging import Payer, payer
from merchant_admin.subscriptions import ahead_words, clock, coming, forms, proposals, queries, service, words
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.subscriptions.dunning import HARD
from merchant_admin.subscriptions.forms import Act
from merchant_admin.subscriptions.models import Period, Plan, Subscription
from merchant_admin.subscriptions.states import OPEN_PERIOD, TO_CHARGE, PeriodState, SubscriptionState
from merchant_admin.subscriptions.terms import Terms, Upcoming, preview
from merchant_admin.web.access import gateway, requires, services, work_context
from merchant_admin.web.forms import FormReader
from merchant_admin.web.looks import word
from merchant_admin.web.navigation import NavEntry, register
from merchant_admin.web.pages import after_post, page

bp = Blueprint("subscriptions", __name__)
FEW_EVENTS = 20
HARD_IN_ORDER = sorted(HARD)
_TABS = (
    SubscriptionState.PAST_DUE, SubscriptionState.ACTIVE, SubscriptionState.TRIAL, SubscriptionState.PAUSED,
    SubscriptionState.CANCELLING, SubscriptionState.ENDED,
)  # fmt: skip
_DO: dict[Act, Callable[..., Subscription]] = {
    Act.SKIP: service.skip_next, Act.CANCEL_LATER: service.cancel_at_period_end,
    Act.CANCEL_NOW: service.cancel_now,
}  # fmt: skip


@bp.record_once
def _set_up(state: BlueprintSetupState) -> None:
    entry = NavEntry(
        "subscriptions.list_subscriptions", lazy_pgettext("list", "정기결제"), "repeat", Permission.VIEW, order=35
    )
    register(state.app, entry)  # type: ignore[arg-type] # a blueprint meets a Flask app


@bp.get("/subscriptions")
@requires(Permission.VIEW)
def list_subscriptions() -> Response:
    """Without a tab: those in trouble, if there are any."""
    counts = queries.state_counts(db.session())
    asked = request.args.get("state", "")
    if asked:
        chosen = SubscriptionState(asked) if asked in set(SubscriptionState) else None
    else:
        chosen = SubscriptionState.PAST_DUE if counts[SubscriptionState.PAST_DUE] else None
    return page(
        "subscriptions/list.html",
        page=queries.subscription_page(db.session(), chosen, Place.read(request.args.get("place"))),
        tabs=_tabs(counts, chosen),
        chosen=chosen,
        what_next=words.what_next,
        cycle=words.cycle,
        url=lambda place: url_for(".list_subscriptions", state=chosen.value if chosen else "all", place=place),
    )


def _tabs(counts: dict[SubscriptionState, int], chosen: SubscriptionState | None) -> list[dict[str, Any]]:
    rows = [
        {"label": word(state), "href": url_for(".list_subscriptions", state=state.value), "is_current": state is chosen,
         "count": f"{counts[state]:,}{'+' if counts[state] >= queries.COUNTED_MOST else ''}"}
        for state in _TABS
    ]  # fmt: skip
    every = {
        "label": _("모두"),
        "href": url_for(".list_subscriptions", state="all"),
        "is_current": chosen is None,
        "count": None,
    }
    return [*rows, every]


@bp.get("/subscriptions/<string:subscription_id>")
@requires(Permission.VIEW)
def show_subscription(subscription_id: str) -> Response:
    session = db.session()
    held, row = queries.one(session, subscription_id), queries.row_of(session, subscription_id)
    periods = queries.periods_of(session, subscription_id)
    owed = next((each.period for each in periods if each.period.state in TO_CHARGE | {PeriodState.NEEDS_CARD}), None)
    keys = keys_of_customer(session, held.customer_id, with_deleted=False)
    plan = queries.one_plan(session, held.plan_id)
    return page(
        "subscriptions/show.html",
        held=held,
        row=row,
        plan=plan,
        sentence=words.what_next(row),
        cycle=words.cycle(held.unit, held.every),
        upcoming=preview(Terms.of(held)) if held.next_on else [],
        periods=periods,
        owed=owed,
        refusal=READINGS.get(FailureClass(owed.failure)) if owed and owed.failure else None,
        next_try=clock.tries_of(session, owed.id) + 1 if owed else 0,
        acts=[(act, forms.LABELS[act]) for act in Act if forms.may(act, held)],
        may_pause=forms.may_pause(held),
        other_keys=[key for key in keys if key.may_charge and key.id != held.billing_key_id],
        key=next((key for key in keys if key.id == held.billing_key_id), None),
        card_link=newest_with_link(session, held.id),
        form=FormReader.showing(billing_key_id=None),
        **_agreeing(held.id),
        events=told(of_subjects(session, ("subscription", held.id), limit=FEW_EVENTS)),
        **_ahead_of(held, plan, next((each.period for each in periods if each.period.state in OPEN_PERIOD), None)),
    )


def _agreeing(subscription_id: str) -> dict[str, Any]:
    """What subscriptions/_agreeing.html needs."""
    found = held_for(db.session(), subscription_id)
    return {"agreeing": found, "is_overdue": bool(found and found.is_overdue(seoul_day(work_context().now())))}


def _ahead_of(held: Subscription, plan: Plan, owed: Period | None) -> dict[str, Any]:
    """What subscriptions/_ahead.html needs."""
    hours, is_told = Hours(*services().settings.charge_hours), tells_of_cards()
    return {
        "steps": coming.steps_of(held, plan, owed, hours, work_context().now(), is_told=is_told),
        "rule": coming.rule_of(plan, is_told=is_told),
        "hours": hours, "hard": HARD_IN_ORDER, "what": ahead_words.what, "only_if": ahead_words.only_if,
    }  # fmt: skip


def tells_of_cards() -> bool:
    """Whether customers are told that another card is needed, in a text with room for its link."""
    return carries_its_link(db.session(), services().settings.outgoing, NoticeKind.CARD_NEEDED)


@bp.get("/customers/<string:customer_id>/ahead")
@requires(Permission.VIEW)
def show_ahead(customer_id: str) -> Response:
    """What will happen to all of a customer's subscriptions, with dates."""
    customer, hours = customer_summary(db.session(), customer_id), Hours(*services().settings.charge_hours)
    return page(
        "subscriptions/ahead.html", customer_id=customer.id, customer_name=customer.name, hours=hours,
        coming=coming.of_customer(db.session(), customer.id, hours, work_context().now(), is_told=tells_of_cards()),
        what=ahead_words.what, only_if=ahead_words.only_if,
    )  # fmt: skip


@bp.get("/subscriptions/new")
@requires(Permission.CHARGE)
def new_subscription() -> Response:
    customer_id = request.args.get("customer_id", "")[:40]
    if not customer_id:
        flash(_("정기결제는 고객 화면에서 시작합니다. 고객을 고르십시오."), "info")
        return after_post(url_for("customers.list_customers"))
    whom = payer(db.session(), customer_id)
    first = whom.keys[0].id if whom.keys else None
    form = FormReader.showing(
        sheet_key=new_id("sht"), customer_id=whom.id, billing_key_id=first,
        plan_id=request.args.get("plan_id", "")[:40],
        name=None, amount_krw=None, tax_free_krw=None, starts_on=seoul_day(work_context().now()).isoformat(),
        times=None, trial_days=None, at_month_end=None,
    )  # fmt: skip
    return _order_page(whom, form)


def _order_page(whom: Payer, form: FormReader, refusal: ConsoleError | None = None, status: int = 200) -> Response:
    """The form with what was typed; what a rule said stands at its field, else above the form."""
    plans = [row.plan for row in queries.plan_rows(db.session())]
    above = None if refusal is None or form.takes(refusal) else refusal
    return page(
        "subscriptions/new.html", payer=whom, form=form, plans=plans, refusal=above, cycle=words.cycle,
        status=refusal.status if isinstance(refusal, Conflict) else status,
    )  # fmt: skip


@bp.post("/subscriptions/confirm")
@requires(Permission.CHARGE)
def confirm_subscription() -> Response:
    """Restates what was asked, with the first three dates. Writes nothing."""
    form, order = forms.read_order(request.form)
    whom = payer(db.session(), form.values.get("customer_id", ""))
    if order is None or request.form.get("edit"):
        return _order_page(whom, form, status=422 if order is None else 200)
    today = seoul_day(work_context().now())
    try:
        upcoming = service.preview_order(db.session(), order, today)
    except (RuleBroken, NotFound) as refusal:
        return _order_page(whom, form, refusal, 422)
    key = next((key for key in whom.keys if key.id == order.billing_key_id), None)
    if key is None:
        form.refuse("billing_key_id", _("카드를 골라 주세요."))
        return _order_page(whom, form, status=422)
    plan = queries.one_plan(db.session(), order.plan_id)
    form.values["plan_version"] = str(plan.version)
    return page(
        "subscriptions/confirm.html", payer=whom, form=form, order=order, key=key, plan=plan, upcoming=upcoming,
        cycle=words.cycle(plan.unit, plan.every), is_due=upcoming[0].on <= today,
        tax_free_krw=proposals.price_of(order, plan)[1],
    )  # fmt: skip


@bp.post("/subscriptions")
@requires(Permission.CHARGE)
def create_subscription() -> Response:
    """Starts it once per sheet; what is due today is charged at once, so that the next page shows the result."""
    form, order = forms.read_order(request.form)
    whom = payer(db.session(), form.values.get("customer_id", ""))
    if order is None:
        return _order_page(whom, form, status=422)
    try:
        made_id = service.subscribe(work_context(), order).id
    except (RuleBroken, NotFound, Conflict) as refusal:
        if isinstance(refusal, Conflict) and refusal.field is None:  # this sheet is used up: it can't be sent again
            raise
        return _order_page(whom, form, refusal, 422)
    if queries.row_of(db.session(), made_id).owed is PeriodState.DUE:
        _try(lambda: service.collect_now(work_context(), gateway(), made_id, 1))
    return after_post(url_for(".show_subscription", subscription_id=made_id))


@bp.post("/subscriptions/<string:subscription_id>/collect")
@requires(Permission.CHARGE)
def collect_now(subscription_id: str) -> Response:
    """Charges what is owed, at once. The number of the try makes two clicks one."""
    queries.one(db.session(), subscription_id)
    typed = request.form.get("number", "")
    number = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 5 else 0
    if number:
        _try(lambda: service.collect_now(work_context(), gateway(), subscription_id, number))
    else:
        flash(_("결제 화면을 다시 열어 주십시오."), "warn")
    return after_post(url_for(".show_subscription", subscription_id=subscription_id))


def _try(act: Callable[[], object]) -> bool:
    try:
        act()
    except (RuleBroken, NotFound, GatewayError) as refusal:
        flash(str(refusal.message), "warn")
        return False
    return True


@bp.get("/subscriptions/<string:subscription_id>/change")
@requires(Permission.CHARGE)
def new_change(subscription_id: str) -> Response:
    held = queries.one(db.session(), subscription_id)
    return _change_page(held, forms.change_form(held))


def _change_page(
    held: Subscription, form: FormReader, refusal: ConsoleError | None = None, status: int = 200
) -> Response:
    """The form with what was typed. After a Conflict it is one of what stands now, to be looked at again."""
    form.values["version"] = str(held.version) if isinstance(refusal, Conflict) else form.values.get("version", "")
    above = None if refusal is None or form.takes(refusal) else refusal
    return page(
        "subscriptions/change.html", held=held, row=queries.row_of(db.session(), held.id), form=form, refusal=above,
        plans=[row.plan for row in queries.plan_rows(db.session())], cycle=words.cycle,
        status=refusal.status if isinstance(refusal, Conflict) else status,
    )  # fmt: skip


@bp.post("/subscriptions/<string:subscription_id>/changes/confirm")
@requires(Permission.CHARGE)
def confirm_change(subscription_id: str) -> Response:
    """Shows the next three dates and sums before and after. Writes nothing."""
    held = queries.one(db.session(), subscription_id)
    form, change, _version = forms.read_change(request.form)
    if change is None or request.form.get("edit"):
        return _change_page(held, form, status=422 if change is None else 200)
    try:
        after = service.preview_change(db.session(), held, change, seoul_day(work_context().now()))
    except (RuleBroken, NotFound) as refusal:
        return _change_page(held, form, refusal, 422)
    if change.plan_id is not None:
        form.values["plan_version"] = str(queries.one_plan(db.session(), change.plan_id).version)
    return page(
        "subscriptions/confirm_change.html", held=held, row=queries.row_of(db.session(), held.id), form=form,
        before=preview(Terms.of(held)), after=after,
    )  # fmt: skip


@bp.post("/subscriptions/<string:subscription_id>/changes")
@requires(Permission.CHARGE)
def create_change(subscription_id: str) -> Response:
    held = queries.one(db.session(), subscription_id)
    form, change, version = forms.read_change(request.form)
    if change is None:
        return _change_page(held, form, status=422)
    try:
        service.change_terms(work_context(), subscription_id, version, change, form.values["reason"] or None)
    except (RuleBroken, NotFound, Conflict) as refusal:
        return _change_page(queries.one(db.session(), subscription_id), form, refusal, 422)
    flash(_("정기결제를 바꾸었습니다. 다음 결제부터 적용됩니다."), "ok")
    return after_post(url_for(".show_subscription", subscription_id=subscription_id))


@bp.post("/subscriptions/<string:subscription_id>/card")
@requires(Permission.CHARGE)
def update_card(subscription_id: str) -> Response:
    queries.one(db.session(), subscription_id)
    form = FormReader(request.form)
    typed, key_id = form.line("version", most=9), form.line("billing_key_id", most=40)
    version = int(typed) if typed.isascii() and typed.isdecimal() else 0
    if _try(lambda: service.change_card(work_context(), subscription_id, version, key_id)):
        flash(_("카드를 바꾸었습니다. 다음 결제부터 새 카드로 결제합니다."), "ok")
    return after_post(url_for(".show_subscription", subscription_id=subscription_id))


@bp.get("/subscriptions/<string:subscription_id>/acts/<string:act>")
@requires(Permission.CHARGE)
def show_act(subscription_id: str, act: str) -> Response:
    """What a press would do, with the dates it leads to."""
    held = queries.one(db.session(), subscription_id)
    chosen = _act(act)
    if not forms.may(chosen, held):
        return _not_now(subscription_id)
    return _act_page(held, chosen, FormReader.showing(version=held.version, reason=None))


def _act(asked: str) -> Act:
    return Act(asked) if asked in set(Act) else abort(404)


def _act_page(
    held: Subscription, act: Act, form: FormReader, refusal: ConsoleError | None = None, status: int = 200
) -> Response:
    today = seoul_day(work_context().now())
    suggestion = service.refund_suggestion(db.session(), held.id, today) if act is Act.CANCEL_NOW else None
    return page(
        "subscriptions/act.html", held=held, row=queries.row_of(db.session(), held.id), act=act.value, form=form,
        label=forms.LABELS[act], after=_after(held, act), suggestion=suggestion, needs_reason=act in forms.NEEDS_REASON,
        refusal=refusal, status=status,
    )  # fmt: skip


def _not_now(subscription_id: str) -> Response:
    flash(_("지금 상태에서는 할 수 없습니다. 아무것도 바꾸지 않았습니다."), "warn")
    return after_post(url_for(".show_subscription", subscription_id=subscription_id))


def _after(held: Subscription, act: Act) -> list[Upcoming]:
    """The next three dates and sums after the act; none where nothing is charged any more."""
    match act:
        case Act.SKIP:
            return service.preview_skip(held)
        case Act.RESUME:
            return service.preview_resume(held, seoul_day(work_context().now()))
        case Act.KEEP:
            return preview(Terms.of(held))
        case _:
            return []


@bp.post("/subscriptions/<string:subscription_id>/acts/<string:act>")
@requires(Permission.CHARGE)
def create_act(subscription_id: str, act: str) -> Response:
    held, chosen = queries.one(db.session(), subscription_id), _act(act)
    form, version, reason = forms.read_act(request.form, chosen)
    if not form.is_valid:
        return _act_page(held, chosen, form, status=422) if forms.may(chosen, held) else _not_now(subscription_id)
    ctx = work_context()
    try:
        if chosen is Act.RESUME:
            is_done = _try(lambda: service.resume(ctx, subscription_id, version))
        elif chosen is Act.KEEP:
            is_done = _try(lambda: service.keep(ctx, subscription_id, version))
        else:
            is_done = _try(lambda: _DO[chosen](ctx, subscription_id, version, reason))
    except Conflict as refusal:
        held = queries.one(db.session(), subscription_id)
        if not forms.may(chosen, held):
            raise
        form.values["version"] = str(held.version)
        return _act_page(held, chosen, form, refusal, refusal.status)
    if is_done:
        flash(_("%(act)s: 반영했습니다.", act=forms.LABELS[chosen]), "ok")
    return after_post(url_for(".show_subscription", subscription_id=subscription_id))
