"""Orders and changes as they are asked for, and the dates and sums they would lead to, shown before they are confirmed.

Nothing here writes. The service does exactly what these functions said.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.core.errors import RuleBroken
from merchant_admin.core.money import MAX_AMOUNT_KRW
from merchant_admin.payments.models import Attempt, Payment
from merchant_admin.payments.states import AttemptState
from merchant_admin.subscriptions.calendar import MONTHS_OF, Cycle, anchored
from merchant_admin.subscriptions.models import Period, PeriodCharge, Plan, Subscription
from merchant_admin.subscriptions.plans import offered
from merchant_admin.subscriptions.states import PeriodState, SubscriptionState
from merchant_admin.subscriptions.terms import RefundSuggestion, Terms, Upcoming, preview, unused

FURTHEST = timedelta(days=366)
MOST_TIMES = 999


@dataclass(frozen=True)
class Order:
    """A filled and confirmed sheet for a new subscription. Amounts of None are the plan's.

    `starts_on` is the first day of use: the first due date too, unless there is a trial. `at_month_end`: a start on
    the last day of a month means the last day of every month. `times` None: until cancelled. `plan_version`: the plan
    as the confirmed page showed it.
    """

    sheet_key: str
    customer_id: str
    billing_key_id: str
    plan_id: str
    name: str
    starts_on: date
    amount_krw: int | None = None
    tax_free_krw: int | None = None
    trial_days: int | None = None
    times: int | None = None
    at_month_end: bool = False
    plan_version: int | None = None


@dataclass(frozen=True)
class Change:
    """What is to be different from the next due date on; None leaves a thing as it is.

    `plan_id` brings that plan's price and cycle; an `amount_krw` beside it wins. `next_on` moves the next due date,
    and all later ones follow it. `plan_version`: that plan as the confirmed page showed it.
    """

    plan_id: str | None = None
    amount_krw: int | None = None
    tax_free_krw: int | None = None
    next_on: date | None = None
    at_month_end: bool = False
    plan_version: int | None = None


def preview_order(session: Session, order: Order, today: date) -> list[Upcoming]:
    """The first three due dates and sums of a subscription that does not exist yet. Raises as `subscribe` does."""
    plan = offered(session, order.plan_id)
    amount_krw, _tax_free_krw = price_of(order, plan)
    _refuse_day("starts_on", order.starts_on, today)
    return preview(Terms(cycle_of(order, plan), 0, amount_krw, order.times))


def preview_change(session: Session, subscription: Subscription, change: Change, today: date) -> list[Upcoming]:
    """The next three dates and sums as they would be. Raises as `change_terms` does."""
    return preview(changed(session, subscription, change, today).not_before(subscription.resumes_on))


def preview_resume(subscription: Subscription, today: date) -> list[Upcoming]:
    """The next three dates and sums if it were resumed today: dates that passed meanwhile are not charged."""
    return preview(Terms.without_pause(subscription).not_before(today))


def preview_pause(subscription: Subscription, until: date | None) -> list[Upcoming]:
    """The next three dates and sums if it were paused until that day; none without a day."""
    return [] if until is None else preview(Terms.without_pause(subscription).not_before(until))


def preview_skip(subscription: Subscription) -> list[Upcoming]:
    """The next three dates and sums if the next one were skipped."""
    terms = Terms.of(subscription)
    return preview(Terms(terms.cycle, terms.step + 1, terms.amount_krw, terms.times_left))


def refund_suggestion(session: Session, subscription_id: str, today: date) -> RefundSuggestion | None:
    """What an end today would fairly give back of the current paid period; None when nothing is left of it."""
    paid = (
        select(Period, PeriodCharge.charge_id, Payment.cancelled_krw)
        .join(PeriodCharge, PeriodCharge.period_id == Period.id)
        .join(Attempt, Attempt.charge_id == PeriodCharge.charge_id)
        .join(Payment, Payment.imp_uid == Attempt.imp_uid)
        .where(Period.subscription_id == subscription_id, Period.state == PeriodState.PAID)
        .where(Attempt.state == AttemptState.PAID)
    )
    found = session.execute(paid.order_by(Period.number.desc()).limit(1)).first()
    if found is None:
        return None
    period, charge_id, refunded_krw = found
    unused_days, all_days = unused(period.due_on, period.ends_on, today)
    suggestion = RefundSuggestion(charge_id, period.amount_krw, unused_days, all_days, refunded_krw)
    return suggestion if suggestion.amount_krw > 0 else None


def cycle_of(order: Order, plan: Plan) -> Cycle:
    """The cycle a new subscription will have; its trial comes before the anchor."""
    trial_days = plan.trial_days if order.trial_days is None else order.trial_days
    first_on = order.starts_on + timedelta(days=trial_days)
    return anchored(plan.unit, plan.every, first_on, at_month_end=order.at_month_end)


def price_of(order: Order | Change, plan: Plan) -> tuple[int, int]:
    """Price and tax-free part, the plan's where nothing else is said. Raises RuleBroken for what can't be."""
    amount_krw = plan.amount_krw if order.amount_krw is None else order.amount_krw
    if order.tax_free_krw is not None:
        tax_free_krw = order.tax_free_krw
    else:
        tax_free_krw = plan.tax_free_krw if amount_krw == plan.amount_krw else 0
    _refuse_price(amount_krw, tax_free_krw)
    return amount_krw, tax_free_krw


def tax_free_of(session: Session, held: Subscription, change: Change) -> int:
    """The tax-free part after a change of a subscription that has its new price already."""
    if change.plan_id is not None:
        return price_of(change, session.get_one(Plan, change.plan_id))[1]
    return held.tax_free_krw if change.tax_free_krw is None else change.tax_free_krw


def changed(session: Session, held: Subscription, change: Change, today: date) -> Terms:
    """The terms after a change, before a pause leaves dates out. Raises RuleBroken for what can't be."""
    refuse_ended(held)
    terms = Terms.without_pause(held)
    cycle, step, amount_krw = terms.cycle, terms.step, terms.amount_krw
    if change.plan_id is not None:
        plan = offered(session, change.plan_id)
        amount_krw = price_of(change, plan)[0]
        if (plan.unit, plan.every) != (cycle.unit, cycle.every):
            first_on = Terms.of(held).next_on
            day = cycle.anchor_day if cycle.unit in MONTHS_OF else first_on.day
            cycle, step = Cycle(plan.unit, plan.every, first_on, day), 0
    else:
        amount_krw = amount_krw if change.amount_krw is None else change.amount_krw
        _refuse_price(amount_krw, held.tax_free_krw if change.tax_free_krw is None else change.tax_free_krw)
    if change.next_on is not None:
        _refuse_day("next_on", change.next_on, today + timedelta(days=1))
        cycle, step = anchored(cycle.unit, cycle.every, change.next_on, at_month_end=change.at_month_end), 0
    return Terms(cycle, step, amount_krw, held.times_left)


def refuse_order(order: Order, today: date) -> None:
    """Raises RuleBroken for a day, a number of times or a name that can't be."""
    _refuse_day("starts_on", order.starts_on, today)
    if order.times is not None and not 1 <= order.times <= MOST_TIMES:
        raise RuleBroken(_("결제 횟수는 1번에서 999번까지입니다.")).at("times")
    if not 1 <= len(order.name) <= 40:
        raise RuleBroken(_("주문명은 1자에서 40자까지입니다.")).at("name")
    if order.trial_days is not None and not 0 <= order.trial_days <= 365:
        raise RuleBroken(_("체험 기간은 365일까지입니다.")).at("trial_days")


def _refuse_day(field: str, day: date, first: date) -> None:
    last = first + FURTHEST
    if not first <= day <= last:
        raise RuleBroken(
            _(
                "지난 날이나 1년 넘게 뒤의 날은 고를 수 없습니다. %(first)s부터 %(last)s까지에서 골라 주세요.",
                first=first.isoformat(), last=last.isoformat(),
            )
        ).at(field)  # fmt: skip


def refuse_until(until: date, today: date) -> None:
    """Raises RuleBroken at the field `until` for a day on which a pause can't be over: tomorrow at the soonest."""
    if not today < until <= today + FURTHEST:
        raise RuleBroken(_("내일부터 1년 안의 날을 적어 주세요. 비워 두면 직접 다시 시작할 때까지 멈춥니다.")).at(
            "until"
        )


def _refuse_price(amount_krw: int, tax_free_krw: int) -> None:
    if not 1 <= amount_krw <= MAX_AMOUNT_KRW:
        raise RuleBroken(_("결제 금액은 1원부터 100,000,000원까지입니다.")).at("amount_krw")
    if not 0 <= tax_free_krw <= amount_krw:
        raise RuleBroken(_("면세 금액은 결제 금액보다 클 수 없습니다.")).at("tax_free_krw")


def refuse_ended(held: Subscription) -> None:
    """Raises RuleBroken when nothing can be changed any more."""
    if held.state is SubscriptionState.ENDED:
        raise RuleBroken(_("이미 끝난 정기결제입니다. 아무것도 바꾸지 않았습니다."), subscription=held.id)
