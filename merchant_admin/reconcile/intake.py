"""Taking a list of PortOne's in: what is news is recorded, what we hold already costs one read."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.core.context import WorkContext
from merchant_admin.payments import problems
from merchant_admin.payments.facts import is_foreign, record_transaction
from merchant_admin.payments.models import Attempt, Payment
from merchant_admin.payments.plain_facts import lock_in_order
from merchant_admin.payments.states import AttemptState
from merchant_admin.portone.types import PaymentStatus, Transaction

log = logging.getLogger(__name__)

T = TypeVar("T")

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
    running = in_flight(ctx, once.values())
    news = _news(ctx, [row for uid, row in once.items() if uid not in running])
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


def in_flight(ctx: WorkContext, rows: Iterable[Transaction]) -> set[str]:
    """The imp_uids of tries whose attempt is being sent or whose window is open: what comes of them is not said yet.

    A buyer may try another card after a failed one, so such a try is not taken for the attempt's end.
    """
    tries = {row.imp_uid: row.merchant_uid for row in rows if row.status in {PaymentStatus.READY, PaymentStatus.FAILED}}
    orders = sorted(set(tries.values()))
    sending: set[str] = set()
    for part in _parts(orders, ROWS_A_LOOK):
        sent = select(Attempt.merchant_uid).where(Attempt.merchant_uid.in_(part), Attempt.state == AttemptState.SENDING)
        sending |= set(ctx.reader.scalars(sent))
    ctx.end_reading()
    return {imp_uid for imp_uid, order in tries.items() if order in sending}


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
        lock_in_order(session, [row.merchant_uid for row in rows])
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


def _parts(rows: list[T], size: int) -> Iterator[list[T]]:
    rest = iter(rows)
    while part := list(islice(rest, size)):
        yield part
