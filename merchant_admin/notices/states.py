"""The life of one notice. The same table stands in the database's triggers."""

from enum import StrEnum

from merchant_admin.core.errors import RuleBroken


class NoticeKind(StrEnum):
    RENEWAL_SOON = "renewal_soon"
    CHARGED = "charged"
    FAILED = "failed"  # declined, and tried again later
    CARD_NEEDED = "card_needed"
    PRICE_RISE = "price_rise"
    TRIAL_END = "trial_end"
    REFUNDED = "refunded"
    ENDED_UNPAID = "ended_unpaid"
    CARD_LINK = "card_link"


class NoticeState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"  # a worker has it, and has perhaps sent it
    SENT = "sent"  # the mail server or the sender of texts took it
    HANDED_OVER = "handed_over"  # in a file that staff fetched
    UNKNOWN = "unknown"  # perhaps sent: never sent again by itself
    FAILED = "failed"  # certainly not sent, and not tried any more
    DROPPED = "dropped"  # never tried: no address, or too late


class Answer(StrEnum):
    """What a try came to."""

    SENT = "sent"
    NOT_NOW = "not_now"  # certainly not sent; may be tried again
    REFUSED = "refused"  # certainly not sent, and will not be
    UNKNOWN = "unknown"  # no answer, or the process died in between


class Why(StrEnum):
    """Why a notice ended without being sent."""

    NO_ADDRESS = "no_address"
    BAD_ADDRESS = "bad_address"
    TOO_LATE = "too_late"  # what it says is over
    OVERTAKEN = "overtaken"  # what it says is no longer so
    LINK_OVER = "link_over"  # its link was used, or is over
    REFUSED = "refused"
    GIVEN_UP = "given_up"  # the last try
    NO_ANSWER = "no_answer"


_S = NoticeState
NEXT: dict[NoticeState, frozenset[NoticeState]] = {
    _S.WAITING: frozenset({_S.SENDING, _S.HANDED_OVER, _S.DROPPED}),
    _S.SENDING: frozenset({_S.SENT, _S.WAITING, _S.FAILED, _S.UNKNOWN}),
    _S.UNKNOWN: frozenset({_S.WAITING}),  # a person asked for another one
    _S.FAILED: frozenset({_S.WAITING}),
    _S.DROPPED: frozenset({_S.WAITING}),
    _S.SENT: frozenset(),
    _S.HANDED_OVER: frozenset(),
}
AGAIN = frozenset({_S.UNKNOWN, _S.FAILED, _S.DROPPED})  # may be sent by a person's press


def advance(state: NoticeState, to: NoticeState) -> NoticeState:
    """`to`, if a notice may go there from `state`. Raises RuleBroken for a pair that is not in NEXT."""
    if to not in NEXT[state]:
        raise RuleBroken(f"notice: {state} -> {to}")
    return to


class ConsentKind(StrEnum):
    PRICE_RISE = "price_rise"
    TRIAL_END = "trial_end"


class ConsentState(StrEnum):
    OPEN = "open"  # no answer yet: not charged
    GIVEN = "given"
    REFUSED = "refused"  # or taken back: not charged
    APPLIED = "applied"  # the first period at the new price is due
    WITHDRAWN = "withdrawn"  # the price was changed again, or the subscription ended


class SaidBy(StrEnum):
    """How the customer answered."""

    PHONE = "phone"
    PAPER = "paper"
    EMAIL = "email"
    VISIT = "visit"
    LINK = "link"  # on the customer's own phone


_C = ConsentState
NEXT_CONSENT: dict[ConsentState, frozenset[ConsentState]] = {
    _C.OPEN: frozenset({_C.GIVEN, _C.REFUSED, _C.WITHDRAWN}),
    _C.GIVEN: frozenset({_C.REFUSED, _C.APPLIED, _C.WITHDRAWN}),
    _C.REFUSED: frozenset({_C.GIVEN, _C.WITHDRAWN}),
    _C.APPLIED: frozenset(),
    _C.WITHDRAWN: frozenset(),
}
UNSETTLED = frozenset({_C.OPEN, _C.GIVEN, _C.REFUSED})
HOLDS = frozenset({_C.OPEN, _C.REFUSED})  # nothing is charged at the new price


def advance_consent(state: ConsentState, to: ConsentState) -> ConsentState:
    """The same for a consent."""
    if to not in NEXT_CONSENT[state]:
        raise RuleBroken(f"consent: {state} -> {to}")
    return to
