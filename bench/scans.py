"""`python -m bench.scans`: what the clock's looks and the subscription list cost at 10,000 and at 1,000,000.

At each size the same twenty subscriptions are due, and the sizes take turns look by look. Nothing of it is kept.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select, update

from bench import promised
from bench.shop import NOW, Shop
from merchant_admin.core.clock import FixedClock
from merchant_admin.core.context import Actor, WorkContext
from merchant_admin.core.db import db
from merchant_admin.core.times import seoul_day
from merchant_admin.subscriptions import clock, queries
from merchant_admin.subscriptions.models import Subscription
from merchant_admin.subscriptions.states import SubscriptionState

SIZES, ROUNDS, WARM_UP, DUE = (10_000, 1_000_000), 60, 5, 20


def main() -> None:
    words = argparse.ArgumentParser(prog="python -m bench.scans", description=__doc__)
    words.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    words.add_argument("--database-url", nargs="+", help="an empty PostgreSQL database for each size; else SQLite")
    asked = words.parse_args()
    urls: list[str | None] = list(asked.database_url or [None] * len(asked.sizes))
    with ExitStack() as stack:
        shops = []
        for size, url in zip(asked.sizes, urls, strict=True):
            shop = stack.enter_context(Shop(Path(stack.enter_context(tempfile.TemporaryDirectory())), url))
            began = time.perf_counter()
            with shop.app.app_context():
                promised.fill(size, NOW)
                _make_due()
                db.session.remove()
            print(f"{size:,} subscriptions written in {time.perf_counter() - began:.0f} s", flush=True)
            shops.append(shop)
        print(f"{'look':24}" + "".join(f"{size:>14,} p50" for size in asked.sizes) + f"{'growth':>10}")
        for name, look in LOOKS.items():
            medians = times(shops, look)
            row = "".join(f"{median:15.2f} ms" for median in medians)
            print(f"{name:24}{row}{medians[-1] / medians[0]:9.2f}x", flush=True)


def _make_due() -> None:
    some = select(Subscription.id).order_by(Subscription.id).limit(DUE)
    with db.engine.begin() as connection:
        connection.execute(
            update(Subscription).where(Subscription.id.in_(some)).values(next_on=seoul_day(NOW) - timedelta(days=1))
        )


def _context() -> WorkContext:
    return WorkContext(db.session, FixedClock(NOW), Actor.job("bench"), "sandbox", b"b" * 48)


def _due_dates() -> None:
    """The look for due dates alone: what it finds is locked and left as it is."""
    with _context().atomic() as session:
        found = session.scalars(clock.due_dates(_context(), clock.BATCH)).all()
        assert len(found) == DUE


LOOKS: dict[str, Callable[[], object]] = {
    "due dates": _due_dates,
    "periods to charge": lambda: clock.claim_due(_context()),
    "ends": lambda: clock.end_due(_context()),
    "news of charges": lambda: clock.unsettled(db.session()),
    "list": lambda: queries.subscription_page(db.session(), None, None),
    "list of a state": lambda: queries.subscription_page(db.session(), SubscriptionState.ACTIVE, None),
    "counts beside the list": lambda: queries.state_counts(db.session()),
}


def times(shops: list[Shop], look: Callable[[], object]) -> list[float]:
    """The median of each size in milliseconds, taken in turns."""
    taken: list[list[float]] = [[] for _shop in shops]
    for _round in range(WARM_UP + ROUNDS):
        for shop, kept in zip(shops, taken, strict=True):
            with shop.app.app_context():
                began = time.perf_counter()
                look()
                kept.append((time.perf_counter() - began) * 1000)
                db.session.remove()
    return [statistics.median(kept[WARM_UP:]) for kept in taken]


if __name__ == "__main__":
    main()
