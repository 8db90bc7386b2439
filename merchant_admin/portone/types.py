"""What crosses the border to PortOne, as frozen values. Amounts are whole won, instants aware UTC, never 0."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class PaymentStatus(StrEnum):
    """PortOne's own words for a payment; anything it adds later is UNKNOWN and blocks money actions."""

    READY = "ready"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Cancel:
    """One entry of `cancel_history`. `ref` is its cancellation_id, else made from its instant, amount and position."""

    ref: str
    amount_krw: int
    cancelled_at: datetime
    reason: str | None
    receipt_url: str | None


@dataclass(frozen=True)
class VirtualAccount:
    """The account a buyer pays into, until the deadline. No card data and nobody's own account: the PG made it."""

    bank_code: str | None
    bank_name: str | None
    number: str
    holder: str | None
    due_at: datetime | None


@dataclass(frozen=True)
class Transaction:
    """PortOne's payment object, the fields the product uses (reference section 11)."""

    imp_uid: str
    merchant_uid: str
    status: PaymentStatus
    status_word: str  # as PortOne wrote it, for a status nobody knows yet
    amount_krw: int
    cancelled_krw: int
    currency: str
    is_test: bool | None  # None: an old answer without the flag
    customer_uid: str | None
    pg_provider: str | None
    pg_id: str | None
    pg_tid: str | None
    method: str | None
    name: str
    issuer_code: str | None
    issuer_name: str | None
    last_four: str | None
    quota: int | None
    approval_number: str | None
    receipt_url: str | None
    fail_reason: str | None
    started_at: datetime | None
    paid_at: datetime | None
    failed_at: datetime | None
    cancelled_at: datetime | None
    cancels: tuple[Cancel, ...] = ()
    bank_name: str | None = None  # of an instant transfer
    account: VirtualAccount | None = None  # issued for this payment
    deposited_krw: int | None = None  # what PortOne lists as paid into the account; None where it lists nothing
    snapshot: dict[str, Any] = field(default_factory=dict, repr=False)  # allowed fields only

    @property
    def progress(self) -> tuple[int, datetime | None]:
        """How far the payment has come; a later answer never has less (reference section 12)."""
        instants = [at for at in (self.started_at, self.paid_at, self.failed_at, self.cancelled_at) if at]
        return self.cancelled_krw, max(instants, default=None)


@dataclass(frozen=True)
class Listing:
    """One page of a list. `unreadable` rows were left out: one bad row must not hide the others."""

    rows: tuple[Transaction, ...]
    next_page: int  # 0: this was the last
    total: int  # of the whole list, so that one that moved while it was read is noticed
    unreadable: int = 0


@dataclass(frozen=True)
class StoredCard:
    """What PortOne tells of one billing key (reference 4.1). No card number: the last four signs are all we read."""

    customer_uid: str
    pg_provider: str
    pg_id: str
    is_test: bool | None
    issuer_code: str | None
    issuer_name: str | None
    last_four: str | None
    inserted_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True)
class PgSetting:
    """One channel of the merchant (reference section 10, `GET /users/pg`)."""

    pg_provider: str
    pg_id: str
    is_test: bool | None
    kind: str
    channel_key: str | None


@dataclass(frozen=True)
class ChargeOrder:
    """A charge of a stored card. `merchant_uid` must be committed in our database before this is sent."""

    customer_uid: str
    merchant_uid: str
    amount_krw: int
    name: str
    tax_free_krw: int = 0
    quota: int = 0
    buyer_name: str | None = None
    buyer_tel: str | None = None
    buyer_email: str | None = None

    def __post_init__(self) -> None:
        if self.amount_krw < 1 or not 0 <= self.tax_free_krw <= self.amount_krw:
            raise ValueError("a charge needs a positive amount and a tax-free part within it")


@dataclass(frozen=True)
class RefundAccount:
    """Where a virtual account's money goes back to. Passed on once and never stored (reference section 8)."""

    bank_code: str
    number: str = field(repr=False)
    holder: str = field(repr=False)


@dataclass(frozen=True)
class CancelOrder:
    """A refund. One without a positive amount can't be built: PortOne reads 0 or nothing as "all of it".

    `checksum_krw` is the balance we believe is left; PortOne refuses if it has moved (reference section 8).
    """

    imp_uid: str
    amount_krw: int
    checksum_krw: int
    reason: str
    tax_free_krw: int = 0
    pay_back_to: "RefundAccount | None" = None

    def __post_init__(self) -> None:
        if not 1 <= self.amount_krw <= self.checksum_krw:
            raise ValueError("a cancel needs a positive amount within the balance it states")
        if not 0 <= self.tax_free_krw <= self.amount_krw:
            raise ValueError("the tax-free part must lie within the amount")
