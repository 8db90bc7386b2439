"""From a customer's new card to the end of the old one, step by step; each step may be killed at any line.

REGISTERING: PortOne was read, by the registration. VERIFIED: all subscriptions move in one transaction. MOVED: the old
card's reservations are revoked, then it is deleted. Until MOVED everything is charged to the old card, and whatever
goes wrong leaves it so.
"""

import logging
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.service import make_default
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.card_links import clearing
from merchant_admin.card_links.models import CardLink, CardLinkSubscription
from merchant_admin.card_links.service import locked, registration_of, tell
from merchant_admin.card_links.states import WORKING, LinkState, Trouble, advance
from merchant_admin.core.context import WorkContext
from merchant_admin.core.db import among, lease_now
from merchant_admin.core.errors import NotFound, RuleBroken
from merchant_admin.portone.gateway import Gateway
from merchant_admin.registrations.models import Registration
from merchant_admin.registrations.states import LIVE as LIVE_REGISTRATIONS
from merchant_admin.subscriptions.cards import move_to_card

log = logging.getLogger(__name__)

STEPS = 4
LEASE = timedelta(seconds=90)  # longer than any one step: then another worker goes on
WAITS = tuple(timedelta(seconds=wait) for wait in (5, 15, 30, 60, 300, 900, 3600))


def go_on(ctx: WorkContext, gateway: Gateway, link_id: str) -> LinkState:
    """Do what can be done for one link now. May run any number of times, at any moment, beside others of its kind.

    Raises NotFound. PortOne being away raises nothing: it is tried again.
    """
    state, is_due = _take(ctx, link_id)
    for _step in range(STEPS):
        before = state
        if state is LinkState.REGISTERING:
            state = _settle_registration(ctx, link_id, is_due=is_due)
        elif state is LinkState.VERIFIED:
            state = _move(ctx, link_id)
        elif state is LinkState.MOVED:
            state = _clear(ctx, gateway, link_id)
        if state is before:
            break
    return state


def due_links(session: Session, now: datetime, limit: int = 20) -> list[str]:
    """Ids of links whose next step has come, the longest waiting first: its time, or news of its registration."""
    news = select(Registration.id).where(
        Registration.id == CardLink.registration_id, Registration.state.not_in(LIVE_REGISTRATIONS)
    )
    is_known = (CardLink.state == LinkState.REGISTERING) & news.exists()
    due = select(CardLink.id).where(among(CardLink.state, WORKING), (CardLink.next_at <= now) | is_known)
    return list(session.scalars(due.order_by(CardLink.next_at, CardLink.id).limit(limit)))


def link_of_registration(session: Session, registration_id: str) -> str | None:
    """The link that began this registration, if one did."""
    return session.scalar(select(CardLink.id).where(CardLink.registration_id == registration_id))


def _take(ctx: WorkContext, link_id: str) -> tuple[LinkState, bool]:
    with ctx.atomic() as session:
        link = locked(session, link_id)
        now = lease_now(session, ctx.clock)
        is_due = link.next_at is not None and link.next_at <= now
        if link.state in WORKING:
            link.next_at = now + LEASE
        return link.state, is_due


def _settle_registration(ctx: WorkContext, link_id: str, *, is_due: bool) -> LinkState:
    """What came of the window: a key that can take over, or nothing, and then the link may be tried again."""
    with ctx.atomic() as session:
        link = locked(session, link_id)
        if link.state is not LinkState.REGISTERING:
            return link.state
        found = registration_of(session, link)
        if found is not None and found.state in LIVE_REGISTRATIONS:
            link.registration_id = found.id  # its news makes the link due, or the end of this step's lease
        elif found is not None and found.billing_key_id is not None:
            _verified(ctx, session, link, found)
        elif found is not None or is_due:  # nothing came of it, or whoever began it died before the registration
            link.state, link.next_at = advance(link.state, LinkState.OPEN), None
            tell(ctx, link, "card_link.not_registered")
        return link.state


def _verified(ctx: WorkContext, session: Session, link: CardLink, found: Registration) -> None:
    key = session.get_one(BillingKey, found.billing_key_id)
    link.registration_id, link.new_billing_key_id = found.id, key.id
    if key.state is not KeyState.ACTIVE:
        _fail(ctx, link, Trouble.NEW_CARD_UNUSABLE)
    elif key.pg_id != link.pg.partition(".")[2]:  # the MID says it; PGs spell their own names in several ways
        _fail(ctx, link, Trouble.OTHER_PROFILE)
    else:
        link.state = advance(link.state, LinkState.VERIFIED)
        tell(ctx, link, "card_link.verified", new_billing_key_id=key.id)


def _move(ctx: WorkContext, link_id: str) -> LinkState:
    """All subscriptions in one transaction. A new card that can't be charged any more ends the switch instead."""
    try:
        with ctx.atomic() as session:
            link = locked(session, link_id)
            if link.state is not LinkState.VERIFIED:
                return link.state
            moved: list[str] = []
            if link.old_billing_key_id is not None and link.new_billing_key_id is not None:
                covered = select(CardLinkSubscription.subscription_id).where(CardLinkSubscription.link_id == link_id)
                ids = session.scalars(covered).all()
                moved = move_to_card(ctx, session, ids, link.old_billing_key_id, link.new_billing_key_id)
            link.state, link.moved_at = advance(link.state, LinkState.MOVED), ctx.now()
            tell(ctx, link, "card_link.moved", count=len(moved), new_billing_key_id=link.new_billing_key_id)
            return link.state
    except (RuleBroken, NotFound) as refusal:
        log.warning("card_link.not_moved", extra={"link": link_id, **refusal.facts})
    with ctx.atomic() as session:
        link = locked(session, link_id)
        if link.state is LinkState.VERIFIED:
            _fail(ctx, link, Trouble.NEW_CARD_UNUSABLE)
        return link.state


def _clear(ctx: WorkContext, gateway: Gateway, link_id: str) -> LinkState:
    """The old card goes, now that nothing is charged to it; what still hinders is waited for and shown."""
    link = ctx.session.get_one(CardLink, link_id, populate_existing=True)
    old_id, new_id = link.old_billing_key_id, link.new_billing_key_id
    found = clearing.Cleared()
    if old_id is not None and new_id is not None:
        _keep_default(ctx, old_id, new_id)
        found = clearing.clear_away(ctx, gateway, old_id)
    with ctx.atomic() as session:
        link = locked(session, link_id)
        if link.state is not LinkState.MOVED:
            return link.state
        link.revoked += found.revoked
        link.trouble = found.trouble
        if found.trouble in {None, Trouble.STILL_NEEDED}:
            link.state, link.settled_at = advance(link.state, LinkState.DONE), ctx.now()
            link.next_at = None
            tell(ctx, link, "card_link.done", revoked=link.revoked, kept=found.trouble is Trouble.STILL_NEEDED)
        else:
            link.next_at = lease_now(session, ctx.clock) + WAITS[min(link.waits, len(WAITS) - 1)]
            link.waits += 1
        return link.state


def _keep_default(ctx: WorkContext, old_id: str, new_id: str) -> None:
    """A default card hands that on to the card that replaces it."""
    was = ctx.session.scalar(select(BillingKey.is_default).where(BillingKey.id == old_id))
    ctx.end_reading()
    if was:
        try:
            make_default(ctx, new_id)
        except RuleBroken:
            log.warning("card_link.no_default", extra={"billing_key": new_id})


def _fail(ctx: WorkContext, link: CardLink, trouble: Trouble) -> None:
    """The new card can't take over: the old one stays as it is, and a person decides."""
    link.state, link.trouble = advance(link.state, LinkState.FAILED), trouble
    link.settled_at, link.next_at = ctx.now(), None
    tell(ctx, link, "card_link.failed")
