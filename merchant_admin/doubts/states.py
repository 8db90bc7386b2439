"""What can be in doubt, what a look can find, and how far a closing by hand has come."""

from enum import StrEnum


class DoubtKind(StrEnum):
    CHARGE = "charge"
    REFUND = "refund"


class LookAnswer(StrEnum):
    UNREAD = "unread"  # PortOne could not be asked
    NOTHING = "nothing"  # nothing there, too early for that to prove anything
    ABSENT = "absent"  # nothing there, and it counts
    UNFINISHED = "unfinished"  # something is there, not at its end or not as it was asked for
    DONE = "done"  # there: the money moved
    NOT_DONE = "not_done"  # there: it will not move


class ClosingState(StrEnum):
    ASKED = "asked"
    AGREED = "agreed"
    REFUSED = "refused"  # by the other person, or taken back by the one who asked
    OVERTAKEN = "overtaken"  # what happened became known, or it was sent again, before anybody decided
