"""What a refund's state becomes once PortOne's own history of the payment was read."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.core.context import WorkContext
from merchant_admin.core.db import lease_now
from merchant_admin.core.errors import GatewayError, NotFound
from merchant_admin.core.owners import me
from merchant_admin.doubts.queries import looks_at
from merchant_admin.doubts.service import note_look, overtake
from merchant_admin.doubts.states import DoubtKind, LookAnswer
from merchant_admin.notices.states import NoticeKind
from merchant_admin.notices.writing import News, said_day, said_won, tell_customer
from merchant_admin.payments.facts import record_transaction
from merchant_admin.payments.models import Payment
from merchant_admin.portone.gateway import Gateway
from merchant_admin.portone.types import Cancel, CancelOrder, Transaction
from merchant_admin.refunds.evidence import Evidence, balance_moved, said
from merchant_admin.refunds.models import Refund
from merchant_admin.refunds.states import RefundReason, RefundState, advance

SUBJECT = "refund"
SETTLE = timedelta(seconds=180)  # a request may be in flight this long; only then may the same one be sent again
LEASE = timedelta(seconds=120)  # longer than connecting, a fresh token and the longest read together
MAX_SENDS = 3
WHEN_UNREAD = timedelta(seconds=60)
LOOKS = tuple(timedelta(seconds=s) for s in (5, 15, 30, 60, 120, 300, 900, 3600))

# Sent to PortOne and kept there, so in the merchant's language whoever reads our screen.
REASON_WORDS = {
    RefundReason.CUSTOMER_REQUEST: "고객 요청",
    RefundReason.DUPLICATE: "중복 결제",
    RefundReason.NOT_DELIVERED: "상품 또는 서비스 미제공",
    RefundReason.WRONG_AMOUNT: "금액 오류",
    RefundReason.OTHER: "기타",
}


@dataclass(frozen=True)
class Found:
    """One reading: the entry that carries our reference, if there is one, and what is left."""

    cancel: Cancel | None
    remaining_krw: int


def reference(refund_id: str) -> str:
    """The mark by which a refund is found again in `cancel_history`."""
    return f"[{refund_id}]"


def order_of(refund: Refund) -> CancelOrder:
    """What is sent: never without an amount and the balance believed in."""
    words = REASON_WORDS[refund.reason_code]
    why = f"{words}: {refund.reason_text}" if refund.reason_text else words
    return CancelOrder(
        imp_uid=refund.imp_uid,
        amount_krw=refund.amount_krw,
        checksum_krw=refund.remaining_krw,
        tax_free_krw=refund.tax_free_krw,
        reason=f"{why} {reference(refund.id)}",
    )


def claim(refund: Refund, now: datetime) -> None:
    """READY to SENDING, with a lease; committed before a byte leaves."""
    refund.state = advance(refund.state, RefundState.SENDING)
    refund.sends += 1
    refund.sent_at, refund.lease_until, refund.next_look_at = now, now + LEASE, None
    refund.owner = me()


def apply_answer(ctx: WorkContext, refund_id: str, answer: Transaction) -> None:
    """A yes counts only for our payment and with our reference in its history; anything else is looked at."""
    with ctx.atomic() as session:
        refund = locked(session, refund_id)
        if answer.imp_uid != refund.imp_uid:
            to_uncertain(ctx, refund, Evidence.OTHER_PAYMENT)
            return
        found = _record(ctx, session, refund, answer)
        if found.cancel is not None:
            _done(ctx, session, refund, found.cancel)
        elif refund.state is RefundState.SENDING:
            to_uncertain(ctx, refund, Evidence.NOT_SHOWN)


def settle_refusal(ctx: WorkContext, gateway: Gateway, refund_id: str, words: str) -> None:
    """PortOne said no. Read before believing it: the history decides, and a moved balance is explained."""
    imp_uid = fresh(ctx, refund_id).imp_uid
    ctx.end_reading()
    try:
        transaction = gateway.payment(imp_uid)
    except GatewayError:
        transaction = None
    with ctx.atomic() as session:
        refund = locked(session, refund_id)
        if refund.state is not RefundState.SENDING:
            return
        if transaction is None:
            to_uncertain(ctx, refund, said(words))
            return
        found = _record(ctx, session, refund, transaction)
        if found.cancel is not None:
            _done(ctx, session, refund, found.cancel)
        else:
            _refused(ctx, session, refund, _moved(refund, found) or said(words))


def settle_by_reading(ctx: WorkContext, gateway: Gateway, refund_id: str) -> bool:
    """One look at an open or refused refund. Whether it is claimed anew and must now be sent again."""
    imp_uid = fresh(ctx, refund_id).imp_uid
    ctx.end_reading()
    try:
        transaction = gateway.payment(imp_uid)
    except GatewayError as wrong:
        with ctx.atomic() as session:
            refund = locked(session, refund_id)
            if refund.state is RefundState.UNCERTAIN:
                # Not this refund's fault: it is tried again soon, however long PortOne was away.
                refund.next_look_at = lease_now(session, ctx.clock) + WHEN_UNREAD
                _note_unread(ctx, session, refund_id, wrong)
        raise
    with ctx.atomic() as session:
        refund = locked(session, refund_id)
        was_uncertain = refund.state is RefundState.UNCERTAIN
        answer = _settle(ctx, session, refund, transaction)
        if was_uncertain:
            note_look(ctx, session, (DoubtKind.REFUND, refund_id), answer)
        return refund.state is RefundState.SENDING and was_uncertain


def _settle(ctx: WorkContext, session: Session, refund: Refund, transaction: Transaction | None) -> LookAnswer:
    """What a reading makes of a refund; SENDING when it was claimed anew."""
    now = lease_now(session, ctx.clock)
    if transaction is None:
        _put_off(refund, now, Evidence.UNKNOWN_PAYMENT)
        return LookAnswer.NOTHING
    found = _record(ctx, session, refund, transaction)
    if found.cancel is not None:
        _done(ctx, session, refund, found.cancel)
        return LookAnswer.DONE
    if refund.state is not RefundState.UNCERTAIN:
        return LookAnswer.NOTHING
    if moved := _moved(refund, found):
        _refused(ctx, session, refund, moved)
        return LookAnswer.NOT_DONE
    return _not_there(ctx, session, refund, now)


def _not_there(ctx: WorkContext, session: Session, refund: Refund, now: datetime) -> LookAnswer:
    """Not in the history, and the balance is the one it believed in."""
    if refund.sent_at is None or now - refund.sent_at < SETTLE:
        _put_off(refund, now)
        return LookAnswer.NOTHING
    if refund.pay_back_bank is not None:
        # The account was passed on and not kept, so only a person can ask for it again.
        _refused(ctx, session, refund, Evidence.NEVER_ARRIVED_ONCE)
        return LookAnswer.NOT_DONE
    if refund.sends >= MAX_SENDS:
        _refused(ctx, session, refund, Evidence.NEVER_ARRIVED)
        return LookAnswer.NOT_DONE
    refund.state = advance(refund.state, RefundState.READY)
    session.flush()
    claim(refund, now)
    record(ctx, "refund.sent_again", (SUBJECT, refund.id), amount_krw=refund.amount_krw, sends=refund.sends)
    return LookAnswer.ABSENT


def _note_unread(ctx: WorkContext, session: Session, refund_id: str, wrong: GatewayError) -> None:
    """Once for as long as PortOne can't be asked."""
    last = looks_at(session, refund_id, limit=1)
    if not last or last[0].answer is not LookAnswer.UNREAD:
        note_look(ctx, session, (DoubtKind.REFUND, refund_id), LookAnswer.UNREAD, type(wrong).__name__)


def not_sent(ctx: WorkContext, refund_id: str) -> None:
    """No connection was made, so not one byte left: certainly nothing was given back."""
    with ctx.atomic() as session:
        refund = locked(session, refund_id)
        if refund.state is RefundState.SENDING:
            _refused(ctx, session, refund, Evidence.NOT_SENT)


def to_uncertain(ctx: WorkContext, refund: Refund, evidence: str, wait: timedelta = LOOKS[0]) -> None:
    """Perhaps given back: nothing but a look is allowed now."""
    refund.state = advance(refund.state, RefundState.UNCERTAIN)
    refund.lease_until, refund.evidence, refund.looks = None, evidence[:256], 0
    refund.next_look_at = (refund.sent_at or ctx.now()) + wait
    record(ctx, "refund.uncertain", (SUBJECT, refund.id), amount_krw=refund.amount_krw, evidence=evidence[:256])


def _record(ctx: WorkContext, session: Session, refund: Refund, transaction: Transaction) -> Found:
    payment = record_transaction(ctx, session, transaction, source="refund")
    session.flush()
    ours = next((one for one in transaction.cancels if reference(refund.id) in (one.reason or "")), None)
    return Found(ours, payment.remaining_krw)


def _done(ctx: WorkContext, session: Session, refund: Refund, cancel: Cancel) -> None:
    if refund.state is RefundState.DONE:
        return
    refund.state = advance(refund.state, RefundState.DONE)
    refund.lease_until = refund.next_look_at = refund.evidence = None
    refund.cancellation_ref, refund.settled_at = cancel.ref, ctx.now()
    record(
        ctx, "refund.done", (SUBJECT, refund.id), customer_id=_customer_of(session, refund),
        amount_krw=cancel.amount_krw, payment_id=refund.payment_id,
    )  # fmt: skip
    overtake(ctx, session, DoubtKind.REFUND, refund.id)
    _tell_customer(ctx, session, refund, cancel.amount_krw)


def _tell_customer(ctx: WorkContext, session: Session, refund: Refund, amount_krw: int) -> None:
    payment = session.get(Payment, refund.payment_id)
    if payment is None or payment.customer_id is None:
        return
    values = {"상품명": payment.name or "주문", "환불금액": said_won(amount_krw), "환불일": said_day(ctx.now())}
    news = News(refund.id, NoticeKind.REFUNDED, payment.customer_id, (SUBJECT, refund.id), values)
    tell_customer(ctx, session, news)


def close_by_hand(ctx: WorkContext, session: Session, refund: Refund) -> None:
    """End a refund that two people say was not made. A later fact still wins."""
    _refused(ctx, session, refund, Evidence.CLOSED_BY_HAND)


def _refused(ctx: WorkContext, session: Session, refund: Refund, why: str) -> None:
    refund.state = advance(refund.state, RefundState.REFUSED)
    refund.lease_until = refund.next_look_at = None
    refund.evidence, refund.settled_at = why[:256], ctx.now()
    record(
        ctx, "refund.refused", (SUBJECT, refund.id), customer_id=_customer_of(session, refund), reason=why,
        amount_krw=refund.amount_krw, payment_id=refund.payment_id,
    )  # fmt: skip
    overtake(ctx, session, DoubtKind.REFUND, refund.id)


def _moved(refund: Refund, found: Found) -> str | None:
    """Why a refund that isn't there can't come any more: the balance it believed in is gone."""
    if found.remaining_krw == refund.remaining_krw:
        return None
    return balance_moved(refund.remaining_krw, found.remaining_krw)


def _put_off(refund: Refund, now: datetime, evidence: str | None = None) -> None:
    if refund.state is not RefundState.UNCERTAIN:
        return
    refund.looks += 1
    may_send_at = (refund.sent_at or now) + SETTLE
    planned = now + LOOKS[min(refund.looks, len(LOOKS) - 1)]
    refund.next_look_at = min(planned, may_send_at) if may_send_at > now else planned
    refund.evidence = evidence or refund.evidence


def _customer_of(session: Session, refund: Refund) -> str | None:
    payment = session.get(Payment, refund.payment_id)
    return payment.customer_id if payment else None


def fresh(ctx: WorkContext, refund_id: str) -> Refund:
    """The row as it stands now. Raises NotFound."""
    refund = ctx.session.get(Refund, refund_id, populate_existing=True)
    if refund is None:
        raise NotFound(_("환불을 찾을 수 없습니다."))
    return refund


def locked(session: Session, refund_id: str) -> Refund:
    """The row, locked for this write. Raises NotFound."""
    refund = session.get(Refund, refund_id, with_for_update=True, populate_existing=True)
    if refund is None:
        raise NotFound(_("환불을 찾을 수 없습니다."))
    return refund
