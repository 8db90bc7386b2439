"""Reads one posted form: text from outside becomes typed values, or a message at the field.

Everything typed is kept for redrawing, except what looks like a card number: that is refused and forgotten.
"""

import re
import unicodedata
from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

from flask_babel import gettext as _

from merchant_admin.core.errors import ConsoleError
from merchant_admin.core.money import MAX_AMOUNT_KRW
from merchant_admin.web.card_data import holds_card_number

E = TypeVar("E", bound=Enum)
_EMAIL = re.compile(r"[^\s@<>\"',;:\\()\[\]]+@[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
_PHONE = re.compile(r"(02|0[13-8][0-9]|050[0-9])[0-9]{7,8}|1[5-9][0-9]{6}")
_WIDE = {0xFEE0 + sign: sign for sign in range(0x21, 0x7F)} | {0x3000: 0x20, 0xFFE6: ord("₩")}
_MOST_TYPED = 4_000  # more than any field takes: longer text is cut before it is drawn again


class FormReader:
    """One form's fields. Read each once; then ask `is_valid`, or hand the reader to the template as `form`."""

    def __init__(self, data: Mapping[str, str]) -> None:
        self._data = data
        self.values: dict[str, str] = {}
        self.errors: dict[str, str] = {}

    @classmethod
    def showing(cls, **values: object) -> "FormReader":
        """A form not posted yet, filled with `values` (None leaves a field empty)."""
        reader = cls({})
        reader.values = {name: "" if value is None else str(value) for name, value in values.items()}
        return reader

    @property
    def is_valid(self) -> bool:
        return not self.errors

    def refuse(self, name: str, message: str) -> None:
        """Put a message at a field; the first one stays."""
        self.errors.setdefault(name, message)

    def takes(self, refusal: ConsoleError) -> bool:
        """Put what a rule said at its field; False where it is about the whole form, or about none of its fields."""
        if refusal.field is None or refusal.field not in self.values:
            return False
        self.refuse(refusal.field, str(refusal.message))
        return True

    def text(self, name: str, *, most: int, required: bool = False) -> str:
        """Free text of at most `most` signs, without the spaces around it. Line breaks are kept as typed."""
        typed = self._typed(name)
        text = unicodedata.normalize("NFC", typed).replace("\r\n", "\n").strip()
        if holds_card_number(text):
            self.values[name] = ""
            self.refuse(name, _("카드번호로 보이는 숫자는 적을 수 없습니다. 적은 내용은 저장하지 않고 지웠습니다."))
            return ""
        if any(unicodedata.category(sign) in {"Cc", "Cs", "Co", "Cn"} and sign != "\n" for sign in text):
            self.refuse(name, _("쓸 수 없는 제어 문자가 들어 있습니다."))
        elif len(text) > most:
            self.refuse(name, _("%(most)s자까지 쓸 수 있습니다. 지금 %(count)s자입니다.", most=most, count=len(text)))
        elif required and not text:
            self.refuse(name, _("꼭 적어야 합니다."))
        return text

    def line(self, name: str, *, most: int, required: bool = False) -> str:
        """Like `text`, for one line: a name, an order's name."""
        text = self.text(name, most=most, required=required)
        if "\n" in text:
            self.refuse(name, _("한 줄로 적어 주세요."))
        return text

    def won(self, name: str, *, least: int = 1, most: int = MAX_AMOUNT_KRW, required: bool = True) -> int | None:
        """Whole won, from `48400`, `48,400`, `48,400원`, `₩48,400` or full-width digits."""
        plain = re.sub(r"\s", "", _narrow(self._typed(name)))
        plain = plain.removeprefix("₩").removesuffix("원")
        if not plain:
            if required:
                self.refuse(name, _("금액을 적어 주세요."))
            return None
        if not re.fullmatch(r"[0-9]{1,15}|[0-9]{1,3}(,[0-9]{3}){1,4}", plain):
            self.refuse(name, _("금액은 1,000처럼 원 단위 숫자로만 적어 주세요."))
            return None
        amount = int(plain.replace(",", ""))
        if not least <= amount <= most:
            self.refuse(name, _("₩%(least)s부터 ₩%(most)s까지 적을 수 있습니다.", least=f"{least:,}", most=f"{most:,}"))
            return None
        return amount

    def whole(self, name: str, *, least: int, most: int, default: int | None = None) -> int | None:
        """A whole number from `least` to `most`; `default` where the field is empty."""
        plain = _narrow(self._typed(name)).strip()
        if not plain and default is not None:
            return default
        if not re.fullmatch(r"[0-9]{1,9}", plain) or not least <= int(plain) <= most:
            self.refuse(name, _("%(least)s부터 %(most)s까지의 숫자를 적어 주세요.", least=least, most=most))
            return None
        return int(plain)

    def choice(self, name: str, kind: type[E], *, required: bool = True) -> E | None:
        """One member of `kind`, by its value."""
        typed = self._typed(name).strip()
        if not typed and not required:
            return None
        try:
            return kind(typed)
        except ValueError:
            self.refuse(name, _("목록에서 하나를 골라 주세요."))
            return None

    def flag(self, name: str) -> bool:
        """Whether a box is ticked."""
        typed = self._typed(name)
        return typed not in {"", "0", "false", "off"}

    def account(self, name: str) -> str:
        """The digits of a bank account: 7 to 14 of them; what has a card's 15 or 16 is refused by its length.

        The check-sum can't decide here: one number in ten passes it, and several banks have accounts of 14 digits that
        begin as the rare cards of 14 do. Such a number is passed on once and kept masked, whatever it was.
        """
        typed = _narrow(self._data.get(name, "")[:60])
        digits = re.sub(r"[\s.\-]", "", typed)
        self.values[name] = digits if re.fullmatch(r"[0-9]{7,14}", digits) else ""
        if not self.values[name]:
            self.refuse(name, _("계좌번호를 숫자 7~14자리로 적어 주세요."))
        return self.values[name]

    def email(self, name: str, *, required: bool = False) -> str | None:
        """A mail address in lower case, or None where there is none."""
        text = self.line(name, most=200, required=required).lower()
        if not text or name in self.errors:
            return None
        if not _EMAIL.fullmatch(text):
            self.refuse(name, _("이메일 주소를 name@example.com처럼 적어 주세요."))
            return None
        return text

    def phone(self, name: str, *, required: bool = False) -> str | None:
        """A Korean phone number, tidied to `010-1234-5678`, or None where there is none."""
        text = _narrow(self.line(name, most=30, required=required))
        if not text or name in self.errors:
            return None
        digits = re.sub(r"[\s.\-()]", "", text)
        digits = "0" + digits.removeprefix("+82").removeprefix("0") if digits.startswith("+82") else digits
        if not _PHONE.fullmatch(digits):
            self.refuse(name, _("전화번호를 010-1234-5678처럼 적어 주세요."))
            return None
        return _dashed(digits)

    def _typed(self, name: str) -> str:
        typed = self._data.get(name, "")[:_MOST_TYPED]
        self.values[name] = typed
        if holds_card_number(typed):
            self.values[name] = ""
        return typed


def _narrow(text: str) -> str:
    """Full-width signs as a Korean keyboard types them, made narrow. Circled and other digits stay and are refused."""
    return text.translate(_WIDE)


def _dashed(digits: str) -> str:
    """A phone number's digits with its dashes: 02-123-4567, 031-123-4567, 010-1234-5678, 1588-1234."""
    if digits.startswith("1"):
        return f"{digits[:4]}-{digits[4:]}"
    size = 2 if digits.startswith("02") else 4 if digits.startswith("050") and len(digits) == 12 else 3
    return f"{digits[:size]}-{digits[size:-4]}-{digits[-4:]}"
