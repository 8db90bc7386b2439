"""Calls that carry a card number: key-in only, switched off by default (reference 4.3, 5.2).

A TypedCard lives for one call. It has no words of its own: printing, logging or raising it shows nothing.
"""

from dataclasses import dataclass, field
from typing import Any

from merchant_admin.core.settings import Settings
from merchant_admin.portone import wire
from merchant_admin.portone.client import PortOneClient
from merchant_admin.portone.reading import readable, segment
from merchant_admin.portone.types import StoredCard, Transaction


@dataclass(frozen=True)
class TypedCard:
    """What a person reads from a card. `expiry` is YYYY-MM; `birth` is YYMMDD or a company's ten digits."""

    number: str = field(repr=False)
    expiry: str = field(repr=False)
    birth: str = field(default="", repr=False)
    pwd_2digit: str = field(default="", repr=False)

    def __reduce__(self) -> Any:
        raise TypeError("card data is never stored")

    def body(self) -> dict[str, str]:
        """The four fields as PortOne names them."""
        digits = "".join(sign for sign in self.number if sign.isdecimal())
        number = "-".join(digits[at : at + 4] for at in range(0, len(digits), 4))
        told = {"card_number": number, "expiry": self.expiry, "birth": self.birth, "pwd_2digit": self.pwd_2digit}
        return {name: value for name, value in told.items() if value}

    def scrub(self, text: str | None) -> str | None:
        """`text` without anything of this card that somebody's answer may repeat."""
        if text is None:
            return None
        digits = "".join(sign for sign in self.number if sign.isdecimal())
        for secret in (self.body()["card_number"], self.number, digits, self.expiry, self.birth):
            if len(secret) >= 6:
                text = text.replace(secret, "*" * 4)
        return text


@dataclass(frozen=True)
class CardOrder:
    """A charge of a typed card. With a `customer_uid` the card is stored under that name as well."""

    merchant_uid: str
    amount_krw: int
    name: str
    tax_free_krw: int = 0
    quota: int = 0
    customer_uid: str | None = None
    buyer_name: str | None = None
    buyer_tel: str | None = None
    buyer_email: str | None = None

    def __post_init__(self) -> None:
        if self.amount_krw < 1 or not 0 <= self.tax_free_krw <= self.amount_krw:
            raise ValueError("a charge needs a positive amount and a tax-free part within it")


class TypedCardCalls:
    """The part of the gateway that passes a typed card on, once, to the key-in MID."""

    _client: PortOneClient
    _settings: Settings

    @property
    def key_in_mid(self) -> str:
        return self._settings.key_in_channel.mid

    @property
    def key_in_pg(self) -> str:
        """The `pg` word of the MID for typed cards."""
        return f"{self._settings.pg}.{self._settings.key_in_channel.mid}"

    def charge_card(self, order: CardOrder, card: TypedCard) -> Transaction:
        """Charge a typed card once. Source: POST /subscribe/payments/onetime. OutcomeUnknown: perhaps charged."""
        body: dict[str, Any] = {
            "merchant_uid": order.merchant_uid, "amount": order.amount_krw, "name": order.name, "currency": "KRW",
            "tax_free": order.tax_free_krw, "card_quota": order.quota, "customer_uid": order.customer_uid,
            "buyer_name": order.buyer_name, "buyer_tel": order.buyer_tel, "buyer_email": order.buyer_email,
        }  # fmt: skip
        told = {key: value for key, value in body.items() if value is not None} | self._channel() | card.body()
        data = self._client.post("/subscribe/payments/onetime", told, moves_money=True)
        return readable(lambda: wire.transaction(data))

    def issue_card(self, customer_uid: str, card: TypedCard, buyer: dict[str, str]) -> StoredCard:
        """Store a typed card under a new name, without a charge. OutcomeUnknown: perhaps stored, read it.

        Source: POST /subscribe/customers/{customer_uid}. `buyer` holds customer_name, customer_tel, customer_email.
        """
        body = buyer | self._channel() | card.body()
        data = self._client.post(f"/subscribe/customers/{segment(customer_uid)}", body, moves_money=True)
        return readable(lambda: wire.stored_card(data))

    def _channel(self) -> dict[str, str]:
        """The key-in MID, and its channel key where one is configured: both, so that no default is taken."""
        channel = self._settings.key_in_channel
        named = {"pg": self.key_in_pg}
        return named | ({"channel_key": channel.channel_key} if channel.channel_key else {})
