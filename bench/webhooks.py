"""Ten thousand webhooks, doubled, reordered and forged, over real sockets: how many a second, how soon answered, and
whether the end is the sandbox's truth.

    python -m bench.webhooks [--webhooks 10000] [--database-url postgresql+psycopg://...]
"""

import argparse
import http.client
import json
import random
import statistics
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import func, select

from app import ROOT
from merchant_admin import create_app
from merchant_admin.core.db import db
from merchant_admin.core.ids import new_id
from merchant_admin.core.settings import load
from merchant_admin.ledger.models import EntryKind, LedgerEntry
from merchant_admin.payments.facts import record_transaction
from merchant_admin.webhooks.models import Decision, WebhookEvent
from merchant_admin.worker.loop import context_of
from merchant_admin.worker.service import run_once
from portone_sandbox import Sandbox, SandboxConfig, create_sandbox
from portone_sandbox.server import Server

SENDERS, FORGED_PART = 8, 20  # one in twenty is forged
COPIES = 5


def main() -> None:
    words = argparse.ArgumentParser(prog="python -m bench.webhooks", description=__doc__)
    words.add_argument("--webhooks", type=int, default=10_000)
    words.add_argument("--database-url", help="an empty PostgreSQL database; else SQLite")
    asked = words.parse_args()
    said, is_right = measure(asked.webhooks, asked.database_url)
    print(said)
    if not is_right:
        raise SystemExit(1)


def measure(webhooks: int, database_url: str | None = None) -> tuple[str, bool]:
    """One line of figures, and whether the books equal the sandbox's truth in the end."""
    sandbox_app = create_sandbox(SandboxConfig())
    sandbox = sandbox_app.extensions["portone_sandbox"]
    with tempfile.TemporaryDirectory() as folder, Server(sandbox_app) as portone:
        env = {"INSTANCE_DIR": folder, "WORKER": "process", "SECRET_KEY": "b" * 48, "PORTONE_API_URL": portone.url}
        if database_url:
            env["DATABASE_URL"] = database_url
        app = create_app(load(env, Path(ROOT)))
        with app.app_context():
            upgrade(directory=str(ROOT / "migrations"))
            db.session.remove()
        heap = a_heap(app, sandbox, webhooks)
        with Server(app) as shop:
            began = time.perf_counter()
            taken = send(shop.url, heap)
            seconds = time.perf_counter() - began
        worked = work_off(app)
        is_right = books(app) == truth(sandbox)
        sandbox.close()
    figures = statistics.quantiles(taken, n=100)
    said = (
        f"{len(heap):,} webhooks by {SENDERS} senders: {len(heap) / seconds:.0f}/s, "
        f"p50 {figures[49] * 1000:.1f} ms, p95 {figures[94] * 1000:.1f} ms, p99 {figures[98] * 1000:.1f} ms; "
        f"all real ones applied {worked:.1f} s after the last; books equal the sandbox's truth: {is_right}"
    )
    return said, is_right


def a_heap(app: Flask, sandbox: Sandbox, size: int) -> list[bytes]:
    """Payments we know are given back in part in PortOne's console: that news five times each, forgeries between."""
    dice, news = random.Random(9), []
    gateway = app.extensions["merchant_admin"].gateway
    with app.app_context():
        ctx = context_of(app)
        for number in range(size * (FORGED_PART - 1) // FORGED_PART // COPIES):
            order = new_id("ord")
            imp_uid = sandbox.window_key(customer_uid=new_id("bks"), merchant_uid=order, amount=1_000 + number)
            known = gateway.payment(imp_uid)
            with ctx.atomic() as session:
                record_transaction(ctx, session, known, source="bench")
            sandbox.console_cancel(imp_uid, 500)
            news.append({"imp_uid": imp_uid, "merchant_uid": order, "status": "cancelled"})
        db.session.remove()
    forged = [
        {"imp_uid": f"imp_{dice.randrange(10**12):012d}", "merchant_uid": "ord_forged", "status": "paid"}
        for _ in range(size - len(news) * COPIES)
    ]
    heap = [json.dumps(one).encode() for one in news * COPIES + forged]
    dice.shuffle(heap)
    return heap


def send(url: str, heap: list[bytes]) -> list[float]:
    """Post them all; the seconds each took to be answered."""
    address = urlsplit(url)
    taken: list[float] = []

    def post(part: list[bytes]) -> None:
        line = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        for body in part:
            began = time.perf_counter()
            line.request("POST", "/webhooks/portone", body, {"Content-Type": "application/json"})
            answer = line.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
            taken.append(time.perf_counter() - began)

    threads = [threading.Thread(target=post, args=(heap[number::SENDERS],)) for number in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken


def work_off(app: Flask) -> float:
    """Rounds of one worker until the real ones are applied. Forgeries have a budget a minute and may wait."""
    began = time.perf_counter()
    with app.app_context():
        gateway = app.extensions["merchant_admin"].gateway
        due = select(func.count()).where(
            WebhookEvent.decision == Decision.WAITING, WebhookEvent.merchant_uid != "ord_forged"
        )
        while db.session.scalar(due) and time.perf_counter() - began < 1_800:
            db.session.rollback()
            if run_once(context_of(app), gateway) == 0:
                time.sleep(0.5)
        db.session.remove()
    return time.perf_counter() - began


def books(app: Flask) -> dict[str, int]:
    """imp_uid -> won that are left of it, by our ledger."""
    left: Counter[str] = Counter()
    with app.app_context():
        for row in db.session.scalars(select(LedgerEntry)):
            left[row.imp_uid] += row.amount_krw if row.kind is EntryKind.CHARGE else -row.amount_krw
        db.session.remove()
        db.engine.dispose()
    return dict(left)


def truth(sandbox: Sandbox) -> dict[str, int]:
    return {one["imp_uid"]: one["amount"] - one["cancel_amount"] for one in sandbox.payments()}


if __name__ == "__main__":
    main()
