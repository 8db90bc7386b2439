"""Replacing a card by one that is stored already: the same switch as after a link, with no link in between."""

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.card_links import switching
from merchant_admin.card_links.models import CardLink, CardLinkSubscription
from merchant_admin.card_links.service import end_earlier, refuse_card, tell, token
from merchant_admin.card_links.states import LinkState
from merchant_admin.core.context import ActorKind, WorkContext
from merchant_admin.core.errors import RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.core.link_tokens import hash_of
from merchant_admin.core.settings import Mode
from merchant_admin.customers.models import Customer
from merchant_admin.portone.gateway import Gateway
from merchant_admin.subscriptions.cards import usable
from merchant_admin.subscriptions.models import Subscription
from merchant_admin.subscriptions.states import LIVE as LIVE_SUBSCRIPTIONS


def replace_card(ctx: WorkContext, gateway: Gateway, sheet_key: str, old_key_id: str, new_key_id: str) -> str:
    """Move all subscriptions of a card to another card of its customer, then delete the old one at PortOne.

    Returns the id of the switch, which goes on by itself where it could not be finished now. The same sheet again
    finds the first one. Raises NotFound, RuleBroken (a card that can't be charged, the same card twice, a link of this
    card that is being used): nothing was changed then.
    """
    with ctx.atomic() as session:
        used = session.scalar(select(CardLink.id).where(CardLink.sheet_key == sheet_key))
        if used is None:
            if old_key_id == new_key_id:
                raise RuleBroken(_("같은 카드입니다. 다른 카드를 골라 주세요. 아무것도 바꾸지 않았습니다."))
            new = session.get(BillingKey, new_key_id, with_for_update=True, populate_existing=True)
            customer = session.get(Customer, new.customer_id) if new else None
            live = usable(ctx, new, customer)
            refuse_card(ctx, session, old_key_id, live.customer_id)
            end_earlier(ctx, session, old_key_id)
            charged = select(Subscription.id).where(
                Subscription.billing_key_id == old_key_id, Subscription.state.in_(LIVE_SUBSCRIPTIONS)
            )
            covered = session.scalars(charged).all()
            used, now = new_id("lnk"), ctx.now()
            link = CardLink(
                id=used, sheet_key=sheet_key, mode=Mode(ctx.mode), customer_id=live.customer_id, waits=0,
                pg=f"{live.pg_provider}.{live.pg_id}", old_billing_key_id=old_key_id, new_billing_key_id=live.id,
                link_hash=hash_of(token(ctx, used)), expires_at=now, state=LinkState.VERIFIED, tries=0, revoked=0,
                next_at=now, created_at=now, staff_id=ctx.actor.id if ctx.actor.kind is ActorKind.STAFF else None,
            )  # fmt: skip
            session.add(link)
            session.flush()
            session.add_all(CardLinkSubscription(link_id=used, subscription_id=one) for one in covered)
            tell(ctx, link, "card_link.begun_here", count=len(covered))
    switching.go_on(ctx, gateway, used)
    return used
