"""What a case can be about, and its two states."""

from enum import StrEnum


class CaseKind(StrEnum):
    PAID_TWICE = "paid_twice"  # one charge, two payments that took money
    MISMATCH = "mismatch"  # our order number, but another amount, currency, card or mode
    WRONG_MID = "wrong_mid"  # the money came through another merchant id than was asked for
    AMOUNT_CHANGED = "amount_changed"  # PortOne tells another amount of a payment than before
    TEST_IN_LIVE = "test_in_live"  # a test payment while real money is taken: never recorded
    HISTORY_DIFFERS = "history_differs"  # PortOne's list of cancels does not sum up to its own total
    CHARGE_ONLY = "charge_only"  # a registration took money and gave no card
    MISSING_HERE = "missing_here"  # PortOne lists a payment that is not in our records
    MISSING_THERE = "missing_there"  # our records hold a payment that PortOne does not list
    DIFFERS = "differs"  # both know it, with other words or sums
    BOOKS_DIFFER = "books_differ"  # our own ledger, payments and daily totals disagree
    CLOSED_DAY_MOVED = "closed_day_moved"  # something was entered into a day after it was closed
    DEPOSIT_DIFFERS = "deposit_differs"  # a virtual account is paid, and the deposits listed are another sum
    OTHER_ISSUER = "other_issuer"  # a card of an issuer that was not allowed
    UNKNOWN_CHANNEL = "unknown_channel"  # a MID of the settings is not among PortOne's channels


class CaseState(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"


class Ending(StrEnum):
    """Why a rule ended a case: kept in the place of a person's words, and told in the reader's language."""

    SUMS_AGAIN = "auto:sums_again"
    CHANNEL_THERE = "auto:channel_there"
    BOOKS_AGREE = "auto:books_agree"
    FOUND_EQUAL = "auto:found_equal"
