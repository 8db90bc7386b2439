"""Consent before a higher price or the end of a free trial: made, asked for, answered, and what it holds back.

Silence is no consent. While an answer is missing or is no, the clock makes no debt of the date, and the database
refuses a charge of it; so nothing is taken that was not agreed to, and nothing is forgotten: the task stays.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, SQLColumnExpression, exists, func, select
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.core.context import WorkContext
from merchant_admin.core.errors import Conflict, NotFound, RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.core.link_tokens import hash_of, token_of
from merchant_admin.core.outgoing import Channel
from merchant_admin.core.settings import Mode
from merchant_admin.core.times import seoul_day, start_of
from merchant_admin.customers.models import Customer
from merchant_admin.notices import links
from merchant_admin.notices.models import Consent, ConsentWord, Notice
from merchant_admin.notices.states import (
    HOLDS,
    UNSETTLED,
    ConsentKind,
    ConsentState,
    NoticeKind,
    SaidBy,
    advance_consent,
)  # fmt: skip
from merchant_admin.notices.texts import Rendered, render, wording_of
from merchant_admin.notices.writing import GOOD_FOR, News, said_cycle, said_day, said_won, tell_customer, withdraw

NOTE_MOST = 300
BATCH = 100


@dataclass(frozen=True)
class Wish:
    """What the customer is to agree to. `agreed_krw` is what was agreed to so far."""

    kind: ConsentKind
    subscription_id: str
    customer_id: str
    mode: Mode
    name: str
    agreed_krw: int
    agreed_days: int  # about so many lay between two charges
    amount_krw: int
    effective_on: date
    agreed_cycle: str = "month.1"
    cycle: str = "month.1"  # how often it is to be charged, as in the table

    def is_of(self, consent: Consent) -> bool:
        """Whether this task asks for just this."""
        asked = (consent.kind, consent.amount_krw, consent.cycle, consent.effective_on)
        return asked == (self.kind, self.amount_krw, self.cycle, self.effective_on)


@dataclass(frozen=True)
class Said:
    """An answer. `text_version` names the text the answer is to; `version` the task as the page showed it."""

    agrees: bool
    said_by: SaidBy
    said_at: datetime
    text_version: int
    version: int
    note: str = ""


def holds_back(subscription_id: SQLColumnExpression[str]) -> ColumnElement[bool]:
    """Whether a consent is missing for the next date of a subscription, as a condition of a query."""
    return exists().where(Consent.subscription_id == subscription_id, Consent.state.in_(HOLDS))


def unsettled_of(session: Session, subscription_ids: Iterable[str]) -> dict[str, Consent]:
    """The unsettled consents of these subscriptions, locked. Lock the subscriptions before."""
    of_them = select(Consent).where(
        Consent.subscription_id.in_(list(subscription_ids)), Consent.state.in_(UNSETTLED)
    )  # fmt: skip
    rows = session.scalars(of_them.with_for_update().execution_options(populate_existing=True))
    return {row.subscription_id: row for row in rows}


def need(ctx: WorkContext, session: Session, wish: Wish, before: Consent | None) -> Consent:
    """See to it, in the open write, that this wish has its task. `before` is the unsettled one there is.

    A consent that was given stays good for a later date, as long as it was given within the days that count.
    """
    opens_on = wish.effective_on - timedelta(days=ctx.outgoing.consent_days)
    if before is not None:
        if wish.is_of(before):
            return before
        if _still_good(before, wish, opens_on):
            before.effective_on, before.opens_on = wish.effective_on, opens_on
            before.version += 1
            return before
        withdraw_consent(ctx, session, before)
    consent_id = new_id("cns")
    made = Consent(
        id=consent_id, kind=wish.kind, subscription_id=wish.subscription_id, customer_id=wish.customer_id,
        mode=wish.mode, name=wish.name, agreed_krw=wish.agreed_krw, agreed_days=wish.agreed_days,
        amount_krw=wish.amount_krw, effective_on=wish.effective_on, opens_on=opens_on,
        agreed_cycle=wish.agreed_cycle, cycle=wish.cycle,
        state=ConsentState.OPEN, version=1, link_hash=hash_of(token(ctx, consent_id)), asks=0, created_at=ctx.now(),
    )  # fmt: skip
    session.add(made)
    session.flush()
    _tell(ctx, "consent.needed", made)
    if opens_on <= seoul_day(ctx.now()):
        _ask(ctx, session, made)
    return made


def withdraw_consent(ctx: WorkContext, session: Session, consent: Consent) -> None:
    """The wish is no longer so."""
    consent.state = advance_consent(consent.state, ConsentState.WITHDRAWN)
    consent.version += 1
    withdraw(ctx, session, consent.subscription_id, NoticeKind(consent.kind.value))
    session.flush()
    _tell(ctx, "consent.withdrawn", consent)


def apply_consent(ctx: WorkContext, consent: Consent) -> None:
    """The first date at the new price became a debt."""
    consent.state = advance_consent(consent.state, ConsentState.APPLIED)
    consent.version += 1
    _tell(ctx, "consent.applied", consent)


def ask_due(ctx: WorkContext, limit: int = BATCH) -> int:
    """Write the notices of consents whose days have begun. Returns how many consents."""
    today = seoul_day(ctx.now())
    due = select(Consent).where(
        Consent.state == ConsentState.OPEN, Consent.asked_at.is_(None), Consent.opens_on <= today,
        Consent.mode == Mode(ctx.mode),
    )  # fmt: skip
    ctx.end_reading()
    with ctx.atomic() as session:
        found = session.scalars(
            due.order_by(Consent.opens_on, Consent.id).limit(limit).with_for_update(skip_locked=True)
        ).all()
        for consent in found:
            _ask(ctx, session, consent)
    return len(found)


def ask_again(ctx: WorkContext, consent_id: str, asks: int) -> Consent:
    """Write the notices once more, and let the link live on. `asks` is what the page showed, so two presses are one.

    Raises NotFound, Conflict when it was answered, is over or was asked for meanwhile, RuleBroken before its days.
    """
    with ctx.atomic() as session:
        held = locked(session, consent_id)
        if held.state is not ConsentState.OPEN or held.asks != asks:
            raise Conflict(_("그사이 답을 받았거나 이미 다시 요청했습니다. 이번 요청은 하지 않았습니다."))
        if held.opens_on > seoul_day(ctx.now()):
            raise RuleBroken(_("아직 동의를 받는 기간이 아닙니다. 아무것도 보내지 않았습니다."))
        withdraw(ctx, session, held.subscription_id, NoticeKind(held.kind.value))
        _ask(ctx, session, held)
        _tell(ctx, "consent.asked_again", held)
    return held


def token(ctx: WorkContext, consent_id: str) -> str:
    """The secret of the address on which the customer answers; made again each time, kept nowhere."""
    return token_of(ctx.secret, "consent", consent_id)


def link_is_open(consent: Consent, now: datetime) -> bool:
    """Whether the customer may still answer by the link: asked for, not answered by anybody, and in time."""
    return consent.state is ConsentState.OPEN and consent.link_until is not None and now < consent.link_until


def _asked_by(notice: Notice) -> str:
    """The consent that a notice asks for: its cause begins with it."""
    return notice.cause.partition(".")[0]


def _link_is_over(ctx: WorkContext, session: Session, notice: Notice) -> bool:
    held = session.get(Consent, _asked_by(notice), populate_existing=True)
    return held is None or not link_is_open(held, ctx.now())


LINK = links.Link("/consent/", lambda ctx, notice: token(ctx, _asked_by(notice)), _link_is_over)


def locked(session: Session, consent_id: str) -> Consent:
    """The consent as it stands, locked until the commit. Raises NotFound."""
    held = session.get(Consent, consent_id, with_for_update=True, populate_existing=True)
    if held is None:
        raise NotFound(_("동의 기록을 찾을 수 없습니다."))
    return held


def text_for(ctx: WorkContext, session: Session, consent: Consent) -> Rendered:
    """What the customer is told and answers to: the mail's text, which names sums, dates and how to take it back."""
    customer = session.get(Customer, consent.customer_id)
    kind = NoticeKind(consent.kind.value)
    names = {"상호": ctx.outgoing.shop, "고객명": customer.name if customer else "", **links.hidden(ctx, kind)}
    return render(wording_of(session, kind, Channel.EMAIL), {**_values(consent), **names})


def answer(ctx: WorkContext, consent_id: str, said: Said) -> Consent:
    """Write down what the customer said, word for word; for staff, and for a page that the customer opens by a link.

    Raises NotFound; Conflict when task or text changed meanwhile; RuleBroken before its days begin, for an answer
    from the future or from before them, and when it is settled.
    """
    with ctx.atomic() as session:
        held = locked(session, consent_id)
        text = text_for(ctx, session, held)
        if held.version != said.version or text.version != said.text_version:
            raise Conflict(
                _("그사이 금액이나 문구가 바뀌었습니다. 아무것도 적지 않았습니다. 지금 내용을 다시 확인하십시오.")
            )
        _refuse(ctx, held, said)
        number = (
            session.scalar(select(func.max(ConsentWord.number)).where(ConsentWord.consent_id == held.id)) or 0
        ) + 1
        word = ConsentWord(
            id=new_id("cnw"), consent_id=held.id, number=number, agrees=said.agrees, said_by=said.said_by,
            said_at=said.said_at, text=text.body, text_version=text.version, note=said.note[:NOTE_MOST],
            written_by=ctx.actor.name, written_at=ctx.now(),
        )  # fmt: skip
        session.add(word)
        to = ConsentState.GIVEN if said.agrees else ConsentState.REFUSED
        if held.state is not to:
            held.state = advance_consent(held.state, to)
        held.answered_at = said.said_at
        held.version += 1
        _tell(ctx, "consent.given" if said.agrees else "consent.refused", held)
    return held


def _refuse(ctx: WorkContext, held: Consent, said: Said) -> None:
    if held.state not in UNSETTLED or (said.said_by is SaidBy.LINK and not link_is_open(held, ctx.now())):
        raise RuleBroken(_("이미 적용했거나 취소한 동의입니다. 아무것도 적지 않았습니다."), consent=held.id)
    if said.said_at > ctx.now():
        raise RuleBroken(_("아직 오지 않은 때는 적을 수 없습니다."))
    if said.agrees and seoul_day(said.said_at) < held.opens_on:
        raise RuleBroken(
            _("%(day)s부터 받은 동의만 인정합니다. 아무것도 적지 않았습니다.", day=held.opens_on.isoformat())
        )


def _still_good(given: Consent, wish: Wish, opens_on: date) -> bool:
    return (
        given.state is ConsentState.GIVEN
        and given.kind is wish.kind
        and given.amount_krw >= wish.amount_krw
        and given.cycle == wish.cycle
        and wish.effective_on >= given.effective_on
        and given.answered_at is not None
        and seoul_day(given.answered_at) >= opens_on
    )


def _ask(ctx: WorkContext, session: Session, consent: Consent) -> None:
    consent.asked_at = ctx.now()
    consent.asks += 1
    until = max(start_of(consent.effective_on), ctx.now() + GOOD_FOR)
    consent.link_until = until
    cause = consent.id if consent.asks == 1 else f"{consent.id}.{consent.asks}"
    news = News(
        cause, NoticeKind(consent.kind.value), consent.customer_id, ("subscription", consent.subscription_id),
        _values(consent), consent.effective_on, until,
    )  # fmt: skip
    tell_customer(ctx, session, news)


def _values(consent: Consent) -> dict[str, str]:
    on, amount = said_day(consent.effective_on), said_won(consent.amount_krw)
    until = (consent.link_until or start_of(consent.effective_on)) - timedelta(seconds=1)  # the last whole day
    both = {"상품명": consent.name, "기한": said_day(until)}
    if consent.kind is ConsentKind.TRIAL_END:
        return both | {"금액": amount, "결제일": on, "주기": said_cycle(consent.cycle)}
    return both | {
        "이전금액": said_won(consent.agreed_krw), "새금액": amount, "시행일": on,
        "이전주기": said_cycle(consent.agreed_cycle), "새주기": said_cycle(consent.cycle),
    }  # fmt: skip


def _tell(ctx: WorkContext, act: str, consent: Consent) -> None:
    record(
        ctx, act, ("consent", consent.id), customer_id=consent.customer_id, amount_krw=consent.amount_krw,
        on=consent.effective_on.isoformat(),
    )  # fmt: skip
