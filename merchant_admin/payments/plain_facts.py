"""Many plain approvals written down in one go: the rows that facts.record_transaction would write, in fewer statements.

Plain is: the answer to a charge of a stored card that is being sent, wholly what was asked for, approved, with nothing
given back, and the first news of its payment. Whatever else comes is handed back and recorded by record_transaction.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.core.context import WorkContext
from merchant_admin.core.heaps import write_changed
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
    """Record the plain ones among `told` inside an open `ctx.atomic()`; returns the others, not recorded yet.

    Their attempts must be locked (lock_in_order), and are read here: what others wrote meanwhile is seen.
    """
    known = _known(session, [one for one in told if _is_plain(ctx, one)])
    plain = [(one, known[one.merchant_uid]) for one in told if one.merchant_uid in known]
    if plain:
        _record(ctx, session, plain, source)
    return [one for one in told if one.merchant_uid not in known]


def lock_in_order(session: Session, orders: Collection[str]) -> None:
    """Lock the attempts of stored cards among these order numbers, by id: whoever writes down many of them begins so.

    Renewals and what reads PortOne's lists meet in the same minute; in two orders they would wait for each other in a
    ring. Attempts of another kind are not meant: what promised or opened them is locked before them, one by one.
    """
    ours = select(Attempt.id).join(Charge, Charge.id == Attempt.charge_id)
    ours = ours.where(Attempt.merchant_uid.in_(orders), Charge.kind.in_(_PLAIN_KINDS))
    session.execute(ours.order_by(Attempt.id).with_for_update(of=Attempt)).all()


def _is_plain(ctx: WorkContext, one: Transaction) -> bool:
    is_whole = one.status is PaymentStatus.PAID and one.amount_krw > 0 and one.paid_at is not None
    return is_whole and not one.cancelled_krw and not one.cancels and not is_foreign(ctx.mode, one)


def _known(session: Session, told: list[Transaction]) -> dict[str, _Ours]:
    """By order number, for those that are ours and of which nothing is known yet."""
    orders = [one.merchant_uid for one in told]
    wanted = select(Attempt, Charge, BillingKey, PaymentLine).join(Charge, Charge.id == Attempt.charge_id)
    wanted = wanted.join(BillingKey, BillingKey.customer_uid == Attempt.customer_uid)
    wanted = wanted.join(PaymentLine, PaymentLine.attempt_id == Attempt.id).where(Attempt.merchant_uid.in_(orders))
    rows = session.execute(wanted.execution_options(populate_existing=True))
    found = {row[0].merchant_uid: _Ours(*row) for row in rows}
    ids = [one.attempt.id for one in found.values()]
    of_order = select(Payment.merchant_uid, Payment.imp_uid)
    heard = of_order.where(or_(Payment.attempt_id.in_(ids), Payment.imp_uid.in_([one.imp_uid for one in told])))
    seen = {word for row in session.execute(heard) for word in row}
    known = {}
    for one in told:
        ours = found.get(one.merchant_uid)
        if ours is None or seen & {one.merchant_uid, one.imp_uid} or one.merchant_uid in known:
            continue
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
    write_changed(session, [ours.attempt for _payment, ours in made])
    write_changed(session, [ours.line for _payment, ours in made])
    promises.tell_all(ctx, session, [(payment, ours.attempt) for payment, ours in made])
    session.flush()


def _mark_keys_used(session: Session, payments: list[Payment]) -> None:
    """Keys are not locked here: the statement itself keeps the newer instant. PortOne tells whole seconds."""
    by_instant = defaultdict(list)
    for payment in payments:
        by_instant[payment.paid_at].append(payment.billing_key_id)
    for at, key_ids in by_instant.items():
        is_newer = or_(BillingKey.last_charged_at.is_(None), BillingKey.last_charged_at < at)
        used = update(BillingKey).where(BillingKey.id.in_(key_ids), is_newer).values(last_charged_at=at)
        session.execute(used, execution_options={"synchronize_session": False})
    for payment in payments:
        session.expire(session.get_one(BillingKey, payment.billing_key_id), ["last_charged_at"])
