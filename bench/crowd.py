"""A merchant with as many subscriptions as one likes and what became of them so far, quickly.

A block of up to 5,000 is written as the services write it; the database then copies it with other names as often as
asked, guards, keys and indexes standing. Each subscription has a customer, a card and two paid months behind it. Of a
hundred, two each are on trial, past due or paused, three are cancelled, five have ended and one waits for a consent.
What is to be done this minute is the same at every size: `AT_ONCE` due dates, periods, answers and ends.
"""

import math
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, cast, func, insert, literal, select, update

from bench.shop import NOW
from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.core.db import Base, db
from merchant_admin.core.ids import new_id
from merchant_admin.core.times import seoul_day
from merchant_admin.customers.models import Customer
from merchant_admin.notices.models import Consent
from merchant_admin.payments.models import Attempt, Charge
from merchant_admin.subscriptions.models import Period, PeriodCharge, Plan, Subscription

TODAY, BLOCK, AT_ONCE = seoul_day(NOW), 5_000, 20
PLAN_ID, PRICE_KRW = "pln_0", 9_900
# The columns that name a row: those of a copy end with the copy's number.
NAMES: dict[type[Base], tuple[str, ...]] = {
    Customer: ("id",),
    BillingKey: ("id", "customer_id", "customer_uid"),
    Subscription: ("id", "sheet_key", "customer_id", "billing_key_id"),
    Period: ("id", "subscription_id"),
    Consent: ("id", "subscription_id", "customer_id", "link_hash"),
}
Row = dict[str, Any]


def fill(count: int) -> None:
    """Write `count` subscriptions of one plan; inside the app's context."""
    block = count if count <= BLOCK else math.gcd(count, BLOCK)
    with db.engine.begin() as connection:
        connection.execute(insert(Plan), [_plan()])
        tables: dict[type[Base], list[Row]] = {model: [] for model in NAMES}
        for number in range(block):
            for model, row in one(number):
                tables[model].append(row)
        for model, rows in tables.items():
            if rows:
                connection.execute(insert(model), rows)
    for model in NAMES:
        with db.engine.begin() as connection:
            _hurry(connection)
            _copy(connection, model, count // block)
    with db.engine.begin() as connection:
        _at_once(connection)
    db.engine.dispose()  # a connection that hurried is none to measure with


def analyze() -> None:
    """What PostgreSQL's autovacuum does after such a heap of rows. Nobody does it on SQLite, so neither does this."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("VACUUM ANALYZE")


def _hurry(connection: Connection) -> None:
    """Copies of rows that were checked are not checked again where the database lets us; and memory for the indexes."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA cache_size = -1000000")
    elif connection.scalar(select(func.current_setting("is_superuser"))) == "on":
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")


def _copy(connection: Connection, model: type[Base], times: int) -> None:
    """Copies 1 to `times` - 1 of all rows there are, in the order of their names."""
    if times < 2:
        return
    numbers = select(literal(1).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < times - 1))
    columns = model.__table__.columns
    values: list[ColumnElement[Any]] = [
        column + "c" + cast(numbers.c.n, String) if column.name in NAMES[model] else column for column in columns
    ]
    rows = select(*values).select_from(model.__table__.join(numbers, literal(1) == 1)).order_by(columns["id"])
    connection.execute(insert(model).from_select(list(columns.keys()), rows, include_defaults=False))


def _at_once(connection: Connection) -> None:
    """What the clock finds now: due dates, periods to charge, charges with an answer, and paid time that is over."""
    running = select(Subscription.id).where(Subscription.state == "active", Subscription.next_number == 3)
    some = list(connection.scalars(running.order_by(Subscription.id).limit(3 * AT_ONCE)))
    dates, due, charging = some[:AT_ONCE], some[AT_ONCE : 2 * AT_ONCE], some[2 * AT_ONCE :]
    over = select(Subscription.id).where(Subscription.state == "cancelling").order_by(Subscription.id).limit(AT_ONCE)
    yesterday = TODAY - timedelta(days=1)
    for those, values in ((dates, {"next_on": yesterday}), (connection.scalars(over).all(), {"ends_on": TODAY})):
        connection.execute(update(Subscription).where(Subscription.id.in_(those)).values(values))
    periods = [_period(each, 3, TODAY, "due", try_at=NOW - timedelta(minutes=1)) for each in due]
    periods += [_period(each, 3, TODAY, "charging", tries=1) for each in charging]
    connection.execute(insert(Period), periods)
    for period in periods[AT_ONCE:]:
        _answered(connection, period)


def _answered(connection: Connection, period: Row) -> None:
    """A charge of the period that was declined, and that nobody has looked at since."""
    owner = select(Subscription.customer_id, Subscription.billing_key_id).where(
        Subscription.id == period["subscription_id"]
    )
    customer_id, key_id = connection.execute(owner).one()
    charge_id, attempt_id = new_id("chg"), new_id("att")
    connection.execute(insert(Charge).values(
        id=charge_id, sheet_key=f"{period['id']}.1", body_hash="0" * 64, kind="renewal", mode="sandbox",
        customer_id=customer_id, billing_key_id=key_id, amount_krw=period["amount_krw"], tax_free_krw=0, quota=0,
        name="월 이용료", memo="", created_at=NOW,
    ))  # fmt: skip
    connection.execute(insert(Attempt).values(
        id=attempt_id, charge_id=charge_id, merchant_uid=new_id("ord"), amount_krw=period["amount_krw"], state="ready",
        sends=0, absences=0, looks=0, late=False, refused=False, created_at=NOW,
    ))  # fmt: skip
    moved = update(Attempt).where(Attempt.id == attempt_id)
    connection.execute(moved.values(state="sending", sends=1, lease_until=NOW, sent_at=NOW))
    connection.execute(moved.values(state="declined", lease_until=None, settled_at=NOW))
    connection.execute(
        insert(PeriodCharge).values(charge_id=charge_id, period_id=period["id"], number=1, by_hand=False)
    )


def one(number: int) -> Iterator[tuple[type[Base], Row]]:
    """All rows of one subscription of the block."""
    customer_id, key_id, subscription_id = new_id("cus"), new_id("key"), new_id("sub")
    since, place = NOW - timedelta(minutes=number), number % 100
    due_on = TODAY - timedelta(days=number % 27 + 1)
    yield Customer, {
        "id": customer_id, "name": f"고객{number}", "phone": f"010-{number // 10_000:04d}-{number % 10_000:04d}",
        "email": None, "memo": "", "version": 1, "created_at": since, "updated_at": since,
    }  # fmt: skip
    yield BillingKey, {
        "id": key_id, "customer_id": customer_id, "customer_uid": new_id("bks"),
        "state": "missing" if number % 500 == 99 else "active", "source": "window", "mode": "sandbox",
        "pg_provider": "jtnet", "pg_id": "tpaytest2m", "issuer_code": "366", "issuer_name": "신한카드",
        "last_four": "123*", "is_default": True, "registered_at": since,
    }  # fmt: skip
    state = next((word for least, word in _STATES if place < least), "active")
    is_owed, goes_on = state == "past_due", state in {"trial", "active", "past_due"}
    yield Subscription, {
        "id": subscription_id, "sheet_key": new_id("sht"), "plan_id": PLAN_ID, "customer_id": customer_id,
        "billing_key_id": key_id, "mode": "sandbox", "state": state, "name": "월 이용료", "amount_krw": _price(number),
        "tax_free_krw": 0, "unit": "month", "every": 1, "anchor_on": due_on, "anchor_day": due_on.day, "next_step": 1,
        "next_number": 3, "next_on": next_month(due_on) if goes_on else None, "times_left": None,
        "ends_on": next_month(due_on) if state == "cancelling" else None,
        "ended_at": NOW - timedelta(days=number % 60) if state == "ended" else None,
        "end_reason": {"ended": "unpaid" if number % 2 else "asked", "cancelling": "asked"}.get(state),
        "version": 1, "created_at": since, "moved_at": since,
    }  # fmt: skip
    for period_number in (1, 2) if state != "trial" else ():
        is_open = is_owed and period_number == 2
        on = due_on if period_number == 2 else due_on - timedelta(days=30)
        became = ("needs_card" if number % 1_000 < 100 else "retrying") if is_open else "paid"
        failed_on = on if is_open or place == 50 else None
        try_at = NOW + timedelta(hours=number % 120 + 1) if is_open else None
        facts = {"amount_krw": _price(number), "failed_on": failed_on, "try_at": try_at}
        yield Period, _period(subscription_id, period_number, on, became, **facts)
    if place == _CONSENT:
        yield Consent, {
            "id": new_id("cns"), "kind": "price_rise", "subscription_id": subscription_id, "customer_id": customer_id,
            "mode": "sandbox", "name": "월 이용료", "agreed_krw": PRICE_KRW - 1_000, "agreed_days": 30,
            "amount_krw": _price(number), "effective_on": next_month(due_on), "opens_on": TODAY, "agreed_cycle": "month.1", "cycle": "month.1",
            "state": "open", "version": 1, "link_hash": new_id("lnk"), "link_until": None, "asks": 1, "asked_at": NOW,
            "answered_at": None, "created_at": since,
        }  # fmt: skip


# Below which place of a hundred a subscription is in which state; the rest is active.
_STATES = ((2, "trial"), (4, "past_due"), (6, "paused"), (9, "cancelling"), (14, "ended"))
_CONSENT = 14


def _period(subscription_id: str, number: int, due_on: date, state: str, **facts: Any) -> Row:
    return {
        "id": new_id("prd"), "subscription_id": subscription_id, "mode": "sandbox", "number": number, "due_on": due_on,
        "ends_on": next_month(due_on), "worth_until": next_month(due_on), "amount_krw": PRICE_KRW, "tax_free_krw": 0,
        "monthly_krw": facts.get("amount_krw", PRICE_KRW), "state": state, "try_at": None, "tries": 0, "hand_tries": 0,
        "failed_on": None, "created_at": NOW, "settled_at": NOW - timedelta(days=number) if state == "paid" else None,
        **facts,
    }  # fmt: skip


def _price(number: int) -> int:
    return PRICE_KRW + number % 7 * 1_000


def _plan() -> Row:
    return {
        "id": PLAN_ID, "name": "월 구독", "amount_krw": PRICE_KRW, "tax_free_krw": 0, "unit": "month", "every": 1,
        "trial_days": 0, "retry_days": "1,3,5", "after_last": "end", "catch_up": "charge", "version": 1,
        "created_at": NOW,
    }  # fmt: skip


def next_month(on: date) -> date:
    """The same day of the next month, or its last."""
    first = (on.replace(day=1) + timedelta(days=32)).replace(day=1)
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(on.day, last.day))
