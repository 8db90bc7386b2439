"""The clock: due dates become debts, debts become charges, and ends come when they come. Called by the worker.

Everything is found by looking at states, so a call may be killed at any line and run again by anyone. A subscription
has one unsettled period at most, so whatever was missed while nobody looked can't come in a burst; and each try of a
period is one charge whose sheet key is the period's id and the number of the try, so it can't be sent twice.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, Select, exists, select, update
from sqlalchemy.orm import Session

from merchant_admin.core.context import WorkContext
from merchant_admin.core.db import among, lease_now
from merchant_admin.core.errors import Conflict, RuleBroken
from merchant_admin.core.heaps import write_changed
from merchant_admin.core.settings import Mode
from merchant_admin.core.times import SEOUL, seoul_day
from merchant_admin.notices.consents import apply_consent, holds_back, unsettled_of
from merchant_admin.notices.models import Consent
from merchant_admin.payments import service as payments
from merchant_admin.payments.looks import NEEDED_ABSENCES
from merchant_admin.payments.models import Attempt, Charge
from merchant_admin.payments.service import ChargeSheet
from merchant_admin.payments.states import OPEN, AttemptState, ChargeKind
from merchant_admin.portone.gateway import Gateway
from merchant_admin.subscriptions import agreeing, dunning, steps
from merchant_admin.subscriptions.models import Period, PeriodCharge, Plan, Subscription
from merchant_admin.subscriptions.states import (
    CHARGED,
    OPEN_PERIOD,
    TO_CHARGE,
    CatchUp,
    EndReason,
    PeriodState,
    SubscriptionState,
)  # fmt: skip

log = logging.getLogger(__name__)

HELD = timedelta(seconds=120)
BATCH = 100
GRACE = timedelta(days=1)  # later than this, a date was missed


class NotDue(RuleBroken):
    """Somebody else has this period in hand, or settled it. Nothing was sent."""


@dataclass(frozen=True)
class Hours:
    """When cards are charged, by Seoul's clock: `start <= now < end`, every day of the week."""

    start: time = time(9)
    end: time = time(20)

    def hold(self, now: datetime) -> bool:
        """Whether charges may be sent now."""
        return self.start <= now.astimezone(SEOUL).time() < self.end


def open_due(ctx: WorkContext, limit: int = BATCH) -> int:
    """Turn the due dates that have come into debts, up to `limit` subscriptions in one write. Returns how many.

    Of several dates that passed while nobody looked only the newest can become a debt; the others are skipped.
    """
    today = seoul_day(ctx.now())
    ctx.end_reading()
    with ctx.atomic() as session:
        found = session.scalars(due_dates(ctx, limit)).all()
        rules = {plan.id: plan for plan in session.scalars(select(Plan).where(Plan.id.in_({s.plan_id for s in found})))}
        words = unsettled_of(session, [subscription.id for subscription in found])
        for subscription in found:
            plan, consent = rules[subscription.plan_id], words.get(subscription.id)
            if not agreeing.is_held(consent):  # it may have been taken back since the rows were found
                open_next(ctx, session, subscription, plan, today, consent)
        write_changed(session, found)
    return len(found)


def due_dates(ctx: WorkContext, limit: int) -> Select[Subscription]:
    """The subscriptions whose next date has come and that owe nothing, to be locked; those in other hands left out."""
    unsettled = exists().where(Period.subscription_id == Subscription.id, among(Period.state, OPEN_PERIOD))
    due = select(Subscription).where(
        among(Subscription.state, CHARGED), Subscription.next_on <= seoul_day(ctx.now()),
        Subscription.mode == Mode(ctx.mode), ~unsettled,
        ~holds_back(Subscription.id),
    )  # fmt: skip
    return due.order_by(Subscription.next_on, Subscription.id).limit(limit).with_for_update(skip_locked=True)


def open_next(
    ctx: WorkContext, session: Session, subscription: Subscription, plan: Plan, today: date,
    consent: Consent | None = None,
) -> Period | None:  # fmt: skip
    """The debt of the newest date that has come; None when the plan's rule lets it pass. `consent` was given."""
    missed = 0
    while subscription.next_on is not None and subscription.cycle.on(subscription.next_step + 1) <= today:
        missed += _skip(ctx, session, subscription)
    due_on = subscription.next_on
    assert due_on is not None
    if plan.catch_up is CatchUp.SKIP and today - _ready_on(session, subscription, due_on, consent) > GRACE:
        missed += _skip(ctx, session, subscription)
        due_on = None
    if missed:
        steps.tell(ctx, "subscription.missed", subscription, count=missed)
    if due_on is None:
        return None
    period = steps.add_period(ctx, session, subscription, PeriodState.DUE, due_on)
    period.try_at = ctx.now()
    if consent is not None:
        apply_consent(ctx, consent)
    if subscription.times_left is not None:
        subscription.times_left -= 1
        if subscription.times_left == 0:
            subscription.next_on = None
    subscription.version += 1
    steps.tell(ctx, "subscription.due", subscription, amount_krw=period.amount_krw, number=period.number)
    return period


def _skip(ctx: WorkContext, session: Session, subscription: Subscription) -> int:
    assert subscription.next_on is not None
    period = steps.add_period(ctx, session, subscription, PeriodState.SKIPPED, subscription.next_on)
    period.settled_at = ctx.now()
    session.flush()
    return 1


def _ready_on(session: Session, subscription: Subscription, due_on: date, consent: Consent | None) -> date:
    """From when on it could have been charged: not before the customer agreed, nor while a debt was being collected."""
    if consent is not None and consent.answered_at is not None:
        due_on = max(due_on, seoul_day(consent.answered_at))
    last = select(Period.settled_at).where(Period.subscription_id == subscription.id, Period.state == PeriodState.PAID)
    settled_at = session.scalars(last.order_by(Period.number.desc()).limit(1)).first()
    return max(due_on, seoul_day(settled_at), seoul_day(subscription.moved_at)) if settled_at else due_on


def end_due(ctx: WorkContext, limit: int = BATCH) -> int:
    """End the cancelled subscriptions whose paid time is over. Returns how many."""
    ctx.end_reading()
    with ctx.atomic() as session:
        found = session.scalars(over(ctx, limit)).all()
        for subscription in found:
            steps.end(ctx, subscription, subscription.end_reason or EndReason.ASKED)
            steps.tell(ctx, "subscription.ended", subscription, why=subscription.end_reason)
    return len(found)


def over(ctx: WorkContext, limit: int) -> Select[Subscription]:
    """The cancelled subscriptions whose paid time is over, to be locked; those in other hands left out."""
    past = select(Subscription).where(
        among(Subscription.state, {SubscriptionState.CANCELLING}), Subscription.mode == Mode(ctx.mode),
        Subscription.ends_on <= seoul_day(ctx.now()),
    )  # fmt: skip
    return past.order_by(Subscription.ends_on, Subscription.id).limit(limit).with_for_update(skip_locked=True)


def claim_due(ctx: WorkContext, limit: int = BATCH) -> list[str]:
    """Take periods whose next try has come in hand, the longest waiting first. Returns their ids.

    Holding is a courtesy between workers and proves nothing: the charge itself is claimed one by one.
    """
    ctx.end_reading()
    with ctx.atomic() as session:
        now = lease_now(session, ctx.clock)
        ids = list(session.scalars(to_take(Mode(ctx.mode), now, limit)))
        if ids:
            session.execute(update(Period).where(Period.id.in_(ids)).values(held_until=now + HELD))
    return ids


def let_go(ctx: WorkContext, ids: Collection[str]) -> None:
    """Give back what was taken in hand and not begun, so that nobody has to wait until it is held no more."""
    ctx.end_reading()
    with ctx.atomic() as session:
        mine = update(Period).where(Period.id.in_(ids)).values(held_until=None)
        session.execute(mine, execution_options={"synchronize_session": False})


def to_take(mode: Mode, now: datetime, limit: int) -> Select[str]:
    """The periods whose next try has come and that nobody has in hand, to be locked. Those of another mode stay."""
    due = select(Period.id).where(
        among(Period.state, TO_CHARGE | {PeriodState.NEEDS_CARD}), Period.mode == mode, Period.try_at <= now,
        (Period.held_until.is_(None)) | (Period.held_until <= now),
    )  # fmt: skip
    return due.order_by(Period.try_at, Period.id).limit(limit).with_for_update(skip_locked=True)


def unsettled(session: Session, limit: int = BATCH) -> list[str]:
    """Periods in CHARGING of which more is known by now, or whose charge may be sent again."""
    known = select(Period.id).join(PeriodCharge, PeriodCharge.period_id == Period.id)
    known = known.join(Attempt, Attempt.charge_id == PeriodCharge.charge_id).where(
        among(Period.state, {PeriodState.CHARGING})
    )
    is_newest = PeriodCharge.number == Period.tries + Period.hand_tries
    is_news = Attempt.state.not_in(OPEN) | _may_go_again()
    return list(session.scalars(known.where(is_newest, is_news).order_by(Period.id).limit(limit)))


def _may_go_again() -> ColumnElement[bool]:
    """Uncertain and absent: one that was refused, or sent too often, is abandoned by the look that counts."""
    return (Attempt.state == AttemptState.UNCERTAIN) & (Attempt.absences >= NEEDED_ABSENCES)


def follow_up(ctx: WorkContext, gateway: Gateway, period_id: str) -> None:
    """Write down what became of a period's charge; send one again that PortOne was seen not to know, twice."""
    lost = select(PeriodCharge.charge_id).join(Attempt, Attempt.charge_id == PeriodCharge.charge_id)
    charge_id = ctx.session.scalars(lost.where(PeriodCharge.period_id == period_id, _may_go_again())).first()
    ctx.end_reading()
    if charge_id is not None:
        payments.send_again(ctx, gateway, charge_id)
    dunning.settle(ctx, period_id)


def see_to(ctx: WorkContext, gateway: Gateway, period_id: str) -> None:
    """Do what is due for one period: charge it, or give it up when no new card came in time."""
    state = ctx.session.scalars(select(Period.state).where(Period.id == period_id)).first()
    ctx.end_reading()
    if state is PeriodState.NEEDS_CARD:
        dunning.give_up(ctx, period_id)
    elif state in TO_CHARGE:
        collect(ctx, gateway, period_id)


def collect(
    ctx: WorkContext, gateway: Gateway, period_id: str, *, by_hand: bool = False, number: int | None = None
) -> None:
    """Charge one period, once. `number` is the try that was meant (from the page), so that two clicks are one try.

    Raises RuleBroken only `by_hand` (the card can't be charged, someone has it in hand), and GatewayUnreachable while
    sending is stopped; nothing was sent then. What the charge came to stands in the period.
    """
    sheet, meant = _sheet(ctx, period_id, number)
    ctx.end_reading()
    try:
        payments.charge_billing_key(ctx, gateway, sheet, lambda session, charge: _bind(session, charge, meant, by_hand))
    except (NotDue, Conflict):
        log.info("period.taken", extra={"period": period_id})
        if by_hand:
            raise
    except RuleBroken as refusal:
        if by_hand:
            raise
        log.warning("period.not_chargeable", extra={"period": period_id, **refusal.facts})
        dunning.needs_card(ctx, period_id, sheet.billing_key_id)
    else:
        dunning.settle(ctx, period_id)


def tries_of(session: Session, period_id: str) -> int:
    """How many charges were made for a period."""
    newest = select(PeriodCharge.number).where(PeriodCharge.period_id == period_id)
    return session.scalars(newest.order_by(PeriodCharge.number.desc()).limit(1)).first() or 0


def _sheet(ctx: WorkContext, period_id: str, number: int | None) -> tuple[ChargeSheet, tuple[str, int]]:
    period = ctx.session.get_one(Period, period_id, populate_existing=True)
    subscription = ctx.session.get_one(Subscription, period.subscription_id, populate_existing=True)
    number = number or tries_of(ctx.reader, period_id) + 1
    return sheet_of(subscription, period, number), (period_id, number)


def sheet_of(subscription: Subscription, period: Period, number: int) -> ChargeSheet:
    """What the try of this number asks for. Its key is the period's and the number's, so it is one charge for ever."""
    return ChargeSheet(
        sheet_key=f"{period.id}.{number}", customer_id=subscription.customer_id,
        billing_key_id=subscription.billing_key_id, amount_krw=period.amount_krw, tax_free_krw=period.tax_free_krw,
        name=subscription.name, kind=ChargeKind.RENEWAL, confirms_repeat=True,
    )  # fmt: skip


def _bind(session: Session, charge: Charge, meant: tuple[str, int], by_hand: bool) -> None:  # noqa: FBT001
    """Tie the new charge to its period in the write that claims it."""
    period_id, number = meant
    owner = session.scalars(select(Period.subscription_id).where(Period.id == period_id)).one()
    held = steps.locked(session, owner)
    period = session.get_one(Period, period_id, with_for_update=True, populate_existing=True)
    may_go = TO_CHARGE | ({PeriodState.NEEDS_CARD} if by_hand else set())
    has_other_card = held.billing_key_id != charge.billing_key_id  # since the sheet was made: the next turn takes it
    if period.state not in may_go or tries_of(session, period_id) + 1 != number or has_other_card:
        raise NotDue(dunning.TAKEN, period=period_id)
    session.add(PeriodCharge(charge_id=charge.id, period_id=period_id, number=number, by_hand=by_hand))
    period.state = PeriodState.CHARGING
    if by_hand:
        period.hand_tries += 1
    else:
        period.tries += 1
    session.flush()
