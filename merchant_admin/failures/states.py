"""The classes of failure."""

from enum import StrEnum


class FailureClass(StrEnum):
    LIMIT = "limit"
    BALANCE = "balance"
    LOST_OR_STOPPED = "lost_or_stopped"
    EXPIRED = "expired"
    WRONG_DATA = "wrong_data"
    ISSUER_DOWN = "issuer_down"
    SYSTEM = "system"
    UNKNOWN = "unknown"
