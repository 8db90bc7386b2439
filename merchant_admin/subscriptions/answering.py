"""A consent as the customer who holds its link reads it: what changes, and whether there is anything to answer."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.core.errors import NotFound
from merchant_admin.core.link_tokens import hash_of
from merchant_admin.core.times import seoul_day
from merchant_admin.notices.consents import link_is_open
from merchant_admin.notices.models import Consent
from merchant_admin.notices.states import ConsentKind, ConsentState
from merchant_admin.subscriptions.models import Subscription
from merchant_admin.subscriptions.states import CHARGED, SubscriptionState, Unit


class Standing(StrEnum):
    OPEN = "open"
    AGREED = "agreed"  # by this link, or told to staff
    DECLINED = "declined"
    EXPIRED = "expired"
    NOT_NEEDED = "not_needed"  # the price changed again, or the subscription ended
    RESTING = "resting"  # it ends anyway: nothing is charged now


_GOES_ON = CHARGED | {SubscriptionState.PAST_DUE, SubscriptionState.PAUSED}  # a pause ends, at the agreed price
_ANSWERED = {
    ConsentState.GIVEN: Standing.AGREED, ConsentState.APPLIED: Standing.AGREED,
    ConsentState.REFUSED: Standing.DECLINED, ConsentState.WITHDRAWN: Standing.NOT_NEEDED,
}  # fmt: skip


@dataclass(frozen=True)
class ConsentPage:
    """The page of one link, at one instant. `agreed_krw` 0: it was free so far."""

    consent_id: str
    kind: ConsentKind
    standing: Standing
    version: int
    name: str
    agreed_krw: int
    amount_krw: int
    agreed_cycle: tuple[Unit, int]
    cycle: tuple[Unit, int]
    effective_on: date
    until: datetime
    answered_at: datetime | None
    is_due: bool  # its day has come: a yes is followed by the charge


def page_of_token(session: Session, token: str, now: datetime) -> ConsentPage:
    """What this address opens. Raises NotFound, also for a consent that was not asked for yet."""
    query = select(Consent, Subscription.state).outerjoin(Subscription, Subscription.id == Consent.subscription_id)
    row = session.execute(
        query.where(Consent.link_hash == hash_of(token)).execution_options(populate_existing=True)
    ).first()
    held, until = (row[0], row[0].link_until) if row else (None, None)
    if row is None or held is None or until is None:
        raise NotFound(_("동의 링크를 찾을 수 없습니다."))
    state = row[1]
    if held.state in _ANSWERED:
        standing = _ANSWERED[held.state]
    elif state not in _GOES_ON:
        standing = Standing.RESTING
    else:
        standing = Standing.OPEN if link_is_open(held, now) else Standing.EXPIRED
    return ConsentPage(
        held.id, held.kind, standing, held.version, held.name, held.agreed_krw, held.amount_krw,
        _cycle(held.agreed_cycle), _cycle(held.cycle), held.effective_on, until, held.answered_at,
        held.effective_on <= seoul_day(now),
    )  # fmt: skip


def _cycle(word: str) -> tuple[Unit, int]:
    unit, _dot, every = word.partition(".")
    return Unit(unit), int(every)
