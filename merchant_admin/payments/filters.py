"""What staff may ask of the history, as one frozen value: it comes from an address and goes back into one."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from merchant_admin.core.settings import Mode
from merchant_admin.core.times import Interval
from merchant_admin.payments.states import LineState


class DateBasis(StrEnum):
    """Which instant of a line a range of days means."""

    ASKED = "asked"
    PAID = "paid"
    REFUNDED = "refunded"


class StateGroup(StrEnum):
    """The states staff think in; some are tabs over the list."""

    PAID = "paid"
    DECLINED = "declined"
    REFUNDS = "refunds"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    CHECKING = "checking"
    OTHER = "other"


class LineKind(StrEnum):
    """A charge's kind, or a payment that was asked for outside this product."""

    ONE_OFF = "one_off"
    AGAIN = "again"
    FIRST = "first"
    WINDOW = "window"
    SCHEDULED = "scheduled"
    KEY_IN = "key_in"
    ELSEWHERE = "elsewhere"


STATES_OF: dict[StateGroup, tuple[LineState, ...]] = {
    StateGroup.PAID: (LineState.PAID,),
    StateGroup.DECLINED: (LineState.DECLINED,),
    StateGroup.REFUNDS: (LineState.PARTLY_REFUNDED, LineState.REFUNDED),
    StateGroup.PARTLY_REFUNDED: (LineState.PARTLY_REFUNDED,),
    StateGroup.REFUNDED: (LineState.REFUNDED,),
    StateGroup.CHECKING: (LineState.CHECKING, LineState.UNKNOWN),
    StateGroup.OTHER: (
        LineState.WAITING,
        LineState.NOT_SENT,
        LineState.READY,
        LineState.AWAITING_DEPOSIT,
        LineState.DEPOSIT_EXPIRED,
    ),
}
TABS = (StateGroup.PAID, StateGroup.DECLINED, StateGroup.REFUNDS, StateGroup.CHECKING, StateGroup.OTHER)


def endings_of(digits: str) -> tuple[str, ...]:
    """How a card that ends in `digits` may stand in our tables: JTNET hides the last sign as well (432*)."""
    return (digits, digits[:3] + "*") if len(digits) == 4 and digits.isdecimal() else (digits[:3] + "*",)


@dataclass(frozen=True)
class Found:
    """What a typed question turned out to mean.

    `customer_ids` when few customers carry it, `last_four` when cards end in it, `term` when too many customers carry
    it to name them, `name_part` when nobody does and it is looked for in order names, `merchant_uid` when several
    payments share the order number.
    """

    customer_ids: tuple[str, ...] = ()
    last_four: str = ""
    term: str = ""
    name_part: str = ""
    merchant_uid: str = ""

    @property
    def names_people(self) -> bool:
        return bool(self.customer_ids or self.last_four)


@dataclass(frozen=True)
class LineFilters:
    """Everything narrows; None and "" mean any. Days are Seoul days, both included."""

    q: str = ""
    state: StateGroup | None = None
    basis: DateBasis = DateBasis.ASKED
    first_on: date | None = None
    last_on: date | None = None
    least_krw: int | None = None
    most_krw: int | None = None
    customer_id: str = ""
    billing_key_id: str = ""
    issuer_code: str = ""
    last_four: str = ""
    kind: LineKind | None = None
    staff_id: str = ""
    mode: Mode | None = None

    @property
    def interval(self) -> Interval | None:
        """The span of instants the days mean; an open end reaches as far as dates go."""
        if self.first_on is None and self.last_on is None:
            return None
        return Interval.of_days(self.first_on or date(2000, 1, 1), self.last_on or date(2999, 12, 30))

    @property
    def narrows_beyond_state(self) -> bool:
        """Whether anything but a tab is chosen."""
        return self != LineFilters(state=self.state)
