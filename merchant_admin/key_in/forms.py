"""The key-in form. The card's four fields are read past the reader, so that nothing can draw them again."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _

from merchant_admin.core.ids import RANDOM_SIGNS, new_id
from merchant_admin.core.money import QUOTAS, quota_is_allowed
from merchant_admin.key_in.service import KeyInOrder
from merchant_admin.payments.forms import TYPED_AGAIN_FROM_KRW, order_name
from merchant_admin.portone.typed_cards import TypedCard
from merchant_admin.web.forms import FormReader

WAYS = ("charge", "store", "both")
_SHEET_KEY = re.compile(rf"sht_[a-z0-9]{{{RANDOM_SIGNS}}}")


@dataclass(frozen=True)
class KeyInForm:
    """A posted sheet. `order` and `card` are None while `form.errors` holds anything."""

    form: FormReader
    order: KeyInOrder | None
    card: TypedCard | None

    @classmethod
    def read(cls, data: Mapping[str, str]) -> "KeyInForm":
        form = FormReader(data)
        sheet_key = form.line("sheet_key", most=40)
        if not _SHEET_KEY.fullmatch(sheet_key):
            form.values["sheet_key"] = sheet_key = new_id("sht")
        customer_id = form.line("customer_id", most=40)
        way = form.line("way", most=10)
        if way not in WAYS:
            form.refuse("way", _("목록에서 하나를 골라 주세요."))
        name = order_name(form)
        amount_krw = 0 if way == "store" else form.won("amount_krw")
        form.values.setdefault("amount_krw", "")
        tax_free_krw = form.won("tax_free_krw", least=0, required=False) or 0
        if amount_krw is not None and tax_free_krw > amount_krw:
            form.refuse("tax_free_krw", _("면세 금액은 결제 금액보다 클 수 없습니다."))
        quota = form.whole("card_quota", least=0, most=QUOTAS[-1], default=0) or 0
        if amount_krw is not None and not quota_is_allowed(amount_krw, quota):
            form.refuse("card_quota", _("할부는 50,000원부터 2~12개월로 할 수 있습니다."))
        _check_large(form, amount_krw)
        card = _read_card(form, data)
        if not form.is_valid or amount_krw is None or card is None:
            return cls(form, None, None)
        order = KeyInOrder(
            sheet_key, customer_id, amount_krw, tax_free_krw, quota, name, stores_card=way in {"store", "both"}
        )
        return cls(form, order, card)


def _check_large(form: FormReader, amount_krw: int | None) -> None:
    typed = form.won("typed_krw", required=False)
    if amount_krw is not None and amount_krw >= TYPED_AGAIN_FROM_KRW and typed != amount_krw:
        form.errors["typed_krw"] = _("위의 결제 금액과 같은 금액을 적어 주세요. 아직 결제하지 않았습니다.")


def _read_card(form: FormReader, data: Mapping[str, str]) -> TypedCard | None:
    """The card, or messages that repeat nothing of it."""
    number, expiry = _digits(data.get("card_number", "")), _digits(data.get("expiry", ""))
    birth, pin = _digits(data.get("birth", "")), _digits(data.get("pwd_2digit", ""))
    if not 13 <= len(number) <= 19:
        form.refuse("card_number", _("카드번호는 숫자 13~19자리입니다."))
    if len(expiry) != 4 or not 1 <= int(expiry[:2]) <= 12:
        form.refuse("expiry", _("유효기간을 카드에 적힌 대로 월과 연도 두 자리로 적어 주세요. 예: 09/28"))
    if len(birth) not in {6, 10}:
        form.refuse("birth", _("생년월일 6자리 또는 사업자번호 10자리를 적어 주세요."))
    if len(pin) != 2:
        form.refuse("pwd_2digit", _("카드 비밀번호 앞 2자리를 적어 주세요."))
    if not form.is_valid:
        return None
    return TypedCard(number, f"20{expiry[2:]}-{expiry[:2]}", birth, pin)


def _digits(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text[:40])
    return "".join(sign for sign in plain if sign in "0123456789")
