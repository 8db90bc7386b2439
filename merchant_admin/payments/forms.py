"""The sheet that charges a card: posted text made into a ChargeSheet, with a message at each field that is wrong."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _

from merchant_admin.core.ids import RANDOM_SIGNS, new_id
from merchant_admin.core.money import INSTALMENT_FLOOR_KRW, QUOTAS, quota_is_allowed
from merchant_admin.doubts.service import EVIDENCE_MOST, REASON_MOST
from merchant_admin.payments.service import ChargeSheet
from merchant_admin.payments.states import ChargeKind
from merchant_admin.web.forms import FormReader

NAME_MOST, MEMO_MOST = 40, 500
TYPED_AGAIN_FROM_KRW = 1_000_000  # from here up the sum is typed once more on the confirm sheet
_SHEET_KEY = re.compile(rf"sht_[a-z0-9]{{{RANDOM_SIGNS}}}")
_LAST_OF_BMP = "\uffff"


def new_sheet_key() -> str:
    """The name of one drawn form: two clicks on it are one charge."""
    return new_id("sht")


@dataclass(frozen=True)
class ChargeForm:
    """A posted sheet. `sheet` is None while `form.errors` holds anything."""

    form: FormReader
    sheet: ChargeSheet | None

    @classmethod
    def read(cls, data: Mapping[str, str]) -> "ChargeForm":
        form = FormReader(data)
        sheet_key = form.line("sheet_key", most=40)
        if not _SHEET_KEY.fullmatch(sheet_key):
            form.values["sheet_key"] = sheet_key = new_sheet_key()
        customer_id = form.line("customer_id", most=40)
        key_id = form.line("billing_key_id", most=40)
        if not key_id:
            form.refuse("billing_key_id", _("결제할 카드를 고르세요."))
        name = order_name(form)
        amount_krw = form.won("amount_krw")
        tax_free_krw = form.won("tax_free_krw", least=0, required=False) or 0
        if amount_krw is not None and tax_free_krw > amount_krw:
            form.refuse("tax_free_krw", _("면세 금액은 결제 금액보다 클 수 없습니다."))
        quota = _quota(form, amount_krw)
        memo = form.text("memo", most=MEMO_MOST)
        came_from = form.line("from_payment_id", most=40)
        form.values["agrees"] = "1" if data.get("agrees") else ""
        form.values["typed_krw"] = data.get("typed_krw", "")[:30]
        if not form.is_valid or amount_krw is None:
            return cls(form, None)
        return cls(
            form,
            ChargeSheet(
                sheet_key, customer_id, key_id, amount_krw, tax_free_krw, quota, name, memo,
                ChargeKind.AGAIN if came_from else ChargeKind.ONE_OFF, confirms_repeat=form.flag("agrees"),
            ),
        )  # fmt: skip

    @property
    def must_type_again(self) -> bool:
        return self.sheet is not None and self.sheet.amount_krw >= TYPED_AGAIN_FROM_KRW

    def check_typed_again(self) -> None:
        """Refuse a large sum that was not typed again as it stands."""
        if self.must_type_again and self.sheet is not None and self.form.won("typed_krw") != self.sheet.amount_krw:
            self.form.errors["typed_krw"] = _("위의 결제 금액과 같은 금액을 적어 주세요. 아직 결제하지 않았습니다.")


def order_name(form: FormReader) -> str:
    """The `name` of an order: one line of signs that a card company prints."""
    name = form.line("name", most=NAME_MOST, required=True)
    if any(sign > _LAST_OF_BMP for sign in name) or "\u200d" in name or "\ufe0f" in name:
        form.refuse("name", _("주문명에는 이모지를 쓸 수 없습니다. 카드사 전표에 남지 않습니다."))
    return name


def _quota(form: FormReader, amount_krw: int | None) -> int:
    quota = form.whole("card_quota", least=0, most=QUOTAS[-1], default=0)
    if quota is None:
        return 0
    if quota not in QUOTAS:
        form.refuse("card_quota", _("일시불 또는 2~12개월을 고르세요."))
    elif amount_krw is not None and not quota_is_allowed(amount_krw, quota):
        form.refuse("card_quota", _("할부는 ₩%(floor)s부터 할 수 있습니다.", floor=f"{INSTALMENT_FLOOR_KRW:,}"))
    return quota


def read_closing(data: Mapping[str, str]) -> tuple[FormReader, str, str]:
    """Why staff want something closed by hand, and what they saw that speaks for it."""
    form = FormReader(data)
    reason = form.line("reason", most=REASON_MOST, required=True)
    return form, reason, form.text("evidence", most=EVIDENCE_MOST, required=True)
