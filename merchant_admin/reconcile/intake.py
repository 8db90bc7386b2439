"""Taking a list of PortOne's in: what is news is recorded, what we hold already costs one read."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.core.context import WorkContext
from merchant_admin.payments import problems
from merchant_admin.payments.facts import is_foreign, record_transaction
from merchant_admin.payments.models import Payment
from merchant_admin.portone.types import Transaction

log = logging.getLogger(__name__)

ROWS_A_COMMIT = 50
ROWS_A_LOOK = 500


@dataclass(frozen=True)
class Taken:
    """What became of a list: rows seen, rows that were news, rows that could not be read or recorded."""

    seen: int = 0
    changed: int = 0
    skipped: int = 0

    def __add__(self, other: "Taken") -> "Taken":
        return Taken(self.seen + other.seen, self.changed + other.changed, self.skipped + other.skipped)


def take_in(ctx: WorkContext, rows: Iterable[Transaction], *, source: str, skipped: int = 0) -> Taken:
    """Record every row that says more than we hold; no row twice. A row that can't be recorded keeps none from theirs.

    Rows of 0 won are billing keys without a charge: their registration looks after them.
    """
    once = {row.imp_uid: row for row in rows if row.amount_krw > 0}
    news = _news(ctx, list(once.values()))
    changed, bad = 0, skipped
    for part in _parts(sorted(news, key=lambda row: (row.merchant_uid, row.imp_uid)), ROWS_A_COMMIT):
        try:
            _record(ctx, part, source)
            changed += len(part)
        except Exception:
            log.exception("reconcile.part_failed")
            for row in part:
                good = _alone(ctx, row, source)
                changed, bad = changed + good, bad + (not good)
    return Taken(len(once), changed, bad)


def _news(ctx: WorkContext, rows: list[Transaction]) -> list[Transaction]:
    found = []
    for part in _parts(rows, ROWS_A_LOOK):
        held = _held(ctx.reader, part)
        found += [row for row in part if held.get(row.imp_uid) != _said(row)]
    ctx.end_reading()
    return found


def _held(session: Session, rows: list[Transaction]) -> dict[str, tuple[str, int, int]]:
    ours = select(Payment.imp_uid, Payment.status, Payment.amount_krw, Payment.cancelled_krw).where(
        Payment.imp_uid.in_([row.imp_uid for row in rows])
    )
    return {row.imp_uid: (row.status.value, row.amount_krw, row.cancelled_krw) for row in session.execute(ours)}


def _said(row: Transaction) -> tuple[str, int, int]:
    return row.status.value, row.amount_krw, row.cancelled_krw


def _record(ctx: WorkContext, rows: list[Transaction], source: str) -> None:
    with ctx.atomic() as session:
        for row in rows:
            if is_foreign(ctx.mode, row):
                problems.test_in_live(ctx, session, row)
            else:
                record_transaction(ctx, session, row, source=source)


def _alone(ctx: WorkContext, row: Transaction, source: str) -> bool:
    try:
        _record(ctx, [row], source)
    except Exception:
        log.exception("reconcile.row_failed", extra={"imp_uid": row.imp_uid})
        return False
    return True


def _parts(rows: list[Transaction], size: int) -> Iterator[list[Transaction]]:
    rest = iter(rows)
    while part := list(islice(rest, size)):
        yield part
