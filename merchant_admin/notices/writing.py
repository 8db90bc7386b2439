"""Writing a notice beside its cause, in the same write: what happened and what will be told stand or fall together."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from merchant_admin.core.context import WorkContext
from merchant_admin.core.ids import new_id
from merchant_admin.core.outgoing import Channel
from merchant_admin.core.times import seoul_day
from merchant_admin.customers.models import Customer
from merchant_admin.notices.models import Notice
from merchant_admin.notices.states import NoticeKind, NoticeState, Why, advance
from merchant_admin.notices.texts import wording_of

GOOD_FOR = timedelta(days=3)
MOST_TRIES = 6
_WEEKDAYS = "월화수목금토일"
_CYCLES = {
    "day": ("매일", "일마다"), "week": ("매주", "주마다"), "month": ("매월", "개월마다"), "year": ("매년", "년마다"),
}  # fmt: skip


@dataclass(frozen=True)
class News:
    """What a customer is to be told. `cause` names the one thing that happened, so that it is told once.

    `values` are the text's variables without the shop's and the customer's name. `subject` is (kind, id);
    `about_on` the day it speaks of; after `good_until` it is not sent any more. `awaits_link`: nobody sends it before a
    feature above has put its link in, or has said that there is none.
    """

    cause: str
    kind: NoticeKind
    customer_id: str
    subject: tuple[str, str]
    values: Mapping[str, str] = field(default_factory=dict)
    about_on: date | None = None
    good_until: datetime | None = None
    awaits_link: bool = False


def tell_customer(ctx: WorkContext, session: Session, news: News) -> int:
    """Add the notice in the open write, once for each channel that is on; returns how many are new.

    A customer without an address for a channel gets a row that says so: nothing is left out silently.
    """
    return tell_customers(ctx, session, [news])


def tell_customers(ctx: WorkContext, session: Session, told: Sequence[News]) -> int:
    """As tell_customer, for many pieces of news of one kind, in one statement for each channel."""
    made = 0
    for channel in ctx.outgoing.channels if told else ():
        if wording_of(session, told[0].kind, channel).is_on:
            made += _add(ctx, session, told, channel)
    return made


def withdraw(ctx: WorkContext, session: Session, subject_id: str, *kinds: NoticeKind) -> int:
    """Drop, in the open write, what waits to be told of this subject and is no longer so. Returns how many."""
    waiting = select(Notice).where(
        Notice.subject_id == subject_id, Notice.kind.in_(kinds), Notice.state == NoticeState.WAITING
    )  # fmt: skip
    found = session.scalars(waiting.with_for_update()).all()
    drop_overtaken(ctx, found)
    return len(found)


def drop_overtaken(ctx: WorkContext, waiting: Sequence[Notice]) -> None:
    """Drop locked notices that wait: what they say is no longer so."""
    for notice in waiting:
        notice.state, notice.why = advance(notice.state, NoticeState.DROPPED), Why.OVERTAKEN
        notice.moved_at = ctx.now()


def address_of(customer: Customer | None, channel: Channel) -> str | None:
    """Where this customer is reached in this way, as it was typed."""
    if customer is None:
        return None
    return customer.email if channel is Channel.EMAIL else customer.phone


def _add(ctx: WorkContext, session: Session, told: Sequence[News], channel: Channel) -> int:
    rows = [_row(ctx, news, channel, session.get(Customer, news.customer_id)) for news in told]
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    fresh = dialect.insert(Notice).on_conflict_do_nothing(index_elements=["cause", "kind", "channel"])
    return len(session.execute(fresh.returning(Notice.id), rows).all())


def _row(ctx: WorkContext, news: News, channel: Channel, customer: Customer | None) -> dict[str, Any]:
    now, is_reachable = ctx.now(), bool(address_of(customer, channel))
    return {
        "id": new_id("ntc"), "cause": news.cause, "kind": news.kind, "channel": channel,
        "customer_id": news.customer_id, "subject_kind": news.subject[0], "subject_id": news.subject[1],
        "about_on": news.about_on, "awaits_link": news.awaits_link,
        "facts": json.dumps(dict(news.values), ensure_ascii=False, sort_keys=True),
        "state": NoticeState.WAITING if is_reachable else NoticeState.DROPPED,
        "why": None if is_reachable else Why.NO_ADDRESS, "send_at": now,
        "good_until": news.good_until or now + GOOD_FOR,
        "tries": 0, "most_tries": MOST_TRIES, "created_at": now, "moved_at": now,
    }  # fmt: skip


def said_won(amount_krw: int) -> str:
    """18,500원, as a Korean letter writes it whoever reads our screen."""
    return f"{amount_krw:,}원"


def said_day(day: date | datetime) -> str:
    """2026년 12월 23일(수)."""
    found = seoul_day(day) if isinstance(day, datetime) else day
    return f"{found.year}년 {found.month}월 {found.day}일({_WEEKDAYS[found.weekday()]})"


def said_cycle(cycle: str) -> str:
    """매월, 2주마다: how often, of "month.1" or "week.2"."""
    unit, _dot, every = cycle.partition(".")
    single, many = _CYCLES[unit]
    return single if every == "1" else f"{every}{many}"


def said_card(issuer_name: str | None, last_four: str | None) -> str:
    """신한카드 4321, with what is known of it."""
    return " ".join(part for part in (issuer_name, last_four) if part) or "등록하신 카드"
