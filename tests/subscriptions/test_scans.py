"""The clock and the list find their rows along an index of their own, on both engines: by what the planner says."""

import re
from datetime import UTC, datetime

from sqlalchemy import text

from merchant_admin.core.db import db
from merchant_admin.core.paging import Place
from merchant_admin.notices.consent_queries import missing
from merchant_admin.outlook import forecast, month, numbers
from merchant_admin.overview.queries import waiting
from merchant_admin.subscriptions import clock, pausing, queries
from merchant_admin.subscriptions.states import SubscriptionState
from tests.outlook.shop import month_of
from tests.policy.test_plans import statements
from tests.subscriptions.acting import subscribed, today

MIDDLE = Place(datetime(2026, 11, 23, tzinfo=UTC), "sub_m")
LAST = Place(datetime(2000, 1, 1, tzinfo=UTC), "sub_", backwards=True)


def a_month(world):
    """This month's first day, its last, and today."""
    return *month_of(today(world)), today(world)


OWN_INDEX = {
    "due dates": (lambda world: clock.open_due(world.ctx()), "ix_subscriptions_due"),
    "periods to charge": (lambda world: clock.claim_due(world.ctx()), "ix_periods_work"),
    "pauses that are over": (lambda world: pausing.resume_due(world.ctx()), "ix_subscriptions_resuming"),
    "ends": (lambda world: clock.end_due(world.ctx()), "ix_subscriptions_ending"),
    "news of charges": (lambda world: clock.unsettled(world.session()), "ix_periods_charging"),
    "the list": (lambda world: queries.subscription_page(world.session(), None, None), "ix_subscriptions_newest"),
    "a state's list": (
        lambda world: queries.subscription_page(world.session(), SubscriptionState.ACTIVE, None), "ix_subscriptions_state",
    ),
    "the list's last page": (
        lambda world: queries.subscription_page(world.session(), None, LAST), "ix_subscriptions_newest",
    ),
    "a state's page in the middle": (
        lambda world: queries.subscription_page(world.session(), SubscriptionState.ACTIVE, MIDDLE),
        "ix_subscriptions_state",
    ),
    "counts beside the list": (lambda world: queries.state_counts(world.session()), "ix_subscriptions_state"),
    "counts of plans": (lambda world: queries.plan_rows(world.session()), "ix_subscriptions_plan"),
    "cards that are waited for, in the rail": (
        lambda world: waiting(world.session(), world.settings.mode, world.clock.now()), "ix_periods_needs_card",
    ),
    "consents that are missing": (lambda world: missing(world.session(), world.settings.mode, today(world)), "ix_consents_missing"),
    "a month's sums": (
        lambda world: month.days_of(world.session(), world.settings.mode, *a_month(world)), "ix_periods_due",
    ),
    "what is to come": (
        lambda world: forecast.forecast(world.session(), world.settings.mode, 30, today(world)), "ix_subscriptions_ahead",
    ),
    "what is owed": (
        lambda world: forecast.forecast(world.session(), world.settings.mode, 30, today(world)), "ix_periods_work",
    ),
    "the worth of months": (
        lambda world: numbers.numbers(world.session(), world.settings.mode, today(world)), "ix_periods_worth",
    ),
    "what was recovered": (
        lambda world: numbers.numbers(world.session(), world.settings.mode, today(world)), "ix_periods_recovered",
    ),
    "the list's open periods": (lambda world: queries.subscription_page(world.session(), None, None), "uq_periods_open"),
}  # fmt: skip


NOT_ON_SQLITE = {"consents that are missing"}  # it finds them by their state, and sorts them


def test_each_scan_has_its_index(each_world):
    subscribed(each_world)
    for name, (look, index) in OWN_INDEX.items():
        if name in NOT_ON_SQLITE and db.engine.dialect.name == "sqlite":
            continue
        with statements(db.engine) as asked:
            look(each_world)
        assert index in plans_of(each_world.session, asked), name
        each_world.session.rollback()


def plans_of(session, asked):
    """What the planner would do, were the tables large."""
    if session.get_bind().dialect.name == "sqlite":
        raw = session.connection().connection.driver_connection
        return "\n".join(row[3] for said, bound in asked for row in raw.execute(f"EXPLAIN QUERY PLAN {said}", bound))
    session.rollback()
    session.execute(text("SET LOCAL enable_seqscan = off"))
    session.execute(text("SET LOCAL enable_bitmapscan = off"))
    found = []
    for said, bound in asked:
        # Values are left open, as in the plan that a repeated statement settles on.
        asking = "SET LOCAL plan_cache_mode = force_generic_plan; "
        with session.connection().connection.driver_connection.cursor() as cursor:
            cursor.execute(asking)
            cursor.execute(f"EXPLAIN {said}", bound)
            found += [row[0] for row in cursor.fetchall()]
    return re.sub(r"\s+", " ", "\n".join(found))
