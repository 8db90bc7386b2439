"""A worker killed after each commit between a hard refusal and the customer's card link: one notice, with one link."""

import signal

import pytest
from sqlalchemy import select

from merchant_admin import create_app
from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeySource, KeyState
from merchant_admin.card_links.models import CardLink
from merchant_admin.core.clock import SystemClock
from merchant_admin.core.db import db
from merchant_admin.core.ids import new_id
from merchant_admin.core.times import seoul_day
from merchant_admin.customers.service import CustomerDetails, create_customer
from merchant_admin.notices.models import Notice
from merchant_admin.notices.states import NoticeKind
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.subscriptions.models import Period
from merchant_admin.subscriptions.plans import PlanDetails, create_plan
from merchant_admin.subscriptions.service import Order, subscribe
from merchant_admin.subscriptions.states import PeriodState
from merchant_admin.worker.loop import context_of
from merchant_admin.worker.renewals import keep_promises
from merchant_admin.worker.service import run_once
from tests.support.clocks import LaterClock
from tests.support.world import settings_for
from tests.worker import victim

MOST_COMMITS = 20
ROUNDS = (1, 130, 250, 320, 400, 480, 600)  # seconds, after which an unclear charge is looked at again


class Story:
    """One shop whose worker dies again and again, on a clock that goes on."""

    def __init__(self, shop):
        self.shop, self.ahead = shop, 0
        shop.env["TEXT_NOTICES"] = "csv"

    def subscribed(self):
        """The id of a subscription that is due now, to a card that was stopped."""
        uid, now = new_id("bks"), SystemClock().now()
        self.shop.sandbox.window_key(customer_uid=uid, merchant_uid=new_id("reg"), card="stopped")

        def make(ctx, _gateway):
            customer_id = create_customer(ctx, CustomerDetails("김서연", "010-1234-5678", None)).id
            plan_id, key_id = create_plan(ctx, PlanDetails("월 구독", 9_900)).id, new_id("key")
            with ctx.atomic() as session:
                session.add(
                    BillingKey(
                        id=key_id, customer_id=customer_id, customer_uid=uid, state=KeyState.ACTIVE,
                        source=KeySource.WINDOW, mode="sandbox", pg_provider="jtnet", pg_id="tpaytest2m",
                        is_default=True, registered_at=now,
                    )
                )  # fmt: skip
            order = Order(new_id("sht"), customer_id, key_id, plan_id, "월 이용료", seoul_day(ctx.now()))
            return subscribe(ctx, order).id

        return self.shop.alive(make)

    def dies(self, commit):
        """Whether the turn came as far as this commit."""
        process = self.shop.running(victim.turn, (f"commit {commit}", "after"), self.ahead)
        process.join(60)
        assert process.exitcode in {0, -signal.SIGKILL}
        return process.exitcode != 0

    def restarts(self):
        clock = LaterClock()
        app = create_app(settings_for(self.shop.folder, **self.shop.env), clock=clock)
        with app.app_context():
            gateway = app.extensions["merchant_admin"].gateway
            for second in ROUNDS:
                clock.ahead = self.ahead + second
                run_once(context_of(app), gateway)
                keep_promises(context_of(app), gateway, Hours(*victim.ALL_DAY))
            db.session.remove()
            db.engine.dispose()
        self.ahead += ROUNDS[-1]

    def assert_told_once(self, subscription_id):
        def read(ctx, _gateway):
            period = ctx.session.scalars(select(Period).where(Period.subscription_id == subscription_id)).one()
            told = select(Notice).where(Notice.subject_id == subscription_id, Notice.kind == NoticeKind.CARD_NEEDED)
            notice = ctx.session.scalars(told).one()
            link = ctx.session.scalars(select(CardLink).where(CardLink.period_id == period.id)).one()
            return period.state, notice.link_id == link.id, notice.awaits_link

        assert self.shop.alive(read) == (PeriodState.NEEDS_CARD, True, False)


@pytest.mark.long
def test_wherever_the_worker_dies_the_customer_gets_one_link(shop):
    story, deaths = Story(shop), 0
    for commit in range(1, MOST_COMMITS):
        held_id = story.subscribed()
        is_dead = story.dies(commit)
        story.restarts()
        story.assert_told_once(held_id)
        if not is_dead:
            break
        deaths += 1
    assert 5 <= deaths < MOST_COMMITS - 1  # the due date, the claim, the charge, the refusal, the link
    shop.assert_right()
