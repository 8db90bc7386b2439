"""What staff and the customer do with a card link: make it, open the window from it, withdraw it.

A link lives by its row. Using it writes down what the customer agreed to, then begins an ordinary registration whose
sheet key is the link and the number of the try: however many phones open it at once, they meet in one registration
and one key. What comes of it is decided by reading PortOne (switching).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.card_links.models import CardConsent, CardLink, CardLinkSubscription
from merchant_admin.card_links.states import LIVE, WORKING, LinkStage, LinkState, Standing, advance
from merchant_admin.core.context import ActorKind, WorkContext
from merchant_admin.core.db import among, lease_now
from merchant_admin.core.errors import Conflict, InvalidInput, NotFound, RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.core.link_tokens import hash_of, token_of
from merchant_admin.core.settings import Mode
from merchant_admin.customers.models import Customer
from merchant_admin.portone.gateway import Gateway
from merchant_admin.registrations.models import Registration
from merchant_admin.registrations.service import RegistrationOrder, open_registration
from merchant_admin.registrations.states import RegistrationState
from merchant_admin.subscriptions.models import Subscription
from merchant_admin.subscriptions.states import LIVE as LIVE_SUBSCRIPTIONS

SUBJECT = "card_link"
LINK_DAYS = (1, 3, 7, 14, 30)
NAME = "카드 등록"  # of the registration; the same for every reader, so that two phones ask for the same
BEGUN = timedelta(seconds=60)  # as long as the few writes that begin a registration may take
MOST_CONSENTS = 20
NOTHING_DONE = _("지금은 이 링크로 카드를 등록할 수 없습니다. 아무것도 바뀌지 않았고 결제되지 않았습니다.")


@dataclass(frozen=True)
class LinkOrder:
    """What staff ask for. Without a card nothing is replaced: the link only adds a card."""

    sheet_key: str
    customer_id: str
    billing_key_id: str | None
    subscription_ids: tuple[str, ...]
    days: int
    pg: str = ""  # empty = the profile new cards normally get


@dataclass(frozen=True)
class Agreement:
    """What the customer read and ticked, and from where."""

    version: str
    language: str
    text: str
    address: str | None
    browser: str | None


def token(ctx: WorkContext, link_id: str) -> str:
    """The secret of this link's address."""
    return token_of(ctx.secret, "card link", link_id)


def create_link(ctx: WorkContext, gateway: Gateway, order: LinkOrder) -> CardLink:
    """Make a link; an unused one for the same card stops working. The same sheet again returns its first link.

    Raises InvalidInput (by field), NotFound, RuleBroken (archived customer, a card being deleted, a link of this card
    that is being used), Conflict (the sheet was used for something else).
    """
    if order.days not in LINK_DAYS:
        raise InvalidInput(_("입력한 내용을 확인하세요."), {"days": _("목록에서 하나를 골라 주세요.")})
    if order.pg and order.pg not in gateway.billing_pgs:
        raise InvalidInput(_("입력한 내용을 확인하세요."), {"pg": _("목록에서 하나를 골라 주세요.")})
    try:
        with ctx.atomic() as session:
            link = write_link(ctx, session, order, pg=order.pg or gateway.billing_pg)
    except IntegrityError as clash:  # two people, or two clicks, at the same moment
        used = ctx.session.scalar(select(CardLink).where(CardLink.sheet_key == order.sheet_key))
        if used is None:
            raise RuleBroken(_("다른 직원이 방금 이 카드의 링크를 만들었습니다. 화면을 새로 여세요.")) from clash
        link = used
    if (link.customer_id, link.old_billing_key_id) != (order.customer_id, order.billing_key_id):
        raise Conflict(_("이 화면은 이미 다른 내용으로 보냈습니다. 새로 열어 다시 입력하세요."), link=link.id)
    return link


def write_link(  # noqa: PLR0913 - what only its makers know, each by name
    ctx: WorkContext,
    session: Session,
    order: LinkOrder,
    *,
    pg: str,
    move_id: str | None = None,
    period_id: str | None = None,
    until: datetime | None = None,
) -> CardLink:
    """Write a link down inside an open write; it is over at `until`, if that is sooner. Raises as create_link.

    `period_id`: nobody asked for it; the plan of this period has it made.
    """
    used = session.scalar(select(CardLink).where(CardLink.sheet_key == order.sheet_key))
    if used is not None:
        return used
    customer = session.get(Customer, order.customer_id)
    if customer is None:
        raise NotFound(_("고객을 찾을 수 없습니다."))
    if customer.is_archived:
        raise RuleBroken(_("보관된 고객의 카드는 등록할 수 없습니다. 먼저 고객을 복원하세요."))
    if order.billing_key_id is not None:
        refuse_card(ctx, session, order.billing_key_id, order.customer_id)
        end_earlier(ctx, session, order.billing_key_id)
    _refuse_subscriptions(session, order)
    now, link_id = ctx.now(), new_id("lnk")
    longest, is_asked = now + timedelta(days=order.days), period_id is None and ctx.actor.kind is ActorKind.STAFF
    link = CardLink(
        id=link_id, sheet_key=order.sheet_key, mode=Mode(ctx.mode), customer_id=customer.id, pg=pg, move_id=move_id,
        period_id=period_id, old_billing_key_id=order.billing_key_id, link_hash=hash_of(token(ctx, link_id)),
        expires_at=min(longest, until or longest), state=LinkState.OPEN, tries=0, revoked=0, waits=0,
        staff_id=ctx.actor.id if is_asked else None, created_at=now,
    )  # fmt: skip
    session.add(link)
    session.flush()
    session.add_all(CardLinkSubscription(link_id=link_id, subscription_id=one) for one in order.subscription_ids)
    act = "card_link.made" if period_id is None else "card_link.made_by_plan"
    tell(ctx, link, act, count=len(order.subscription_ids))
    return link


def refuse_card(ctx: WorkContext, session: Session, key_id: str, customer_id: str) -> None:
    """Raises NotFound for another customer's card, RuleBroken for one that is deleted. Locks it."""
    key = session.get(BillingKey, key_id, with_for_update=True, populate_existing=True)
    if key is None or key.customer_id != customer_id or key.mode.value != ctx.mode:
        raise NotFound(_("이 고객의 빌링키를 찾을 수 없습니다."))
    if key.state in {KeyState.DELETED, KeyState.DELETING}:
        raise RuleBroken(_("삭제한 카드입니다. 바꿀 다른 카드를 고르십시오."), billing_key=key.id)


def end_earlier(ctx: WorkContext, session: Session, key_id: str) -> None:
    """One link of a card at a time: an unused one ends, one in use stays."""
    live = select(CardLink).where(CardLink.old_billing_key_id == key_id, among(CardLink.state, LIVE))
    for earlier in session.scalars(live.with_for_update()):
        if earlier.state in WORKING:
            raise RuleBroken(_("고객이 지금 이 카드의 링크를 쓰고 있습니다. 끝난 뒤에 다시 하십시오."), link=earlier.id)
        _become(ctx, earlier, LinkState.ENDED)
        tell(ctx, earlier, "card_link.replaced")
    session.flush()


def _refuse_subscriptions(session: Session, order: LinkOrder) -> None:
    """Only those that are charged to this card now, and at least one where there are any."""
    charged = select(Subscription.id).where(
        Subscription.billing_key_id == order.billing_key_id, Subscription.state.in_(LIVE_SUBSCRIPTIONS)
    )
    known = set(session.scalars(charged)) if order.billing_key_id else set()
    wrong = {"subscription_id": _("이 카드로 결제하는 정기결제를 하나 이상 골라 주세요.")}
    if set(order.subscription_ids) - known or (known and not order.subscription_ids):
        raise InvalidInput(_("입력한 내용을 확인하세요."), wrong)


def note_sent(ctx: WorkContext, link: CardLink) -> None:
    """Somebody, or the outbox, handed a locked link to the customer. Inside an open write; twice is once."""
    if link.sent_at is None:
        link.sent_at = ctx.now()
        tell(ctx, link, "card_link.sent")


def mark_sent(ctx: WorkContext, link_id: str) -> None:
    """Staff sent it themselves, by text message or messenger."""
    with ctx.atomic() as session:
        note_sent(ctx, locked(session, link_id))


def note_opened(ctx: WorkContext, link_id: str) -> None:
    """The page was really shown in a browser (a preview of a messenger does not count). Only the first time counts."""
    with ctx.atomic() as session:
        link = locked(session, link_id)
        if link.opened_at is None and link.state is LinkState.OPEN:
            link.opened_at = ctx.now()
            tell(ctx, link, "card_link.opened")


def end_link(ctx: WorkContext, link_id: str) -> CardLink:
    """Withdraw a link; a window that is open from it may still store a card, which then replaces nothing.

    Raises RuleBroken once a new card came of it.
    """
    with ctx.atomic() as session:
        link = locked(session, link_id)
        if link.state is LinkState.ENDED:
            return link
        if link.state not in {LinkState.OPEN, LinkState.REGISTERING}:
            raise RuleBroken(_("이미 쓰인 링크라서 취소할 수 없습니다. 아무것도 바뀌지 않았습니다."), link=link_id)
        _become(ctx, link, LinkState.ENDED)
        tell(ctx, link, "card_link.ended")
    return link


def open_window(ctx: WorkContext, gateway: Gateway, link_id: str, agreement: Agreement) -> str:
    """Keep the consent and begin the registration; only then may the window open. Returns the registration's id.

    While a window of this link may be open, the same registration is opened again: one key can come of it. Raises
    RuleBroken for a link that is used, over, withdrawn or being checked.
    """
    order = _claim(ctx, link_id, agreement)
    registration_id = open_registration(ctx, gateway, order).id
    ctx.end_reading()
    with ctx.atomic() as session:
        link = locked(session, link_id)
        if sheet_of(link) == order.sheet_key:
            link.registration_id = registration_id
    return registration_id


def _claim(ctx: WorkContext, link_id: str, agreement: Agreement) -> RegistrationOrder:
    with ctx.atomic() as session:
        link = locked(session, link_id)
        customer = session.get_one(Customer, link.customer_id)
        registration = registration_of(session, link)
        if customer.is_archived or not may_open(link, registration, ctx.now()):
            raise RuleBroken(NOTHING_DONE, link=link_id)
        if link.state is LinkState.OPEN:
            link.tries += 1
            link.registration_id, link.opened_at = None, link.opened_at or ctx.now()
            _become(ctx, link, LinkState.REGISTERING)
        link.next_at = lease_now(session, ctx.clock) + BEGUN
        _keep_consent(ctx, session, link, agreement)
        return RegistrationOrder(
            sheet_key=sheet_of(link), customer_id=link.customer_id, amount_krw=0, tax_free_krw=0,
            name=NAME, pg=link.pg,
        )  # fmt: skip


def _keep_consent(ctx: WorkContext, session: Session, link: CardLink, agreement: Agreement) -> None:
    given = session.scalars(select(CardConsent.id).where(CardConsent.link_id == link.id).limit(MOST_CONSENTS)).all()
    if len(given) >= MOST_CONSENTS:
        raise RuleBroken(NOTHING_DONE, link=link.id)
    browser = agreement.browser[:256] if agreement.browser else None
    consent = CardConsent(
        id=new_id("con"), link_id=link.id, customer_id=link.customer_id, version=agreement.version,
        language=agreement.language, text=agreement.text, address=agreement.address, browser=browser,
        given_at=ctx.now(),
    )  # fmt: skip
    session.add(consent)
    tell(ctx, link, "card_link.agreed", version=agreement.version)


def may_open(link: CardLink, registration: Registration | None, now: datetime) -> bool:
    """Whether a window may be opened: for the first time, again after one that came to nothing, or the same one."""
    if link.state is LinkState.REGISTERING:
        is_open = registration is not None and registration.state is RegistrationState.OPEN
        return is_open and registration is not None and now < registration.expires_at
    has_card = registration is not None and registration.billing_key_id is not None  # it came late
    is_in_time = stage_of(link, now) in {LinkStage.MADE, LinkStage.SENT, LinkStage.OPENED}
    return link.state is LinkState.OPEN and is_in_time and not has_card


def stage_of(link: CardLink, now: datetime) -> LinkStage:
    """How far the link has come, at this instant."""
    return Standing(link.state, link.sent_at, link.opened_at, link.expires_at).at(now)


def sheet_of(link: CardLink) -> str:
    """The sheet key of the registration that this link's newest try begins."""
    return f"{link.id}.{link.tries}"


def registration_of(session: Session, link: CardLink) -> Registration | None:
    """The registration of the newest try, also when whoever began it died before the link learned of it."""
    newest = select(Registration).where(Registration.sheet_key == sheet_of(link))
    return session.scalar(newest.execution_options(populate_existing=True))


def locked(session: Session, link_id: str) -> CardLink:
    """The link as it stands, locked until the commit. Raises NotFound."""
    found = session.get(CardLink, link_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound(_("카드 링크를 찾을 수 없습니다."))
    return found


def tell(ctx: WorkContext, link: CardLink, act: str, **facts: Any) -> None:
    """A line in the timeline."""
    record(ctx, act, (SUBJECT, link.id), customer_id=link.customer_id, billing_key_id=link.old_billing_key_id, **facts)


def _become(ctx: WorkContext, link: CardLink, to: LinkState) -> None:
    link.state = advance(link.state, to)
    link.settled_at = ctx.now() if to is LinkState.ENDED else None
    link.next_at = None
