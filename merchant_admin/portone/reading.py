"""Small things every call to PortOne shares."""

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import quote

from merchant_admin.core.errors import OutcomeUnknown
from merchant_admin.portone import wire

T = TypeVar("T")


def segment(word: str) -> str:
    """A word as one part of a path."""
    return quote(word, safe="")


def readable(read: Callable[[], T]) -> T:
    """What `read` makes of an answer; OutcomeUnknown if it can't be read: nothing may be concluded from it."""
    try:
        return read()
    except wire.Unreadable as wrong:
        raise OutcomeUnknown("PortOne's answer could not be read", why=str(wrong)) from None
