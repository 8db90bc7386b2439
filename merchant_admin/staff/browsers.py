"""Where a sign-in comes from, and the mark by which a browser is known to the accounts that used it."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

KNOWN_ACCOUNTS = 8  # how many people's accounts one browser is remembered for


@dataclass(frozen=True)
class Browser:
    """Where a sign-in comes from. `known` is the id of a browser that signed in to this account before."""

    address: str | None
    name: str = ""
    known: str | None = None


def known_browser_mark(secret: bytes, email: str, before: str = "") -> str:
    """A mark that this browser once signed in to this account, for its cookie: `id.sign.sign...`, newest first.

    `before` is the mark it had: the accounts of people who share the machine stay in it.
    """
    browser_id, *signs = before.split(".")
    browser_id = browser_id if re.fullmatch(r"[0-9a-f]{32}", browser_id) else secrets.token_hex(16)
    mine = _browser_sign(secret, email, browser_id)
    return ".".join([browser_id, mine, *[sign for sign in signs if sign != mine][: KNOWN_ACCOUNTS - 1]])


def known_browser(secret: bytes, email: str, mark: str) -> str | None:
    """The browser's id, if the mark is ours and speaks of this account."""
    browser_id, *signs = mark.split(".")
    mine = _browser_sign(secret, email, browser_id)
    is_known = any(hmac.compare_digest(sign.encode(), mine.encode()) for sign in signs[:KNOWN_ACCOUNTS])
    return browser_id if is_known else None


def _browser_sign(secret: bytes, email: str, browser_id: str) -> str:
    words = f"browser\n{email.strip().casefold()}\n{browser_id}"
    return hmac.new(secret, words.encode(), hashlib.sha256).hexdigest()[:32]
