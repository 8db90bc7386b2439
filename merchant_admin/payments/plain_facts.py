"""Many plain approvals written down in one go: the rows that facts.record_transaction would write, in fewer statements.

Plain is: the answer to a charge of a stored card that is being sent, wholly what was asked for, approved, with nothing
given back, and the first news of its payment. Whatever else comes is handed back and recorded by record_transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.core.context import WorkContext
from merchant_admin.ledger import service as ledger
from merchant_admin.payments import lines, promises
from merchant_admin.payments.facts import close_attempt, is_foreign, mismatches, mode_of, take_over, tell_charge
from merchant_admin.payments.models import Attempt, Charge, Payment, PaymentLine
from merchant_admin.payments.states import AttemptState, ChargeKind
from merchant_admin.portone.types import PaymentStatus, Transaction

_PLAIN_KINDS = frozenset({ChargeKind.RENEWAL, ChargeKind.ONE_OFF})


@dataclass(frozen=True)
class _Ours:
    """Our side of an approval: everything that record_transaction would have looked up for it."""

    attempt: Attempt
    charge: Charge
    key: BillingKey
    line: PaymentLine


def record_approvals(
    ctx: WorkContext, session: Session, told: Sequence[Transaction], *, source: str
) -> list[Transaction]:
    """Record the plain ones among `told` inside an open `ctx.atomic()`; returns the others, not recorded yet."""
    known = _known(session, [one for one in told if _is_plain(ctx, one)])
    plain = [(one, known[one.merchant_uid]) for one in told if one.merchant_uid in known]
    if plain:
        _record(ctx, session, plain, source)
    return [one for one in told if one.merchant_uid not in known]


def _is_plain(ctx: WorkContext, one: Transaction) -> bool:
    is_whole = one.status is PaymentStatus.PAID and one.amount_krw > 0 and one.paid_at is not None
    return is_whole and not one.cancelled_krw and not one.cancels and not is_foreign(ctx.mode, one)


def _known(session: Session, told: list[Transaction]) -> dict[str, _Ours]:
    """By order number, for those that are ours and of which nothing is known yet. Their attempts are locked."""
    orders = [one.merchant_uid for one in told]
    asked = select(Attempt).where(Attempt.merchant_uid.in_(orders)).order_by(Attempt.id).with_for_update()
    attempts = {one.merchant_uid: one for one in session.scalars(asked.execution_options(populate_existing=True))}
    ids = [attempt.id for attempt in attempts.values()]
    charges = {one.id: one for one in session.scalars(select(Charge).join(Attempt).where(Attempt.id.in_(ids)))}
    uids = [attempt.customer_uid for attempt in attempts.values()]
    keys = {
        key.customer_uid: key for key in session.scalars(select(BillingKey).where(BillingKey.customer_uid.in_(uids)))
    }
    lined = select(PaymentLine).where(PaymentLine.attempt_id.in_(ids))
    born = {line.attempt_id: line for line in session.scalars(lined.execution_options(populate_existing=True))}
    of_order = select(Payment.merchant_uid, Payment.imp_uid)
    heard = of_order.where(or_(Payment.attempt_id.in_(ids), Payment.imp_uid.in_([one.imp_uid for one in told])))
    seen = {word for row in session.execute(heard) for word in row}
    known = {}
    for one in told:
        attempt = attempts.get(one.merchant_uid)
        if attempt is None or seen & {one.merchant_uid, one.imp_uid} or one.merchant_uid in known:
            continue
        key, line = keys.get(attempt.customer_uid or ""), born.get(attempt.id)
        if key is None or line is None:
            continue
        ours = _Ours(attempt, charges[attempt.charge_id], key, line)
        if _awaits(ours, one):
            known[one.merchant_uid] = ours
    return known


def _awaits(ours: _Ours, one: Transaction) -> bool:
    attempt, charge, key, line = ours.attempt, ours.charge, ours.key, ours.line
    if line.imp_uid is not None or charge.billing_key_id != key.id:
        return False
    is_sent = attempt.state is AttemptState.SENDING and charge.kind in _PLAIN_KINDS
    return is_sent and not mismatches(attempt, charge, one)


def _record(ctx: WorkContext, session: Session, pairs: list[tuple[Transaction, _Ours]], source: str) -> None:
    now, made = ctx.now(), []
    for one, ours in pairs:
        payment = Payment(
            id=ours.line.id, imp_uid=one.imp_uid, merchant_uid=one.merchant_uid, attempt_id=ours.attempt.id,
            customer_id=ours.charge.customer_id, billing_key_id=ours.key.id, mode=mode_of(ctx.mode, one),
            status=PaymentStatus.READY, amount_krw=one.amount_krw, cancelled_krw=0, name="",
        )  # fmt: skip
        take_over(ctx, session, payment, one)
        made.append((payment, ours))
    session.add_all([payment for payment, _ours in made])
    session.flush()
    ledger.post_charges(ctx, session, [payment for payment, _ours in made])
    _mark_keys_used(session, [payment for payment, _ours in made])
    for payment, ours in made:
        close_attempt(ours.attempt, AttemptState.PAID, payment, now)
        facts = {"source": source, "again": False}  # none of these kinds is reserved anew, to run once more
        tell_charge(ctx, "charge.paid", ours.charge, ours.attempt, before=AttemptState.SENDING, **facts)
        lines.show_payment(session, payment, ours.attempt, now)
    session.flush()
    promises.tell_all(ctx, session, [(payment, ours.attempt) for payment, ours in made])
    session.flush()


def _mark_keys_used(session: Session, payments: list[Payment]) -> None:
    table = BillingKey.__table__.c
    is_newer = or_(table.last_charged_at.is_(None), table.last_charged_at < bindparam("at"))
    used = update(BillingKey.__table__).where(table.id == bindparam("key_id"), is_newer)  # type: ignore[arg-type]
    rows = [{"key_id": payment.billing_key_id, "at": payment.paid_at} for payment in payments]
    session.connection().execute(used.values(last_charged_at=bindparam("at")), rows)
    for payment in payments:
        session.expire(session.get_one(BillingKey, payment.billing_key_id), ["last_charged_at"])
