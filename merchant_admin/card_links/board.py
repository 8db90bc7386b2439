"""Reading a move: how many cards and how many won a month stand at each stage, and the rows behind each figure."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session, aliased

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.card_links.models import CardLink, CardLinkSubscription, CardMove
from merchant_admin.card_links.moves import unlinked
from merchant_admin.card_links.states import LinkStage, LinkState
from merchant_admin.core.errors import NotFound
from merchant_admin.core.paging import Page, Place, keyset_page
from merchant_admin.core.settings import Mode
from merchant_admin.customers.models import Customer
from merchant_admin.subscriptions.calendar import monthly_krw
from merchant_admin.subscriptions.models import Subscription
from merchant_admin.subscriptions.states import LIVE as LIVE_SUBSCRIPTIONS

_TERMS = (Subscription.unit, Subscription.every, Subscription.amount_krw)
SAFE = frozenset({LinkStage.MOVED, LinkStage.DONE})  # charged to the new card already


@dataclass(frozen=True)
class Profile:
    """A PG profile with live cards on it."""

    pg: str
    cards: int
    monthly_krw: int


@dataclass(frozen=True)
class Step:
    """One stage of a move. `stage` None: no link was made yet."""

    stage: LinkStage | None
    cards: int
    monthly_krw: int
    share: float  # of all cards, in per cent


@dataclass(frozen=True)
class Board:
    """A move as its page shows it."""

    steps: list[Step]
    cards: int
    monthly_krw: int
    safe_cards: int
    safe_krw: int
    unsent_without_phone: int

    @property
    def at_risk_krw(self) -> int:
        """Won a month that are still charged to cards of the old profile."""
        return self.monthly_krw - self.safe_krw

    def cards_of(self, stage: LinkStage) -> int:
        return next((step.cards for step in self.steps if step.stage is stage), 0)


@dataclass(frozen=True)
class LinkRow:
    """One card of a move."""

    id: str
    customer_id: str
    customer_name: str
    phone: str | None
    issuer_name: str | None
    last_four: str | None
    stage: LinkStage
    expires_at: datetime
    created_at: datetime


def profiles(session: Session, mode: Mode) -> list[Profile]:
    """Every profile with live cards, the most cards first."""
    live = (BillingKey.state == KeyState.ACTIVE, BillingKey.mode == mode)
    of = (BillingKey.pg_provider, BillingKey.pg_id)
    counts = {(row[0], row[1]): row[2] for row in session.execute(select(*of, func.count()).where(*live).group_by(*of))}
    worth = _worth(
        session.execute(
            select(*of, *_TERMS, func.count())
            .join(Subscription, Subscription.billing_key_id == BillingKey.id)
            .where(*live, Subscription.state.in_(LIVE_SUBSCRIPTIONS))
            .group_by(*of, *_TERMS)
        ),
        keys=2,
    )
    found = [Profile(f"{name[0]}.{name[1]}", count, worth.get(name, 0)) for name, count in counts.items()]
    return sorted(found, key=lambda profile: -profile.cards)


def moves(session: Session, mode: Mode) -> list[CardMove]:
    """Every move, the newest first."""
    return list(
        session.scalars(select(CardMove).where(CardMove.mode == mode).order_by(CardMove.created_at.desc()).limit(50))
    )


def one_move(session: Session, move_id: str) -> CardMove:
    """The move of this id. Raises NotFound."""
    found = session.get(CardMove, move_id)
    if found is None:
        raise NotFound(_("카드 옮기기를 찾을 수 없습니다."))
    return found


def board(session: Session, move: CardMove, now: datetime) -> Board:
    """Cards and won a month at each stage, at this instant."""
    stage = _stage(now)
    counts: dict[LinkStage | None, int] = {
        LinkStage(row[0]): row[1]
        for row in session.execute(select(stage, func.count()).where(*_current(move)).group_by(stage))
    }
    money = _worth(
        session.execute(
            select(stage, *_TERMS, func.count())
            .join(CardLinkSubscription, CardLinkSubscription.link_id == CardLink.id)
            .join(Subscription, Subscription.id == CardLinkSubscription.subscription_id)
            .where(*_current(move), Subscription.state.in_(LIVE_SUBSCRIPTIONS))
            .group_by(stage, *_TERMS)
        ),
        keys=1,
    )
    rest = unlinked(move).order_by(None).subquery()
    counts[None] = session.scalar(select(func.count()).select_from(rest)) or 0
    unmade = session.execute(
        select(*_TERMS, func.count())
        .where(Subscription.billing_key_id.in_(select(rest.c.id)), Subscription.state.in_(LIVE_SUBSCRIPTIONS))
        .group_by(*_TERMS)
    )
    total = sum(counts.values())
    worth = {LinkStage(name[0]): won for name, won in money.items()} | {None: _worth(unmade, keys=0).get((), 0)}
    steps = [
        Step(one, counts.get(one, 0), worth.get(one, 0), round(100 * counts.get(one, 0) / total, 2) if total else 0.0)
        for one in (None, *LinkStage)
    ]
    safe = [step for step in steps if step.stage in SAFE]
    return Board(
        steps, total, sum(step.monthly_krw for step in steps), sum(step.cards for step in safe),
        sum(step.monthly_krw for step in safe), _without_phone(session, move),
    )  # fmt: skip


def link_page(
    session: Session, move: CardMove, stage: LinkStage | None, now: datetime, place: Place | None
) -> Page[LinkRow]:
    """One page of the move's cards at a stage (None: all that have a link), the newest link first."""
    is_at = _stage(now)
    query = (
        select(
            CardLink.id, CardLink.customer_id, Customer.name, Customer.phone, BillingKey.issuer_name,
            BillingKey.last_four, is_at.label("stage"), CardLink.expires_at, CardLink.created_at,
        )
        .join(Customer, Customer.id == CardLink.customer_id)
        .join(BillingKey, BillingKey.id == CardLink.old_billing_key_id)
        .where(*_current(move))
    )  # fmt: skip
    if stage is not None:
        query = query.where(is_at == stage.value)
    return keyset_page(
        session, query, (CardLink.created_at, CardLink.id), place,
        _link_row,
    )  # fmt: skip


def _link_row(row: Any) -> LinkRow:
    return LinkRow(
        row.id, row.customer_id, row.name, row.phone, row.issuer_name, row.last_four, LinkStage(row.stage),
        row.expires_at, row.created_at,
    )  # fmt: skip


def _stage(now: datetime) -> ColumnElement[str]:
    """As `states.Standing.at`, in the database."""
    return case(
        (CardLink.state != LinkState.OPEN, func.lower(CardLink.state)),
        (CardLink.expires_at <= now, LinkStage.EXPIRED.value),
        (CardLink.opened_at.is_not(None), LinkStage.OPENED.value),
        (CardLink.sent_at.is_not(None), LinkStage.SENT.value),
        else_=LinkStage.MADE.value,
    )


def _current(move: CardMove) -> tuple[ColumnElement[bool], ...]:
    """The newest link of each card in this move: one that was replaced stands for nothing any more."""
    newer = aliased(CardLink)
    is_replaced = select(newer.id).where(
        newer.move_id == CardLink.move_id, newer.old_billing_key_id == CardLink.old_billing_key_id,
        newer.created_at > CardLink.created_at,
    )  # fmt: skip
    return CardLink.move_id == move.id, (CardLink.state != LinkState.ENDED) | ~is_replaced.exists()


def _without_phone(session: Session, move: CardMove) -> int:
    unsent = (
        select(func.count())
        .select_from(CardLink)
        .join(Customer, Customer.id == CardLink.customer_id)
        .where(CardLink.move_id == move.id, CardLink.state == LinkState.OPEN, CardLink.sent_at.is_(None))
        .where(func.coalesce(Customer.phone, "") == "")
    )
    return session.scalar(unsent) or 0


def _worth(rows: Any, *, keys: int) -> dict[tuple[Any, ...], int]:
    """Won a month by the first `keys` columns, of rows that end with unit, every, price and how many."""
    found: dict[tuple[Any, ...], int] = defaultdict(int)
    for row in rows:
        unit, every, amount_krw, count = row[keys:]
        found[tuple(row[:keys])] += monthly_krw(amount_krw, unit, every) * count
    return dict(found)
