"""What the inspector shows: small frozen rows read from the store. No card data is here but masks."""

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from portone_sandbox import keys, payments
from portone_sandbox.hub import Hub
from portone_sandbox.keys import BillingKey
from portone_sandbox.payments import Payment

MOST_ROWS = 50


@dataclass(frozen=True)
class Counts:
    """How many rows of each kind there are."""

    payments: int
    keys: int
    schedules: int
    webhooks: int
    requests: int
    faults: int


@dataclass(frozen=True)
class ScheduleRow:
    merchant_uid: str
    customer_uid: str
    name: str | None
    amount: int
    schedule_at: int
    schedule_status: str
    payment_status: str | None
    imp_uid: str | None


@dataclass(frozen=True)
class AttemptRow:
    sent_at: int
    status: int | None
    error: str | None
    seconds: float

    @property
    def answer(self) -> str:
        return str(self.status) if self.status is not None else self.error or "–"


@dataclass(frozen=True)
class WebhookRow:
    id: int
    url: str
    body: str
    status: str
    merchant_uid: str
    made_at: int
    state: str
    attempts: tuple[AttemptRow, ...]


@dataclass(frozen=True)
class RequestRow:
    id: int
    at: int
    method: str
    path: str
    status: int
    ms: float
    fault: str | None


def counts(hub: Hub) -> Counts:
    with hub.store.read() as db:
        row = db.execute(
            "SELECT (SELECT count(*) FROM payments WHERE NOT is_hidden) AS payments,"
            " (SELECT count(*) FROM billing_keys) AS keys, (SELECT count(*) FROM schedules) AS schedules,"
            " (SELECT count(*) FROM webhooks) AS webhooks, (SELECT count(*) FROM requests) AS requests,"
            " (SELECT count(*) FROM faults) AS faults"
        ).fetchone()
    return Counts(**dict(row))


def latest_payments(hub: Hub) -> list[Payment]:
    """The newest payments first, each with its cancels."""
    with hub.store.read() as db:
        rows = db.execute(
            "SELECT body, inner FROM payments WHERE NOT is_hidden ORDER BY started_at DESC, rowid DESC LIMIT ?",
            (MOST_ROWS,),
        ).fetchall()
    return [payments.load(row) for row in rows]


def latest_keys(hub: Hub) -> list[BillingKey]:
    with hub.store.read() as db:
        rows = db.execute("SELECT * FROM billing_keys ORDER BY rowid DESC LIMIT ?", (MOST_ROWS,)).fetchall()
    return [keys.load(row) for row in rows]


def schedule_rows(hub: Hub) -> list[ScheduleRow]:
    """Reservations, the one that runs next first, then those that are over."""
    with hub.store.read() as db:
        rows = db.execute(
            "SELECT body FROM schedules ORDER BY schedule_status <> 'scheduled',"
            " CASE schedule_status WHEN 'scheduled' THEN schedule_at ELSE -schedule_at END LIMIT ?",
            (MOST_ROWS,),
        ).fetchall()
    return [_named(ScheduleRow, json.loads(row["body"])) for row in rows]


def webhook_rows(hub: Hub) -> list[WebhookRow]:
    """The newest webhooks first, each with every attempt to deliver it."""
    with hub.store.read() as db:
        rows = db.execute("SELECT * FROM webhooks ORDER BY id DESC LIMIT ?", (MOST_ROWS,)).fetchall()
        return [_webhook(db, row) for row in rows]


def request_rows(hub: Hub) -> list[RequestRow]:
    with hub.store.read() as db:
        rows = db.execute("SELECT * FROM requests ORDER BY id DESC LIMIT ?", (MOST_ROWS,)).fetchall()
    return [_named(RequestRow, dict(row)) for row in rows]


def _webhook(db: sqlite3.Connection, row: sqlite3.Row) -> WebhookRow:
    body = json.loads(row["body"])
    attempts = db.execute(
        "SELECT sent_at, status, error, seconds FROM webhook_attempts WHERE webhook_id = ? ORDER BY id", (row["id"],)
    ).fetchall()
    return WebhookRow(
        row["id"], row["url"], json.dumps(body, ensure_ascii=False), str(body.get("status")),
        str(body.get("merchant_uid")), row["made_at"], row["state"], tuple(AttemptRow(**dict(one)) for one in attempts),
    )  # fmt: skip


def _named(kind: Any, values: dict[str, Any]) -> Any:
    return kind(**{name: values.get(name) for name in kind.__dataclass_fields__})
