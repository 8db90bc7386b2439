"""The steps to come of one subscription, and of all of a customer's, read from their rows."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.subscriptions.ahead import Owed, Rule, Standing, Step, ahead
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.subscriptions.models import Period, Plan, Subscription
from merchant_admin.subscriptions.states import LIVE, OPEN_PERIOD
from merchant_admin.subscriptions.terms import Terms

MOST = 20  # subscriptions of one customer


@dataclass(frozen=True)
class Coming:
    """One step of one subscription."""

    subscription_id: str
    name: str
    step: Step


def rule_of(plan: Plan, *, is_told: bool) -> Rule:
    """How the plan deals with refusals. `is_told`: customers are told that a card is needed, with room for its link."""
    return Rule(plan.gaps, plan.after_last, plan.sends_card_link and is_told)


def steps_of(
    held: Subscription, plan: Plan, owed: Period | None, hours: Hours, now: datetime, *, is_told: bool = False
) -> list[Step]:
    """What will happen to this subscription."""
    debt = Owed(owed.state, owed.amount_krw, owed.try_at, owed.tries) if owed else None
    terms = Terms.of(held) if held.next_on else None
    standing = Standing(held.state, terms, held.ends_on, debt, held.resumes_on)
    return ahead(standing, rule_of(plan, is_told=is_told), hours, now)


def of_customer(
    session: Session, customer_id: str, hours: Hours, now: datetime, *, is_told: bool = False
) -> list[Coming]:
    """What will happen to all live subscriptions of a customer, the soonest first; what has no date stands on top."""
    rows = session.execute(
        select(Subscription, Plan, Period)
        .join(Plan, Plan.id == Subscription.plan_id)
        .outerjoin(Period, (Period.subscription_id == Subscription.id) & Period.state.in_(OPEN_PERIOD))
        .where(Subscription.customer_id == customer_id, Subscription.state.in_(LIVE))
        .order_by(Subscription.created_at.desc())
        .limit(MOST)
    )
    found = [
        Coming(held.id, held.name, step)
        for held, plan, owed in rows
        for step in steps_of(held, plan, owed, hours, now, is_told=is_told)
    ]
    return sorted(found, key=lambda each: each.step.at or now)
