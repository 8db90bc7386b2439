"""What every payment window is opened with, and what a browser brings back from one.

Source: PortOne V1, `IMP.request_pay` (reference 13.2) and its two ways back (13.3, 13.4).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.core.context import WorkContext
from merchant_admin.core.settings import Channel, Settings
from merchant_admin.customers.models import Customer
from merchant_admin.payments import issuers, problems
from merchant_admin.payments.models import Payment
from merchant_admin.portone.types import PaymentStatus
from merchant_admin.portone.wire import clean_text

NAME_MOST = 40
_IMP_UID = re.compile(r"imps?_[0-9]{6,20}")


@dataclass(frozen=True)
class WindowPlace:
    """Where a window is opened: our own address, the reader's language, and whether the page will be left."""

    origin: str
    language: str
    is_phone: bool


@dataclass(frozen=True)
class WindowOrder:
    """What is the same for every window: the order, its MID, and where a phone comes back to."""

    pg: str
    merchant_uid: str
    name: str
    amount_krw: int
    tax_free_krw: int
    return_path: str
    issuers: tuple[str, ...] = ()


def parameters(
    settings: Settings, channel: Channel, order: WindowOrder, customer: Customer, place: WindowPlace
) -> dict[str, Any]:
    """The part of `IMP.request_pay` that all windows share. `amount` is a number, `pg` always names the MID.

    `notice_url` is left to PortOne's console unless our public address is configured, and also when webhooks come to a
    secret path, which a browser must not see.
    """
    made: dict[str, Any] = {
        "pg": order.pg,
        "merchant_uid": order.merchant_uid,
        "name": order.name[:NAME_MOST],
        "amount": order.amount_krw,
        "currency": "KRW",
        "language": "en" if place.language == "en" else "ko",
        "m_redirect_url": f"{place.origin}{order.return_path}",
    }
    buyer = {
        "buyer_name": customer.name[:16],
        "buyer_tel": customer.phone if customer.phone and len(customer.phone) <= 16 else None,
        "buyer_email": customer.email if customer.email and len(customer.email) <= 64 else None,
    }
    made |= {name: value for name, value in buyer.items() if value}
    if channel.channel_key:
        made["channelKey"] = channel.channel_key
    if order.tax_free_krw:
        made["tax_free"] = order.tax_free_krw
    card = issuers.detail(order.issuers)
    if card:
        made["card"] = card
    if settings.base_url and not settings.webhook_path:
        made["notice_url"] = f"{settings.base_url}/webhooks/portone"
    return made


def kept_issuers(text: str) -> tuple[str, ...]:
    """The codes a row keeps as one text."""
    return tuple(code for code in text.split(",") if code)


def keep_issuers(codes: Iterable[str]) -> str:
    return ",".join(codes)


def watch_issuer(ctx: WorkContext, session: Session, payment: Payment, allowed: str | None) -> None:
    """Open a case for a card whose issuer the window was told to shut out; `allowed` as a row keeps it."""
    codes = kept_issuers(allowed or "")
    is_done = payment.status in {PaymentStatus.PAID, PaymentStatus.CANCELLED}
    if is_done and issuers.is_shut_out(payment.issuer_code, codes):
        problems.other_issuer(ctx, session, payment, tuple(issuers.name_of(code) for code in codes))


def hint_of(imp_uid: str | None) -> str | None:
    """An `imp_uid` a browser named, if it looks like one at all."""
    return imp_uid if imp_uid and _IMP_UID.fullmatch(imp_uid) else None


def belongs_elsewhere(session: Session, imp_uid: str, merchant_uid: str) -> bool:
    """Whether this payment is known, and is another order's."""
    owner = session.scalar(select(Payment.merchant_uid).where(Payment.imp_uid == imp_uid))
    return owner is not None and owner != merchant_uid


@dataclass(frozen=True)
class Told:
    """What the window said through the browser: hints, none of them believed."""

    imp_uid: str | None
    merchant_uid: str | None
    words: str


def read_told(data: Mapping[str, str]) -> Told:
    """The SDK's answer, posted by the page or appended to the address a phone came back to."""
    code, text = (clean_text(data.get(name), 200) or "" for name in ("error_code", "error_msg"))
    return Told(
        imp_uid=clean_text(data.get("imp_uid"), 40),
        merchant_uid=clean_text(data.get("merchant_uid"), 80),
        words=" ".join(part for part in (code, text) if part),
    )
