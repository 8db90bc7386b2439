"""Waiting for money in a virtual account: until when, and how often PortOne is asked meanwhile.

An issued account is no trouble and nobody has to act: the buyer pays until the deadline. A deposit that the bank
reports late is still taken, so the order number is looked at for a while after the deadline too.
"""

from datetime import datetime, timedelta
from typing import Protocol

from merchant_admin.portone.types import PaymentStatus, Transaction

GRACE = timedelta(days=3)  # a deposit before the deadline may be reported this much later
EVERY = timedelta(minutes=30)  # webhooks bring the news at once; looks are for those that never came
AFTER_DEADLINE = timedelta(seconds=30)


class Waiting(Protocol):
    """What of a payment says that money is awaited."""

    status: PaymentStatus
    account_number: str | None
    deposit_due_at: datetime | None


def has_account(payment: Waiting) -> bool:
    """Whether an account was issued and nothing has come into it."""
    return payment.status is PaymentStatus.READY and payment.account_number is not None


def is_in_time(due_at: datetime | None, now: datetime) -> bool:
    return due_at is None or now <= due_at


def is_awaited(row: Transaction, now: datetime) -> bool:
    """Whether this payment is an account that may still receive its money."""
    if row.status is not PaymentStatus.READY or row.account is None:
        return False
    return row.account.due_at is None or now <= row.account.due_at + GRACE


def next_look(due_at: datetime | None, now: datetime) -> datetime:
    """Half an hour on, and once right after the deadline."""
    planned = now + EVERY
    if due_at is not None and now <= due_at:
        planned = min(planned, due_at + AFTER_DEADLINE)
    return planned
