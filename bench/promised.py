"""A merchant with as many subscriptions as one likes, in bulk: rows as the services write them, with the guards standing."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import insert

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.core.db import db
from merchant_admin.core.ids import new_id
from merchant_admin.core.times import seoul_day
from merchant_admin.customers.models import Customer
from merchant_admin.subscriptions.models import Plan, Subscription
from portone_sandbox import SandboxConfig, create_sandbox, keys
from portone_sandbox.cards import entry_for, read_card
from portone_sandbox.keys import Holder
from portone_sandbox.merchants import Merchant, Purpose

PRICE_KRW = 9_900
ROWS = 5_000  # in one statement

Row = dict[str, Any]


def fill(count: int, at: datetime, *, due_on: date | None = None) -> list[str]:
    """Write a plan and `count` active subscriptions, each with a customer and a card; inside the app's context.

    `due_on`: all are due that day; without it their dates lie in the month to come. Returns their `customer_uid`s.
    """
    today, plan_id, uids = seoul_day(at), new_id("pln"), []
    with db.engine.begin() as connection:
        connection.execute(
            insert(Plan).values(
                id=plan_id, name="월 구독", amount_krw=PRICE_KRW, tax_free_krw=0, unit="month", every=1, trial_days=0,
                retry_days="1,3,5", after_last="end", catch_up="charge", version=1, created_at=at,
            )
        )  # fmt: skip
    for start in range(0, count, ROWS):
        customers, cards, promises = [], [], []
        for number in range(start, min(start + ROWS, count)):
            next_on = due_on or today + timedelta(days=1 + number % 28)
            customer, card, promise = _one(number, plan_id, at, next_on)
            customers.append(customer)
            cards.append(card)
            promises.append(promise)
        with db.engine.begin() as connection:
            for model, rows in ((Customer, customers), (BillingKey, cards), (Subscription, promises)):
                connection.execute(insert(model), rows)
        uids += [card["customer_uid"] for card in cards]
    for model in (Plan, Customer, BillingKey, Subscription):  # not the empty ones: no engine does that by itself
        with db.engine.begin() as connection:
            connection.exec_driver_sql(f"ANALYZE {model.__tablename__}")
    return uids


def _one(number: int, plan_id: str, at: datetime, next_on: date) -> tuple[Row, Row, Row]:
    customer_id, key_id, since = new_id("cus"), new_id("key"), at - timedelta(minutes=number)
    customer = {
        "id": customer_id, "name": f"고객{number}", "phone": f"010-{number // 10_000:04d}-{number % 10_000:04d}",
        "email": None, "memo": "", "version": 1, "created_at": since, "updated_at": since,
    }  # fmt: skip
    card = {
        "id": key_id, "customer_id": customer_id, "customer_uid": new_id("bks"), "state": "active", "source": "window",
        "mode": "sandbox", "pg_provider": "jtnet", "pg_id": "tpaytest2m", "issuer_code": "366",
        "issuer_name": "신한카드", "last_four": "123*", "is_default": True, "registered_at": since,
    }  # fmt: skip
    promise = {
        "id": new_id("sub"), "sheet_key": new_id("sht"), "plan_id": plan_id, "customer_id": customer_id,
        "billing_key_id": key_id, "mode": "sandbox", "state": "active", "name": "월 이용료", "amount_krw": PRICE_KRW,
        "tax_free_krw": 0, "unit": "month", "every": 1, "anchor_on": next_on, "anchor_day": next_on.day, "next_step": 0,
        "next_number": 1, "next_on": next_on, "version": 1, "created_at": since, "moved_at": since,
    }  # fmt: skip
    return customer, card, promise


def register(database: str, uids: list[str], owner: Merchant | None = None) -> None:
    """Let a sandbox that keeps its state in this file know a card for each of these names, ours or the `owner`'s."""
    sandbox = create_sandbox(SandboxConfig(database=database)).extensions["portone_sandbox"]
    if owner is not None:
        sandbox.merchants.put(owner)
    now, merchant = sandbox.clock.now(), owner or sandbox.merchants.by_code(SandboxConfig().imp_code)
    card, channel = read_card(entry_for(), now, holder_checked=True), merchant.channel(Purpose.BILLING)
    for heap in _heaps(uids):
        with sandbox.hub.store.write() as rows:
            for uid in heap:
                keys.issue(rows, merchant, channel, uid, (card, Holder(), now))
    sandbox.close()


def _heaps(words: list[str]) -> Iterator[list[str]]:
    rest = iter(words)
    while heap := list(islice(rest, ROWS)):
        yield heap
