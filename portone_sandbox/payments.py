"""The payment object with every field of the wire, and how it is kept and found."""

import json
import secrets
import sqlite3
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from portone_sandbox.clock import in_seoul
from portone_sandbox.codes import CARDS

Status = Literal["ready", "paid", "failed", "cancelled"]
STATUSES = ("ready", "paid", "failed", "cancelled")
NO_USER_AGENT = "sorry_not_supported_anymore"  # what the real server writes for calls by API


@dataclass
class Inner:
    """What the sandbox knows of a payment and never tells."""

    tax_free: int = 0
    cancelled_tax_free: int = 0
    notice_urls: list[str] = field(default_factory=list)
    sent_webhook: bool = False
    reversed_by_pg: bool = False
    approves_at: int = 0  # a declined payment that is approved later after all
    deposit_account: str | None = None


@dataclass
class Payment:
    """One row at PortOne, named and typed as on the wire."""

    imp_uid: str
    merchant_uid: str
    amount: int
    name: str | None = None
    apply_num: str | None = None
    bank_code: str | None = None
    bank_name: str | None = None
    buyer_addr: str | None = None
    buyer_email: str | None = None
    buyer_name: str | None = None
    buyer_postcode: str | None = None
    buyer_tel: str | None = None
    cancel_amount: int = 0
    cancel_history: list[dict[str, Any]] = field(default_factory=list)
    cancel_reason: str | None = None
    cancel_receipt_urls: list[str] = field(default_factory=list)
    cancelled_at: int = 0
    card_code: str | None = None
    card_issuer_code: str | None = None
    card_issuer_name: str | None = None
    card_name: str | None = None
    card_number: str | None = None
    card_publisher_code: str | None = None
    card_publisher_name: str | None = None
    card_quota: int = 0
    card_type: int | None = None
    cash_receipt_issued: bool = False
    channel: str = "api"
    currency: str = "KRW"
    custom_data: str | None = None
    customer_uid: str | None = None
    customer_uid_usage: str | None = None
    deposit_history: list[dict[str, Any]] = field(default_factory=list)
    emb_pg_provider: str | None = None
    escrow: bool = False
    fail_reason: str | None = None
    failed_at: int = 0
    paid_at: int = 0
    pay_method: str = "card"
    pg_id: str | None = None
    pg_provider: str | None = None
    pg_tid: str | None = None
    promotion: dict[str, Any] | None = None
    receipt_url: str | None = None
    sandbox: bool = True
    started_at: int = 0
    status: Status = "ready"
    user_agent: str | None = NO_USER_AGENT
    vbank_code: str | None = None
    vbank_date: int = 0
    vbank_holder: str | None = None
    vbank_issued_at: int = 0
    vbank_name: str | None = None
    vbank_num: str | None = None
    inner: Inner = field(default_factory=Inner, repr=False)

    @property
    def remaining(self) -> int:
        return self.amount - self.cancel_amount

    def wire(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in WIRE_FIELDS}

    def issue_numbers(self, now: int) -> None:
        """Give the payment the PG's own numbers."""
        if self.pg_tid is None:
            moment = in_seoul(now).strftime("%y%m%d%H%M%S")
            self.pg_tid = f"{self.pg_id}0101{moment}{secrets.randbelow(10_000):04d}"

    def approve(self, now: int) -> None:
        self.issue_numbers(now)
        self.status, self.paid_at, self.fail_reason = "paid", now, None
        self.apply_num = f"{secrets.randbelow(100_000_000):08d}" if self.amount else ""
        if self.amount:
            self.receipt_url = f"https://www.tpay.co.kr/issue/ChkIssueLoader.jsp?TID={self.pg_tid}&type=0"

    def fail(self, reason: str, now: int) -> None:
        self.status, self.failed_at, self.fail_reason = "failed", now, reason[:256]

    def show_vbank(self, bank: tuple[str, str], holder: str | None, *, issued_at: int, due: int) -> None:
        """Give the payment an account of this bank (code, name) to be paid into by `due`."""
        self.vbank_code, self.vbank_name = bank
        self.vbank_num = f"{secrets.randbelow(10**14):014d}"
        self.vbank_holder, self.vbank_issued_at, self.vbank_date = holder, issued_at, due

    def show_card(self, issuer: str, mask: str, *, rich: bool) -> None:
        """Fill the card's fields, as sparse or as rich as the PG tells them."""
        self.card_code, self.card_name, self.card_number = issuer, CARDS[issuer], mask
        if rich:
            self.card_issuer_code = self.card_publisher_code = issuer
            self.card_issuer_name = self.card_publisher_name = CARDS[issuer]
            self.card_type = 0


WIRE_FIELDS = tuple(sorted(one.name for one in fields(Payment) if one.name != "inner"))


def new_imp_uid(db: sqlite3.Connection, *, by_api: bool) -> str:
    while True:
        imp_uid = f"{'imps' if by_api else 'imp'}_{secrets.randbelow(10**12):012d}"
        if not db.execute("SELECT 1 FROM payments WHERE imp_uid = ?", (imp_uid,)).fetchone():
            return imp_uid


def save(
    db: sqlite3.Connection, imp_code: str, payment: Payment, now: int, *, busy_until: float = 0, hidden: bool = False
) -> None:
    """Write the whole row; `busy_until` marks a charge that is at the card company right now."""
    db.execute(
        "INSERT INTO payments (imp_uid, imp_code, merchant_uid, customer_uid, status, started_at, paid_at, failed_at,"
        " cancelled_at, updated_at, due_at, busy_until, is_hidden, inner, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (imp_uid) DO UPDATE SET status = excluded.status, customer_uid = excluded.customer_uid,"
        " paid_at = excluded.paid_at, failed_at = excluded.failed_at, cancelled_at = excluded.cancelled_at,"
        " updated_at = excluded.updated_at, due_at = excluded.due_at, busy_until = excluded.busy_until,"
        " is_hidden = excluded.is_hidden, inner = excluded.inner, body = excluded.body",
        (
            payment.imp_uid, imp_code, payment.merchant_uid, payment.customer_uid, payment.status, payment.started_at,
            payment.paid_at, payment.failed_at, payment.cancelled_at, now, payment.inner.approves_at, busy_until,
            int(hidden), json.dumps(asdict(payment.inner)), json.dumps(payment.wire()),
        ),
    )  # fmt: skip


def load(row: sqlite3.Row) -> Payment:
    return Payment(**json.loads(row["body"]), inner=Inner(**json.loads(row["inner"])))


def by_imp_uid(db: sqlite3.Connection, imp_code: str, imp_uid: str) -> Payment | None:
    row = db.execute(
        "SELECT body, inner FROM payments WHERE imp_uid = ? AND imp_code = ? AND NOT is_hidden", (imp_uid, imp_code)
    ).fetchone()
    return load(row) if row else None


def newest_of_order(db: sqlite3.Connection, imp_code: str, merchant_uid: str) -> Payment | None:
    """The row a merchant_uid stands for: the one with money if there is one, else the newest try."""
    row = db.execute(
        "SELECT body, inner FROM payments WHERE imp_code = ? AND merchant_uid = ? AND NOT is_hidden"
        " ORDER BY status IN ('paid', 'cancelled') DESC, started_at DESC, rowid DESC LIMIT 1",
        (imp_code, merchant_uid),
    ).fetchone()
    return load(row) if row else None


def is_burnt(db: sqlite3.Connection, imp_code: str, merchant_uid: str, wall_now: float) -> bool:
    """Whether an order number was paid or cancelled, or is being charged at this moment."""
    found = db.execute(
        "SELECT 1 FROM payments WHERE imp_code = ? AND merchant_uid = ?"
        " AND (status IN ('paid', 'cancelled') OR busy_until > ?)",
        (imp_code, merchant_uid, wall_now),
    ).fetchone()
    return found is not None
