"""What an ordinary payment has become: read off its attempt, its account and the clock, never stored."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from merchant_admin.payments.states import AttemptState


class CheckoutState(StrEnum):
    OPEN = "open"  # nothing was paid and the window may be opened
    IN_WINDOW = "in_window"  # a window may be open somewhere at this moment
    CHECKING = "checking"  # the window is over, or the browser is: PortOne is being read
    AWAITING_DEPOSIT = "awaiting_deposit"
    DEPOSIT_EXPIRED = "deposit_expired"
    PAID = "paid"
    DIFFERS = "differs"  # money came under this order that is not the sum asked for, or not as asked
    FAILED = "failed"  # closed or declined at the desk
    EXPIRED = "expired"  # a link whose time is over
    ENDED = "ended"  # a link that staff cancelled


LIVE = frozenset({CheckoutState.IN_WINDOW, CheckoutState.CHECKING})
WAITING = frozenset({CheckoutState.AWAITING_DEPOSIT, CheckoutState.DEPOSIT_EXPIRED})
_TALKING = frozenset({AttemptState.READY, AttemptState.SENDING, AttemptState.UNCERTAIN})


@dataclass(frozen=True)
class Standing:
    """Everything the state depends on."""

    attempt: AttemptState | None
    has_account: bool
    deposit_due_at: datetime | None
    returned_at: datetime | None
    window_until: datetime | None
    link_expires_at: datetime | None  # None: no link
    ended_at: datetime | None
    has_other_money: bool = False  # taken, and not what was asked for

    def at(self, now: datetime) -> CheckoutState:
        """The state at this instant."""
        if self.attempt is AttemptState.PAID or self.has_other_money:
            return CheckoutState.DIFFERS if self.has_other_money else CheckoutState.PAID
        if self.has_account:
            in_time = self.deposit_due_at is None or now <= self.deposit_due_at
            return CheckoutState.AWAITING_DEPOSIT if in_time else CheckoutState.DEPOSIT_EXPIRED
        if self.attempt in _TALKING:
            is_open = self.attempt is AttemptState.SENDING and self.returned_at is None and not self.is_over(now)
            return CheckoutState.IN_WINDOW if is_open else CheckoutState.CHECKING
        if self.ended_at is not None:
            return CheckoutState.ENDED
        if self.link_expires_at is not None:
            return CheckoutState.EXPIRED if now >= self.link_expires_at else CheckoutState.OPEN
        return CheckoutState.OPEN if self.attempt is None else CheckoutState.FAILED

    def is_over(self, now: datetime) -> bool:
        """Whether the window's time has run out."""
        return self.window_until is None or now >= self.window_until

    def may_open(self, now: datetime) -> bool:
        """Whether a window may be opened: for the first time, once more, or the same one again."""
        if self.ended_at is not None or (self.link_expires_at is not None and now >= self.link_expires_at):
            return False
        if self.has_account or self.has_other_money or self.attempt in {AttemptState.PAID, AttemptState.UNCERTAIN}:
            return False
        return self.attempt is not AttemptState.SENDING or not self.is_over(now)
