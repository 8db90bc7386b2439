"""The life of a registration, and its two facts."""

from enum import StrEnum


class RegistrationState(StrEnum):
    OPEN = "open"  # written down; the window may be open
    CHECKING = "checking"  # the browser came back, or time passed: PortOne is being read
    BOTH = "both"  # key issued and first charge paid
    KEY_ONLY = "key_only"  # key issued; no charge was asked, or it was declined
    CHARGE_ONLY = "charge_only"  # paid, but no key: needs a person
    NONE = "none"  # neither: closed, refused or expired


class Fact(StrEnum):
    NOT_ASKED = "not_asked"
    UNKNOWN = "unknown"
    YES = "yes"
    NO = "no"


LIVE = frozenset({RegistrationState.OPEN, RegistrationState.CHECKING})


def outcome(key: Fact, charge: Fact) -> RegistrationState:
    """The state two facts make; CHECKING while either is not known."""
    if Fact.UNKNOWN in (key, charge):
        return RegistrationState.CHECKING
    if key is Fact.YES:
        return RegistrationState.BOTH if charge is Fact.YES else RegistrationState.KEY_ONLY
    return RegistrationState.CHARGE_ONLY if charge is Fact.YES else RegistrationState.NONE
