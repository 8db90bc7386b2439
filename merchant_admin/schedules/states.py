"""The life of a reservation. The same table stands in the database's triggers."""

from enum import StrEnum

from merchant_admin.core.errors import RuleBroken


class ScheduleState(StrEnum):
    READY = "ready"  # written down, not sent
    SENDING = "sending"  # claimed, with a lease, before the bytes leave
    UNCERTAIN = "uncertain"  # perhaps reserved: look, never send
    SCHEDULED = "scheduled"  # PortOne holds it
    REVOKING = "revoking"  # PortOne was asked to drop it; it may still run
    EXECUTED_PAID = "executed_paid"
    EXECUTED_FAILED = "executed_failed"
    REVOKED = "revoked"
    MISSING = "missing"  # PortOne does not know it: it was never reserved, or is gone


class ScheduleSource(StrEnum):
    OURS = "ours"
    FOUND = "found"  # reserved elsewhere, taken over


_S = ScheduleState
_TOLD = frozenset({_S.EXECUTED_PAID, _S.EXECUTED_FAILED, _S.REVOKED})  # whatever PortOne says is taken over
NEXT: dict[ScheduleState, frozenset[ScheduleState]] = {
    _S.READY: frozenset({_S.SENDING}),
    _S.SENDING: frozenset({_S.SCHEDULED, _S.UNCERTAIN}) | _TOLD,
    _S.UNCERTAIN: frozenset({_S.SCHEDULED, _S.MISSING}) | _TOLD,
    _S.SCHEDULED: frozenset({_S.REVOKING, _S.MISSING}) | _TOLD,
    _S.REVOKING: frozenset({_S.SCHEDULED, _S.MISSING}) | _TOLD,
    _S.EXECUTED_FAILED: frozenset({_S.EXECUTED_PAID, _S.SCHEDULED}),  # run again in PortOne's console
    _S.REVOKED: frozenset({_S.EXECUTED_PAID, _S.EXECUTED_FAILED, _S.SCHEDULED}),
    _S.MISSING: frozenset({_S.SCHEDULED}) | _TOLD,  # a fact is always recorded
    _S.EXECUTED_PAID: frozenset(),
}
LIVE = frozenset({_S.READY, _S.SENDING, _S.UNCERTAIN, _S.SCHEDULED, _S.REVOKING})  # money may still be taken
AGAIN = frozenset({_S.EXECUTED_FAILED, _S.REVOKED})  # PortOne may be asked to run these once more
CHECKING = frozenset({_S.SENDING, _S.UNCERTAIN, _S.REVOKING})


def advance(state: ScheduleState, to: ScheduleState) -> ScheduleState:
    """`to`, if a reservation may go there from `state`. Raises RuleBroken for a pair that is not in NEXT."""
    if to not in NEXT[state]:
        raise RuleBroken(f"schedule: {state} -> {to}")
    return to


class Evidence(StrEnum):
    """Why a reservation is not as it should be; `schedules.evidence` reads `refused: PortOne's words`."""

    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    LEASE_EXPIRED = "lease_expired"
    MISMATCH = "mismatch"  # PortOne holds something else under this order number
    STILL_HELD = "still_held"  # asked to drop it, and it is still there
    NOT_MOVED = "not_moved"
    NOT_AGAIN = "not_again"  # asked to run once more, and it stands as it stood
    OVERDUE = "overdue"  # its time passed, and PortOne has not run it

    def with_detail(self, detail: object = None) -> str:
        """The text that is kept."""
        return f"{self.value}: {detail}"[:256] if detail else self.value


def read_evidence(text: str | None) -> tuple[Evidence | None, str]:
    """The kept text as its word and its detail."""
    word, _, detail = (text or "").partition(": ")
    return (Evidence(word), detail) if word in set(Evidence) else (None, text or "")
