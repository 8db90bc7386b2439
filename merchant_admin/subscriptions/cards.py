"""Putting subscriptions on another card: the same move for one by staff and for all of a card that a customer replaced.

The subscription is locked, so its next charge is made with the old card or with the new one, never with both: a
period that is being charged keeps that charge, and only a new try of it would use the new card.
"""

from collections.abc import Iterable

from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.core.context import WorkContext
from merchant_admin.core.errors import NotFound, RuleBroken
from merchant_admin.customers.models import Customer
from merchant_admin.subscriptions import steps, telling
from merchant_admin.subscriptions.models import Subscription
from merchant_admin.subscriptions.proposals import refuse_ended
from merchant_admin.subscriptions.states import PeriodState, SubscriptionState


def change_card(ctx: WorkContext, subscription_id: str, version: int, billing_key_id: str) -> Subscription:
    """Charge another card of the same customer from now on; a period that waits for a card is due again at once.

    Raises NotFound, Conflict, RuleBroken (the card can't be charged, the subscription ended).
    """
    with ctx.atomic() as session:
        key = session.get(BillingKey, billing_key_id, with_for_update=True, populate_existing=True)
        held = steps.locked(session, subscription_id, version)
        refuse_ended(held)
        live = usable(ctx, key, session.get(Customer, held.customer_id))
        _put_on(ctx, session, held, live)
    return held


def move_to_card(
    ctx: WorkContext, session: Session, subscription_ids: Iterable[str], from_key_id: str, to_key_id: str
) -> list[str]:
    """Put these on the new card, inside an open write: all of them, or none. Returns the ids of those that moved.

    One that ended, or that staff put on a third card meanwhile, is left as it is. Raises NotFound, RuleBroken (the
    new card can't be charged): then the old card stays.
    """
    key = session.get(BillingKey, to_key_id, with_for_update=True, populate_existing=True)
    moved = []
    for subscription_id in sorted(subscription_ids):
        held = steps.locked(session, subscription_id)
        live = usable(ctx, key, session.get(Customer, held.customer_id))
        if held.state is not SubscriptionState.ENDED and held.billing_key_id == from_key_id:
            _put_on(ctx, session, held, live)
            moved.append(held.id)
    return moved


def _put_on(ctx: WorkContext, session: Session, held: Subscription, key: BillingKey) -> None:
    """What is owed and waits for a card, or for another day, is due again with the new one."""
    period = steps.open_period(session, held.id)
    if period is not None and period.state in {PeriodState.NEEDS_CARD, PeriodState.RETRYING}:
        steps.settle_period(ctx, period, PeriodState.DUE, ctx.now())
    before, held.billing_key_id = held.billing_key_id, key.id
    held.version += 1
    telling.withdraw(ctx, session, held)
    steps.tell(ctx, "subscription.card_changed", held, before=before, after=key.id)


def usable(ctx: WorkContext, key: BillingKey | None, customer: Customer | None) -> BillingKey:
    """The card, if this customer's subscriptions can be charged to it. Raises NotFound, RuleBroken."""
    if customer is None:
        raise NotFound(_("고객을 찾을 수 없습니다."))
    if key is None or key.customer_id != customer.id:
        raise NotFound(_("이 고객의 빌링키를 찾을 수 없습니다.")).at("billing_key_id")
    if key.state is not KeyState.ACTIVE or key.mode.value != ctx.mode:
        raise RuleBroken(
            _("쓸 수 없는 카드입니다. 아무것도 바꾸지 않았습니다. 다른 카드를 고르십시오."), billing_key=key.id
        ).at("billing_key_id")
    if customer.is_archived:
        raise RuleBroken(_("보관한 고객입니다. 먼저 고객을 되살리십시오."), customer=customer.id)
    return key
