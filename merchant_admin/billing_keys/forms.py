"""Forms about cards: the list's filters, adopting a key, and why one is deleted."""

from collections.abc import Mapping

from merchant_admin.billing_keys.queries import KeyFilters
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.web.forms import FormReader

SEARCH_MOST = 100
UID_MOST = 80
REASON_MOST = 200


def read_filters(query: Mapping[str, str]) -> KeyFilters:
    """What the list's address asks for; words it doesn't know are no filter, a likely card number is never used."""
    form = FormReader(query)
    state = form.choice("state", KeyState, required=False)
    text, issuer, mid = (form.line(name, most=SEARCH_MOST) for name in ("q", "issuer", "mid"))
    return KeyFilters(
        state=state,
        issuer_code=issuer if issuer and "issuer" not in form.errors else None,
        pg_id=mid if mid and "mid" not in form.errors else None,
        never_used=form.flag("unused"),
        text="" if "q" in form.errors else text,
    )


def read_adoption(data: Mapping[str, str]) -> tuple[FormReader, str, bool]:
    """The name of the key to adopt, and whether what PortOne says of it was seen and confirmed."""
    form = FormReader(data)
    return form, form.line("customer_uid", most=UID_MOST, required=True), form.flag("confirmed")


def read_deletion(data: Mapping[str, str]) -> tuple[FormReader, str]:
    """Why a card is deleted."""
    form = FormReader(data)
    return form, form.line("reason_text", most=REASON_MOST, required=True)
