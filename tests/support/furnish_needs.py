"""What makes a shop's people busy: refused renewals, cards to replace, notices that wait and a consent to get."""

from datetime import time

from sqlalchemy import select

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.core.ids import new_id
from merchant_admin.core.times import seoul_day
from merchant_admin.notices import consents
from merchant_admin.notices.handing import hand_over
from merchant_admin.notices.models import Consent, Notice
from merchant_admin.notices.states import NoticeState
from merchant_admin.subscriptions import service
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.subscriptions.models import Subscription
from merchant_admin.subscriptions.plans import PlanDetails, create_plan
from merchant_admin.subscriptions.service import Change, Order
from merchant_admin.worker.renewals import keep_promises

ALL_DAY = Hours(time.min, time.max)


def furnish_needs(world):
    """Ids of its notices and its consent, and its month. The shop must have TEXT_NOTICES=csv and CONSENT_DAYS."""
    plan_id = create_plan(world.ctx(), PlanDetails("원두 구독", 18_500, 0)).id
    made = {card: _subscribed(world, plan_id, card) for card in ("approve", "balance", "stopped")}
    keep_promises(world.ctx(), world.gateway, ALL_DAY)
    hand_over(world.ctx())
    gone = _subscribed(world, plan_id, "approve")
    with world.ctx().atomic() as session:
        key_id = session.get_one(Subscription, gone).billing_key_id
        session.get_one(BillingKey, key_id).state = KeyState.MISSING
    version = world.session.get_one(Subscription, made["approve"]).version
    service.change_terms(world.ctx(), made["approve"], version, Change(amount_krw=21_000))
    consent_id = world.session.scalars(select(Consent.id)).one()
    found = {
        "consent_id": consent_id,
        "consent_token": consents.token(world.ctx(), consent_id),
        "notice_id": world.session.scalars(select(Notice.id).where(Notice.state == NoticeState.WAITING)).first(),
        "sent_notice_id": world.session.scalars(
            select(Notice.id).where(Notice.state == NoticeState.HANDED_OVER)
        ).first(),
        "month": f"{seoul_day(world.clock.now()):%Y-%m}",
    }
    assert all(found.values()), found
    world.session.remove()
    return found


def _subscribed(world, plan_id, card):
    key = world.a_key(card=card)
    today = seoul_day(world.clock.now())
    return service.subscribe(world.ctx(), Order(new_id("sht"), key.customer_id, key.id, plan_id, "원두 구독", today)).id
