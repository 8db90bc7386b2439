"""Card links that nobody asks for: a period waits for another card, and its plan has a link put into the notice of it.

The notice is written in the commit of the refusal, and is marked: nobody sends it before it has its link, or is known
to get none. The link itself is made here, right after it, because a link locks its card before any subscription.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.card_links import service
from merchant_admin.card_links.models import CardLink, CardLinkSubscription
from merchant_admin.card_links.service import LINK_DAYS, LinkOrder
from merchant_admin.card_links.states import LIVE, WORKING
from merchant_admin.core.context import WorkContext
from merchant_admin.core.db import among
from merchant_admin.core.errors import NotFound, RuleBroken
from merchant_admin.core.settings import Mode
from merchant_admin.notices.models import Notice
from merchant_admin.notices.shipped import LINK_VARIABLES
from merchant_admin.notices.states import NoticeKind, NoticeState
from merchant_admin.notices.texts import used_variables, wording_of
from merchant_admin.notices.writing import drop_overtaken
from merchant_admin.subscriptions.models import Period, Subscription
from merchant_admin.subscriptions.states import LIVE as LIVE_SUBSCRIPTIONS
from merchant_admin.subscriptions.states import OPEN_PERIOD, PeriodState
from merchant_admin.subscriptions.telling import cause_of_card

AT_ONCE = 100  # causes of one round


def awaiting(ctx: WorkContext, limit: int = AT_ONCE) -> list[str]:
    """The causes whose notices wait for a link, the longest waiting first. Those of another mode stay."""
    waits = select(Notice.cause).join(Subscription, Subscription.id == Notice.subject_id)
    waits = waits.where(
        Notice.awaits_link.is_(True), among(Notice.state, {NoticeState.WAITING}), Subscription.mode == Mode(ctx.mode)
    )
    found = ctx.reader.scalars(waits.order_by(Notice.send_at, Notice.id).limit(limit)).all()
    ctx.end_reading()
    return list(dict.fromkeys(found))


def add_link(ctx: WorkContext, pg: str, cause: str) -> None:
    """Put a link into the notices of this cause: the one that is out for the card already, or a new one on `pg`.

    May run any number of times, beside others of its kind: a period and its card have one link for ever.
    """
    with ctx.atomic() as session:
        _add(ctx, session, pg, cause)


def _add(ctx: WorkContext, session: Session, pg: str, cause: str) -> None:
    subscription_id = session.scalars(select(Notice.subject_id).where(Notice.cause == cause)).first()
    held = session.get_one(Subscription, subscription_id, populate_existing=True)
    may_have, live = _lock_card(ctx, session, held)
    waiting, period = _locked(session, cause), _open_period(session, held.id)
    if period is None or period.state not in _WAITS or cause_of_card(period.id, held.billing_key_id) != cause:
        drop_overtaken(ctx, waiting)
        return
    if period.state is PeriodState.CHARGING or (live is not None and live.state in WORKING):
        return  # what comes of the charge, or of the customer's new card, decides: the next round looks again
    link = None
    if waiting and may_have and _says_it(session, waiting):
        link = live if _serves(ctx, session, live, held.id) else _made(ctx, session, pg, held, period)
    for notice in waiting:
        notice.awaits_link, notice.link_id = False, link.id if link else None
    if link is not None:
        facts = {"card_link_id": link.id}
        record(ctx, "subscription.card_link_told", ("subscription", held.id), customer_id=held.customer_id, **facts)


_WAITS = frozenset({PeriodState.NEEDS_CARD, PeriodState.CHARGING})


def _lock_card(ctx: WorkContext, session: Session, held: Subscription) -> tuple[bool, CardLink | None]:
    """Whether a link may replace the subscription's card, and the link that is out for it. Locks both."""
    try:
        service.refuse_card(ctx, session, held.billing_key_id, held.customer_id)
    except (RuleBroken, NotFound):  # it is deleted
        return False, None
    live = select(CardLink).where(CardLink.old_billing_key_id == held.billing_key_id, among(CardLink.state, LIVE))
    return True, session.scalars(live.with_for_update().execution_options(populate_existing=True)).first()


def _locked(session: Session, cause: str) -> Sequence[Notice]:
    waits = select(Notice).where(
        Notice.cause == cause, Notice.kind == NoticeKind.CARD_NEEDED, Notice.awaits_link.is_(True),
        Notice.state == NoticeState.WAITING,
    )  # fmt: skip
    return session.scalars(waits.order_by(Notice.id).with_for_update().execution_options(populate_existing=True)).all()


def _open_period(session: Session, subscription_id: str) -> Period | None:
    owed = select(Period).where(Period.subscription_id == subscription_id, Period.state.in_(OPEN_PERIOD))
    return session.scalars(owed.execution_options(populate_existing=True)).first()


def _says_it(session: Session, waiting: Sequence[Notice]) -> bool:
    """Whether a text has room for the link; a merchant may have written it without."""
    kind = NoticeKind.CARD_NEEDED
    texts = [wording_of(session, kind, notice.channel).body for notice in waiting]
    return any(LINK_VARIABLES[kind] in used_variables(text) for text in texts)


def _serves(ctx: WorkContext, session: Session, live: CardLink | None, subscription_id: str) -> bool:
    """Whether the link that is out can still be used, and takes this subscription along."""
    if live is None:
        return False
    covers = session.get(CardLinkSubscription, (live.id, subscription_id)) is not None
    return covers and ctx.now() < live.expires_at


def _made(ctx: WorkContext, session: Session, pg: str, held: Subscription, period: Period) -> CardLink | None:
    """A link for all that is charged to this card, as long as the period waits. None where staff could make none."""
    if period.try_at is None or period.try_at <= ctx.now():
        return None
    key_id = held.billing_key_id
    charged = select(Subscription.id).where(
        Subscription.billing_key_id == key_id, Subscription.state.in_(LIVE_SUBSCRIPTIONS)
    )
    ids = tuple(session.scalars(charged.order_by(Subscription.id)))
    sheet_key = cause_of_card(period.id, key_id)
    order = LinkOrder(sheet_key, held.customer_id, key_id, ids, LINK_DAYS[-1])
    try:
        return service.write_link(ctx, session, order, pg=pg, period_id=period.id, until=period.try_at)
    except RuleBroken:  # the customer is archived
        return None
