"""`make bench`: page latency at 10,000 and 100,000 payments and how much it grows, and the sandbox. Nothing of it is kept."""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from bench import sandbox
from bench.shop import Shop

SIZES = (10_000, 100_000)
ROUNDS, WARM_UP = 120, 10
MOST_GROWTH = 1.5


def main() -> None:
    words = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    words.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    words.add_argument("--database-url", help="an empty PostgreSQL database; else SQLite")
    asked = words.parse_args()
    print(
        f"sandbox, one process, {sandbox.CALLERS} callers: "
        + ", ".join(f"{name} {figure}" for name, figure in sandbox.measure().items())
    )
    found = {size: measured(size, asked.database_url) for size in asked.sizes}
    print(f"\n{'page':34}" + "".join(f"{size:>12,} p50{'p95':>9}" for size in found) + f"{'growth':>10}")
    for page in found[asked.sizes[0]]:
        rows = [found[size][page] for size in found]
        growth = rows[-1][0] / rows[0][0]
        mark = "" if growth < MOST_GROWTH else "  <-- above 1.5"
        print(f"{page:34}" + "".join(f"{p50:13.1f} ms{p95:7.1f}" for p50, p95 in rows) + f"{growth:9.2f}x{mark}")


def measured(size: int, database_url: str | None) -> dict[str, tuple[float, float]]:
    """page -> (p50, p95) in milliseconds of processor-bound work through the whole stack, no socket."""
    with tempfile.TemporaryDirectory() as folder, Shop(Path(folder), database_url) as shop:
        began = time.perf_counter()
        shop.fill(size)
        print(f"{size:,} payments written in {time.perf_counter() - began:.0f} s", flush=True)
        return {name: times(shop, paths) for name, paths in shop.pages().items()}


def times(shop: Shop, paths: list[str]) -> tuple[float, float]:
    taken = []
    for number in range(WARM_UP + ROUNDS):
        path = paths[number % len(paths)]
        began = time.perf_counter()
        answer = shop.client.get(path)
        taken.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
    taken = sorted(taken[WARM_UP:])
    return statistics.median(taken), taken[int(len(taken) * 0.95)]


if __name__ == "__main__":
    main()
