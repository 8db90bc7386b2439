"""Reads what a buyer typed into a window. A card's fields go into one CardEntry and nowhere else."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from portone_sandbox import cards
from portone_sandbox.card_guide import FILLED, SampleCard
from portone_sandbox.cards import CardEntry
from portone_sandbox.faces import say

NOTHING_FILLED = {"card_number": "", "expiry": "", "birth": "", "password": ""}
_FIELD_OF = {
    cards.BAD_BIN: ("card_number", "샌드박스가 아는 카드 번호가 아닙니다. 테스트 카드를 쓰세요."),
    cards.WRONG_NUMBER: ("card_number", "카드 번호가 맞지 않습니다. 번호를 다시 확인해 주세요."),
    cards.ISSUER_OFF: ("card_number", "이 가맹점에서 쓸 수 없는 카드입니다. 다른 카드로 시도해 주세요."),
    cards.WRONG_EXPIRY: ("expiry", "유효기간이 지났거나 맞지 않습니다."),
    cards.WRONG_HOLDER: ("birth", "생년월일 6자리나 사업자번호 10자리가 맞지 않습니다."),
    cards.WRONG_PASSWORD: ("password", "비밀번호 앞 2자리가 맞지 않습니다."),
}


@dataclass
class Entry:
    """A window's form as it is drawn again: choices stay, whatever belongs to a card doesn't."""

    card_quota: int = 0
    issuer: str = ""
    bank: str = ""
    carrier: str = ""
    outcome: str = "approve"
    errors: dict[str, str] = field(default_factory=dict)
    trouble: str = ""
    pg_words: str = ""
    fill: dict[str, str] = field(default_factory=lambda: dict(NOTHING_FILLED))

    @classmethod
    def filled_with(cls, sample: SampleCard) -> "Entry":
        """A form that a test card has been put into."""
        return cls(fill={"card_number": sample.number.replace("-", " "), **FILLED})

    @classmethod
    def of_choices(cls, posted: Mapping[str, str]) -> "Entry":
        """The chosen issuer, bank, carrier, instalments and test outcome; nothing of a card."""
        return cls(
            card_quota=_quota(posted.get("card_quota", "0")), issuer=posted.get("issuer", "")[:3],
            bank=posted.get("bank", "")[:3], carrier=posted.get("carrier", "")[:10],
            outcome=posted.get("outcome", "approve")[:30],
        )  # fmt: skip

    @property
    def has_fill(self) -> bool:
        return bool(self.fill["card_number"])

    def require(self, name: str, options: Mapping[str, str], message: str) -> None:
        """Complain beside a choice that was not made from what was on offer."""
        if getattr(self, name) not in options:
            self.errors[name] = say(message)

    def require_quota(self, offered: list[int]) -> None:
        if self.card_quota not in offered:
            self.card_quota = 0
            self.errors["card_quota"] = say("이 금액에서 고를 수 없는 할부 개월입니다.")

    def read_card(self, posted: Mapping[str, str]) -> CardEntry:
        """The typed card; what can't be right is noted in `errors`, by field."""
        number = _digits(posted.get("card_number", ""))
        month, year = _expiry(posted.get("expiry", ""))
        birth, password = _digits(posted.get("birth", "")), _digits(posted.get("password", ""))
        if not re.fullmatch(r"\d{14,16}", number):
            self.errors["card_number"] = say("카드 번호 14~16자리를 입력해 주세요.")
        if not month:
            self.errors["expiry"] = say("유효기간을 월 / 년 순서로 입력해 주세요. 예: 08 / 29")
        if not re.fullmatch(r"\d{2}", password):
            self.errors["password"] = say("비밀번호 앞 2자리를 입력해 주세요.")
        if not cards.is_birth_or_business_number(birth):
            self.errors["birth"] = say("생년월일 6자리나 사업자번호 10자리를 입력해 주세요.")
        return CardEntry(number, f"{year}-{month}", birth, password)

    def take_refusal(self, pg_words: str) -> None:
        """Put the card company's no beside the field it is about."""
        name, message = _FIELD_OF.get(pg_words, ("", ""))
        self.pg_words = pg_words
        self.trouble = say("카드사가 이 카드를 확인하지 못했습니다.")
        if name:
            self.errors[name] = say(message)


def _digits(text: str) -> str:
    """ASCII digits of what was typed: full-width ones count, spaces and dashes don't."""
    plain = unicodedata.normalize("NFKC", text[:60])
    bare = re.sub(r"[\s\-./]", "", plain)
    return bare if re.fullmatch(r"\d*", bare, re.ASCII) else ""


def _expiry(text: str) -> tuple[str, str]:
    """Month and four-digit year; empty when it can't be read."""
    digits = _digits(text)
    if re.fullmatch(r"(0[1-9]|1[0-2])\d{2}", digits):
        return digits[:2], f"20{digits[2:]}"
    if re.fullmatch(r"(0[1-9]|1[0-2])20\d{2}", digits):
        return digits[:2], digits[2:]
    return "", ""


def _quota(text: str) -> int:
    return int(text) if re.fullmatch(r"\d{1,2}", text, re.ASCII) else -1
