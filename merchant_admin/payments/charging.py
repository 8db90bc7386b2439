"""What the charge form and its confirm sheet show: who, which cards, and what a past payment fills in."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from merchant_admin.billing_keys.queries import KeyRow, any_key, keys_of_customer, live_key
from merchant_admin.core.errors import ConsoleError
from merchant_admin.core.money import vat_krw
from merchant_admin.customers.models import Customer
from merchant_admin.customers.queries import live_customer
from merchant_admin.payments.details import EarlierCharge, line_detail, same_recent_charge
from merchant_admin.payments.forms import new_sheet_key
from merchant_admin.payments.service import ChargeSheet
from merchant_admin.web.forms import FormReader


@dataclass(frozen=True)
class Payer:
    """Whose card is charged, and the cards that can be."""

    id: str
    name: str
    keys: list[KeyRow]


@dataclass(frozen=True)
class ConfirmSheet:
    """Everything that is restated before money moves."""

    payer: Payer
    key: KeyRow
    sheet: ChargeSheet
    vat_krw: int
    supply_krw: int
    earlier: EarlierCharge | None


def payer(session: Session, customer_id: str) -> Payer:
    """A customer who may be charged, with the cards that can be. Raises NotFound; RuleBroken when archived."""
    customer: Customer = live_customer(session, customer_id)
    keys = [key for key in keys_of_customer(session, customer_id, with_deleted=False) if key.may_charge]
    return Payer(customer.id, customer.name, keys)


def start(
    session: Session, customer_id: str, billing_key_id: str, from_payment_id: str
) -> tuple[Payer, FormReader] | None:
    """The filled form; None when nothing says yet whom to charge. Raises NotFound, RuleBroken."""
    if from_payment_id:
        return _again(session, from_payment_id)
    if billing_key_id:
        key = live_key(session, billing_key_id)
        customer_id = key.customer_id
    if not customer_id:
        return None
    whom = payer(session, customer_id)
    return whom, _form(whom, billing_key_id)


def _again(session: Session, line_id: str) -> tuple[Payer, FormReader] | None:
    past = line_detail(session, line_id)
    if past.customer_id is None:
        return None
    whom = payer(session, past.customer_id)
    return whom, _form(
        whom, past.billing_key_id or "", name=past.name[:40], amount_krw=f"{past.amount_krw:,}", card_quota=past.quota,
        tax_free_krw=f"{past.tax_free_krw:,}" if past.tax_free_krw else "", from_payment_id=line_id,
    )  # fmt: skip


def _form(whom: Payer, wanted_key: str, **values: object) -> FormReader:
    """A form with a new sheet key; the wanted card if it can be charged, else the first, which is the default one."""
    ids = [key.id for key in whom.keys]
    chosen = wanted_key if wanted_key in ids else (ids[0] if ids else "")
    blank = {"name": "", "amount_krw": "", "tax_free_krw": "", "card_quota": 0, "memo": "", "from_payment_id": ""}
    return FormReader.showing(
        **blank | values | {"sheet_key": new_sheet_key(), "customer_id": whom.id, "billing_key_id": chosen}
    )


def confirm_sheet(session: Session, sheet: ChargeSheet, now: datetime) -> ConfirmSheet:
    """What the confirm sheet restates. Raises NotFound, RuleBroken (archived customer, card that can't be charged)."""
    whom = payer(session, sheet.customer_id)
    live_key(session, sheet.billing_key_id)
    vat = vat_krw(sheet.amount_krw, sheet.tax_free_krw)
    return ConfirmSheet(
        whom,
        any_key(session, sheet.billing_key_id),
        sheet,
        vat,
        sheet.amount_krw - sheet.tax_free_krw - vat,
        same_recent_charge(session, sheet.customer_id, sheet.amount_krw, now),
    )


def why_not(session: Session, sheet_customer_id: str) -> Payer | ConsoleError:
    """The payer a refused form is drawn for again, or the error that keeps it from being drawn."""
    try:
        return payer(session, sheet_customer_id)
    except ConsoleError as refusal:
        return refusal
