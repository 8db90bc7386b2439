"""Card issuers by their three-digit codes, and the parameter that lets only some of them into a window.

Source: PortOne V1, issuer table (reference section 20) and `card.detail` (13.2). Codes are text: "041" is not 41. The
filter limits what a window shows; PortOne does not enforce it, so the issuer of the payment is looked at afterwards.
"""

from collections.abc import Collection, Iterable
from typing import Any

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

ISSUERS: dict[str, LazyString] = {
    "361": _("BC카드"), "381": _("KB국민카드"), "367": _("현대카드"), "365": _("삼성카드"), "368": _("롯데카드"),
    "371": _("NH농협카드"), "041": _("우리카드"), "374": _("하나카드"), "366": _("신한카드"), "370": _("씨티카드"),
    "369": _("수협카드"), "364": _("광주카드"), "372": _("전북카드"), "373": _("제주카드"), "045": _("새마을금고"),
    "048": _("신협카드"), "071": _("우체국"), "002": _("KDB산업은행"), "089": _("케이뱅크"), "090": _("카카오뱅크"),
}  # fmt: skip


def detail(codes: Iterable[str]) -> dict[str, Any] | None:
    """The `card` parameter that leaves only these issuers open; None where nothing is shut."""
    chosen = list(codes)
    if not chosen or set(chosen) >= set(ISSUERS):
        return None
    return {"detail": [{"card_code": "*", "enabled": False}, *({"card_code": c, "enabled": True} for c in chosen)]}


def offered(codes: Iterable[str]) -> list[tuple[str, str]]:
    """Code and name of each issuer staff may tick: the table, and any code of the settings that it doesn't know."""
    extra = [code for code in codes if code not in ISSUERS]
    return [*((code, str(name)) for code, name in ISSUERS.items()), *((code, code) for code in extra)]


def is_shut_out(code: str | None, allowed: Collection[str]) -> bool:
    """Whether a card is none of those a window was told to let in. What PortOne does not name is not judged."""
    return bool(allowed) and code is not None and code not in allowed


def name_of(code: str) -> str:
    return str(ISSUERS.get(code, code))
