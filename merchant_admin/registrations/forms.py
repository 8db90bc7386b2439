"""The form that begins a registration, and what a browser brings back from the window."""

from collections.abc import Mapping
from dataclasses import dataclass

from merchant_admin.portone.wire import clean_text
from merchant_admin.registrations.service import NAME_MOST, RegistrationOrder
from merchant_admin.web.forms import FormReader


def read_order(data: Mapping[str, str], customer_id: str) -> tuple[FormReader, RegistrationOrder]:
    """An empty amount registers the card only."""
    form = FormReader(data)
    order = RegistrationOrder(
        sheet_key=form.line("sheet_key", most=40, required=True),
        customer_id=customer_id,
        amount_krw=form.won("amount_krw", least=0, required=False) or 0,
        tax_free_krw=form.won("tax_free_krw", least=0, required=False) or 0,
        name=form.line("name", most=NAME_MOST, required=True),
    )
    return form, order


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
