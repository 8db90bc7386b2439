"""What customers are told of their subscriptions, each written in the same commit as what happened."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from flask_babel import force_locale
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.core.context import WorkContext
from merchant_admin.core.settings import Mode
from merchant_admin.core.times import seoul_day, start_of
from merchant_admin.customers.models import Customer
from merchant_admin.failures.states import FailureClass
from merchant_admin.failures.words import READINGS
from merchant_admin.notices.consents import holds_back
from merchant_admin.notices.models import Notice
from merchant_admin.notices.states import NoticeKind
from merchant_admin.notices.texts import wording_of
from merchant_admin.notices.writing import News, said_card, said_day, said_won, tell_customer, tell_customers
from merchant_admin.notices.writing import withdraw as withdraw_notices
from merchant_admin.subscriptions.models import Period, Plan, Subscription
from merchant_admin.subscriptions.states import CHARGED, SubscriptionState, Unit

AT_ONCE = 100
_LONG = frozenset({Unit.MONTH, Unit.YEAR})  # a shorter cycle would be announced all the time


def charged(ctx: WorkContext, session: Session, both: Sequence[tuple[Subscription, Period]]) -> None:
    """Periods were paid."""
    whose = [subscription.customer_id for subscription, _period in both]
    at_hand = session.scalars(select(Customer).where(Customer.id.in_(whose))).all()  # in one read, not one by one
    told = []
    for subscription, period in both:
        if subscription.state is SubscriptionState.ENDED:  # paid late: what says that it was not is no longer so
            withdraw_notices(ctx, session, subscription.id, NoticeKind.ENDED_UNPAID)
        values = {"결제일": said_day(ctx.now()), "회차": str(period.number)}
        cause = f"{period.id}.paid"
        told.append(_news(session, subscription, NoticeKind.CHARGED, cause, period.amount_krw, values))
    assert len(at_hand) <= len(both)
    tell_customers(ctx, session, told)


def failed(ctx: WorkContext, session: Session, held: Subscription, period: Period, next_try: datetime) -> None:
    """A try was declined and another one is planned. Not for tries by hand: staff talk to the customer then."""
    values = {"사유": _reason(period.failure), "다음시도일": said_day(next_try)}
    cause = f"{period.id}.try.{period.tries}"
    _tell(ctx, session, held, NoticeKind.FAILED, cause, period.amount_krw, values, next_try)


def card_needed(ctx: WorkContext, session: Session, held: Subscription, period: Period) -> None:
    """The card will never do; there is time for another one until `period.try_at`.

    Where the plan says so, a link for the new card is put into the notice before it is sent (card_links.automatic).
    """
    until = period.try_at or ctx.now()
    values = {"사유": _reason(period.failure), "기한": said_day(until)}
    cause, kind = cause_of_card(period.id, held.billing_key_id), NoticeKind.CARD_NEEDED
    news = _news(session, held, kind, cause, period.amount_krw, values, until)
    with_link = session.get_one(Plan, held.plan_id).sends_card_link
    tell_customer(ctx, session, replace(news, awaits_link=with_link))


def cause_of_card(period_id: str, key_id: str) -> str:
    """That this period can't be charged to this card: told once, with one link at most."""
    return f"{period_id}.card.{key_id}"


def ended_unpaid(ctx: WorkContext, session: Session, held: Subscription, period: Period) -> None:
    """The last try was in vain, or no other card came in time: it ended, and nothing was taken."""
    values = {"사유": _reason(period.failure), "종료일": said_day(held.ended_at or ctx.now())}
    _tell(ctx, session, held, NoticeKind.ENDED_UNPAID, f"{period.id}.ended", period.amount_krw, values)


def withdraw(ctx: WorkContext, session: Session, held: Subscription) -> None:
    """What waits to be told of the next date, or of a card, is no longer so."""
    withdraw_notices(ctx, session, held.id, NoticeKind.RENEWAL_SOON, NoticeKind.CARD_NEEDED, NoticeKind.FAILED)


def announce_renewals(ctx: WorkContext, limit: int = AT_ONCE) -> int:
    """Tell of charges that come within the settings' days, once each. Returns how many subscriptions were looked at.

    Only cycles of months and years, and only dates that are to come: what was forgotten is not told afterwards. The
    first date after a pause with an agreed end is one of them.
    """
    out, today = ctx.outgoing, seoul_day(ctx.now())
    is_told = any(wording_of(ctx.reader, NoticeKind.RENEWAL_SOON, channel).is_on for channel in out.channels)
    if not out.renewal_days or not is_told or not out.may_disturb(ctx.now()):
        ctx.end_reading()
        return 0
    told = exists().where(
        Notice.subject_id == Subscription.id, Notice.kind == NoticeKind.RENEWAL_SOON,
        Notice.about_on == Subscription.next_on,
    )  # fmt: skip
    soon = select(Subscription).where(
        Subscription.state.in_(CHARGED | {SubscriptionState.PAUSED}), Subscription.next_on > today,
        Subscription.next_on <= today + timedelta(days=out.renewal_days), Subscription.unit.in_(_LONG),
        Subscription.mode == Mode(ctx.mode), ~told,
        ~holds_back(Subscription.id),
    )  # fmt: skip
    ctx.end_reading()
    with ctx.atomic() as session:
        found = session.scalars(
            soon.order_by(Subscription.next_on, Subscription.id).limit(limit).with_for_update(skip_locked=True)
        ).all()
        for held in found:
            assert held.next_on is not None
            cause, values = f"{held.id}.{held.next_on.isoformat()}", {"결제일": said_day(held.next_on)}
            until = start_of(held.next_on)
            _tell(ctx, session, held, NoticeKind.RENEWAL_SOON, cause, held.amount_krw, values, until)
    return len(found)


def _tell(  # noqa: PLR0913, PLR0917 - one line of each caller
    ctx: WorkContext, session: Session, held: Subscription, kind: NoticeKind, cause: str, amount_krw: int,
    values: dict[str, str], until: datetime | None = None,
) -> None:  # fmt: skip
    tell_customer(ctx, session, _news(session, held, kind, cause, amount_krw, values, until))


def _news(  # noqa: PLR0913, PLR0917 - as above
    session: Session, held: Subscription, kind: NoticeKind, cause: str, amount_krw: int, values: dict[str, str],
    until: datetime | None = None,
) -> News:  # fmt: skip
    key = session.get(BillingKey, held.billing_key_id)
    card = said_card(key.issuer_name, key.last_four) if key else said_card(None, None)
    about_on = held.next_on if kind is NoticeKind.RENEWAL_SOON else None
    said = {"상품명": held.name, "금액": said_won(amount_krw), "카드": card, **values}
    return News(cause, kind, held.customer_id, ("subscription", held.id), said, about_on, until)


def _reason(failure: str | None) -> str:
    """In Korean whoever's process this is: it goes to the merchant's customer."""
    with force_locale("ko"):
        return str(READINGS[FailureClass(failure or FailureClass.UNKNOWN)].to_customer)
