"""The life of a refund, and the reasons staff choose from."""

from enum import StrEnum

from merchant_admin.core.errors import RuleBroken


class RefundState(StrEnum):
    READY = "ready"
    SENDING = "sending"
    UNCERTAIN = "uncertain"
    DONE = "done"
    REFUSED = "refused"


OPEN = frozenset({RefundState.READY, RefundState.SENDING, RefundState.UNCERTAIN})

NEXT: dict[RefundState, frozenset[RefundState]] = {
    RefundState.READY: frozenset({RefundState.SENDING, RefundState.REFUSED}),
    RefundState.SENDING: frozenset({RefundState.DONE, RefundState.REFUSED, RefundState.UNCERTAIN}),
    RefundState.UNCERTAIN: frozenset({RefundState.DONE, RefundState.REFUSED, RefundState.READY}),
    RefundState.DONE: frozenset(),
    RefundState.REFUSED: frozenset({RefundState.DONE}),  # the truth may come late
}


class RefundReason(StrEnum):
    CUSTOMER_REQUEST = "customer_request"
    DUPLICATE = "duplicate"
    NOT_DELIVERED = "not_delivered"
    WRONG_AMOUNT = "wrong_amount"
    OTHER = "other"


def advance(state: RefundState, to: RefundState) -> RefundState:
    """`to`, if a refund may go there from `state`. Raises RuleBroken for a pair that is not in NEXT."""
    if to not in NEXT[state]:
        raise RuleBroken(f"refund: {state} -> {to}")
    return to
