"""Charges that PortOne holds and makes at their time: its reservations (reference section 6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from merchant_admin.core.errors import GatewayRejected, OutcomeUnknown
from merchant_admin.core.times import from_epoch, to_epoch
from merchant_admin.portone import wire
from merchant_admin.portone.client import PortOneClient
from merchant_admin.portone.reading import readable, segment

MOST_LISTED = timedelta(days=89)  # three months, whichever they are
PAGE_ROWS = 1000
_UNKNOWN, _PAST_THE_END = 404, 400


class ReservationStatus(StrEnum):
    SCHEDULED = "scheduled"
    EXECUTED = "executed"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Reservation:
    """One reservation as PortOne has it (reference 6.2)."""

    merchant_uid: str
    customer_uid: str
    status: ReservationStatus
    payment_status: str | None  # None until it was run
    imp_uid: str | None
    amount_krw: int
    name: str
    schedule_at: datetime
    fail_reason: str | None


@dataclass(frozen=True)
class ReservationOrder:
    """A charge to be made later. `merchant_uid` must be committed in our database before this is sent."""

    customer_uid: str
    merchant_uid: str
    amount_krw: int
    name: str
    schedule_at: datetime
    tax_free_krw: int = 0
    buyer_name: str | None = None
    buyer_tel: str | None = None
    buyer_email: str | None = None

    def __post_init__(self) -> None:
        if self.amount_krw < 1 or not 0 <= self.tax_free_krw <= self.amount_krw:
            raise ValueError("a reservation needs a positive amount and a tax-free part within it")


class LaterCalls:
    """The part of the gateway that reserves. No money moves in these calls; PortOne takes it at the time."""

    _client: PortOneClient

    def reserve(self, order: ReservationOrder) -> Reservation:
        """Reserve one charge of a stored card. OutcomeUnknown: perhaps reserved, read it."""
        entry: dict[str, Any] = {
            "merchant_uid": order.merchant_uid, "schedule_at": to_epoch(order.schedule_at), "amount": order.amount_krw,
            "name": order.name, "currency": "KRW", "tax_free": order.tax_free_krw,
        }  # fmt: skip
        buyer = {"buyer_name": order.buyer_name, "buyer_tel": order.buyer_tel, "buyer_email": order.buyer_email}
        entry |= {key: value for key, value in buyer.items() if value}
        body = {"customer_uid": order.customer_uid, "schedules": [entry]}
        data = self._client.post("/subscribe/payments/schedule", body)
        return _the_one(_rows(data), order.merchant_uid)

    def reservation(self, merchant_uid: str) -> Reservation | None:
        """One reservation; None if PortOne knows none of this order number."""
        try:
            data = self._client.get(f"/subscribe/payments/schedule/{segment(merchant_uid)}")
        except GatewayRejected as refusal:
            if refusal.facts.get("http_status") == _UNKNOWN:
                return None
            raise
        return readable(lambda: _reservation(data))

    def reservations(self, since: datetime, until: datetime, customer_uid: str | None = None) -> list[Reservation]:
        """Every reservation with `since <= schedule_at < until`, of one key or of all; at most three months."""
        if until - since > MOST_LISTED:
            raise ValueError("PortOne lists at most three months of reservations at a time")
        path = "/subscribe/payments/schedule" + (f"/customers/{segment(customer_uid)}" if customer_uid else "")
        # The two lists spell their range differently, and some servers take only one spelling (reference 6.4).
        wanted: dict[str, Any] = {"schedule_from": to_epoch(since), "schedule_to": to_epoch(until)}
        wanted |= {"from": to_epoch(since), "to": to_epoch(until)} if customer_uid else {"limit": PAGE_ROWS}
        found: list[Reservation] = []
        page = 1
        while page:
            try:
                data = self._client.get(path, wanted | {"page": page})
            except GatewayRejected as refusal:
                if page > 1 and refusal.facts.get("http_status") == _PAST_THE_END:
                    break
                raise
            found += _rows(data)
            following = wire.next_page(data)
            page = following if following > page else 0
        return found

    def move_reservation(self, merchant_uid: str, at: datetime) -> Reservation:
        """Give a reservation that has not run another time. Doing it twice is doing it once."""
        data = self._client.put(f"/subscribe/payments/schedule/{segment(merchant_uid)}", {"schedule_at": to_epoch(at)})
        return readable(lambda: _reservation(data))

    def reschedule(self, merchant_uid: str, at: datetime) -> Reservation:
        """Have a failed or revoked reservation run once more, at `at`. Source: POST .../reschedule (reference 6.3).

        GatewayRejected: not failed or revoked, past, unknown, or not offered for its PG; nothing changed.
        OutcomeUnknown: perhaps reserved, read it. `retry`, its sister that charges at once, is not called: see
        schedules.again.
        """
        path = f"/subscribe/payments/schedule/{segment(merchant_uid)}/reschedule"
        return _the_one(_rows([self._client.post(path, {"schedule_at": to_epoch(at)})]), merchant_uid)

    def revoke_reservations(self, customer_uid: str, merchant_uids: Sequence[str]) -> list[Reservation]:
        """Revoke the named reservations. The list is never empty: PortOne may read that as "all" (reference 6.5)."""
        if not merchant_uids:
            raise ValueError("name the reservations to revoke")
        body = {"customer_uid": customer_uid, "merchant_uid": list(merchant_uids)}
        return _rows(self._client.post("/subscribe/payments/unschedule", body))


def _rows(data: Any) -> list[Reservation]:
    """A plain array or a paged object (reference 6.4)."""
    rows = data.get("list") if isinstance(data, dict) else data
    if not isinstance(rows, list):
        raise OutcomeUnknown("PortOne's answer could not be read", why="a list was expected")
    return [readable(lambda row=row: _reservation(row)) for row in rows]  # type: ignore[misc]


def _the_one(rows: Sequence[Reservation], merchant_uid: str) -> Reservation:
    for row in rows:
        if row.merchant_uid == merchant_uid:
            return row
    raise OutcomeUnknown("PortOne's answer is about something else")


def _reservation(data: object) -> Reservation:
    if not isinstance(data, dict):
        raise wire.Unreadable("an object was expected")
    word = str(data.get("schedule_status") or "")
    second = data.get("schedule_at")
    at = from_epoch(second) if type(second) is int and 0 < second < 1 << 34 else None
    merchant_uid, customer_uid = data.get("merchant_uid"), data.get("customer_uid")
    if at is None or not isinstance(merchant_uid, str) or not isinstance(customer_uid, str) or not merchant_uid:
        raise wire.Unreadable("an id or the time is missing")
    return Reservation(
        merchant_uid=merchant_uid[:80],
        customer_uid=customer_uid[:80],
        status=ReservationStatus(word) if word in set(ReservationStatus) else ReservationStatus.UNKNOWN,
        payment_status=wire.clean_text(data.get("payment_status"), 20),
        imp_uid=wire.clean_text(data.get("imp_uid"), 32),
        amount_krw=wire.won(data.get("amount")),
        name=wire.clean_text(data.get("name"), 40) or "",
        schedule_at=at,
        fail_reason=wire.clean_text(data.get("fail_reason")),
    )
