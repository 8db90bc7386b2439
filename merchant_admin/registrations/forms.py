"""The form that begins a registration."""

from collections.abc import Sequence

from werkzeug.datastructures import MultiDict

from merchant_admin.payments.issuer_form import read_issuers
from merchant_admin.payments.window import NAME_MOST
from merchant_admin.registrations.service import RegistrationOrder
from merchant_admin.web.forms import FormReader


def read_order(
    data: MultiDict[str, str], customer_id: str, allowed: Sequence[str]
) -> tuple[FormReader, RegistrationOrder]:
    """An empty amount registers the card only."""
    form = FormReader(data)
    order = RegistrationOrder(
        sheet_key=form.line("sheet_key", most=40, required=True),
        customer_id=customer_id,
        amount_krw=form.won("amount_krw", least=0, required=False) or 0,
        tax_free_krw=form.won("tax_free_krw", least=0, required=False) or 0,
        name=form.line("name", most=NAME_MOST, required=True),
        issuers=read_issuers(form, data, allowed),
    )
    return form, order
