"""JSON from PortOne made into types, once. Anything that can't be read safely raises Unreadable.

Unknown keys are ignored and unknown enum values tolerated: PortOne promises only to add (reference 2.4).
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from merchant_admin.core.times import from_epoch
from merchant_admin.portone.types import (
    Cancel,
    Listing,
    PaymentStatus,
    PgSetting,
    StoredCard,
    Transaction,
    VirtualAccount,
)


class Unreadable(ValueError):
    """The answer is not what the contract says; nothing may be concluded from it."""


@dataclass(frozen=True)
class Envelope:
    """The frame of every answer: `code` 0 says the call worked, not that money moved."""

    code: int
    message: str | None
    response: Any


_SNAPSHOT = (
    "imp_uid", "merchant_uid", "status", "amount", "cancel_amount", "currency", "sandbox", "customer_uid",
    "customer_uid_usage", "pg_provider", "pg_id", "pg_tid", "pay_method", "channel", "name", "apply_num", "card_code",
    "card_name", "card_quota", "card_type", "fail_reason", "cancel_reason", "receipt_url", "started_at", "paid_at",
    "failed_at", "cancelled_at", "bank_code", "bank_name", "vbank_code", "vbank_name", "vbank_date", "vbank_issued_at",
)  # fmt: skip
_CARD_NUMBER = re.compile(r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)")
TEXT_CAP = 256


def envelope(body: bytes) -> Envelope:
    """The answer's frame. Raises Unreadable for anything that isn't one."""
    try:
        read = json.loads(body, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, UnicodeDecodeError, RecursionError) as wrong:
        raise Unreadable("not JSON") from wrong
    if not isinstance(read, dict) or not _is_int(read.get("code")):
        raise Unreadable("no envelope")
    return Envelope(read["code"], clean_text(read.get("message")), read.get("response"))


def _refuse(word: str) -> None:
    raise ValueError(word)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def won(value: object) -> int:
    """Whole won. Raises Unreadable for a fraction, a negative, a boolean or text."""
    if isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Unreadable("an amount must be a whole number of won")
    return value


def clean_text(value: object, cap: int = TEXT_CAP) -> str | None:
    """Text from outside: no control signs, capped, and anything that looks like a card number masked."""
    if value is None or isinstance(value, (dict, list)):
        return None
    plain = "".join(" " if unicodedata.category(sign) in {"Cc", "Cs"} else sign for sign in str(value)).strip()
    return _CARD_NUMBER.sub(_mask, plain)[:cap] or None


def _mask(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found.group())
    return "*" * (len(digits) - 4) + digits[-4:]


def last_four(masked: object) -> str | None:
    """The last four signs of a masked card number; a digit-only mask must not be kept whole (reference 11.2)."""
    text = re.sub(r"[^0-9*]", "", str(masked)) if masked else ""
    return text[-4:] or None


def safe_url(value: object) -> str | None:
    """An https address, or None: a `javascript:` receipt must never become a link."""
    text = str(value)[:300] if value else ""
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme == "https" and parts.hostname else None


def _need(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise Unreadable(f"{key} is missing")
    return value[:80]


def _epoch(data: Mapping[str, Any], key: str) -> Any:
    value = data.get(key)
    return from_epoch(value) if _is_int(value) and 0 < value < 1 << 34 else None  # type: ignore[operator]


def _flag(data: Mapping[str, Any], key: str) -> bool | None:
    value = data.get(key)
    return value if isinstance(value, bool) else None


def _object(data: object) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise Unreadable("an object was expected")
    return data


def transaction(data: object) -> Transaction:
    """A payment object. Raises Unreadable if an id or an amount is missing or impossible."""
    payment = _object(data)
    word = str(payment.get("status") or "")
    quota = payment.get("card_quota")
    return Transaction(
        imp_uid=_need(payment, "imp_uid")[:32],
        merchant_uid=_need(payment, "merchant_uid"),
        status=PaymentStatus(word) if word in set(PaymentStatus) else PaymentStatus.UNKNOWN,
        status_word=word[:20],
        amount_krw=won(payment.get("amount")),
        cancelled_krw=won(payment.get("cancel_amount") or 0),
        currency=str(payment.get("currency") or "KRW")[:3],
        is_test=_flag(payment, "sandbox"),
        customer_uid=clean_text(payment.get("customer_uid"), 80),
        pg_provider=clean_text(payment.get("pg_provider"), 16),
        pg_id=clean_text(payment.get("pg_id"), 80),
        pg_tid=_plain(payment.get("pg_tid"), 80),
        method=clean_text(payment.get("pay_method"), 20),
        name=clean_text(payment.get("name"), 80) or "",
        issuer_code=clean_text(payment.get("card_code"), 16),
        issuer_name=clean_text(payment.get("card_name"), 40),
        last_four=last_four(payment.get("card_number")),
        quota=quota if _is_int(quota) else None,
        approval_number=_plain(payment.get("apply_num"), 20),
        receipt_url=safe_url(payment.get("receipt_url")),
        fail_reason=clean_text(payment.get("fail_reason")),
        started_at=_epoch(payment, "started_at"),
        paid_at=_epoch(payment, "paid_at"),
        failed_at=_epoch(payment, "failed_at"),
        cancelled_at=_epoch(payment, "cancelled_at"),
        cancels=_cancels(payment.get("cancel_history")),
        bank_name=clean_text(payment.get("bank_name"), 40),
        account=_account(payment),
        deposited_krw=_deposited(payment.get("deposit_history")),
        snapshot=_snapshot(payment),
    )


def _account(payment: Mapping[str, Any]) -> VirtualAccount | None:
    """The account issued for this payment, if there is one; its number is the PG's, not a card's."""
    number = _plain(payment.get("vbank_num"), 40)
    if number is None:
        return None
    return VirtualAccount(
        bank_code=clean_text(payment.get("vbank_code"), 10),
        bank_name=clean_text(payment.get("vbank_name"), 40),
        number=number,
        holder=clean_text(payment.get("vbank_holder"), 40),
        due_at=_epoch(payment, "vbank_date"),
    )


def _deposited(rows: object) -> int | None:
    """The sum of the deposits told; None where none is, or where they can't be read (reference 11.1)."""
    if not isinstance(rows, list) or not rows:
        return None
    try:
        return sum(won(_object(row).get("amount")) for row in rows)
    except Unreadable:
        return None


def _plain(value: object, cap: int) -> str | None:
    """An id of the PG: long digit runs are its own numbers and stay, unlike in free text."""
    return re.sub(r"[^\w.:-]", "", str(value))[:cap] or None if value else None


def _snapshot(payment: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: payment[key] for key in _SNAPSHOT if key in payment}
    ids = {"imp_uid", "merchant_uid", "customer_uid", "pg_tid", "apply_num", "receipt_url"}
    return {
        key: int(value)
        if isinstance(value, Decimal)
        else value
        if key in ids or not isinstance(value, str)
        else clean_text(value)
        for key, value in kept.items()
        if not isinstance(value, (dict, list))
    } | {"card_number": "****" + (last_four(payment.get("card_number")) or "")}


def _cancels(history: object) -> tuple[Cancel, ...]:
    if not isinstance(history, list):
        return ()
    found = []
    for position, raw in enumerate(history):
        entry = _object(raw)
        at = _epoch(entry, "cancelled_at")
        amount = won(entry.get("amount"))
        if at is None or amount == 0:
            continue
        ref = _plain(entry.get("cancellation_id"), 60) or f"{int(at.timestamp())}:{amount}:{position}"
        found.append(Cancel(ref, amount, at, clean_text(entry.get("reason")), safe_url(entry.get("receipt_url"))))
    return tuple(sorted(found, key=lambda cancel: cancel.cancelled_at))


def transactions(data: object) -> list[Transaction]:
    """The payments of a list answer: a plain array or a paged object (reference 2.5)."""
    rows = data.get("list") if isinstance(data, dict) else data
    if not isinstance(rows, list):
        raise Unreadable("a list was expected")
    return [transaction(row) for row in rows]


def listing(data: object) -> Listing:
    """One page of payments, without the rows that can't be read (reference 2.5)."""
    rows = data.get("list") if isinstance(data, dict) else data
    if not isinstance(rows, list):
        raise Unreadable("a list was expected")
    found, unreadable = [], 0
    for row in rows:
        try:
            found.append(transaction(row))
        except Unreadable:
            unreadable += 1
    total = data.get("total") if isinstance(data, dict) else None
    return Listing(tuple(found), next_page(data), total if isinstance(total, int) else len(rows), unreadable)


def next_page(data: object) -> int:
    """The number of the next page; 0 or nothing means none."""
    number = data.get("next") if isinstance(data, dict) else 0
    return number if isinstance(number, int) else 0


def stored_card(data: object) -> StoredCard:
    """A billing key's description."""
    key = _object(data)
    return StoredCard(
        customer_uid=_need(key, "customer_uid"),
        pg_provider=_need(key, "pg_provider")[:16],
        pg_id=_need(key, "pg_id"),
        is_test=_flag(key, "sandbox"),
        issuer_code=clean_text(key.get("card_code"), 16),
        issuer_name=clean_text(key.get("card_name"), 40),
        last_four=last_four(key.get("card_number")),
        inserted_at=_epoch(key, "inserted"),
        updated_at=_epoch(key, "updated"),
    )


def pg_settings(data: object) -> list[PgSetting]:
    """The merchant's channels."""
    if not isinstance(data, list):
        raise Unreadable("a list was expected")
    return [
        PgSetting(
            str(row.get("pg_provider") or ""), str(row.get("pg_id") or ""), _flag(row, "sandbox"),
            str(row.get("type") or ""), clean_text(row.get("channel_key"), 80),
        )
        for row in map(_object, data)
    ]  # fmt: skip
