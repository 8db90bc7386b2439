"""More of a shop: what only the other ways to pay, promises and things in doubt put on its pages."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from merchant_admin.card_links import service as card_links
from merchant_admin.card_links.service import LINK_DAYS, LinkOrder
from merchant_admin.cases.service import Finding, open_case
from merchant_admin.cases.states import CaseKind
from merchant_admin.checkouts import service as checkouts
from merchant_admin.checkouts.looking import look_at_checkout
from merchant_admin.checkouts.models import Checkout
from merchant_admin.checkouts.queries import checkout_view
from merchant_admin.checkouts.service import CheckoutOrder
from merchant_admin.checkouts.tokens import token_of
from merchant_admin.core.ids import new_id
from merchant_admin.core.times import seoul_day
from merchant_admin.customers.models import Customer
from merchant_admin.failures.words import id_of, pattern_of
from merchant_admin.payments.models import Attempt
from merchant_admin.payments.service import look_at_attempt
from merchant_admin.payments.states import PayMethod
from merchant_admin.payments.window import WindowPlace
from merchant_admin.reconcile import closing
from merchant_admin.reconcile import service as reconcile
from merchant_admin.schedules import service as schedules
from merchant_admin.schedules.service import ScheduleSheet
from merchant_admin.subscriptions import service as subscriptions
from merchant_admin.subscriptions.plans import PlanDetails, create_plan
from merchant_admin.subscriptions.service import Order
from merchant_admin.webhooks import service as webhooks
from portone_sandbox import purchases
from tests.support.clocks import LaterClock
from tests.support.furnish import charge, payment_of

RUNS_AGAIN = "nice_v2.sandboxv2m"  # a profile that can run a reservation once more

_PLACE = WindowPlace("https://shop.example", "ko", is_phone=False)


def furnish_ways(world, customer_id):
    """Ids of what the pages of the other ways need, as their addresses name them."""
    customer = world.session.get(Customer, customer_id)
    key = world.a_key(customer)
    found = {
        **_checkouts(world, customer_id), **_promises(world, key), **_doubts(world, customer), **_days(world),
        **_card_link(world, customer_id),
    }  # fmt: skip
    ctx = world.ctx()
    webhooks.receive(
        ctx, b'{"imp_uid": "imp_000000000001", "merchant_uid": "none", "status": "paid"}', "application/json", None
    )
    with ctx.atomic() as session:
        facts = {"ours": "₩10,000", "theirs": "₩12,000"}
        found["case_id"] = open_case(
            ctx,
            session,
            Finding(CaseKind.AMOUNT_CHANGED, "imp_1", customer_id=customer_id, amount_krw=10_000, facts=facts),
        )
    world.session.remove()
    return found


def open_at_sandbox(world, checkout_id):
    """Claims the window and opens it in a buyer's browser: the sandbox's window."""
    checkouts.open_window(world.ctx(), world.gateway, checkout_id)
    row = world.session.get(Checkout, checkout_id, populate_existing=True)
    uid = world.session.get(Attempt, row.attempt_id).merchant_uid
    customer = world.session.get(Customer, row.customer_id)
    made = checkouts.window_parameters(world.settings, row, uid, customer, _PLACE, world.clock.now())
    world.session.rollback()
    hub = world.sandbox.hub
    return purchases.open_window(hub, hub.config.imp_code, made)


def _checkouts(world, customer_id):
    def make(method, link_days=3):
        order = CheckoutOrder(new_id("sht"), customer_id, method, "꽃다발", 60_000, link_days=link_days)
        return checkouts.create_checkout(world.ctx(), world.gateway, order).id

    waiting, in_window, failed = make(PayMethod.VBANK), make(PayMethod.CARD), make(PayMethod.TRANS, 0)
    purchases.issue_vbank(world.sandbox.hub, open_at_sandbox(world, waiting), "088", "온빛상점")
    purchases.close_window(world.sandbox.hub, open_at_sandbox(world, failed))
    checkouts.note_return(world.ctx(), failed, None, "PG_ERR 사용자가 결제를 취소하셨습니다")
    for one in (waiting, failed):
        look_at_checkout(world.ctx(), world.gateway, one)
    checkouts.open_window(world.ctx(), world.gateway, in_window)
    secret = world.settings.secret_key.encode()
    return {
        "waiting_id": waiting, "in_window_id": in_window, "failed_id": failed,
        "waiting_token": token_of(secret, waiting), "in_window_token": token_of(secret, in_window),
        "waiting_payment_id": checkout_view(world.session, waiting, world.clock.now()).payment_id,
    }  # fmt: skip


def _promises(world, key):
    at = world.clock.now() + timedelta(days=2)
    sheet = ScheduleSheet(new_id("sht"), key.customer_id, key.id, 33_000, 0, "1월 이용료", "", at)
    schedule_id = schedules.reserve_charge(world.ctx(), world.gateway, sheet).id
    other = world.a_key(world.session.get(Customer, key.customer_id), pg=RUNS_AGAIN)
    sheet = ScheduleSheet(new_id("sht"), other.customer_id, other.id, 34_000, 0, "2월 이용료", "", at)
    revoked_id = schedules.reserve_charge(world.ctx(), world.gateway, sheet).id
    schedules.revoke_schedule(world.ctx(), world.gateway, revoked_id, "고객 요청")
    plan_id = create_plan(world.ctx(), PlanDetails("월 구독", 9_900, 0)).id
    order = Order(new_id("sht"), key.customer_id, key.id, plan_id, "월 이용료", seoul_day(world.clock.now()))
    subscription_id = subscriptions.subscribe(world.ctx(), order).id
    return {
        "schedule_id": schedule_id,
        "revoked_id": revoked_id,
        "plan_id": plan_id,
        "subscription_id": subscription_id,
        "promised_key_id": key.id,
    }


def _card_link(world, customer_id):
    link_id = card_links.create_link(
        world.ctx(), world.gateway, LinkOrder(new_id("sht"), customer_id, None, (), LINK_DAYS[0])
    ).id
    return {"card_link_id": link_id, "card_token": card_links.token(world.ctx(), link_id)}


def _doubts(world, customer):
    """A charge that PortOne was not seen to have, twice and long enough apart; and a declined one."""
    world.sandbox.faults.plan("close_before", "/subscribe/payments/again", times=1)
    lost = charge(world, world.a_key(customer), 42_000, "과일 상자")
    attempt_id = world.session.scalars(select(Attempt.id).where(Attempt.charge_id == lost.id)).one()
    world.session.rollback()
    for later in (200, 300):
        look_at_attempt(replace(world.ctx(), clock=LaterClock(later)), world.gateway, attempt_id)
    declined = charge(world, world.a_key(customer, "balance"), 12_000, "차 모음")
    reason = payment_of(world, declined.id).fail_reason
    return {"doubt_charge_id": lost.id, "declined_charge_id": declined.id, "failure_id": id_of(pattern_of(reason))}


def _days(world):
    yesterday = seoul_day(world.clock.now()) - timedelta(days=1)
    reconcile.match_now(world.ctx(), world.gateway, yesterday)
    closing.close_day(world.ctx(), yesterday)
    return {"day": (yesterday + timedelta(days=1)).isoformat(), "closed_day": yesterday.isoformat()}
