"""Moving all cards of one PG profile to another: keys belong to one PG, so each customer registers a new card.

A move only makes links, a few at a time, and never ends a card by itself; what becomes of each link is `switching`'s.
It may be stopped and resumed at any moment: which cards still need a link is read off the tables.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, Select, bindparam, exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.card_links.models import CardLink, CardMove
from merchant_admin.card_links.service import LINK_DAYS, LinkOrder, write_link
from merchant_admin.card_links.states import WORKING, LinkState, MoveState, advance_move
from merchant_admin.core.context import ActorKind, WorkContext
from merchant_admin.core.errors import InvalidInput, NotFound, RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.core.settings import Mode
from merchant_admin.customers.models import Customer
from merchant_admin.notices.models import Notice
from merchant_admin.notices.states import NoticeKind, NoticeState
from merchant_admin.portone.gateway import Gateway
from merchant_admin.subscriptions.models import Subscription
from merchant_admin.subscriptions.states import LIVE as LIVE_SUBSCRIPTIONS

log = logging.getLogger(__name__)

SUBJECT = "card_move"
A_TURN = 25
MOST_EXPORTED = 10_000


@dataclass(frozen=True)
class MoveOrder:
    """From which profile to which (`pg` words), and how long each link lives."""

    source_pg: str
    target_pg: str
    link_days: int
    only_used: bool = True

    def refuse_unusable(self, gateway: Gateway) -> None:
        """Raises InvalidInput, by field."""
        wrong: dict[str, object] = {}
        if self.target_pg not in gateway.billing_pgs:
            wrong["target_pg"] = _("설정에 있는 결제 통로만 고를 수 있습니다.")
        elif self.target_pg == self.source_pg:
            wrong["target_pg"] = _("지금과 다른 결제 통로를 골라 주세요.")
        if self.link_days not in LINK_DAYS:
            wrong["link_days"] = _("목록에서 하나를 골라 주세요.")
        if wrong:
            raise InvalidInput(_("입력한 내용을 확인하세요."), wrong)


def start_move(ctx: WorkContext, gateway: Gateway, order: MoveOrder) -> CardMove:
    """Begin making links. Raises InvalidInput, RuleBroken when cards of this profile are on the move already."""
    order.refuse_unusable(gateway)
    move_id = new_id("mov")
    try:
        with ctx.atomic() as session:
            move = CardMove(
                id=move_id, mode=Mode(ctx.mode), source_pg=order.source_pg, target_pg=order.target_pg,
                state=MoveState.RUNNING, link_days=order.link_days, only_used=order.only_used,
                staff_id=ctx.actor.id if ctx.actor.kind is ActorKind.STAFF else None, created_at=ctx.now(),
            )  # fmt: skip
            session.add(move)
            session.flush()
            _tell(ctx, move, "card_move.started")
    except IntegrityError as clash:
        raise RuleBroken(
            _("이 결제 통로의 카드는 이미 옮기는 중입니다. 그 화면에서 이어 가거나 끝낸 뒤 다시 하십시오.")
        ) from clash
    return move


def stop_move(ctx: WorkContext, move_id: str) -> None:
    """Make no more links; those that were made go on working."""
    _turn(ctx, move_id, MoveState.STOPPED, "card_move.stopped")


def resume_move(ctx: WorkContext, move_id: str) -> None:
    """Go on making links, also for cards that came meanwhile."""
    _turn(ctx, move_id, MoveState.RUNNING, "card_move.resumed")


def finish_move(ctx: WorkContext, move_id: str) -> None:
    """The end of it: no more links are made; those in customers' hands go on working until they expire."""
    _turn(ctx, move_id, MoveState.FINISHED, "card_move.finished")


def renew_links(ctx: WorkContext, move_id: str) -> None:
    """Have a new link made for every card whose link was not used in time."""
    with ctx.atomic() as session:
        move = locked(session, move_id)
        if move.state is not MoveState.RUNNING:
            move.state = advance_move(move.state, MoveState.RUNNING)
        move.renewed_at = ctx.now()
        _tell(ctx, move, "card_move.renewed")


def _turn(ctx: WorkContext, move_id: str, to: MoveState, act: str) -> None:
    with ctx.atomic() as session:
        move = locked(session, move_id)
        if move.state is to:
            return
        move.state = advance_move(move.state, to)
        move.stopped_at = None if to is MoveState.RUNNING else ctx.now()
        _tell(ctx, move, act)


def running_moves(session: Session) -> list[str]:
    """Ids of moves that have links to make."""
    return list(session.scalars(select(CardMove.id).where(_is_running()).order_by(CardMove.id)))


def _is_running() -> ColumnElement[bool]:
    """Written out, as the partial index of the work writes it."""
    return CardMove.state == bindparam(None, MoveState.RUNNING, literal_execute=True)


def make_links(ctx: WorkContext, _gateway: Gateway, move_id: str) -> None:
    """Make the next few links of a move, each in a write of its own. Nothing is asked of PortOne."""
    ctx.end_reading()
    made = 0
    for key_id in ctx.session.scalars(unlinked(ctx.session.get_one(CardMove, move_id)).limit(A_TURN)).all():
        ctx.end_reading()
        try:
            made += _make_one(ctx, move_id, key_id)
        except (RuleBroken, NotFound, IntegrityError) as refusal:
            log.warning("card_move.no_link", extra={"move": move_id, "key": key_id, "why": type(refusal).__name__})
    ctx.end_reading()
    if not made:
        with ctx.atomic() as session:
            move = locked(session, move_id)
            if move.state is MoveState.RUNNING:
                move.state, move.stopped_at = advance_move(move.state, MoveState.MADE), ctx.now()


def _make_one(ctx: WorkContext, move_id: str, key_id: str) -> int:
    with ctx.atomic() as session:
        move = locked(session, move_id)
        key = session.get_one(BillingKey, key_id)
        if move.state is not MoveState.RUNNING:
            return 0
        charged = select(Subscription.id).where(
            Subscription.billing_key_id == key_id, Subscription.state.in_(LIVE_SUBSCRIPTIONS)
        )
        covered = tuple(session.scalars(charged.order_by(Subscription.id)))
        earlier = select(CardLink.id).where(CardLink.move_id == move_id, CardLink.old_billing_key_id == key_id)
        number = len(session.scalars(earlier).all()) + 1
        order = LinkOrder(f"{move_id}.{key_id}.{number}", key.customer_id, key_id, covered, move.link_days)
        write_link(ctx, session, order, pg=move.target_pg, move_id=move_id)
    return 1


def unlinked(move: CardMove) -> Select[str]:
    """Ids of the cards that still need a link, those registered first in front."""
    keys = select(BillingKey.id).join(Customer, Customer.id == BillingKey.customer_id)
    linked = select(CardLink.id).where(CardLink.old_billing_key_id == BillingKey.id)
    in_this = CardLink.move_id == move.id
    if move.renewed_at is not None:
        is_over = (CardLink.state == LinkState.OPEN) & (CardLink.expires_at <= move.renewed_at)
        is_replaced = CardLink.state == LinkState.ENDED
        in_this &= ~(is_over | is_replaced)
    return keys.where(
        *of_profile(move.source_pg, move.mode), Customer.archived_at.is_(None),
        *((has_subscription(),) if move.only_used else ()),
        ~linked.where(in_this | CardLink.state.in_(WORKING)).exists(),
    ).order_by(BillingKey.registered_at, BillingKey.id)  # fmt: skip


def of_profile(pg: str, mode: Mode) -> tuple[ColumnElement[bool], ...]:
    """The live keys that this profile issued."""
    provider, _dot, mid = pg.partition(".")
    return (
        BillingKey.pg_provider == provider, BillingKey.pg_id == mid, BillingKey.mode == mode,
        BillingKey.state == KeyState.ACTIVE,
    )  # fmt: skip


def has_subscription() -> ColumnElement[bool]:
    """Whether something is charged to the key again and again."""
    held = select(Subscription.id).where(
        Subscription.billing_key_id == BillingKey.id, Subscription.state.in_(LIVE_SUBSCRIPTIONS)
    )
    return held.exists()


def take_unsent(ctx: WorkContext, move_id: str) -> list[tuple[str, str, str, datetime]]:
    """Links to be sent by text message, now noted as sent: link id, name, phone, expiry.

    Left out are those without a phone, and those that the outbox sends or perhaps sent.
    """
    with ctx.atomic() as session:
        move = locked(session, move_id)
        unsent = (
            select(CardLink.id, Customer.name, Customer.phone, CardLink.expires_at)
            .join(Customer, Customer.id == CardLink.customer_id)
            .where(CardLink.move_id == move_id, CardLink.state == LinkState.OPEN, CardLink.sent_at.is_(None))
            .where(CardLink.expires_at > ctx.now(), Customer.phone.is_not(None), Customer.phone != "", ~_in_outbox())
        )
        rows = [tuple(row) for row in session.execute(unsent.order_by(CardLink.id).limit(MOST_EXPORTED))]
        for at in range(0, len(rows), 500):
            ids = [row[0] for row in rows[at : at + 500]]
            session.execute(update(CardLink).where(CardLink.id.in_(ids)).values(sent_at=ctx.now()))
        if rows:
            _tell(ctx, move, "card_move.exported", count=len(rows))
    return rows  # type: ignore[return-value] # four columns, as asked for


def _in_outbox() -> ColumnElement[bool]:
    never = (NoticeState.DROPPED, NoticeState.FAILED)
    return exists().where(
        Notice.subject_id == CardLink.id, Notice.kind == NoticeKind.CARD_LINK, Notice.state.not_in(never)
    )  # fmt: skip


def _tell(ctx: WorkContext, move: CardMove, act: str, **facts: int) -> None:
    record(ctx, act, (SUBJECT, move.id), source_pg=move.source_pg, target_pg=move.target_pg, **facts)  # type: ignore[arg-type]


def locked(session: Session, move_id: str) -> CardMove:
    """The move as it stands, locked until the commit. Raises NotFound."""
    found = session.get(CardMove, move_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound(_("카드 옮기기를 찾을 수 없습니다."))
    return found
