"""Charging many periods in one go: the common case of the clock, in which nothing stands in a renewal's way.

A heap of periods is claimed in one commit and its answers are written in one commit, under the rules of charging one
(subscriptions.clock). A period that is not simply due and chargeable is handed back, to be seen to by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.core.context import WorkContext
from merchant_admin.core.heaps import insert_new, write_changed
from merchant_admin.customers.models import Customer
from merchant_admin.payments import together
from merchant_admin.payments.sending import Answer, Send
from merchant_admin.payments.together import Wish
from merchant_admin.subscriptions import clock, dunning, steps
from merchant_admin.subscriptions.models import Period, PeriodCharge, Subscription
from merchant_admin.subscriptions.states import TO_CHARGE, PeriodState


@dataclass(frozen=True)
class Claimed:
    """A period whose charge is written down as being sent."""

    period_id: str
    send: Send


def claim(ctx: WorkContext, ids: Sequence[str]) -> tuple[list[Claimed], list[str]]:
    """Claim these periods in one commit. Returns the claimed ones and the ids of those to be seen to one by one."""
    ctx.end_reading()
    with ctx.atomic() as session:
        wishes = _wishes(ctx, session, ids)
        made = together.claim(ctx, session, [wish for _period, wish in wishes])
        claimed, bound = [], []
        for (period, _wish), (charge, send) in zip(wishes, made, strict=True):
            number = period.tries + period.hand_tries + 1
            bound.append(PeriodCharge(charge_id=charge.id, period_id=period.id, number=number, by_hand=False))
            period.state = PeriodState.CHARGING
            period.tries += 1
            claimed.append(Claimed(period.id, send))
        write_changed(session, [period for period, _wish in wishes])
        insert_new(session, bound)
    taken = {one.period_id for one in claimed}
    return claimed, [period_id for period_id in ids if period_id not in taken]


def _wishes(ctx: WorkContext, session: Session, ids: Sequence[str]) -> list[tuple[Period, Wish]]:
    """The periods that can be charged as they stand. Locked: keys, customers, subscriptions, periods."""
    owned = select(Subscription.id, Subscription.billing_key_id, Subscription.customer_id)
    owned = owned.join(Period, Period.subscription_id == Subscription.id).where(Period.id.in_(ids))
    owners = session.execute(owned).all()
    keyed = select(BillingKey).where(BillingKey.id.in_([one.billing_key_id for one in owners]))
    keyed = keyed.order_by(BillingKey.id).with_for_update()
    keys = {one.id: one for one in session.scalars(keyed.execution_options(populate_existing=True))}
    whose = select(Customer).where(Customer.id.in_([one.customer_id for one in owners])).order_by(Customer.id)
    customers = {one.id: one for one in session.scalars(whose.with_for_update(key_share=True))}
    owners_now = {one.id: one for one in steps.all_locked(session, Subscription, [one.id for one in owners])}
    periods = steps.all_locked(session, Period, ids)
    made = select(PeriodCharge.period_id, func.max(PeriodCharge.number)).where(PeriodCharge.period_id.in_(ids))
    tries = {row[0]: row[1] for row in session.execute(made.group_by(PeriodCharge.period_id))}
    found = []
    for period in periods:
        owner = owners_now[period.subscription_id]
        key, customer = keys.get(owner.billing_key_id), customers.get(owner.customer_id)
        number = tries.get(period.id, 0) + 1
        if period.state not in TO_CHARGE or key is None or customer is None:
            continue
        wish = Wish(clock.sheet_of(owner, period, number), key, customer)
        if number == period.tries + period.hand_tries + 1 and together.can_be_charged(ctx, wish):
            found.append((period, wish))
    return found


def write_down(ctx: WorkContext, answered: Sequence[tuple[Claimed, Answer]]) -> None:
    """Write what all of them came to, in one commit. Doing it again changes nothing."""
    with ctx.atomic() as session:
        together.write_down(ctx, session, [(claimed.send, answer) for claimed, answer in answered])
        session.flush()
        ids = [claimed.period_id for claimed, _answer in answered]
        for period_id in session.scalars(
            select(Period.id).where(Period.id.in_(ids), Period.state != PeriodState.PAID)
        ).all():
            dunning.settle_within(ctx, session, period_id)
