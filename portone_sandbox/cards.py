"""Invented cards. The number says how a card behaves, so any number of cards of any kind can be made:

    0000 | issuer (3) | 0 | behaviour (2) | serial (5) | check digit (Luhn)

No real card begins with 0000. Nothing of an entered card is kept but issuer, mask, last four and behaviour.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from portone_sandbox.clock import SEOUL, in_seoul
from portone_sandbox.codes import CARDS

PREFIX = "0000"
WORKING_CHARGES = 2  # of the card that works a few times, then fails


class Behaviour(StrEnum):
    """What a card does, on every way of charging it."""

    APPROVE = "approve"
    BALANCE = "balance"
    LIMIT = "limit"
    STOPPED = "stopped"
    EXPIRED = "expired"
    WRONG_NUMBER = "wrong_number"
    SLOW = "slow"
    ANSWER_LOST = "answer_lost"
    WORKS_TWICE = "works_twice"
    FIRST_DECLINED = "first_declined"
    EXPIRES_NEXT_MONTH = "expires_next_month"
    LOST_CARD = "lost_card"
    CHARGE_WITHOUT_KEY = "charge_without_key"
    LATE_APPROVAL = "late_approval"
    ISSUER_DOWN = "issuer_down"


CODES = {behaviour: f"{number:02d}" for number, behaviour in enumerate(Behaviour)}
_BY_CODE = {code: behaviour for behaviour, code in CODES.items()}

DECLINE_TEXT = {
    Behaviour.BALANCE: "[D101]거래거절 잔액부족",
    Behaviour.LIMIT: "[D102]거래거절 한도초과",
    Behaviour.STOPPED: "[D103]거래거절 거래정지카드",
    Behaviour.EXPIRED: "[D104]거래거절 유효기간경과카드",
    Behaviour.LOST_CARD: "[D105]거래거절 분실도난카드",
    Behaviour.WORKS_TWICE: "[D102]거래거절 한도초과",
    Behaviour.FIRST_DECLINED: "[D101]거래거절 잔액부족",
    Behaviour.EXPIRES_NEXT_MONTH: "[D104]거래거절 유효기간경과카드",
    Behaviour.LATE_APPROVAL: "[D106]카드사 응답지연",
}
BAD_BIN = "[F112]유효하지않은 카드번호를 입력하셨습니다. (card_bin 없음)"
WRONG_NUMBER = "[F113]거래거절 카드번호틀림"
WRONG_EXPIRY = "[F114]거래거절 유효기간오류"
WRONG_HOLDER = "[F115]거래거절 생년월일 또는 사업자번호 오류"
WRONG_PASSWORD = "[F116]거래거절 비밀번호오류"  # noqa: S105 - a card company's words
ISSUER_OFF = "[F117]사용할 수 없는 카드사입니다."
ISSUER_DOWN = "[F901]카드사 시스템 점검중입니다."


class CardRefused(Exception):
    """The card company doesn't know this card: no key and no charge. Carries the PG's words, never the card."""


@dataclass(frozen=True)
class CardEntry:
    """What somebody typed. Lives for one call; never shown, logged or stored."""

    number: str = field(repr=False)
    expiry: str = field(repr=False)  # YYYY-MM
    birth: str | None = field(default=None, repr=False)
    pwd_2digit: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Card:
    """What is remembered of a card."""

    issuer: str
    mask: str
    last_four: str
    behaviour: Behaviour
    dies_at: int = 0  # Unix second after which it is declined as expired; 0 = never

    @property
    def is_slow(self) -> bool:
        return self.behaviour is Behaviour.SLOW

    @property
    def loses_answer(self) -> bool:
        return self.behaviour is Behaviour.ANSWER_LOST

    def decline(self, *, tries: int, uses: int, now: int) -> str | None:
        """Why a charge is declined now, or None, after `tries` earlier charges of which `uses` were approved."""
        match self.behaviour:
            case Behaviour.WORKS_TWICE:
                declined = uses >= WORKING_CHARGES
            case Behaviour.FIRST_DECLINED:
                declined = tries == 0
            case Behaviour.EXPIRES_NEXT_MONTH:
                declined = bool(self.dies_at) and now >= self.dies_at
            case _:
                declined = self.behaviour in DECLINE_TEXT
        return DECLINE_TEXT[self.behaviour] if declined else None


def number(behaviour: Behaviour = Behaviour.APPROVE, issuer: str = "366", serial: int = 1) -> str:
    """A sixteen-digit number that passes Luhn's check and behaves as told."""
    body = f"{PREFIX}{issuer}0{CODES[behaviour]}{serial % 100_000:05d}"
    return body + str(-_luhn_sum(body + "0") % 10)


def with_dashes(digits: str) -> str:
    return "-".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def read_card(entry: CardEntry, now: int, *, holder_checked: bool) -> Card:
    """What the card company says of an entered card; raises CardRefused in the PG's words."""
    digits = re.sub(r"[\s-]", "", entry.number)
    if not re.fullmatch(r"\d{14,16}", digits, re.ASCII) or not digits.startswith(PREFIX) or digits[4:7] not in CARDS:
        raise CardRefused(BAD_BIN)
    behaviour = _BY_CODE.get(digits[8:10])
    if behaviour is None or len(digits) != 16 or _luhn_sum(digits) % 10 or behaviour is Behaviour.WRONG_NUMBER:
        raise CardRefused(WRONG_NUMBER)
    _check_expiry(entry.expiry, now)
    _check_holder(entry, needed=holder_checked)
    mask = f"{digits[:8]}****{digits[12:15]}*"
    dies_at = _start_of_month(now, 2) if behaviour is Behaviour.EXPIRES_NEXT_MONTH else 0
    return Card(digits[4:7], mask, mask[-4:], behaviour, dies_at)


def entry_for(behaviour: Behaviour = Behaviour.APPROVE, issuer: str = "366", serial: int = 1) -> CardEntry:
    """A complete entry of a test card, for tests and demo data."""
    return CardEntry(number(behaviour, issuer, serial), "2099-12", "900101", "12")


def _check_expiry(expiry: str, now: int) -> None:
    found = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", expiry, re.ASCII)
    today = in_seoul(now)
    if not found or (int(found[1]), int(found[2])) < (today.year, today.month):
        raise CardRefused(WRONG_EXPIRY)


def _check_holder(entry: CardEntry, *, needed: bool) -> None:
    if (entry.birth or needed) and not is_birth_or_business_number(entry.birth or ""):
        raise CardRefused(WRONG_HOLDER)
    if (entry.pwd_2digit or needed) and not re.fullmatch(r"\d{2}", entry.pwd_2digit or "", re.ASCII):
        raise CardRefused(WRONG_PASSWORD)


def is_birth_or_business_number(text: str) -> bool:
    """Six digits that are a day (YYMMDD), or ten digits."""
    if re.fullmatch(r"\d{10}", text, re.ASCII):
        return True
    if not re.fullmatch(r"\d{6}", text, re.ASCII):
        return False
    try:
        datetime(2000 + int(text[:2]), int(text[2:4]), int(text[4:]), tzinfo=SEOUL)
    except ValueError:
        return text[2:] == "0229"
    return True


def _start_of_month(now: int, months_ahead: int) -> int:
    today = in_seoul(now)
    months = today.year * 12 + today.month - 1 + months_ahead
    return int(datetime(months // 12, months % 12 + 1, 1, tzinfo=SEOUL).timestamp())


def _luhn_sum(digits: str) -> int:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total
