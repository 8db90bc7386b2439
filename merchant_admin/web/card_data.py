"""Card data never comes in: no field is named for it, and a likely card number is refused wherever it is typed.

Forms put the message at the field (forms.py); addresses and fields named for card data are refused here, before any
view runs. Webhooks are machine data and are stored through their own allow-list.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

from flask import Flask, current_app, request
from flask_babel import gettext as _

from merchant_admin.core.errors import InvalidInput
from merchant_admin.web.csrf import comes_from_outside

NAMES = frozenset({
    "card_number", "card_no", "cardnumber", "pan", "expiry", "card_expiry", "birth", "pwd_2digit", "card_password",
    "cvc", "cvv",
})  # fmt: skip
_RUN = re.compile(r"(?<![A-Za-z_\d])\d(?:[\s.\-_/·‐-―]{0,2}\d){12,}")
_PHONE = re.compile(r"(?<!\d)01[016789][-. ]?\d{3,4}[-. ]?\d{4}(?!\d)")


P = ParamSpec("P")
R = TypeVar("R")
_TAKES = "merchant_admin_takes_card_data"


def takes_card_data(view: Callable[P, R]) -> Callable[P, R]:
    """Marks the one view that reads a typed card: key-in, which stands only where the setting is on."""
    setattr(view, _TAKES, True)
    return view


class CardData(InvalidInput):
    status = 400


def is_card_number(digits: str) -> bool:
    """Whether 13 to 19 digits pass the check-sum every card number passes (Luhn)."""
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    total = 0
    for place, sign in enumerate(reversed(digits)):
        value = int(sign) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def holds_card_number(text: str) -> bool:
    """Whether a likely card number stands in `text`: plain, spaced, dashed, dotted, or in full-width digits.

    Mobile phone numbers side by side and the digits of an id such as `imp_...` are not taken for one.
    """
    plain = _PHONE.sub("|", unicodedata.normalize("NFKC", text))
    return any(is_card_number(digits) for run in _RUN.findall(plain) for digits in _candidates(run))


def _candidates(run: str) -> Iterator[str]:
    """The digit strings a run may hide: neighbouring groups put together, and pieces of one group too long for a card.

    Every piece of every run would be tried in vain and hit one number in ten.
    """
    groups = re.findall(r"\d+", run)
    for first in range(len(groups)):
        for last in range(first, min(first + 8, len(groups))):
            yield "".join(groups[first : last + 1])
    for group in groups:
        if len(group) > 19:
            yield from (group[at : at + size] for size in (15, 16) for at in range(len(group) - size + 1))


def init_card_data(app: Flask) -> None:
    def refuse() -> None:
        if request.endpoint is None or comes_from_outside(request.endpoint):
            return
        is_key_in = getattr(current_app.view_functions.get(request.endpoint), _TAKES, False)
        named = NAMES & {name.lower() for name in (*request.args, *(() if is_key_in else request.form))}
        if named or any(holds_card_number(text) for text in request.args.values()):
            raise CardData(
                _("카드번호로 보이는 숫자는 받지 않습니다. 아무것도 저장하지 않았습니다."), endpoint=request.endpoint
            )

    app.before_request(refuse)
