"""Makers and moves of these tests: a plan, a subscription, a turn of the clock, days that pass."""

from datetime import timedelta

from sqlalchemy import select

from merchant_admin.core.ids import new_id
from merchant_admin.core.times import seoul_day
from merchant_admin.payments.models import Attempt
from merchant_admin.subscriptions import service
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.subscriptions.models import Period, PeriodCharge, Subscription
from merchant_admin.subscriptions.plans import PlanDetails, create_plan
from merchant_admin.subscriptions.service import Order
from merchant_admin.worker.renewals import keep_promises
from merchant_admin.worker.service import run_once


def a_plan(world, **details):
    return create_plan(world.ctx(), PlanDetails(**{"name": "월 구독", "amount_krw": 9_900, **details}))


def today(world):
    return seoul_day(world.clock.now())


def an_order(world, plan=None, card="approve", key=None, **details):
    plan, key = plan or a_plan(world), key or world.a_key(card=card)
    return Order(
        **{
            "sheet_key": new_id("sht"), "customer_id": key.customer_id, "billing_key_id": key.id, "plan_id": plan.id,
            "name": "월 이용료", "starts_on": today(world), **details,
        }
    )  # fmt: skip


def subscribed(world, plan=None, card="approve", **details):
    """The id of a new subscription."""
    return service.subscribe(world.ctx(), an_order(world, plan, card, **details)).id


def turn(world, hours=None):
    """One turn of the clock, and of the looks."""
    run_once(world.ctx(), world.gateway)
    return keep_promises(world.ctx(), world.gateway, hours or Hours())


def pass_days(world, days):
    """A turn at noon of each of the next days."""
    for _day in range(days):
        world.clock.advance(days=1)
        turn(world)


def fresh(world, subscription_id):
    world.session.rollback()
    return world.session.get(Subscription, subscription_id)


def periods(world, subscription_id):
    world.session.rollback()
    owned = select(Period).where(Period.subscription_id == subscription_id)
    return list(world.session.scalars(owned.order_by(Period.number)))


def states(world, subscription_id):
    return [period.state.value for period in periods(world, subscription_id)]


def taken(world):
    """What the sandbox took, by Seoul day: its truth, not ours."""
    return [
        payment["amount"] for payment in world.sandbox.payments() if payment["status"] == "paid" and payment["amount"]
    ]


def attempts(world, subscription_id):
    world.session.rollback()
    made = select(Attempt).join(PeriodCharge, PeriodCharge.charge_id == Attempt.charge_id)
    made = made.join(Period, Period.id == PeriodCharge.period_id).where(Period.subscription_id == subscription_id)
    return list(world.session.scalars(made.order_by(Attempt.created_at, Attempt.id)))


def day_of(world, days):
    return today(world) + timedelta(days=days)
