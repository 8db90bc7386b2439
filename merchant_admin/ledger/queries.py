"""Reading the books: totals of days, and whether books, payments and daily totals agree to the won."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, case, column, func, literal, or_, select, table, union_all
from sqlalchemy.orm import Session

from merchant_admin.core.settings import Mode
from merchant_admin.ledger.models import DailyTotal, EntryKind, LedgerEntry

# The books lie below payments and know its table by name only.
_PAYMENTS = table("payments", *map(column, ("imp_uid", "status", "amount_krw", "cancelled_krw", "paid_at")))
MOST_DIFFERENCES = 100


@dataclass(frozen=True)
class Totals:
    """What was taken and given back in a span of Seoul days."""

    charges: int = 0
    charged_krw: int = 0
    refunds: int = 0
    refunded_krw: int = 0

    @property
    def net_krw(self) -> int:
        return self.charged_krw - self.refunded_krw


@dataclass(frozen=True)
class Difference:
    """One place where two records of the same money disagree: `off_krw` is the first minus the books."""

    between: str  # "payments" or "daily_totals"
    subject: str  # an imp_uid, or "2026-11-23 live charge"
    off_krw: int


def totals_of(session: Session, mode: Mode | str, first_day: date, last_day: date) -> Totals:
    """Counts and sums of the Seoul days `first_day` to `last_day`, both included."""
    rows = session.execute(
        select(DailyTotal.kind, func.sum(DailyTotal.entries), func.sum(DailyTotal.sum_krw))
        .where(DailyTotal.mode == Mode(mode), DailyTotal.seoul_day.between(first_day, last_day))
        .group_by(DailyTotal.kind)
    )
    sums = {kind: (int(entries), int(total)) for kind, entries, total in rows}
    charges, charged = sums.get(EntryKind.CHARGE, (0, 0))
    refunds, refunded = sums.get(EntryKind.REFUND, (0, 0))
    return Totals(charges, charged, refunds, refunded)


def differences(session: Session) -> list[Difference]:
    """Where the books, the payments and the daily totals disagree; empty when all is right."""
    return [*_off_payments(session), *_off_totals(session)]


def _off_payments(session: Session) -> list[Difference]:
    """For each payment that was taken: amount - cancelled must equal the sum of its entries."""
    paid = _PAYMENTS.c
    taken = or_(
        paid.status == "paid",
        and_(paid.status == "cancelled", or_(paid.paid_at.is_not(None), paid.cancelled_krw > 0)),
    )
    signed = case((LedgerEntry.kind == EntryKind.CHARGE, LedgerEntry.amount_krw), else_=-LedgerEntry.amount_krw)
    both = union_all(
        select(paid.imp_uid.label("imp_uid"), (paid.amount_krw - paid.cancelled_krw).label("krw")).where(taken),
        select(LedgerEntry.imp_uid.label("imp_uid"), (-signed).label("krw")),
    ).subquery()
    off = func.sum(both.c.krw)
    found = session.execute(
        select(both.c.imp_uid, off).group_by(both.c.imp_uid).having(off != 0).limit(MOST_DIFFERENCES)
    )
    return [Difference("payments", imp_uid, int(krw)) for imp_uid, krw in found]


def _off_totals(session: Session) -> list[Difference]:
    """For each Seoul day, mode and kind: count and sum must be those of the entries."""
    both = union_all(
        select(
            DailyTotal.seoul_day.label("day"), DailyTotal.mode.label("mode"), DailyTotal.kind.label("kind"),
            DailyTotal.entries.label("entries"), DailyTotal.sum_krw.label("krw"),
        ),
        select(
            LedgerEntry.seoul_day, LedgerEntry.mode, LedgerEntry.kind, literal(-1), -LedgerEntry.amount_krw,
        ),
    ).subquery()  # fmt: skip
    entries, krw = func.sum(both.c.entries), func.sum(both.c.krw)
    key = (both.c.day, both.c.mode, both.c.kind)
    found = session.execute(
        select(*key, krw).group_by(*key).having(or_(entries != 0, krw != 0)).limit(MOST_DIFFERENCES)
    )
    return [Difference("daily_totals", f"{day} {mode} {kind}", int(off)) for day, mode, kind, off in found]
