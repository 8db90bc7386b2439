"""The life of a billing key."""

from enum import StrEnum

from merchant_admin.core.errors import RuleBroken


class KeyState(StrEnum):
    ACTIVE = "active"
    DELETING = "deleting"  # marked here first, so that nothing charges it while PortOne is asked
    DELETED = "deleted"
    MISSING = "missing"  # PortOne no longer knows it: deleted elsewhere


class KeySource(StrEnum):
    WINDOW = "window"
    ADOPTED = "adopted"


NEXT: dict[KeyState, frozenset[KeyState]] = {
    KeyState.ACTIVE: frozenset({KeyState.DELETING, KeyState.MISSING}),
    KeyState.DELETING: frozenset({KeyState.DELETED, KeyState.ACTIVE}),  # back, when PortOne still has it
    KeyState.MISSING: frozenset({KeyState.ACTIVE, KeyState.DELETING, KeyState.DELETED}),
    KeyState.DELETED: frozenset(),
}


def advance(state: KeyState, to: KeyState) -> KeyState:
    """`to`, if a key may go there from `state`. Raises RuleBroken for a pair that is not in NEXT."""
    if to not in NEXT[state]:
        raise RuleBroken(f"billing key: {state} -> {to}")
    return to
