"""How money, instants and people's data read on the screen: one filter each, in both languages."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import Enum

from babel.dates import format_date, format_datetime
from flask import Flask
from markupsafe import Markup

from merchant_admin.core.times import SEOUL, seoul_day
from merchant_admin.web.languages import language

NOTHING = Markup("–")
HIDDEN = "••••"
_DIGITS = "영일이삼사오육칠팔구"
_SMALL = ("", "십", "백", "천")
_LARGE = ("", "만", "억", "조")
# The ready-made styles write PM for 오후, or put a narrow no-break space before PM, which breaks searching.
_INSTANT = {"ko": "yyyy. M. d. aaaa h:mm", "en": "MMM d, yyyy, h:mm a"}
_DAY = {"ko": "yyyy. M. d.", "en": "MMM d, yyyy"}


def won(amount_krw: int | None) -> str:
    """₩48,400; -₩48,400 for less than nothing."""
    if amount_krw is None:
        return NOTHING
    return f"{'-' if amount_krw < 0 else ''}₩{abs(amount_krw):,}"


def won_words(amount_krw: int) -> str:
    """금 사만팔천사백 원, as amounts are written where a slip of a digit would cost money."""
    if language() == "en":
        return f"{amount_krw:,} won"
    groups: list[str] = []
    rest, place = amount_krw, 0
    while rest:
        rest, part = divmod(rest, 10_000)
        if part:
            groups.append(_group(part) + _LARGE[place])
        place += 1
    return f"금 {''.join(reversed(groups)) or '영'} 원"


def _group(part: int) -> str:
    """Four digits in words; in a formal amount every digit is spoken, so 1만 is 일만."""
    digits = str(part)
    return "".join(_DIGITS[int(sign)] + _SMALL[len(digits) - 1 - at] for at, sign in enumerate(digits) if sign != "0")


def kst(at: datetime | None) -> Markup:
    """A `<time>` that reads as Seoul's wall clock: 2026. 11. 23. 오후 3:04."""
    if at is None:
        return NOTHING
    local = at.astimezone(SEOUL)
    text = format_datetime(local, _INSTANT[language()], locale=language())
    return Markup('<time datetime="{}">{}</time>').format(local.isoformat(timespec="seconds"), text)


def kst_day(day: date | datetime | None) -> Markup:
    """A `<time>` for a Seoul day, or for the day an instant falls on there."""
    if day is None:
        return NOTHING
    found = seoul_day(day) if isinstance(day, datetime) else day
    text = day_text(found)
    return Markup('<time datetime="{}">{}</time>').format(found.isoformat(), text)


def day_text(day: date) -> str:
    """The same without a tag, for a sentence: 2026. 11. 23."""
    return str(format_date(day, _DAY[language()], locale=language()))


def phone_masked(phone: str | None) -> str:
    """010-••••-5678."""
    if not phone:
        return NOTHING
    first, *_, last = phone.split("-")
    return f"{first}-{HIDDEN}-{last}" if first != last else HIDDEN + phone[-4:]


def email_masked(email: str | None) -> str:
    """se•••@example.com."""
    if not email:
        return NOTHING
    name, at, domain = email.partition("@")
    return f"{name[: min(2, len(name) - 1)]}•••{at}{domain}"


def name_masked(name: str | None) -> str:
    """김•연."""
    if not name:
        return NOTHING
    if len(name) < 3:
        return name[0] + "•"
    return name[0] + "•" * min(len(name) - 2, 5) + name[-1]


def card_label(issuer_name: str | None, last_four: str | None = None) -> str:
    """신한카드 •••• 4321, with what is known of it."""
    ending = f"{HIDDEN} {last_four}" if last_four else ""
    return f"{issuer_name or ''} {ending}".strip() or NOTHING


def short_won(amount_krw: float) -> str:
    """An axis label: 400만, 1.2억; 4M in English."""
    units = ((10**9, "B"), (10**6, "M"), (10**3, "K")) if language() == "en" else ((10**8, "억"), (10**4, "만"))
    for size, unit in units:
        if amount_krw >= size:
            return f"{amount_krw / size:,.1f}".removesuffix(".0") + unit
    return f"{amount_krw:,.0f}"


def chart_top(bars: Sequence[tuple[object, int]]) -> int:
    """A round number at or above the highest bar, whose half is round too."""
    most = max([amount for _label, amount in bars], default=0)
    size = int("1" + "0" * (len(str(max(most, 1))) - 1))
    tops = [step * size for step in (1, 2, 4, 6, 8, 10)]
    return next(top for top in tops if top >= most)


def count(number: int | None) -> str:
    """1,284."""
    return NOTHING if number is None else f"{number:,}"


def enum_key(member: object) -> str:
    """`LineState.paid`: a member's name across all enums, for the one table of states in ui/status.html."""
    return f"{type(member).__name__}.{member.value}" if isinstance(member, Enum) else str(member)


FILTERS = (
    won, won_words, kst, kst_day, phone_masked, email_masked, name_masked, card_label, short_won, count, enum_key,
)  # fmt: skip


def init_filters(app: Flask) -> None:
    for each in FILTERS:
        app.jinja_env.filters[each.__name__ if each is not count else "number"] = each
    app.jinja_env.globals["chart_top"] = chart_top
