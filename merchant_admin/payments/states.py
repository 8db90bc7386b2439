"""The life of an attempt, and the words of a history line. The same table stands in the database's triggers."""

from enum import StrEnum

from merchant_admin.core.errors import RuleBroken
from merchant_admin.portone.types import PaymentStatus


class ChargeKind(StrEnum):
    ONE_OFF = "one_off"
    AGAIN = "again"  # filled from a past payment
    FIRST = "first"  # taken in the window, while the card is registered
    WINDOW = "window"  # paid by the customer in the window, without a stored card
    SCHEDULED = "scheduled"  # reserved, and made by PortOne at its time
    KEY_IN = "key_in"  # made once with a card number that staff typed
    RENEWAL = "renewal"  # a due date of a subscription


BY_WINDOW = frozenset({ChargeKind.FIRST, ChargeKind.WINDOW})  # a browser sends these, never this product
SENT_ONCE = BY_WINDOW | {ChargeKind.SCHEDULED, ChargeKind.KEY_IN}  # nobody here could send them again


class PayMethod(StrEnum):
    """PortOne's words for how money is paid (reference 11.3)."""

    CARD = "card"
    TRANS = "trans"
    VBANK = "vbank"
    PHONE = "phone"


class AttemptState(StrEnum):
    READY = "ready"
    SENDING = "sending"  # claimed, with a lease, before the bytes leave
    UNCERTAIN = "uncertain"  # perhaps done: look, never send
    PAID = "paid"
    DECLINED = "declined"
    ABANDONED = "abandoned"  # never happened at PortOne, and will not be sent


OPEN = frozenset({AttemptState.READY, AttemptState.SENDING, AttemptState.UNCERTAIN})
MAX_SENDS = 3

NEXT: dict[AttemptState, frozenset[AttemptState]] = {
    AttemptState.READY: frozenset({AttemptState.SENDING, AttemptState.ABANDONED, AttemptState.PAID}),
    AttemptState.SENDING: frozenset({AttemptState.PAID, AttemptState.DECLINED, AttemptState.UNCERTAIN}),
    AttemptState.UNCERTAIN: frozenset(
        {AttemptState.PAID, AttemptState.DECLINED, AttemptState.READY, AttemptState.ABANDONED}
    ),
    AttemptState.DECLINED: frozenset({AttemptState.PAID}),  # late approval: a fact is always recorded
    AttemptState.ABANDONED: frozenset({AttemptState.PAID}),
    AttemptState.PAID: frozenset(),
}
NEEDS_TWO_ABSENCES = frozenset(
    {(AttemptState.UNCERTAIN, AttemptState.READY), (AttemptState.UNCERTAIN, AttemptState.ABANDONED)}
)
IS_LATE = frozenset(
    {
        (AttemptState.READY, AttemptState.PAID),
        (AttemptState.DECLINED, AttemptState.PAID),
        (AttemptState.ABANDONED, AttemptState.PAID),
    }
)


class Evidence(StrEnum):
    """Why the outcome of an attempt is not known; `attempts.evidence` reads `refused: PortOne's words`."""

    UNREACHABLE = "unreachable"  # the request never left this machine
    NO_ANSWER = "no_answer"  # it left, and nothing usable came back
    REFUSED = "refused"  # PortOne answered with `code` other than 0: probably nothing happened
    MISMATCH = "mismatch"  # a payment of this order number is not the one that was asked for
    UNFINISHED = "unfinished"  # PortOne has begun and not ended it, or says a word nobody knows
    OTHER_MODE = "other_mode"  # a test payment in live mode, or the reverse
    AWAITING_DEPOSIT = "awaiting_deposit"  # an account was issued; nothing is wrong, the buyer has yet to pay
    HELD = "held"  # not sent: a clerk chose to wait until PortOne answers again
    LEASE_EXPIRED = "lease_expired"  # whoever sent it did not come back to say how it went

    def with_detail(self, detail: object = None) -> str:
        """The text that is kept."""
        return f"{self.value}: {detail}"[:256] if detail else self.value


def read_evidence(text: str | None) -> tuple[Evidence | None, str]:
    """The kept text as its word and its detail."""
    word, _, detail = (text or "").partition(": ")
    return (Evidence(word), detail) if word in set(Evidence) else (None, text or "")


def advance(state: AttemptState, to: AttemptState) -> AttemptState:
    """`to`, if an attempt may go there from `state`. Raises RuleBroken for a pair that is not in NEXT."""
    if to not in NEXT[state]:
        raise RuleBroken(f"attempt: {state} -> {to}")
    return to


class LineState(StrEnum):
    """What a history line says. Derived from attempt and payment, never set by hand."""

    WAITING = "waiting"  # written down, not sent
    CHECKING = "checking"  # sent, outcome not known
    PAID = "paid"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    DECLINED = "declined"
    NOT_SENT = "not_sent"
    READY = "ready"  # PortOne's ready: a window was opened, nothing was paid
    AWAITING_DEPOSIT = "awaiting_deposit"  # an account was issued and its deadline is to come
    DEPOSIT_EXPIRED = "deposit_expired"  # the deadline passed without money; it is still taken if it comes
    UNKNOWN = "unknown"


LINE_OF_ATTEMPT: dict[AttemptState, LineState] = {
    AttemptState.READY: LineState.WAITING,
    AttemptState.SENDING: LineState.CHECKING,
    AttemptState.UNCERTAIN: LineState.CHECKING,
    AttemptState.PAID: LineState.PAID,
    AttemptState.DECLINED: LineState.DECLINED,
    AttemptState.ABANDONED: LineState.NOT_SENT,
}


def line_of_payment(status: PaymentStatus, amount_krw: int, cancelled_krw: int) -> LineState:
    """What a payment's amounts say. A partial cancel may read `paid` or `cancelled` at PortOne: amounts decide.

    Source: reference section 12.
    """
    if status is PaymentStatus.FAILED:
        return LineState.DECLINED
    if status is PaymentStatus.READY:
        return LineState.READY
    if status is PaymentStatus.UNKNOWN:
        return LineState.UNKNOWN
    if cancelled_krw <= 0:
        return LineState.PAID if status is PaymentStatus.PAID else LineState.REFUNDED
    return LineState.PARTLY_REFUNDED if cancelled_krw < amount_krw else LineState.REFUNDED
