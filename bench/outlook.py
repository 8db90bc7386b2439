"""`python -m bench.outlook`: what the figures over all subscriptions cost, from 10,000 to as many as one likes.

Nothing of it is kept.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from bench import crowd
from bench.shop import NOW, Shop
from merchant_admin.core.db import db
from merchant_admin.core.settings import Mode
from merchant_admin.core.times import seoul_day
from merchant_admin.outlook import forecast, month, number_rows, numbers
from merchant_admin.outlook.forecast import Part
from merchant_admin.outlook.month import Bucket
from merchant_admin.outlook.numbers import Number
from merchant_admin.overview import attention
from merchant_admin.subscriptions.clock import Hours

TODAY, ROUNDS = seoul_day(NOW), 5
MODE = Mode.SANDBOX


def main() -> None:
    words = argparse.ArgumentParser(prog="python -m bench.outlook", description=__doc__)
    words.add_argument("--sizes", type=int, nargs="+", default=(10_000, 100_000))
    words.add_argument("--database-url", nargs="+", help="an empty PostgreSQL database for each size; else SQLite")
    asked = words.parse_args()
    for number, size in enumerate(asked.sizes):
        with tempfile.TemporaryDirectory() as folder:
            url = asked.database_url[number] if asked.database_url else None
            with Shop(Path(folder), url) as shop, shop.app.test_request_context():
                began = time.perf_counter()
                crowd.fill(size)
                crowd.analyze()
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
        "calendar: a day's paid rows": lambda: month.period_page(
            session, MODE, TODAY - timedelta(days=3), Bucket.DONE, None
        ),
        "calendar: a day's coming rows": lambda: month.coming_page(session, MODE, later, TODAY, None),
        "forecast: 30 days": lambda: forecast.forecast(session, MODE, 30, TODAY),
        "forecast: 90 days": lambda: forecast.forecast(session, MODE, 90, TODAY),
        **{
            f"forecast: rows, {part.value}": lambda part=part: forecast.rows(session, MODE, 90, part, TODAY, None)  # type: ignore[misc]
            for part in Part
        },
        "forecast: rows owed": lambda: forecast.owed_rows(session, MODE, None),
        "home: renewals that need a person": lambda: attention.attention(session, MODE, TODAY, Hours(), 5),
        "numbers: twelve months": lambda: numbers.numbers(session, MODE, TODAY),
        **{
            f"numbers: rows, {number.value}": lambda number=number: number_rows.rows(
                session, MODE, this_month, number, None
            )  # type: ignore[misc]
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


if __name__ == "__main__":
    main()
