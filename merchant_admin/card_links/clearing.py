"""Clearing an old card away at PortOne: its reservations are revoked first, since PortOne would leave them standing.

Every request here may be repeated: revoking and deleting twice is doing it once. Nothing of it moves money.
"""

from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.billing_keys import dependants
from merchant_admin.billing_keys.dependants import Need
from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.service import delete_card, reservations_held
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.card_links.states import Trouble
from merchant_admin.core.context import WorkContext
from merchant_admin.core.errors import GatewayError, RuleBroken
from merchant_admin.portone.gateway import Gateway
from merchant_admin.schedules.models import Schedule
from merchant_admin.schedules.service import revoke_schedule
from merchant_admin.schedules.states import ScheduleState

WHY = "새 카드로 교체"


@dataclass(frozen=True)
class Cleared:
    """How far it came: what hinders (None: the old card is gone), and reservations revoked by this turn."""

    trouble: Trouble | None = None
    revoked: int = 0


def clear_away(ctx: WorkContext, gateway: Gateway, key_id: str) -> Cleared:
    """Revoke the card's reservations and delete it, as far as it goes now. Never raises for what time may heal."""
    done = Cleared()
    try:
        hindrance = _hindrance(ctx.reader, key_id)
        if hindrance is not None or _is_gone(ctx.reader, key_id):
            return replace(done, trouble=hindrance)
        done = _revoke_ours(ctx, gateway, key_id)
        if done.trouble is None:
            found = _revoke_others(ctx, gateway, key_id)
            done = replace(done, revoked=done.revoked + found)
            state = delete_card(ctx, gateway, key_id, WHY).state
            done = replace(done, trouble=None if state is KeyState.DELETED else Trouble.NOT_DELETED)
    except GatewayError:
        return replace(done, trouble=Trouble.UNREAD)
    except RuleBroken:
        return replace(done, trouble=_hindrance(ctx.reader, key_id) or Trouble.RESERVED)
    finally:
        ctx.end_reading()
    return done


def _is_gone(session: Session, key_id: str) -> bool:
    return session.scalar(select(BillingKey.state).where(BillingKey.id == key_id)) is KeyState.DELETED


def _hindrance(session: Session, key_id: str) -> Trouble | None:
    """What here keeps the card from going, but for reservations."""
    state = session.scalar(select(BillingKey.state).where(BillingKey.id == key_id))
    needs = {dependant.need for dependant in dependants.of_key(session, key_id)}
    if state is KeyState.DELETING:
        return Trouble.NOT_DELETED
    if Need.SUBSCRIPTION in needs and state is not KeyState.DELETED:
        return Trouble.STILL_NEEDED
    return Trouble.OPEN_CHARGE if Need.OPEN_CHARGE in needs else None


def _revoke_ours(ctx: WorkContext, gateway: Gateway, key_id: str) -> Cleared:
    """Those we know of, each through its own protocol."""
    needed = [one.record_id for one in dependants.of_key(ctx.reader, key_id) if one.need is Need.SCHEDULE]
    revoked, rest = 0, 0
    for schedule_id in needed:
        state = ctx.session.scalar(select(Schedule.state).where(Schedule.id == schedule_id))
        ctx.end_reading()
        if state is ScheduleState.SCHEDULED:
            state = revoke_schedule(ctx, gateway, schedule_id, WHY).state
        revoked += state is ScheduleState.REVOKED
        rest += state is not ScheduleState.REVOKED
    return Cleared(Trouble.RESERVED if rest else None, revoked)


def _revoke_others(ctx: WorkContext, gateway: Gateway, key_id: str) -> int:
    """Those that somebody else left at PortOne under this card."""
    key = ctx.session.get_one(BillingKey, key_id, populate_existing=True)
    customer_uid, customer_id = key.customer_uid, key.customer_id
    since = ctx.now()
    ctx.end_reading()
    names = [row.merchant_uid for row in reservations_held(gateway, customer_uid, since)]
    if names:
        gateway.revoke_reservations(customer_uid, names)
        with ctx.atomic():
            subject = ("billing_key", key_id)
            record(ctx, "billing_key.reservations_revoked", subject, customer_id=customer_id, count=len(names))
    return len(names)
