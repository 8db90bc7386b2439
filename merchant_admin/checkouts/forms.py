"""The form of an ordinary payment: who pays how much, by what means, and where the window opens."""

from collections.abc import Sequence
from enum import StrEnum

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from merchant_admin.checkouts.service import DEPOSIT_DAYS, LINK_DAYS, QUOTAS_MOST, CheckoutOrder
from merchant_admin.core.ids import new_id
from merchant_admin.customers.service import NAME_MOST as CUSTOMER_NAME_MOST
from merchant_admin.customers.service import CustomerDetails
from merchant_admin.payments.issuer_form import read_issuers, starting_issuers
from merchant_admin.payments.states import PayMethod
from merchant_admin.payments.window import NAME_MOST
from merchant_admin.web.forms import FormReader


class Place(StrEnum):
    """Where the customer pays."""

    LINK = "link"
    HERE = "here"


def fresh_form(customer_id: str, allowed: Sequence[str]) -> FormReader:
    """The form as it is first drawn, with the name of this sheet."""
    return FormReader.showing(
        sheet_key=new_id("sht"), customer_id=customer_id, method=PayMethod.CARD.value, place=Place.LINK.value,
        quota_most=0, deposit_days=3, link_days=3, is_digital="", name="", amount_krw="", buyer_name="",
        buyer_phone="", tax_free_krw="",
        issuer=starting_issuers(allowed),
    )  # fmt: skip


def read_newcomer(data: MultiDict[str, str], form: FormReader) -> CustomerDetails:
    """Who pays, where nobody was chosen; what is wrong with it is told by `form`."""
    reader = FormReader(data)
    details = CustomerDetails(
        reader.line("buyer_name", most=CUSTOMER_NAME_MOST, required=True),
        reader.phone("buyer_phone", required=True),
        None,
    )
    form.values |= reader.values
    form.errors |= reader.errors
    return details


def read_order(data: MultiDict[str, str], allowed: Sequence[str]) -> tuple[FormReader, CheckoutOrder | None]:
    """The posted form. Fields of another means of payment are left out, whatever they hold."""
    form = FormReader(data)
    sheet_key = form.line("sheet_key", most=40, required=True)
    customer_id = form.line("customer_id", most=40)
    method = form.choice("method", PayMethod)
    place = form.choice("place", Place)
    name = form.line("name", most=NAME_MOST, required=True)
    amount_krw = form.won("amount_krw")
    tax_free_krw = form.won("tax_free_krw", least=0, required=False) or 0
    quota_most = _one_of(form, "quota_most", QUOTAS_MOST)
    deposit_days = _one_of(form, "deposit_days", DEPOSIT_DAYS)
    link_days = _one_of(form, "link_days", LINK_DAYS)
    kind = form.line("is_digital", most=1)
    codes = read_issuers(form, data, allowed) if method is PayMethod.CARD else ()
    if method is not PayMethod.CARD and "issuer" in data:
        form.values["issuer"] = ",".join(data.getlist("issuer"))
    if method is PayMethod.PHONE and kind not in {"0", "1"}:
        form.refuse("is_digital", _("휴대폰 결제는 파는 것이 무엇인지 골라야 합니다."))
    if not form.is_valid or amount_krw is None or method is None:
        return form, None
    is_card = method is PayMethod.CARD
    return form, CheckoutOrder(
        sheet_key=sheet_key, customer_id=customer_id, method=method, name=name, amount_krw=amount_krw,
        tax_free_krw=tax_free_krw, quota_most=quota_most if is_card else 0, issuers=codes,
        is_digital=method is PayMethod.PHONE and kind == "1",
        deposit_days=deposit_days if method is PayMethod.VBANK else 3,
        link_days=link_days if place is Place.LINK else 0,
    )  # fmt: skip


def _one_of(form: FormReader, name: str, allowed: Sequence[int]) -> int:
    chosen = form.whole(name, least=0, most=99, default=allowed[0])
    if chosen is not None and chosen not in allowed:
        form.refuse(name, _("목록에서 하나를 골라 주세요."))
    return chosen or 0
