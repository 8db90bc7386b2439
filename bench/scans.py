"""`python -m bench.scans`: what the clock's looks and the subscription list cost at 10,000 and at 1,000,000.

At each size the clock finds the same twenty of everything, and the sizes take turns look by look. Nothing of it is kept.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from bench import crowd
from bench.shop import NOW, Shop
from merchant_admin.core.clock import FixedClock
from merchant_admin.core.context import Actor, WorkContext
from merchant_admin.core.db import db
from merchant_admin.core.paging import Place
from merchant_admin.core.settings import Mode
from merchant_admin.overview.queries import waiting
from merchant_admin.subscriptions import clock, queries
from merchant_admin.subscriptions.states import SubscriptionState

SIZES, ROUNDS, WARM_UP, MOST_GROWTH = (10_000, 1_000_000), 60, 5, 1.5
# Where a page begins: after half of the rows, just before the last ones, and at the end, going back.
MIDDLE = Place(NOW - timedelta(minutes=crowd.BLOCK // 2), "sub_m")
NEARLY_LAST = Place(NOW - timedelta(minutes=crowd.BLOCK - 20), "sub_")
LAST = Place(NOW - timedelta(days=999), "sub_", backwards=True)
Look = Callable[[Shop], object]


def main() -> None:
    words = argparse.ArgumentParser(prog="python -m bench.scans", description=__doc__)
    words.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    words.add_argument("--database-url", nargs="+", help="an empty PostgreSQL database for each size; else SQLite")
    words.add_argument("--without-statistics", action="store_true", help="as before the first ANALYZE")
    asked = words.parse_args()
    urls: list[str | None] = list(asked.database_url or [None] * len(asked.sizes))
    if len(urls) != len(asked.sizes):
        words.error("--database-url needs one database for each of --sizes")
    if min(asked.sizes) < crowd.BLOCK:
        words.error(f"the places in the list are those of {crowd.BLOCK:,} or more")
    with ExitStack() as stack:
        shops = []
        for size, url in zip(asked.sizes, urls, strict=True):
            shop = stack.enter_context(Shop(Path(stack.enter_context(tempfile.TemporaryDirectory())), url))
            began = time.perf_counter()
            with shop.app.app_context():
                crowd.fill(size)
                if not asked.without_statistics:
                    crowd.analyze()
            shop.sign_in()
            print(f"{size:,} subscriptions written in {time.perf_counter() - began:.0f} s", flush=True)
            shops.append(shop)
        show(asked.sizes, shops)


def show(sizes: list[int], shops: list[Shop]) -> None:
    """Each look's median at each size, and how much it grows."""
    print(f"{'look':42}" + "".join(f"{size:>14,} p50" for size in sizes) + f"{'growth':>10}")
    for name, look in (LOOKS | PAGES).items():
        medians = times(shops, look)
        row, growth = "".join(f"{median:15.2f} ms" for median in medians), medians[-1] / medians[0]
        print(f"{name:42}{row}{growth:9.2f}x{'' if growth <= MOST_GROWTH else '  <-- above 1.5'}", flush=True)


def _context() -> WorkContext:
    return WorkContext(db.session, FixedClock(NOW), Actor.job("bench"), "sandbox", b"b" * 48)


def _clock(find: Callable[[], list[object]]) -> Look:
    """A look of the clock alone: what it finds is locked and left as it is."""

    def look(_shop: Shop) -> None:
        with _context().atomic():
            assert len(find()) == crowd.AT_ONCE

    return look


def _list(state: SubscriptionState | None, place: Place | None = None) -> Look:
    def look(_shop: Shop) -> None:
        assert queries.subscription_page(db.session(), state, place).rows

    return look


def _page(address: str) -> Look:
    """A whole page: session, permission, the rail's counts, the list, its template."""

    def look(shop: Shop) -> None:
        assert shop.client.get(address).status_code == 200, address

    return look


LOOKS: dict[str, Look] = {
    "clock: due dates": _clock(lambda: list(db.session.scalars(clock.due_dates(_context(), clock.BATCH)))),
    "clock: periods to charge": _clock(lambda: list(db.session.scalars(clock.to_take(Mode.SANDBOX, NOW, clock.BATCH)))),
    "clock: paid time that is over": _clock(lambda: list(db.session.scalars(clock.over(_context(), clock.BATCH)))),
    "clock: news of charges": _clock(lambda: list(clock.unsettled(db.session()))),
    "list: all, newest": _list(None),
    "list: all, in the middle": _list(None, MIDDLE),
    "list: all, nearly last": _list(None, NEARLY_LAST),
    "list: all, last page": _list(None, LAST),
    **{f"list: {state.value}": _list(state) for state in SubscriptionState},
    "list: active, in the middle": _list(SubscriptionState.ACTIVE, MIDDLE),
    "list: active, last page": _list(SubscriptionState.ACTIVE, LAST),
    "list: trial, last page": _list(SubscriptionState.TRIAL, LAST),
    "counts beside the list": lambda _shop: queries.state_counts(db.session()),
    "plans with their counts": lambda _shop: queries.plan_rows(db.session()),
    "what waits, in the rail": lambda _shop: waiting(db.session(), Mode.SANDBOX, NOW),
}
PAGES: dict[str, Look] = {
    "page: /subscriptions": _page("/subscriptions"),
    "page: all": _page("/subscriptions?state=all"),
    "page: all, in the middle": _page(f"/subscriptions?state=all&place={MIDDLE.text()}"),
    "page: all, last": _page(f"/subscriptions?state=all&place={LAST.text()}"),
    "page: active": _page("/subscriptions?state=active"),
    "page: needs action": _page("/needs-action"),
}


def times(shops: list[Shop], look: Look) -> list[float]:
    """The median of each size in milliseconds, taken in turns."""
    taken: list[list[float]] = [[] for _shop in shops]
    for _round in range(WARM_UP + ROUNDS):
        for shop, kept in zip(shops, taken, strict=True):
            with shop.app.app_context():
                began = time.perf_counter()
                look(shop)
                kept.append((time.perf_counter() - began) * 1000)
                db.session.remove()
    return [statistics.median(kept[WARM_UP:]) for kept in taken]


if __name__ == "__main__":
    main()
