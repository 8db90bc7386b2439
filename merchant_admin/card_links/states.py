"""The life of a card link and of a move. The same tables stand in the database's triggers."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from merchant_admin.core.errors import RuleBroken

AGAIN_SHEET = "again."  # then the id of the revoked reservation: the one sheet with which it is made again


class LinkState(StrEnum):
    """What stands in the row. OPEN lasts until the link is used, withdrawn, or its time is over."""

    OPEN = "open"
    REGISTERING = "registering"  # the customer agreed and a window may be open: PortOne decides what came of it
    VERIFIED = "verified"  # the new card was read at PortOne; everything is still charged to the old one
    MOVED = "moved"  # the subscriptions are on the new card; the old one is being cleared away at PortOne
    DONE = "done"
    ENDED = "ended"  # withdrawn by staff, or replaced by a newer link
    FAILED = "failed"  # the new card came, but can't take over: a person decides


class LinkStage(StrEnum):
    """What a person is shown: the row, and how far the link itself has come."""

    MADE = "made"  # nobody said yet that it was sent
    SENT = "sent"
    OPENED = "opened"
    REGISTERING = "registering"
    VERIFIED = "verified"
    MOVED = "moved"
    DONE = "done"
    EXPIRED = "expired"
    ENDED = "ended"
    FAILED = "failed"


class MoveState(StrEnum):
    RUNNING = "running"  # links are being made, a few at a time
    STOPPED = "stopped"
    MADE = "made"  # every card has its link; what is left is up to the customers
    FINISHED = "finished"


_L, _M = LinkState, MoveState
NEXT: dict[LinkState, frozenset[LinkState]] = {
    _L.OPEN: frozenset({_L.REGISTERING, _L.ENDED}),
    _L.REGISTERING: frozenset({_L.OPEN, _L.VERIFIED, _L.ENDED, _L.FAILED}),
    _L.VERIFIED: frozenset({_L.MOVED, _L.FAILED}),
    _L.MOVED: frozenset({_L.DONE}),
    _L.DONE: frozenset(),
    _L.ENDED: frozenset(),
    _L.FAILED: frozenset(),
}
WORKING = frozenset({_L.REGISTERING, _L.VERIFIED, _L.MOVED})  # a worker goes on with these
LIVE = WORKING | {_L.OPEN}
NEXT_MOVE: dict[MoveState, frozenset[MoveState]] = {
    _M.RUNNING: frozenset({_M.STOPPED, _M.MADE, _M.FINISHED}),
    _M.MADE: frozenset({_M.RUNNING, _M.FINISHED}),
    _M.STOPPED: frozenset({_M.RUNNING, _M.FINISHED}),
    _M.FINISHED: frozenset(),
}


class Trouble(StrEnum):
    """Why a switch waits, stopped or left something behind."""

    UNREAD = "unread"  # PortOne could not be asked
    NEW_CARD_UNUSABLE = "new_card_unusable"
    OTHER_PROFILE = "other_profile"  # the new key was issued on another profile than asked
    OPEN_CHARGE = "open_charge"  # a charge of the old card is not settled
    RESERVED = "reserved"  # a reservation at PortOne is not revoked yet
    NOT_DELETED = "not_deleted"
    STILL_NEEDED = "still_needed"  # another subscription is charged to the old card: it was kept


@dataclass(frozen=True)
class Standing:
    """What a link's stage depends on."""

    state: LinkState
    sent_at: datetime | None
    opened_at: datetime | None
    expires_at: datetime

    def at(self, now: datetime) -> LinkStage:
        """The stage at this instant."""
        if self.state is not LinkState.OPEN:
            return LinkStage(self.state.value)
        if now >= self.expires_at:
            return LinkStage.EXPIRED
        if self.opened_at is not None:
            return LinkStage.OPENED
        return LinkStage.SENT if self.sent_at is not None else LinkStage.MADE


def advance(state: LinkState, to: LinkState) -> LinkState:
    """`to`, if a link may go there from `state`. Raises RuleBroken for a pair that is not in NEXT."""
    if to not in NEXT[state]:
        raise RuleBroken(f"card link: {state} -> {to}")
    return to


def advance_move(state: MoveState, to: MoveState) -> MoveState:
    """The same for a move."""
    if to not in NEXT_MOVE[state]:
        raise RuleBroken(f"card move: {state} -> {to}")
    return to
