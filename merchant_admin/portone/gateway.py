"""What the product asks PortOne to do, in its own words. A rule that takes a Gateway can move money."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from flask_babel import lazy_gettext as _

from merchant_admin.core.errors import GatewayError, GatewayRejected, GatewayUnreachable, OutcomeUnknown
from merchant_admin.core.settings import Mode, Settings
from merchant_admin.core.times import from_epoch, to_epoch
from merchant_admin.portone import wire
from merchant_admin.portone.client import PortOneClient
from merchant_admin.portone.later import LaterCalls
from merchant_admin.portone.typed_cards import TypedCardCalls
from merchant_admin.portone.types import (
    CancelOrder,
    ChargeOrder,
    Listing,
    PaymentStatus,
    PgSetting,
    StoredCard,
    Transaction,
)

NOT_FOUND = 404
PAST_THE_END = 400
PAGE_ROWS = 1000
MOST_NAMED = 100
MOST_WINDOW = timedelta(days=90)


class Gateway(LaterCalls, TypedCardCalls):
    """PortOne for one merchant. Every method raises the GatewayError family; reads may be repeated, writes may not."""

    def __init__(self, client: PortOneClient, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self.breaker = client.breaker

    @property
    def mode(self) -> str:
        """The merchant's mode: sandbox, test or live."""
        return self._settings.mode.value

    def refuse_if_stopped(self) -> None:
        """Raise GatewayUnreachable before money is asked for, while PortOne does not answer or a restored copy of
        the records has not caught up.

        After half a minute one read tries whether it answers again. Never called inside a write.
        """
        if self.breaker.restored_at is not None:
            raise GatewayUnreachable(
                _(
                    "되살린 백업을 포트원과 맞추는 중이라 보내지 않았습니다. 돈은 움직이지 않았습니다. "
                    "다 맞추면 저절로 열립니다."
                ),
                error="restored",
            )
        if not self.breaker.is_open:
            return
        try:
            self.channels()
        except GatewayRejected:
            return
        except GatewayError as wrong:
            raise GatewayUnreachable(
                _("포트원에 연결되지 않아 보내지 않았습니다. 돈은 움직이지 않았습니다. 잠시 뒤 다시 하십시오."),
                error="stopped",
            ) from wrong

    @property
    def certified_pg(self) -> str:
        """The `pg` word of the MID of ordinary payments."""
        return self._settings.certified_pg

    @property
    def billing_pg(self) -> str:
        """The `pg` word of the MID that issues billing keys."""
        return self._settings.billing_pg

    @property
    def billing_pgs(self) -> tuple[str, ...]:
        """The `pg` words of every profile that may issue billing keys, the usual one first."""
        return tuple(self._settings.billing_channels)

    def runs_again(self, pg_provider: str | None) -> bool:
        """Whether PortOne can run a failed or revoked reservation of this PG again, by the settings."""
        return pg_provider in self._settings.reschedule_pgs

    def charge_again(self, order: ChargeOrder) -> Transaction:
        """Charge a stored card once. Source: POST /subscribe/payments/again (reference 5.1).

        A declined card comes back as a Transaction with status FAILED. OutcomeUnknown: perhaps charged.
        """
        body: dict[str, Any] = {
            "customer_uid": order.customer_uid,
            "merchant_uid": order.merchant_uid,
            "amount": order.amount_krw,
            "name": order.name,
            "currency": "KRW",
            "tax_free": order.tax_free_krw,
            "card_quota": order.quota,
        }
        buyer = {"buyer_name": order.buyer_name, "buyer_tel": order.buyer_tel, "buyer_email": order.buyer_email}
        body |= {key: value for key, value in buyer.items() if value}
        return _transaction(self._client.post("/subscribe/payments/again", body, moves_money=True))

    def cancel(self, order: CancelOrder) -> Transaction:
        """Give money back. Source: POST /payments/cancel (reference section 8). OutcomeUnknown: perhaps done."""
        body = {
            "imp_uid": order.imp_uid,
            "amount": order.amount_krw,
            "tax_free": order.tax_free_krw,
            "checksum": order.checksum_krw,
            "reason": order.reason,
        }
        if order.pay_back_to is not None:
            body |= {
                "refund_bank": order.pay_back_to.bank_code,
                "refund_account": order.pay_back_to.number,
                "refund_holder": order.pay_back_to.holder,
            }
        return _transaction(self._client.post("/payments/cancel", body, moves_money=True))

    def payment(self, imp_uid: str) -> Transaction | None:
        """One payment as PortOne has it, test payments included; None if it knows none (reference section 7)."""
        data = self._read(f"/payments/{_segment(imp_uid)}", {"include_sandbox": "true"})
        return None if data is None else _transaction(data)

    def payments_of(self, merchant_uid: str) -> list[Transaction]:
        """All payments under one order number: ready and failed tries as well. Empty if PortOne knows none.

        Source: GET /payments/findAll/{merchant_uid}; `find` returns only one of several (reference section 7).
        """
        found: list[Transaction] = []
        page = 1
        while page:
            # Whether lists hide test payments is not stated (reference 19, row 13): a hidden one would look absent.
            wanted = {"page": page, "limit": 100, "include_sandbox": "true"}
            data = self._read(f"/payments/findAll/{_segment(merchant_uid)}", wanted)
            if data is None:
                break
            found += _readable(lambda raw=data: wire.transactions(raw))
            following = wire.next_page(data)
            page = following if following > page else 0
        return found

    def payments_between(self, status: PaymentStatus, since: datetime, until: datetime, page: int = 1) -> Listing:
        """One page of the payments that came to `status` from `since` to `until`, both included, the oldest first.

        Source: GET /payments/status/{status}: at most 90 days, 1,000 rows a page; a page past the end is a 400, which
        happens when rows moved to another status while the list was read (reference 2.5, section 7).
        """
        if until - since > MOST_WINDOW:
            raise ValueError("PortOne lists at most 90 days at a time")
        wanted = {
            "page": page, "limit": PAGE_ROWS, "from": to_epoch(since), "to": to_epoch(until), "sorting": "started",
            "include_sandbox": "true",
        }  # fmt: skip
        try:
            data = self._client.get(f"/payments/status/{status.value}", wanted)
        except GatewayRejected as refusal:
            if page > 1 and refusal.facts.get("http_status") == PAST_THE_END:
                return Listing((), 0, 0)
            raise
        found: Listing = _readable(lambda: wire.listing(data))
        return found

    def payments_named(self, imp_uids: Sequence[str]) -> Listing:
        """These payments as PortOne has them, at most 100; unknown ones are just absent. Source: GET /payments."""
        if not 0 < len(imp_uids) <= MOST_NAMED:
            raise ValueError("1 to 100 payments at a time")
        data = self._read("/payments", {"imp_uid[]": list(imp_uids), "include_sandbox": "true"})
        found: Listing = Listing((), 0, 0) if data is None else _readable(lambda: wire.listing(data))
        return found

    def stored_card(self, customer_uid: str) -> StoredCard | None:
        """What PortOne knows of a billing key; None if it knows none.

        Not found is a 404 or a refused read, never a text (reference 19, row 1).
        """
        data = self._read(f"/subscribe/customers/{_segment(customer_uid)}", {}, refusal_is_absence=True)
        card: StoredCard | None = None if data is None else _readable(lambda: wire.stored_card(data))
        return card

    def delete_card(self, customer_uid: str, reason: str) -> None:
        """Delete a billing key at PortOne. Irreversible. A key that is already gone is no error."""
        try:
            self._client.delete(f"/subscribe/customers/{_segment(customer_uid)}", {"reason": reason})
        except GatewayRejected:
            if self.stored_card(customer_uid) is not None:
                raise

    def lock_amount(self, merchant_uid: str, amount_krw: int) -> None:
        """Register the amount a window may take; the window refuses another (reference section 9)."""
        body = {"merchant_uid": merchant_uid, "amount": amount_krw, "currency": "KRW"}
        try:
            self._client.post("/payments/prepare", body)
        except GatewayRejected:
            held = self._read(f"/payments/prepare/{_segment(merchant_uid)}", {})
            if not isinstance(held, dict) or held.get("amount") != amount_krw:
                raise

    def channels(self) -> list[PgSetting]:
        """The merchant's PG channels. Source: GET /users/pg."""
        data = self._client.get("/users/pg")
        found: list[PgSetting] = _readable(lambda: wire.pg_settings(data))
        return found

    def server_time(self) -> datetime | None:
        """PortOne's clock as it was last heard; None before the first token."""
        return from_epoch(self._client.server_second())

    def fits_mode(self, is_test: bool | None) -> bool:  # noqa: FBT001 - the flag is the fact itself
        """Whether a test or live flag belongs to this merchant's mode; an absent flag follows the mode."""
        return is_test is None or is_test == (self._settings.mode is not Mode.LIVE)

    def _read(self, path: str, params: dict[str, Any], *, refusal_is_absence: bool = False) -> Any:
        try:
            return self._client.get(path, params)
        except GatewayRejected as refusal:
            if refusal.facts.get("http_status") == NOT_FOUND or (
                refusal_is_absence and refusal.facts["http_status"] == 200
            ):
                return None
            raise


def _segment(word: str) -> str:
    return quote(word, safe="")


def _transaction(data: Any) -> Transaction:
    found: Transaction = _readable(lambda: wire.transaction(data))
    return found


def _readable(read: Any) -> Any:
    try:
        return read()
    except wire.Unreadable as wrong:
        raise OutcomeUnknown("PortOne's answer could not be read", why=str(wrong)) from None
