"""What happens by itself as time passes, each thing at its own time, however far the clock jumped."""

from portone_sandbox import payments
from portone_sandbox.hub import Hub


def run_due(hub: Hub) -> None:
    """Do everything that is due by now, oldest first."""
    while _approve_one(hub):
        pass


def _approve_one(hub: Hub) -> bool:
    """A card company that answered late with a no says yes after all."""
    now = hub.clock.now()
    with hub.store.read() as db:
        due = db.execute("SELECT 1 FROM payments WHERE due_at > 0 AND due_at <= ? LIMIT 1", (now,)).fetchone()
    if due is None:
        return False
    with hub.store.write() as db:
        row = db.execute(
            "SELECT imp_code, body, inner, due_at FROM payments WHERE due_at > 0 AND due_at <= ? ORDER BY due_at, rowid LIMIT 1",
            (now,),
        ).fetchone()
        if row is None:
            return False
        payment, then = payments.load(row), row["due_at"]
        payment.inner.approves_at = 0
        is_still_unpaid = not payments.is_burnt(db, row["imp_code"], payment.merchant_uid, 0)
        if is_still_unpaid:
            payment.approve(then)
        payments.save(db, row["imp_code"], payment, then)
        merchant = hub.merchants.in_store(db, row["imp_code"])
        if is_still_unpaid and merchant is not None:
            hub.webhooks.payment_changed(db, merchant, payment, then)
    hub.webhooks.wake()
    return True
