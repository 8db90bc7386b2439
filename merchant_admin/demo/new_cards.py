"""New cards of the demo's people: a switch that is done, a link that was opened, and half of a move of all cards."""

from typing import Any

from flask_babel import force_locale
from sqlalchemy import select

from merchant_admin.card_links import moves, service, switching
from merchant_admin.card_links.consent import VERSION, consent_text
from merchant_admin.card_links.models import CardLink
from merchant_admin.card_links.moves import MoveOrder
from merchant_admin.card_links.queries import covered_by
from merchant_admin.card_links.service import Agreement, LinkOrder
from merchant_admin.core.context import WorkContext
from merchant_admin.core.ids import new_id
from merchant_admin.core.settings import Settings
from merchant_admin.portone.gateway import Gateway
from merchant_admin.registrations.looking import look_at_registration
from merchant_admin.registrations.models import Registration
from merchant_admin.subscriptions.models import Subscription

NEW_CARDS, OPENED = 2, 1  # of a move: customers who registered already, and who only looked


def ask(ctx: WorkContext, gateway: Gateway, subscription_id: str) -> str:
    """A link for the card of a subscription, handed to the customer. Its id."""
    held = ctx.session.get_one(Subscription, subscription_id)
    order = LinkOrder(new_id("sht"), held.customer_id, held.billing_key_id, (held.id,), 14)
    link_id = service.create_link(ctx, gateway, order).id
    service.mark_sent(ctx, link_id)
    return link_id


def note_opened(ctx: WorkContext, link_id: str) -> None:
    """The customer looked and did nothing yet."""
    service.note_opened(ctx, link_id)


def agree(ctx: WorkContext, settings: Settings, link_id: str) -> Agreement:
    """What the page said to them."""
    with force_locale("ko"):
        text = consent_text(settings, covered_by(ctx.reader, link_id), replaces=True)
    return Agreement(VERSION, "ko", text, "203.0.113.7", None)


def register(
    ctx: WorkContext, gateway: Gateway, sandbox: Any, link_id: str, serial: int, agreement: Agreement
) -> tuple[str, str]:  # fmt: skip
    """What the customer does with it, to the end of the old card. Ids of the old card and of the new one."""
    service.note_opened(ctx, link_id)
    registration_id = service.open_window(ctx, gateway, link_id, agreement)
    opened = ctx.session.get_one(Registration, registration_id)
    sandbox.window_key(
        customer_uid=opened.customer_uid, merchant_uid=opened.merchant_uid, card="approve", serial=serial, pg=opened.pg
    )
    ctx.end_reading()
    look_at_registration(ctx, gateway, registration_id)
    switching.go_on(ctx, gateway, link_id)
    link = ctx.session.get_one(CardLink, link_id, populate_existing=True)
    return str(link.old_billing_key_id), str(link.new_billing_key_id)


def leave(ctx: WorkContext, gateway: Gateway) -> list[str]:
    """Begin to move all cards, and send the links. Ids of the links."""
    source, target = gateway.billing_pgs[:2]
    move_id = moves.start_move(ctx, gateway, MoveOrder(source, target, 30)).id
    moves.make_links(ctx, gateway, move_id)
    moves.stop_move(ctx, move_id)
    moves.take_unsent(ctx, move_id)
    made = select(CardLink.id).where(CardLink.move_id == move_id).order_by(CardLink.sheet_key)
    return list(ctx.session.scalars(made))
