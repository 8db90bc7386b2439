"""Reserving again what a switch of cards revoked: on the new card, by one press, at most once each.

Nothing of it comes by itself. Each reservation that was revoked has one sheet key for ever, so that two presses, or a
press after a process died, meet the reservation that is there (schedules.service.reserve_charge).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.card_links.models import CardLink
from merchant_admin.card_links.service import locked, tell
from merchant_admin.card_links.states import AGAIN_SHEET, LinkState
from merchant_admin.core.context import WorkContext
from merchant_admin.core.errors import Conflict, InvalidInput, NotFound, RuleBroken
from merchant_admin.portone.gateway import Gateway
from merchant_admin.schedules.models import Schedule
from merchant_admin.schedules.service import ScheduleSheet, reserve_charge
from merchant_admin.schedules.states import LIVE, ScheduleState

MOST = 50
LARGE_KRW = 1_000_000  # from here up a reservation is made by itself, with its sum typed again
_OTHER_CARD = _("그 뒤에 카드가 또 바뀌었습니다. 지금 쓰는 카드로 새로 예약하십시오.")


@dataclass(frozen=True)
class Revoked:
    """One reservation that the switch revoked. `again_id`, `again_state`: the one that took its place, if one did."""

    id: str
    name: str
    amount_krw: int
    schedule_at: datetime
    again_id: str | None = None
    again_state: ScheduleState | None = None
    again_at: datetime | None = None
    refusal: object = None  # why it can't be reserved by the press
    same_id: str | None = None  # another one to come, of the same customer and sum: perhaps made by hand

    @property
    def may_reserve(self) -> bool:
        return self.again_id is None and not self.refusal


def revoked_by(session: Session, link_id: str, now: datetime) -> list[Revoked]:
    """What this switch revoked, by the time it was for. Empty until the old card is gone: it might yet be run again."""
    link = session.get(CardLink, link_id, populate_existing=True)
    if link is None or link.state is not LinkState.DONE or link.old_billing_key_id is None or link.moved_at is None:
        return []
    both = [link.old_billing_key_id, link.new_billing_key_id]
    cards = {
        one.id: one.state
        for one in session.execute(select(BillingKey.id, BillingKey.state).where(BillingKey.id.in_(both)))
    }
    if cards[link.old_billing_key_id] is not KeyState.DELETED:
        return []
    gone = select(Schedule).where(
        Schedule.billing_key_id == link.old_billing_key_id, Schedule.state == ScheduleState.REVOKED,
        Schedule.settled_at >= link.moved_at,
    )  # fmt: skip
    in_order = gone.order_by(Schedule.schedule_at, Schedule.id).limit(MOST)
    rows = session.scalars(in_order.execution_options(populate_existing=True)).all()
    return _seen(session, link, rows, now, is_usable=cards.get(link.new_billing_key_id) is KeyState.ACTIVE)


def reserve_again(ctx: WorkContext, gateway: Gateway, link_id: str, schedule_ids: Collection[str]) -> list[Revoked]:
    """Reserve these on the new card, with order numbers of their own. Returns them as they stand afterwards.

    One that can't be reserved says why and does not keep the others from it; one that is there already is left as it
    is. Raises NotFound, GatewayUnreachable (sending is stopped: what is not in the table was not sent).
    """
    sheets = [
        sheet for one in revoked_by(ctx.reader, link_id, ctx.now()) if one.id in schedule_ids and one.may_reserve
        for sheet in [_sheet(ctx.reader.get_one(CardLink, link_id), ctx.reader.get_one(Schedule, one.id))]
    ]  # fmt: skip
    ctx.end_reading()
    refused, count = {}, 0
    for sheet in sheets:
        try:
            reserve_charge(ctx, gateway, sheet)
            count += 1
        except (InvalidInput, RuleBroken, Conflict, NotFound) as refusal:
            refused[sheet.sheet_key] = refusal.message
    if count:
        with ctx.atomic() as session:
            tell(ctx, locked(session, link_id), "card_link.reserved_again", count=count)
    seen = [one for one in revoked_by(ctx.reader, link_id, ctx.now()) if one.id in schedule_ids]
    return [replace(one, refusal=refused.get(sheet_key_of(one.id)) or one.refusal) for one in seen]


def sheet_key_of(schedule_id: str) -> str:
    """The one sheet with which a revoked reservation is made again."""
    return f"{AGAIN_SHEET}{schedule_id}"


def _sheet(link: CardLink, row: Schedule) -> ScheduleSheet:
    assert link.new_billing_key_id is not None
    return ScheduleSheet(
        sheet_key_of(row.id), link.customer_id, link.new_billing_key_id, row.amount_krw, row.tax_free_krw, row.name,
        row.memo, row.schedule_at,
    )  # fmt: skip


def _seen(
    session: Session, link: CardLink, rows: Sequence[Schedule], now: datetime, *, is_usable: bool
) -> list[Revoked]:
    keys = [sheet_key_of(row.id) for row in rows]
    made = {one.sheet_key: one for one in session.scalars(select(Schedule).where(Schedule.sheet_key.in_(keys)))}
    same = select(Schedule.amount_krw, Schedule.id).where(
        Schedule.customer_id == link.customer_id, Schedule.amount_krw.in_([row.amount_krw for row in rows]),
        Schedule.state.in_(LIVE), Schedule.sheet_key.is_(None) | ~Schedule.sheet_key.startswith(AGAIN_SHEET),
    )  # fmt: skip
    by_hand = {one.amount_krw: one.id for one in session.execute(same)}
    found = []
    for row in rows:
        seen = Revoked(row.id, row.name or row.merchant_uid, row.amount_krw, row.schedule_at)
        again = made.get(sheet_key_of(row.id))
        if again is not None:
            found.append(replace(seen, again_id=again.id, again_state=again.state, again_at=again.schedule_at))
        else:
            refusal = _refusal(link, row, now) if is_usable else _OTHER_CARD
            found.append(replace(seen, refusal=refusal, same_id=by_hand.get(row.amount_krw)))
    return found


def _refusal(link: CardLink, row: Schedule, now: datetime) -> object:
    if row.amount_krw >= LARGE_KRW:
        return _("₩1,000,000 이상은 금액을 다시 적어 새로 예약하십시오.")
    try:
        _sheet(link, row).refuse_unusable(now)
    except InvalidInput as wrong:
        return next(iter(wrong.fields.values()))
    return None
