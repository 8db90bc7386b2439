"""Posted forms of subscriptions and plans, read into what the service takes."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from flask_babel import gettext as _
from flask_babel import lazy_gettext, lazy_pgettext

from merchant_admin.core.errors import RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.subscriptions.models import Plan, Subscription
from merchant_admin.subscriptions.plans import PlanDetails
from merchant_admin.subscriptions.proposals import refuse_until
from merchant_admin.subscriptions.service import Change, Order
from merchant_admin.subscriptions.states import AfterLast, CatchUp, SubscriptionState, Unit
from merchant_admin.web.forms import FormReader

REASON_MOST = 200


class Act(StrEnum):
    """What can be done with a subscription by one press."""

    RESUME = "resume"
    SKIP = "skip"
    CANCEL_LATER = "cancel-later"
    CANCEL_NOW = "cancel-now"
    KEEP = "keep"


_CALM = frozenset({SubscriptionState.TRIAL, SubscriptionState.ACTIVE})
_ANY = _CALM | {SubscriptionState.PAST_DUE, SubscriptionState.PAUSED, SubscriptionState.CANCELLING}
MAY: dict[Act, frozenset[SubscriptionState]] = {
    Act.SKIP: _CALM, Act.CANCEL_LATER: _CALM, Act.CANCEL_NOW: _ANY,
    Act.RESUME: frozenset({SubscriptionState.PAUSED}), Act.KEEP: frozenset({SubscriptionState.CANCELLING}),
}  # fmt: skip
LABELS = {
    Act.RESUME: lazy_gettext("다시 시작"),
    Act.SKIP: lazy_gettext("한 번 건너뛰기"),
    Act.CANCEL_LATER: lazy_gettext("기간 끝에 해지"), Act.CANCEL_NOW: lazy_gettext("바로 해지"),
    Act.KEEP: lazy_pgettext("press", "해지 취소"),
}  # fmt: skip
NEEDS_REASON = frozenset({Act.CANCEL_LATER, Act.CANCEL_NOW})
NEEDS_DATE = frozenset({Act.SKIP, Act.CANCEL_LATER})  # and a next due date


def read_order(data: Mapping[str, str]) -> tuple[FormReader, Order | None]:
    """A new subscription; None when something must be put right."""
    form = FormReader(data)
    for name in ("sheet_key", "customer_id", "billing_key_id", "plan_id"):
        form.line(name, most=40)
    form.values["sheet_key"] = form.values["sheet_key"] or new_id("sht")
    if not form.values["plan_id"]:
        form.refuse("plan_id", _("요금제를 골라 주세요."))
    if not form.values["billing_key_id"]:
        form.refuse("billing_key_id", _("카드를 골라 주세요."))
    name = form.line("name", most=40, required=True)
    amount = form.won("amount_krw", required=False)
    tax_free = form.won("tax_free_krw", least=0, required=False)
    starts_on = _day(form, "starts_on", required=True)
    times = _number(form, "times", least=1, most=999)
    trial_days = _number(form, "trial_days", least=0, most=365)
    at_month_end, plan_version = form.flag("at_month_end"), _version(form, "plan_version")
    if not form.is_valid or starts_on is None:
        return form, None
    return form, Order(
        form.values["sheet_key"], form.values["customer_id"], form.values["billing_key_id"], form.values["plan_id"],
        name, starts_on, amount, tax_free, trial_days, times, at_month_end, plan_version,
    )  # fmt: skip


def read_change(data: Mapping[str, str]) -> tuple[FormReader, Change | None, int]:
    """A change of price, plan or dates, and the version it was drawn from."""
    form = FormReader(data)
    plan_id = form.line("plan_id", most=40) or None
    amount = form.won("amount_krw", required=False)
    tax_free = form.won("tax_free_krw", least=0, required=False)
    next_on = _day(form, "next_on")
    at_month_end = form.flag("at_month_end")
    form.line("reason", most=REASON_MOST)
    version, plan_version = _version(form), _version(form, "plan_version")
    if plan_id is None and amount is None and tax_free is None and next_on is None:
        form.refuse("amount_krw", _("바꿀 것을 하나는 적어 주세요."))
    change = Change(plan_id, amount, tax_free, next_on, at_month_end, plan_version) if form.is_valid else None
    return form, change, version


def change_form(held: Subscription) -> FormReader:
    """The form of a change, with what it is now as hints only."""
    return FormReader.showing(
        version=held.version,
        plan_id=None,
        amount_krw=None,
        tax_free_krw=None,
        next_on=None,
        at_month_end=None,
        reason=None,
    )


def read_act(data: Mapping[str, str], act: Act) -> tuple[FormReader, int, str]:
    """A press: the version it was drawn from, and the reason where one is needed."""
    form = FormReader(data)
    reason = form.line("reason", most=REASON_MOST, required=act in NEEDS_REASON)
    return form, _version(form), reason


def may(act: Act, held: Subscription) -> bool:
    """Whether it can be done to this one as it stands."""
    if act in NEEDS_DATE and held.next_on is None:
        return False
    return held.state in MAY[act] and not (act in {Act.RESUME, Act.KEEP} and held.times_left == 0)


def may_pause(held: Subscription) -> bool:
    """Whether it can be paused, or the day moved on which its pause is over."""
    if held.state is SubscriptionState.PAUSED:
        return held.times_left != 0
    return held.state in _CALM and held.next_on is not None


def read_pause(data: Mapping[str, str], today: date) -> tuple[FormReader, date | None, int, str]:
    """A pause: the day on which it is over (None: by hand), the version it was drawn from, and the reason."""
    form = FormReader(data)
    until = _day(form, "until")
    reason = form.line("reason", most=REASON_MOST)
    if until is not None:
        try:
            refuse_until(until, today)
        except RuleBroken as refusal:
            form.takes(refusal)
    return form, until, _version(form), reason


def read_plan(data: Mapping[str, str]) -> tuple[FormReader, PlanDetails | None, int]:
    """A plan, and the version it was drawn from (0 for a new one)."""
    form = FormReader(data)
    name = form.line("name", most=40, required=True)
    amount = form.won("amount_krw")
    tax_free = form.won("tax_free_krw", least=0, required=False) or 0
    unit, every = form.choice("unit", Unit), form.whole("every", least=1, most=365, default=1)
    trial_days = form.whole("trial_days", least=0, most=365, default=0)
    gaps = _gaps(form)
    after_last, catch_up = form.choice("after_last", AfterLast), form.choice("catch_up", CatchUp)
    sends_card_link, version = form.flag("sends_card_link"), _version(form)
    if not form.is_valid or not (amount and unit and every and after_last and catch_up) or trial_days is None:
        return form, None, version
    details = PlanDetails(
        name, amount, tax_free, unit, every, trial_days, gaps, after_last, catch_up, sends_card_link
    )  # fmt: skip
    return form, details, version


def plan_form(plan: Plan | None) -> FormReader:
    """The form of a plan, filled with what is saved or with what most merchants take."""
    if plan is None:
        return FormReader.showing(
            name=None, amount_krw=None, tax_free_krw=None, unit="month", every=1, trial_days=0, gaps="1, 3, 5",
            sends_card_link="1", after_last="end", catch_up="charge", version=0,
        )  # fmt: skip
    return FormReader.showing(
        name=plan.name, amount_krw=plan.amount_krw, tax_free_krw=plan.tax_free_krw or None, unit=plan.unit.value,
        every=plan.every, trial_days=plan.trial_days, gaps=plan.retry_days.replace(",", ", "),
        sends_card_link="1" if plan.sends_card_link else None,
        after_last=plan.after_last.value, catch_up=plan.catch_up.value, version=plan.version,
    )  # fmt: skip


def _gaps(form: FormReader) -> tuple[int, ...]:
    typed = form.line("gaps", most=60).replace(" ", "")
    parts = [part for part in typed.split(",") if part]
    if not all(part.isascii() and part.isdecimal() and len(part) <= 2 for part in parts):
        form.refuse("gaps", _("1, 3, 5처럼 쉼표로 나눈 날수를 적어 주세요."))
        return ()
    return tuple(int(part) for part in parts)


def _day(form: FormReader, name: str, *, required: bool = False) -> date | None:
    typed = form.line(name, most=10, required=required)
    if not typed:
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError:
        form.refuse(name, _("달력에 있는 날을 2026-12-31처럼 적어 주세요."))
        return None


def _number(form: FormReader, name: str, *, least: int, most: int) -> int | None:
    """A whole number, or None where the field is empty."""
    return form.whole(name, least=least, most=most) if form.line(name, most=9) else None


def _version(form: FormReader, name: str = "version") -> int:
    typed = form.line(name, most=9)
    return int(typed) if typed.isascii() and typed.isdecimal() else 0
