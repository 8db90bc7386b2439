"""`make bench`: page latency at two sizes and how much it grows, the sandbox, renewals against a bare pool of calls, webhooks.

Nothing of it is kept. Renewals are charged on SQLite and, where it is installed, on a PostgreSQL of the bench's own (or the one
that TEST_POSTGRES_URL names). At full size: `python -m bench.renewals`.
"""

import argparse
import os
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from bench import renewals, sandbox, webhooks
from bench.shop import Shop
from tests.support import postgres

SIZES = (10_000, 100_000)
ROUNDS, WARM_UP = 120, 10
MOST_GROWTH = 1.5


def main() -> None:
    words = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    words.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    words.add_argument("--database-url", nargs="+", help="an empty PostgreSQL database for each size; else SQLite")
    words.add_argument("--renewals", type=int, default=2_000, help="how many fall due at one minute; 0 leaves them out")
    words.add_argument("--webhooks", type=int, default=10_000, help="how many deliveries; 0 leaves them out")
    asked = words.parse_args()
    urls: list[str | None] = list(asked.database_url or [None] * len(asked.sizes))
    if len(urls) != len(asked.sizes):
        words.error("--database-url needs one database for each of --sizes")
    print(
        f"sandbox, one process, {sandbox.CALLERS} callers: "
        + ", ".join(f"{name} {figure}" for name, figure in sandbox.measure().items())
    )
    if asked.renewals:
        print(renewals.measured(asked.renewals, kills=1), flush=True)
        print(on_postgres(asked.renewals), flush=True)
    if asked.webhooks:
        print(webhooks.measure(asked.webhooks)[0], flush=True)
    found = measured(dict(zip(asked.sizes, urls, strict=True)))
    print(f"\n{'page':34}" + "".join(f"{size:>12,} p50{'p95':>9}" for size in asked.sizes) + f"{'growth':>10}")
    for page, rows in found.items():
        growth = rows[-1][0] / rows[0][0]
        mark = "" if growth < MOST_GROWTH else "  <-- above 1.5"
        print(f"{page:34}" + "".join(f"{p50:13.1f} ms{p95:7.1f}" for p50, p95 in rows) + f"{growth:9.2f}x{mark}")


def on_postgres(due: int) -> str:
    """Renewals by four workers beside a PostgreSQL that is as durable as a merchant's; a word if there is none."""
    if not (os.environ.get("TEST_POSTGRES_URL") or postgres.programs()):
        return f"{due:,} renewals at one minute, PostgreSQL: left out, it is not installed (apt-get install postgresql)"
    server = postgres.start(settings=())
    try:
        url = server.database()
        try:
            return renewals.measured(due, kills=1, database_url=url)
        finally:
            server.drop(url)
    finally:
        server.stop()


def measured(sizes: dict[int, str | None]) -> dict[str, list[tuple[float, float]]]:
    """page -> (p50, p95) of each size, in milliseconds of processor-bound work through the whole stack, no socket.

    The sizes take turns, request by request, so that whatever else the machine does slows all of them alike.
    """
    with ExitStack() as stack:
        pages = []
        for size, url in sizes.items():
            shop = stack.enter_context(Shop(Path(stack.enter_context(tempfile.TemporaryDirectory())), url))
            began = time.perf_counter()
            shop.fill(size)
            print(f"{size:,} payments written in {time.perf_counter() - began:.0f} s", flush=True)
            pages.append((shop, shop.pages()))
        return {name: times([(shop, paths[name]) for shop, paths in pages]) for name in pages[0][1]}


def times(shops: list[tuple[Shop, list[str]]]) -> list[tuple[float, float]]:
    taken: list[list[float]] = [[] for _ in shops]
    for number in range(WARM_UP + ROUNDS):
        for (shop, paths), kept in zip(shops, taken, strict=True):
            path = paths[number % len(paths)]
            began = time.perf_counter()
            answer = shop.client.get(path)
            kept.append((time.perf_counter() - began) * 1000)
            assert answer.status_code == 200, f"{path}: {answer.status_code}"
    ordered = [sorted(kept[WARM_UP:]) for kept in taken]
    return [(statistics.median(kept), kept[int(len(kept) * 0.95)]) for kept in ordered]


if __name__ == "__main__":
    main()
