"""How fast one sandbox process answers: `again` and a read of its payment, by eight callers on open connections."""

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

CALLERS = 8
SECONDS = 5.0
CREDENTIALS = {"imp_key": "sandbox_key", "imp_secret": "sandbox_secret"}


class Caller:
    """One program with one open connection."""

    def __init__(self, port: int) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"Content-Type": "application/json"}
        grant = self.ask("POST", "/users/getToken", CREDENTIALS)
        self._headers["Authorization"] = f"Bearer {grant['access_token']}"

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        self._line.request(method, path, json.dumps(body) if body is not None else None, self._headers)
        answer = json.loads(self._line.getresponse().read())
        if answer["code"]:
            raise SystemExit(f"{method} {path}: {answer}")
        return answer["response"]

    def work(self, name: int, until: float, taken: list[tuple[float, float]]) -> None:
        number = 0
        while time.perf_counter() < until:
            number += 1
            order = {
                "customer_uid": f"card-{name}",
                "merchant_uid": f"{name}-{number}",
                "amount": 1000,
                "name": "이용료",
            }
            began = time.perf_counter()
            imp_uid = self.ask("POST", "/subscribe/payments/again", order)["imp_uid"]
            charged = time.perf_counter()
            self.ask("GET", f"/payments/{imp_uid}?include_sandbox=true")
            taken.append((charged - began, time.perf_counter() - charged))


def measure(seconds: float = SECONDS, database: str | None = None) -> dict[str, Any]:
    """Figures of one run: cold start in s, requests per second, p95 of both calls in ms, memory in MB."""
    port = _free_port()
    command = [sys.executable, "-m", "portone_sandbox", "--port", str(port), *(("--db", database) if database else ())]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[1]) as process:
        try:
            _wait_for(port)
            cold = time.perf_counter() - began
            taken = _run(port, seconds)
            memory = _memory_mb(process.pid)
        finally:
            process.terminate()
    return {
        "cold_start_s": round(cold, 2), "requests_per_s": round(2 * len(taken) / seconds),
        "again_p95_ms": _p95(row[0] for row in taken), "read_p95_ms": _p95(row[1] for row in taken),
        "memory_mb": memory,
    }  # fmt: skip


def _run(port: int, seconds: float) -> list[tuple[float, float]]:
    callers = [Caller(port) for _ in range(CALLERS)]
    for number in range(CALLERS):
        callers[0].ask(
            "POST", "/_sandbox/window-keys", {"customer_uid": f"card-{number}", "merchant_uid": f"reg-{number}"}
        )
    taken: list[tuple[float, float]] = []
    until = time.perf_counter() + seconds
    threads = [threading.Thread(target=one.work, args=(number, until, taken)) for number, one in enumerate(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken


def _p95(values: Iterable[float]) -> float:
    return round(statistics.quantiles(values, n=20)[-1] * 1000, 1)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(600):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.01)
    raise SystemExit("the sandbox did not start")


def _memory_mb(pid: int) -> int | None:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return None
    kilobytes = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(kilobytes) // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--db", help="a file to keep everything in (default: memory)")
    asked = parser.parse_args()
    figures = measure(asked.seconds, asked.db)
    print(
        f"sandbox, 1 process, {CALLERS} callers, {os.cpu_count()} cores: "
        + ", ".join(f"{k} {v}" for k, v in figures.items())
    )


if __name__ == "__main__":
    main()
