"""Subscriptions of the demo's people: one in every state, and the clock's turns in between."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from merchant_admin.core.context import WorkContext
from merchant_admin.core.ids import new_id
from merchant_admin.core.times import SEOUL, seoul_day
from merchant_admin.portone.gateway import Gateway
from merchant_admin.subscriptions import clock, service
from merchant_admin.subscriptions.models import Subscription
from merchant_admin.subscriptions.plans import PlanDetails, create_plan
from merchant_admin.subscriptions.service import Order
from merchant_admin.subscriptions.states import Unit

DAYS = 212
AGREED_AFTER = 12  # days of a trial after which the customer is reached
RESTS = 30  # days a customer is away
LATELY = 2  # days whose texts wait to be sent by hand
_PLANS = {
    "fruit": PlanDetails("제철 과일 월 정기 배송", 39_000, 39_000),
    "coffee": PlanDetails("원두 2주 정기 배송", 18_500, 0, Unit.WEEK, 2),
    "club": PlanDetails("온빛 멤버십", 9_900, 0, Unit.MONTH, 1, trial_days=14),
    "year": PlanDetails("온빛 멤버십 1년", 99_000, 0, Unit.YEAR, 1),
}


@dataclass(frozen=True)
class Promise:
    """Who subscribes to what, how many days ago, with which card; and what staff do with it later."""

    who: int
    plan: str
    days_ago: int
    card: int = 0
    act: str | None = None
    act_days_ago: int = 0


PROMISES = (
    Promise(0, "coffee", 61), Promise(7, "fruit", 48), Promise(8, "coffee", 30), Promise(20, "club", 44),
    Promise(3, "club", 5), Promise(10, "fruit", 2, card=1), Promise(15, "coffee", 1, card=1),
    Promise(4, "fruit", 40, act="pause", act_days_ago=6), Promise(1, "coffee", 33, act="rest", act_days_ago=4),
    Promise(5, "coffee", 27, act="leave", act_days_ago=3),
    Promise(6, "club", 60, act="end", act_days_ago=18),
    # Seven months for the numbers: some stay, some leave, and some cards are refused.
    Promise(1, "fruit", 207), Promise(9, "club", 200), Promise(2, "coffee", 190), Promise(22, "fruit", 171),
    Promise(23, "club", 149), Promise(24, "coffee", 131), Promise(25, "year", 118), Promise(26, "fruit", 92),
    Promise(27, "fruit", 185, act="end", act_days_ago=75), Promise(28, "coffee", 160, act="end", act_days_ago=44),
    Promise(29, "club", 125, act="end", act_days_ago=12), Promise(12, "fruit", 80, card=1),
    Promise(13, "fruit", 140, card=1, act="new_card", act_days_ago=138),
    Promise(16, "coffee", 97, card=1, act="new_card", act_days_ago=95),
    Promise(14, "fruit", 36, card=1, act="new_card", act_days_ago=34),
    Promise(15, "club", 30, card=1, act="new_card", act_days_ago=14),
    Promise(2, "club", 16),  # nobody reached the customer: the charge is held
)  # fmt: skip
REFUSED_TODAY = Promise(11, "coffee", 0, card=1)


def moments(now: datetime) -> list[tuple[datetime, str, int]]:
    """(when, which scene, number of the promise) in the order of time, all of them past."""
    today = seoul_day(now)
    found = [(_at(today, DAYS, time(9, 30)), "offers_plans", 0)]
    for number, promise in enumerate(PROMISES):
        found.append((_at(today, promise.days_ago, time(9, 40, number)), "promises", number))
        if _PLANS[promise.plan].trial_days and promise.days_ago > AGREED_AFTER + 8:
            found.append((_at(today, promise.days_ago - AGREED_AFTER, time(11, number)), "agrees", number))
        if promise.act:
            found.append((_at(today, promise.act_days_ago, time(15, number)), "thinks_again", number))
    found += [
        (_at(today, 12, time(16, 5)), "switches_card", 2),
        (_at(today, 4, time(14, 20)), "leaves_the_pg", 0),
        (_at(today, 1, time(18, 10)), "opens_a_link", 6),
    ]
    found += [(_at(today, 3, time(13, 10)), "costs_more", 1)]
    found += [(_at(today, ago, time(10, 20)), "clock_turns", int(ago < LATELY)) for ago in range(DAYS)]
    return sorted(found)


def _at(today: date, days_ago: int, at: time) -> datetime:
    return datetime.combine(today - timedelta(days=days_ago), at, SEOUL).astimezone(UTC)


def offer(ctx: WorkContext) -> dict[str, str]:
    """The plans' ids by their names here."""
    return {name: create_plan(ctx, details).id for name, details in _PLANS.items()}


def begin(ctx: WorkContext, promise: Promise, plan_id: str, customer_id: str, key_id: str) -> str:
    """The id of the subscription."""
    name = _PLANS[promise.plan].name
    order = Order(new_id("sht"), customer_id, key_id, plan_id, name, seoul_day(ctx.now()))
    return service.subscribe(ctx, order).id


def think_again(ctx: WorkContext, promise: Promise, subscription_id: str, first_key_id: str) -> None:
    """What staff do for the customer, once it is paid up or its card was refused."""
    version = ctx.session.get_one(Subscription, subscription_id).version
    match promise.act:
        case "new_card":
            service.change_card(ctx, subscription_id, version, first_key_id)
        case "pause":
            service.pause(ctx, subscription_id, version, "여행으로 두 달 쉼")
        case "rest":
            until = seoul_day(ctx.now()) + timedelta(days=RESTS)
            service.pause(ctx, subscription_id, version, "출장", until)
        case "leave":
            service.cancel_at_period_end(ctx, subscription_id, version, "이사")
        case _:
            service.cancel_now(ctx, subscription_id, version, "고객 요청")


def turn(ctx: WorkContext, gateway: Gateway) -> None:
    """What a worker does in a day."""
    clock.end_due(ctx)
    service.resume_due(ctx)
    clock.open_due(ctx)
    for period_id in clock.claim_due(ctx):
        clock.see_to(ctx, gateway, period_id)
