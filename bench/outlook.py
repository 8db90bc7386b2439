"""`python -m bench.outlook`: what the figures over all subscriptions cost, from 10,000 to as many as one likes.

Each subscription is monthly and has two paid months behind it; one in 25 was refused lately, one in 200 waits for a
card, one card in 500 is gone. Nothing of it is kept.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from bench.shop import NOW, Shop
from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.core.db import db
from merchant_admin.core.settings import Mode
from merchant_admin.core.times import seoul_day
from merchant_admin.customers.models import Customer
from merchant_admin.outlook import forecast, month, number_rows, numbers
from merchant_admin.outlook.forecast import Part
from merchant_admin.outlook.month import Bucket
from merchant_admin.outlook.numbers import Number
from merchant_admin.overview import attention
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.subscriptions.models import Period, Plan, Subscription
from merchant_admin.subscriptions.states import AfterLast, CatchUp, Unit

TODAY, BATCH, ROUNDS = seoul_day(NOW), 20_000, 5
MODE = Mode.SANDBOX


def main() -> None:
    words = argparse.ArgumentParser(prog="python -m bench.outlook", description=__doc__)
    words.add_argument("--sizes", type=int, nargs="+", default=(10_000, 100_000))
    words.add_argument("--database-url", nargs="+", help="an empty PostgreSQL database for each size; else SQLite")
    asked = words.parse_args()
    for number, size in enumerate(asked.sizes):
        with tempfile.TemporaryDirectory() as folder:
            url = asked.database_url[number] if asked.database_url else None
            with Shop(Path(folder), url) as shop, shop.app.app_context():
                began = time.perf_counter()
                fill(size)
                print(f"\n{size:,} subscriptions written in {time.perf_counter() - began:.0f} s", flush=True)
                for name, read in reads().items():
                    print(f"{name:42}{median(read):9.1f} ms", flush=True)


def reads() -> dict[str, Callable[[], object]]:
    """What a page reads, by the page's name."""
    first, session = TODAY.replace(day=1), db.session()
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    later = TODAY + timedelta(days=12)
    this_month = numbers.Month(first, TODAY, numbers.Figure())
    return {
        "calendar: this month": lambda: month.days_of(session, MODE, first, last, TODAY),
        "calendar: a day": lambda: month.days_of(session, MODE, TODAY, TODAY, TODAY),
        "calendar: a day's paid rows": lambda: month.period_page(session, TODAY - timedelta(days=3), Bucket.DONE, None),
        "calendar: a day's coming rows": lambda: month.coming_page(session, MODE, later, TODAY, None),
        "forecast: 30 days": lambda: forecast.forecast(session, MODE, 30, TODAY),
        "forecast: 90 days": lambda: forecast.forecast(session, MODE, 90, TODAY),
        **{
            f"forecast: rows, {part.value}": lambda part=part: forecast.rows(session, MODE, 90, part, TODAY, None)  # type: ignore[misc]
            for part in Part
        },
        "forecast: rows owed": lambda: forecast.owed_rows(session, None),
        "home: renewals that need a person": lambda: attention.attention(session, TODAY, Hours(), 5),
        "numbers: twelve months": lambda: numbers.numbers(session, TODAY),
        **{
            f"numbers: rows, {number.value}": lambda number=number: number_rows.rows(session, this_month, number, None)  # type: ignore[misc]
            for number in Number
        },
    }


def median(read: Callable[[], object]) -> float:
    """Milliseconds, the middle of ROUNDS."""
    taken = []
    for _round in range(ROUNDS):
        db.session.rollback()
        began = time.perf_counter()
        read()
        taken.append((time.perf_counter() - began) * 1000)
    return sorted(taken)[ROUNDS // 2]


def fill(count: int) -> None:
    """Customers and cards, one each for four subscriptions, and everything else."""
    with db.engine.begin() as connection:
        plan = {"id": "pln_0", "name": "월 구독", "amount_krw": 9_900, "tax_free_krw": 0, "unit": Unit.MONTH, "every": 1,
                "trial_days": 0, "retry_days": "1,3,5", "after_last": AfterLast.END, "catch_up": CatchUp.CHARGE,
                "version": 1, "created_at": NOW}  # fmt: skip
        connection.execute(insert(Plan), [plan])
    for start in range(0, count, BATCH):
        tables: dict[Any, list[dict[str, Any]]] = {Customer: [], BillingKey: [], Subscription: [], Period: []}
        for number in range(start, min(count, start + BATCH)):
            for model, row in one(number):
                tables[model].append(row)
        with db.engine.begin() as connection:
            for model, rows in tables.items():
                connection.execute(insert(model), rows)
    with db.engine.begin() as connection:
        connection.execute(text("ANALYZE"))


def one(number: int) -> Iterator[tuple[Any, dict[str, Any]]]:
    """All rows of one subscription."""
    who, subscription_id = f"{number // 4:08}", f"sub_{number * 7919 % 9_999_991:08}"
    if number % 4 == 0:
        yield Customer, {"id": f"cus_{who}", "name": "김서연", "phone": "010-1234-5678", "email": None, "memo": "",
                         "version": 1, "created_at": NOW, "updated_at": NOW}  # fmt: skip
        yield BillingKey, {"id": f"key_{who}", "customer_id": f"cus_{who}", "customer_uid": f"bks_{who}",
                           "state": "missing" if number % 2_000 == 0 else "active", "source": "window", "mode": "sandbox",
                           "pg_provider": "jtnet", "pg_id": "x", "issuer_name": "신한카드", "last_four": "123*",
                           "is_default": True, "registered_at": NOW}  # fmt: skip
    due_on = TODAY - timedelta(days=number % 30)
    wants_card, refused = number % 200 == 7, number % 25 == 7
    is_open = refused and number % 30 < 5
    yield Subscription, {
        "id": subscription_id, "sheet_key": f"sht_{number}", "plan_id": "pln_0", "customer_id": f"cus_{who}",
        "billing_key_id": f"key_{who}", "mode": "sandbox", "state": "past_due" if is_open else "active", "name": "월 이용료",
        "amount_krw": 9_900 + number % 7 * 1_000, "tax_free_krw": 0, "unit": Unit.MONTH, "every": 1, "anchor_on": due_on,
        "anchor_day": due_on.day, "next_step": 1, "next_number": 3, "next_on": next_month(due_on), "times_left": None,
        "version": 1, "created_at": NOW, "moved_at": NOW,
    }  # fmt: skip
    for back in (1, 0):
        state = ("needs_card" if wants_card else "retrying") if is_open and not back else "paid"
        on = due_on - timedelta(days=30 * back)
        yield Period, {
            "id": f"prd_{(number * 2 + back) * 7919 % 99_999_989:09}", "subscription_id": subscription_id,
            "number": 2 - back, "due_on": on, "ends_on": next_month(on), "amount_krw": 9_900 + number % 7 * 1_000,
            "monthly_krw": 9_900 + number % 7 * 1_000,
            "tax_free_krw": 0, "state": state, "try_at": NOW if state != "paid" else None, "tries": 1, "hand_tries": 0,
            "failed_on": on if refused and not back else None, "created_at": NOW,
            "settled_at": NOW if state == "paid" else None,
        }  # fmt: skip


def next_month(on: date) -> date:
    """The same day of the next month, or its last."""
    first = (on.replace(day=1) + timedelta(days=32)).replace(day=1)
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(on.day, last.day))


if __name__ == "__main__":
    main()
