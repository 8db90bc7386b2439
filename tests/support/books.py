"""Whether the sandbox's truth and our books agree, to the won and payment by payment."""

from sqlalchemy import func, select

from merchant_admin.core.db import db
from merchant_admin.ledger.models import EntryKind, LedgerEntry
from merchant_admin.ledger.queries import differences


def true_balances(sandbox):
    """imp_uid -> (paid, given back) for every payment of the sandbox in which money moved."""
    return {
        payment["imp_uid"]: (payment["amount"], payment["cancel_amount"])
        for payment in sandbox.payments()
        if payment["amount"] > 0 and payment["status"] in {"paid", "cancelled"}
    }


def booked_balances(session):
    """The same from our ledger."""
    found = {}
    sums = select(LedgerEntry.imp_uid, LedgerEntry.kind, func.sum(LedgerEntry.amount_krw))
    for imp_uid, kind, total in session.execute(sums.group_by(LedgerEntry.imp_uid, LedgerEntry.kind)):
        paid, back = found.get(imp_uid, (0, 0))
        found[imp_uid] = (total, back) if kind is EntryKind.CHARGE else (paid, total)
    return found


def assert_books_agree(app, sandbox):
    """Nothing at the sandbox that we did not book, nothing booked that did not happen, and our own sums are right."""
    with app.app_context():
        try:
            assert booked_balances(db.session) == true_balances(sandbox)
            assert not differences(db.session)
        finally:
            db.session.remove()
