"""Reading again every payment that may still be given back: a cancel made elsewhere is in no recent list."""

from datetime import datetime, timedelta

from sqlalchemy import select, text

from merchant_admin.cases.service import Finding, open_case
from merchant_admin.cases.states import CaseKind
from merchant_admin.core.context import WorkContext
from merchant_admin.core.db import lease_now
from merchant_admin.core.settings import Mode
from merchant_admin.payments.models import Payment
from merchant_admin.portone.gateway import MOST_NAMED, Gateway
from merchant_admin.reconcile.intake import Taken, take_in

REFUNDABLE = timedelta(days=180)


def reread(ctx: WorkContext, gateway: Gateway, place: str | None, most_calls: int) -> tuple[str | None, int, Taken]:
    """Read on from `place`, at most `most_calls` hundreds. The next place (None at the end), the calls, what came.

    Raises the GatewayError family; what was read is recorded.
    """
    calls, taken = 0, Taken()
    while place is not None and calls < most_calls:
        ids, place = _refundable(ctx, place)
        ctx.end_reading()
        if ids:
            listing = gateway.payments_named(ids)
            calls += 1
            taken += take_in(ctx, listing.rows, source="reread", skipped=listing.unreadable)
            taken += Taken(seen=0, skipped=_tell_gone(ctx, gateway, set(ids) - {row.imp_uid for row in listing.rows}))
    return place, calls, taken


def _refundable(ctx: WorkContext, place: str) -> tuple[list[str], str | None]:
    """The next hundred, and the place after them: `status|instant|id`; None at the end."""
    status, at, row_id = place.split("|") if place else ("paid", "", "")
    since = lease_now(ctx.reader, ctx.clock) - REFUNDABLE
    start = datetime.fromisoformat(at) if at else since
    query = select(Payment.imp_uid, Payment.paid_at, Payment.cancelled_at, Payment.id).where(
        text(f"payments.status = '{status}'"),
        Payment.amount_krw > Payment.cancelled_krw, Payment.mode == Mode(ctx.mode), Payment.paid_at >= since,
    )  # fmt: skip
    column = Payment.paid_at if status == "paid" else Payment.cancelled_at
    after = (column > start) | ((column == start) & (Payment.id > row_id))
    rows = list(ctx.reader.execute(query.where(after).order_by(column, Payment.id).limit(MOST_NAMED)))
    if len(rows) == MOST_NAMED:
        last = rows[-1]
        at = (last.paid_at if status == "paid" else last.cancelled_at).isoformat()
        return [row.imp_uid for row in rows], f"{status}|{at}|{last.id}"
    return [row.imp_uid for row in rows], "cancelled||" if status == "paid" else None


def _tell_gone(ctx: WorkContext, gateway: Gateway, gone: set[str]) -> int:
    """Payments of ours that PortOne does not name in a list and not alone either: a person must ask PortOne."""
    lost = [uid for uid in sorted(gone) if gateway.payment(uid) is None]
    for uid in lost:
        with ctx.atomic() as session:
            payment = session.scalars(select(Payment).where(Payment.imp_uid == uid)).one()
            ours = f"{payment.status.value} ₩{payment.amount_krw:,}"
            finding = Finding(
                CaseKind.MISSING_THERE, uid, payment_id=payment.id, customer_id=payment.customer_id,
                amount_krw=payment.amount_krw, facts={"ours": ours, "theirs": None},
            )  # fmt: skip
            open_case(ctx, session, finding)
    return len(lost)
