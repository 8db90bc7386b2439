"""The merchants one sandbox serves, and the PG channels each of them has."""

import json
import sqlite3
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Literal

from portone_sandbox.config import SandboxConfig
from portone_sandbox.store import Store


class Purpose(StrEnum):
    """What a MID is contracted for."""

    CERTIFIED = "certified"
    KEY_IN = "key_in"
    BILLING = "billing"


@dataclass(frozen=True)
class Profile:
    """How one family of PG modules behaves."""

    rich_cards: bool  # issuer, publisher and type of the card are told
    full_result: bool  # the browser gets the old long result, with `success`
    extras: bool  # reschedule, retry, cash receipts, virtual accounts by API


@dataclass(frozen=True)
class Channel:
    pg_provider: str
    pg_id: str
    channel_key: str
    name: str
    purposes: frozenset[Purpose]
    profile: Profile

    def wire(self, *, sandbox: bool) -> list[dict[str, Any]]:
        kinds = (["payment"] if self.purposes & {Purpose.CERTIFIED, Purpose.BILLING} else []) + (
            ["api_payment"] if Purpose.KEY_IN in self.purposes else []
        )
        return [
            {
                "pg_provider": self.pg_provider, "pg_id": self.pg_id, "sandbox": sandbox, "type": kind,
                "channel_name": self.name, "channel_key": self.channel_key,
            }
            for kind in kinds
        ]  # fmt: skip


JTNET_LIKE = Profile(rich_cards=False, full_result=True, extras=False)
NEW_MODULE = Profile(rich_cards=True, full_result=False, extras=True)
_KEY = "channel-key-00000000-0000-4000-8000-00000000000"
CHANNELS = (
    Channel("jtnet", "tpaytest0m", f"{_KEY}0", "일반결제(테스트)", frozenset({Purpose.CERTIFIED}), JTNET_LIKE),
    Channel("jtnet", "tpaytest1m", f"{_KEY}1", "키인결제(테스트)", frozenset({Purpose.KEY_IN}), JTNET_LIKE),
    Channel("jtnet", "tpaytest2m", f"{_KEY}2", "정기결제(테스트)", frozenset({Purpose.BILLING}), JTNET_LIKE),
    Channel("nice_v2", "sandboxv2m", f"{_KEY}9", "신모듈(테스트)", frozenset(Purpose), NEW_MODULE),
)


@dataclass(frozen=True)
class Merchant:
    """One merchant account: its code, its REST key and where its webhooks go."""

    imp_code: str
    imp_key: str
    imp_secret: str = field(repr=False)
    webhook_url: str | None = None
    webhook_format: Literal["json", "form"] = "json"
    webhook_retries: bool = False
    sandbox_flag: bool = True

    def channel(self, purpose: Purpose, *, pg: str | None = None, channel_key: str | None = None) -> Channel:
        """The channel a call goes to. An unknown name silently gets the default, as on the real server."""
        fitting = [one for one in CHANNELS if purpose in one.purposes]
        for one in CHANNELS:
            if one.channel_key == channel_key or f"{one.pg_provider}.{one.pg_id}" == pg:
                return one
        return next((one for one in fitting if one.pg_provider == pg), fitting[0])


def channel_by_key(channel_key: str) -> Channel:
    return next((one for one in CHANNELS if one.channel_key == channel_key), CHANNELS[0])


class Merchants:
    """The merchants of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def seed(self, config: SandboxConfig) -> None:
        """Make sure the configured merchant exists, with the configured settings."""
        self.put(
            Merchant(
                config.imp_code, config.imp_key, config.imp_secret, config.webhook_url, config.webhook_format,
                config.webhook_retries, config.sandbox_flag,
            )
        )  # fmt: skip

    def put(self, merchant: Merchant) -> bool:
        """Write a merchant, new or changed. False if its key belongs to another."""
        with self._store.write() as db:
            owner = db.execute("SELECT imp_code FROM merchants WHERE imp_key = ?", (merchant.imp_key,)).fetchone()
            if owner is not None and owner["imp_code"] != merchant.imp_code:
                return False
            db.execute(
                "INSERT OR REPLACE INTO merchants (imp_code, imp_key, imp_secret, body) VALUES (?, ?, ?, ?)",
                (merchant.imp_code, merchant.imp_key, merchant.imp_secret, json.dumps(asdict(merchant))),
            )
        return True

    def all(self) -> list[Merchant]:
        with self._store.read() as db:
            return [_merchant(row) for row in db.execute("SELECT body FROM merchants ORDER BY imp_code")]

    def by_code(self, imp_code: str) -> Merchant | None:
        with self._store.read() as db:
            return self.in_store(db, imp_code)

    def in_store(self, db: sqlite3.Connection, imp_code: str) -> Merchant | None:
        """As by_code, inside an open transaction."""
        row = db.execute("SELECT body FROM merchants WHERE imp_code = ?", (imp_code,)).fetchone()
        return _merchant(row) if row else None

    def by_imp_key(self, imp_key: str) -> Merchant | None:
        with self._store.read() as db:
            row = db.execute("SELECT body FROM merchants WHERE imp_key = ?", (imp_key,)).fetchone()
        return _merchant(row) if row else None


def _merchant(row: sqlite3.Row) -> Merchant:
    return Merchant(**json.loads(row["body"]))
