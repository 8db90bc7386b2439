"""Forms about customers: text from outside made into details, with messages at the fields."""

from collections.abc import Mapping
from dataclasses import replace

from flask_babel import gettext as _

from merchant_admin.customers.queries import CustomerFilters, CustomerSummary
from merchant_admin.customers.service import EMAIL_MOST, MEMO_MOST, NAME_MOST, CustomerDetails
from merchant_admin.web.forms import FormReader

SEARCH_MOST = 100


def read_details(data: Mapping[str, str]) -> tuple[FormReader, CustomerDetails]:
    """The form of a new customer."""
    form = FormReader(data)
    details = CustomerDetails(
        name=form.line("name", most=NAME_MOST, required=True),
        phone=form.phone("phone"),
        email=form.email("email"),
        memo=form.text("memo", most=MEMO_MOST),
    )
    if details.email and len(details.email) > EMAIL_MOST:
        form.refuse("email", _("이메일은 64자까지 쓸 수 있습니다."))
    return form, details


def read_changes(data: Mapping[str, str], saved: CustomerSummary) -> tuple[FormReader, CustomerDetails, int]:
    """The form of a customer who is there, and the version it was drawn from.

    Where the form was drawn with contact details hidden, an empty field means "as it is", not "none".
    """
    form, details = read_details(data)
    if data.get("contact") != "shown":
        details = replace(details, phone=details.phone or saved.phone, email=details.email or saved.email)
    form.values["contact"] = "shown" if data.get("contact") == "shown" else "hidden"
    typed = form.values["version"] = data.get("version", "")[:9]
    return form, details, int(typed) if typed.isdecimal() and len(typed) < 9 else 0


def form_of(saved: CustomerSummary, *, contact_shown: bool) -> FormReader:
    """The form filled with what is saved; contact details only where they were revealed."""
    return FormReader.showing(
        name=saved.name,
        phone=saved.phone if contact_shown else None,
        email=saved.email if contact_shown else None,
        memo=saved.memo,
        version=saved.version,
        contact="shown" if contact_shown else "hidden",
    )


def read_memo(data: Mapping[str, str]) -> tuple[FormReader, str]:
    form = FormReader(data)
    return form, form.text("memo", most=MEMO_MOST)


def read_filters(query: Mapping[str, str]) -> tuple[FormReader, CustomerFilters]:
    """What the address of the list asks for. A likely card number or control signs are searched for by nobody."""
    form = FormReader(query)
    text = form.line("q", most=SEARCH_MOST)
    return form, CustomerFilters(text if form.is_valid else "", archived=query.get("tab") == "archived")
