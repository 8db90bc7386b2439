"""Billing keys: one stored card each, known by the name the merchant gave it."""

import json
import sqlite3
from dataclasses import dataclass, fields
from typing import Any

from portone_sandbox.cards import Behaviour, Card
from portone_sandbox.codes import CARDS
from portone_sandbox.envelope import Refusal
from portone_sandbox.fields import Fields
from portone_sandbox.merchants import Channel, Merchant


@dataclass(frozen=True)
class Holder:
    """Whom a key belongs to, as the merchant told it."""

    customer_name: str | None = None
    customer_tel: str | None = None
    customer_email: str | None = None
    customer_addr: str | None = None
    customer_postcode: str | None = None

    @classmethod
    def of(cls, given: Fields) -> "Holder":
        return cls(
            given.text("customer_name", 20), given.text("customer_tel", 20), given.text("customer_email", 200),
            given.text("customer_addr", 200), given.text("customer_postcode", 8),
        )  # fmt: skip


@dataclass(frozen=True)
class BillingKey:
    """One registered card: the fields of the wire, then what only the sandbox knows."""

    customer_uid: str
    pg_provider: str
    pg_id: str
    sandbox: bool
    card_name: str
    card_code: str
    card_number: str
    inserted: int
    updated: int
    card_issuer_code: str | None = None
    card_issuer_name: str | None = None
    card_publisher_code: str | None = None
    card_publisher_name: str | None = None
    card_type: int | None = None
    customer_id: str | None = None
    customer_name: str | None = None
    customer_tel: str | None = None
    customer_email: str | None = None
    customer_addr: str | None = None
    customer_postcode: str | None = None
    card: Card | None = None
    channel_key: str = ""
    tries: int = 0
    uses: int = 0

    def wire(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _WIRE_FIELDS}

    @property
    def stored_card(self) -> Card:
        if self.card is None:
            raise LookupError(self.customer_uid)
        return self.card


_INNER = {"card", "channel_key", "tries", "uses"}
_WIRE_FIELDS = tuple(sorted(one.name for one in fields(BillingKey) if one.name not in _INNER))


def issue(
    db: sqlite3.Connection, merchant: Merchant, channel: Channel, customer_uid: str, made: tuple[Card, Holder, int]
) -> BillingKey:
    """Store a card under a name; `made` is the card, its holder and the time. Replaces what stood there."""
    card, holder, now = made
    before = find(db, merchant.imp_code, customer_uid)
    rich = channel.profile.rich_cards
    key = BillingKey(
        customer_uid=customer_uid, pg_provider=channel.pg_provider, pg_id=channel.pg_id, sandbox=merchant.sandbox_flag,
        card_name=CARDS[card.issuer], card_code=card.issuer, card_number=card.mask,
        inserted=before.inserted if before else now, updated=now,
        card_issuer_code=card.issuer if rich else None, card_issuer_name=CARDS[card.issuer] if rich else None,
        card_publisher_code=card.issuer if rich else None, card_publisher_name=CARDS[card.issuer] if rich else None,
        card_type=0 if rich else None, **vars(holder), card=card, channel_key=channel.channel_key,
    )  # fmt: skip
    db.execute(
        "INSERT OR REPLACE INTO billing_keys (imp_code, customer_uid, behaviour, dies_at, last_four, channel_key, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (merchant.imp_code, customer_uid, card.behaviour, card.dies_at, card.last_four, channel.channel_key,
         json.dumps(key.wire())),
    )  # fmt: skip
    return key


def find(db: sqlite3.Connection, imp_code: str, customer_uid: str) -> BillingKey | None:
    row = db.execute(
        "SELECT * FROM billing_keys WHERE imp_code = ? AND customer_uid = ?", (imp_code, customer_uid)
    ).fetchone()
    return load(row) if row else None


def load(row: sqlite3.Row) -> BillingKey:
    wire = json.loads(row["body"])
    card = Card(wire["card_code"], wire["card_number"], row["last_four"], Behaviour(row["behaviour"]), row["dies_at"])
    return BillingKey(**wire, card=card, channel_key=row["channel_key"], tries=row["tries"], uses=row["uses"])


def count_charge(db: sqlite3.Connection, imp_code: str, customer_uid: str, *, approved: bool) -> None:
    db.execute(
        "UPDATE billing_keys SET tries = tries + 1, uses = uses + ? WHERE imp_code = ? AND customer_uid = ?",
        (int(approved), imp_code, customer_uid),
    )


def delete(db: sqlite3.Connection, imp_code: str, customer_uid: str) -> None:
    db.execute("DELETE FROM billing_keys WHERE imp_code = ? AND customer_uid = ?", (imp_code, customer_uid))


def unknown(customer_uid: str, status: int) -> Refusal:
    return Refusal(f"요청하신 customer_uid({customer_uid})로 등록된 정보를 찾을 수 없습니다.", status=status)
