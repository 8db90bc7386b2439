"""Writing the books: one balanced entry for money taken, one for each part given back, and the day's total with it.

Only `payments.facts` calls this, with what PortOne said. Posting the same fact again changes nothing, so a fact may
be learnt from the answer, a webhook and a look, in any order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from sqlalchemy import Insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from merchant_admin.core.context import WorkContext
from merchant_admin.core.ids import new_id
from merchant_admin.core.settings import Mode
from merchant_admin.core.times import seoul_day
from merchant_admin.ledger.models import Account, DailyTotal, EntryKind, LedgerEntry

_TotalKey = tuple[date, Mode, EntryKind]


class TakenMoney(Protocol):
    """What the books need to know of a payment (payments.models.Payment)."""

    id: Any
    imp_uid: Any
    mode: Any
    amount_krw: Any
    paid_at: Any
    started_at: Any


class GivenBack(Protocol):
    """What the books need to know of one cancellation (payments.models.Cancellation)."""

    ref: Any
    amount_krw: Any
    cancelled_at: Any


def post_charge(ctx: WorkContext, session: Session, payment: TakenMoney) -> bool:
    """Enter the whole amount of a payment once, on the Seoul day it was paid. False if it stands already.

    A payment of 0 won (a card registered without a charge) has no entry.
    """
    if payment.amount_krw == 0:
        return False
    return _post(ctx, session, payment, _charged(payment, ctx.now()))


def post_charges(ctx: WorkContext, session: Session, payments: Sequence[TakenMoney]) -> None:
    """As post_charge for many: their entries in one statement."""
    now = ctx.now()
    rows = [_row(payment, _charged(payment, now), now) for payment in payments if payment.amount_krw]
    if not rows:
        return
    statement = _insert(session, LedgerEntry).on_conflict_do_nothing(index_elements=["kind", "ref"])
    told = statement.returning(LedgerEntry.seoul_day, LedgerEntry.mode, LedgerEntry.amount_krw)
    for new in session.execute(told, rows):
        _move_total(ctx, (new.seoul_day, new.mode, EntryKind.CHARGE), new.amount_krw)


def post_refund(ctx: WorkContext, session: Session, payment: TakenMoney, cancellation: GivenBack) -> bool:
    """Enter one cancellation once, on the Seoul day it was given back. False if it stands already.

    The charge must have been entered before; a database guard refuses an entry that gives back more than was paid.
    """
    return _post(
        ctx,
        session,
        payment,
        {
            "kind": EntryKind.REFUND, "ref": f"{payment.imp_uid}:{cancellation.ref}", "debit": Account.REFUNDS,
            "credit": Account.RECEIVABLE, "amount_krw": cancellation.amount_krw,
            "happened_at": cancellation.cancelled_at,
        },
    )  # fmt: skip


def _charged(payment: TakenMoney, now: datetime) -> dict[str, Any]:
    return {
        "kind": EntryKind.CHARGE, "ref": payment.imp_uid, "debit": Account.RECEIVABLE, "credit": Account.SALES,
        "amount_krw": payment.amount_krw, "happened_at": payment.paid_at or payment.started_at or now,
    }  # fmt: skip


def _row(payment: TakenMoney, entry: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "id": new_id("led"), "imp_uid": payment.imp_uid, "payment_id": payment.id, "mode": payment.mode,
        "seoul_day": seoul_day(entry["happened_at"]), "recorded_at": now, **entry,
    }  # fmt: skip


def _post(ctx: WorkContext, session: Session, payment: TakenMoney, entry: dict[str, Any]) -> bool:
    row = _row(payment, entry, ctx.now())
    statement = _insert(session, LedgerEntry).values(row).on_conflict_do_nothing(index_elements=["kind", "ref"])
    is_new = session.execute(statement.returning(LedgerEntry.id)).first() is not None
    if is_new:
        _move_total(ctx, (row["seoul_day"], payment.mode, entry["kind"]), entry["amount_krw"])
    return is_new


def _move_total(ctx: WorkContext, key: _TotalKey, amount_krw: int) -> None:
    """Move a day's total in the same commit as its entry."""
    moves = next((act for act in ctx.last_acts if isinstance(act, _Moves)), None)
    if moves is None:
        moves = _Moves()
        ctx.before_commit(moves)
    moves.sums.setdefault(key, []).append(amount_krw)


@dataclass
class _Moves:
    """What one write adds to the totals. A day has one row, which all who charge that day wait for: so each is moved
    once, in the order of days, and only when everything else was written.
    """

    turn: int = 0
    sums: dict[_TotalKey, list[int]] = field(default_factory=dict)

    def __call__(self, session: Session) -> None:
        total = DailyTotal.__table__.c
        for (day, mode, kind), sums in sorted(self.sums.items()):
            fresh = _insert(session, DailyTotal).values(
                seoul_day=day, mode=mode, kind=kind, entries=len(sums), sum_krw=sum(sums)
            )
            added = {"entries": total.entries + len(sums), "sum_krw": total.sum_krw + sum(sums)}
            session.execute(fresh.on_conflict_do_update(index_elements=["seoul_day", "mode", "kind"], set_=added))


def _insert(session: Session, model: Any) -> Any:
    """An INSERT that knows ON CONFLICT, in the words of the engine at hand."""
    made: Insert = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(model)
    return made
