"""What about a payment needs a person: each opens its case in the commit of the fact it is about."""

from typing import Any

from sqlalchemy.orm import Session

from merchant_admin.cases.service import Finding, open_case, settle_case
from merchant_admin.cases.states import CaseKind, Ending
from merchant_admin.core.context import WorkContext
from merchant_admin.payments.models import Attempt, Payment
from merchant_admin.portone.types import Transaction


def mismatched(ctx: WorkContext, session: Session, payment: Payment, attempt: Attempt, wrong: tuple[str, ...]) -> None:
    """Money came under our order number that is not what was asked for. Another MID is a case of its own."""
    charge_id = attempt.charge_id
    others = [name for name in wrong if name != "pg_id"]
    if others:
        sums = {"asked_krw": attempt.amount_krw, "came_krw": payment.amount_krw} if "amount" in others else {}
        _open(ctx, session, CaseKind.MISMATCH, payment, charge_id, fields=others, **sums)
    if "pg_id" in wrong:
        _open(ctx, session, CaseKind.WRONG_MID, payment, charge_id, fields=["pg_id"], theirs=payment.pg_id)


def deposit_differs(ctx: WorkContext, session: Session, payment: Payment, came_krw: int | None) -> None:
    """PortOne calls a virtual account paid, and lists deposits of another sum."""
    _open(ctx, session, CaseKind.DEPOSIT_DIFFERS, payment, None, asked_krw=payment.amount_krw, came_krw=came_krw)


def other_issuer(ctx: WorkContext, session: Session, payment: Payment, allowed: tuple[str, ...]) -> None:
    """A card of an issuer that the window was told to shut out: PortOne does not enforce that (reference 13.2)."""
    facts = {"issuer": payment.issuer_name or payment.issuer_code, "allowed": list(allowed)}
    _open(ctx, session, CaseKind.OTHER_ISSUER, payment, None, **facts)


def paid_twice(ctx: WorkContext, session: Session, payment: Payment, charge_id: str, first: str | None) -> None:
    """One charge took money twice: this payment is the later one, to be refunded."""
    _open(ctx, session, CaseKind.PAID_TWICE, payment, charge_id, first=first)


def amount_changed(ctx: WorkContext, session: Session, payment: Payment, told_krw: int) -> None:
    """PortOne tells another amount than before; ours stays as it is."""
    ours, theirs = f"₩{payment.amount_krw:,}", f"₩{told_krw:,}"
    _open(ctx, session, CaseKind.AMOUNT_CHANGED, payment, None, ours=ours, theirs=theirs)


def history_differs(ctx: WorkContext, session: Session, payment: Payment, entered_krw: int) -> None:
    """PortOne's cancels do not sum up to its own total."""
    facts = {"entered_krw": entered_krw, "cancelled_krw": payment.cancelled_krw}
    _open(ctx, session, CaseKind.HISTORY_DIFFERS, payment, None, **facts)


def history_is_whole(ctx: WorkContext, session: Session, payment: Payment) -> None:
    """The cancels sum up now: nothing is left for a person."""
    settle_case(ctx, session, CaseKind.HISTORY_DIFFERS, payment.imp_uid, Ending.SUMS_AGAIN)


def test_in_live(ctx: WorkContext, session: Session, transaction: Transaction) -> None:
    """A test payment while real money is taken: a forgery or a wrong channel. It is in no book."""
    facts = {"imp_uid": transaction.imp_uid}
    open_case(
        ctx, session,
        Finding(CaseKind.TEST_IN_LIVE, transaction.imp_uid, amount_krw=transaction.amount_krw, facts=facts),
    )  # fmt: skip


def _open(
    ctx: WorkContext, session: Session, kind: CaseKind, payment: Payment, charge_id: str | None, **facts: Any
) -> None:
    finding = Finding(
        kind, payment.imp_uid, payment_id=payment.id, charge_id=charge_id, customer_id=payment.customer_id,
        amount_krw=payment.amount_krw, facts=facts,
    )  # fmt: skip
    open_case(ctx, session, finding)
