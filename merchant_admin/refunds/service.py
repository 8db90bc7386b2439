"""Giving money back: asked once, with the balance it believes in, and found again in PortOne's own history.

A refund is written and claimed before PortOne is asked. Its reference stands in the reason PortOne keeps, so that an
answer that was lost is read, never guessed. PortOne refuses it if the balance moved (`checksum`, reference section 8).
"""

import hashlib
import json
from dataclasses import astuple, dataclass, replace
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.core.context import ActorKind, WorkContext
from merchant_admin.core.db import among, lease_now
from merchant_admin.core.errors import Conflict, InvalidInput, NotFound, RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.core.owners import is_gone
from merchant_admin.core.settings import Mode
from merchant_admin.payments.facts import record_transaction
from merchant_admin.payments.models import Payment
from merchant_admin.portone.gateway import Gateway
from merchant_admin.portone.types import PaymentStatus, RefundAccount
from merchant_admin.refunds.asking import ask
from merchant_admin.refunds.evidence import Evidence
from merchant_admin.refunds.methods import kept_account, masked, refuse_by_method
from merchant_admin.refunds.models import Refund
from merchant_admin.refunds.settling import SUBJECT, claim, fresh, locked, settle_by_reading, to_uncertain
from merchant_admin.refunds.states import OPEN, RefundReason, RefundState

REASON_MOST = 200
_REFUNDABLE = frozenset({PaymentStatus.PAID, PaymentStatus.CANCELLED})


@dataclass(frozen=True)
class RefundSheet:
    """The confirm sheet as it was sent. `remaining_krw` is the balance staff saw on it."""

    sheet_key: str
    payment_id: str
    amount_krw: int
    tax_free_krw: int
    remaining_krw: int
    reason_code: RefundReason
    reason_text: str
    pay_back_to: RefundAccount | None = None  # for a virtual account; passed on, and kept masked

    @property
    def body_hash(self) -> str:
        wish = astuple(replace(self, pay_back_to=None))[1:-1]
        told = masked(self.pay_back_to) if self.pay_back_to else ()
        return hashlib.sha256(json.dumps((*wish, *told), ensure_ascii=False).encode()).hexdigest()


class BalanceMoved(Conflict):
    """What is left is no longer what the sheet showed: someone gave money back meanwhile."""

    def __init__(self, believed_krw: int, remaining_krw: int) -> None:
        super().__init__(
            _("그사이 남은 금액이 바뀌었습니다. 환불하지 않았습니다. 새 금액을 보고 다시 결정하세요."),
            believed_krw=believed_krw, remaining_krw=remaining_krw,
        )  # fmt: skip
        self.believed_krw = believed_krw
        self.remaining_krw = remaining_krw


def refund_payment(ctx: WorkContext, gateway: Gateway, sheet: RefundSheet) -> Refund:
    """Give `sheet.amount_krw` won back, at most once per sheet.

    Comes back DONE, REFUSED (nothing was given back) or UNCERTAIN (settles itself by reading). The second use of a
    sheet returns the first refund. Raises BalanceMoved, Conflict (the sheet's words differ, or another refund of this
    payment is still open), InvalidInput, RuleBroken, NotFound, or GatewayUnreachable while sending is stopped; then
    nothing was sent.
    """
    if ctx.session.scalar(select(Refund.id).where(Refund.sheet_key == sheet.sheet_key)) is None:
        ctx.end_reading()
        gateway.refuse_if_stopped()
    try:
        refund, is_new = _claim(ctx, sheet)
    except IntegrityError as clash:  # the same sheet or another refund of this payment, at the same moment
        refund, is_new = _first_of(ctx, sheet, clash), False
    if is_new:
        ask(ctx, gateway, refund.id, sheet.pay_back_to)
    return fresh(ctx, refund.id)


def _claim(ctx: WorkContext, sheet: RefundSheet) -> tuple[Refund, bool]:
    with ctx.atomic() as session:
        payment = session.get(Payment, sheet.payment_id, with_for_update=True, populate_existing=True)
        if payment is None:
            raise NotFound(_("결제를 찾을 수 없습니다."))
        known = session.scalar(select(Refund).where(Refund.sheet_key == sheet.sheet_key))
        if known is not None:
            return _same(known, sheet), False
        _refuse_impossible(session, payment, sheet)
        refuse_by_method(payment, sheet.amount_krw, sheet.pay_back_to, ctx.now())
        now = lease_now(session, ctx.clock)
        refund = Refund(
            id=new_id("ref"), sheet_key=sheet.sheet_key, body_hash=sheet.body_hash, mode=Mode(ctx.mode),
            payment_id=payment.id, imp_uid=payment.imp_uid, amount_krw=sheet.amount_krw,
            tax_free_krw=sheet.tax_free_krw, remaining_krw=sheet.remaining_krw, reason_code=sheet.reason_code,
            reason_text=sheet.reason_text, **kept_account(sheet.pay_back_to), state=RefundState.READY, sends=0, looks=0,
            staff_id=ctx.actor.id if ctx.actor.kind is ActorKind.STAFF else None, created_at=ctx.now(),
        )  # fmt: skip
        session.add(refund)
        session.flush()
        claim(refund, now)
        record(
            ctx, "refund.asked", (SUBJECT, refund.id), customer_id=payment.customer_id, reason=sheet.reason_text,
            amount_krw=sheet.amount_krw, tax_free_krw=sheet.tax_free_krw, remaining_krw=sheet.remaining_krw,
            reason_code=sheet.reason_code.value, payment_id=payment.id,
        )  # fmt: skip
    return refund, True


def _refuse_impossible(session: Session, payment: Payment, sheet: RefundSheet) -> None:
    open_one = session.scalar(select(Refund.id).where(Refund.payment_id == payment.id, Refund.state.in_(OPEN)))
    if open_one is not None:
        raise Conflict(
            _("이 결제의 다른 환불이 아직 확인 중입니다. 결과가 나온 뒤 다시 하세요. 환불하지 않았습니다."),
            refund=open_one,
        )
    if payment.status not in _REFUNDABLE:
        raise RuleBroken(_("승인된 결제가 아니라서 환불할 수 없습니다."), payment=payment.id)
    if payment.remaining_krw != sheet.remaining_krw:
        raise BalanceMoved(sheet.remaining_krw, payment.remaining_krw)
    if not 1 <= sheet.amount_krw <= payment.remaining_krw:
        wrong = _("환불 금액은 1원부터 남은 금액까지입니다.")
        raise InvalidInput(wrong, {"amount_krw": wrong})
    if not 0 <= sheet.tax_free_krw <= sheet.amount_krw:
        wrong = _("면세 금액은 환불 금액보다 클 수 없습니다.")
        raise InvalidInput(wrong, {"tax_free_krw": wrong})
    if len(sheet.reason_text) > REASON_MOST:
        wrong = _("사유는 200자까지입니다.")
        raise InvalidInput(wrong, {"reason_text": wrong})


def _same(known: Refund, sheet: RefundSheet) -> Refund:
    if known.body_hash != sheet.body_hash:
        raise Conflict(
            _("이 화면은 이미 다른 내용으로 보냈습니다. 새로 환불하지 않았습니다. 새로 열어 다시 입력하세요."),
            refund=known.id,
        )
    return known


def _first_of(ctx: WorkContext, sheet: RefundSheet, clash: IntegrityError) -> Refund:
    known = ctx.session.scalar(select(Refund).where(Refund.sheet_key == sheet.sheet_key))
    if known is not None:
        return _same(known, sheet)
    if "uq_refunds_open" in str(clash.orig) or "refunds.payment_id" in str(clash.orig):
        raise Conflict(_("이 결제의 다른 환불이 아직 확인 중입니다. 결과가 나온 뒤 다시 하세요. 환불하지 않았습니다."))
    raise clash


def read_balance(ctx: WorkContext, gateway: Gateway, payment_id: str) -> int:
    """Read the payment at PortOne, write down what it says, and return what is left to give back.

    Raises NotFound, GatewayError, or RuleBroken when PortOne doesn't know the payment.
    """
    payment = ctx.session.get(Payment, payment_id, populate_existing=True)
    if payment is None:
        raise NotFound(_("결제를 찾을 수 없습니다."))
    imp_uid = payment.imp_uid
    ctx.end_reading()
    transaction = gateway.payment(imp_uid)
    if transaction is None:
        raise RuleBroken(_("포트원에 없는 결제입니다. 환불할 수 없습니다."), payment=payment_id)
    with ctx.atomic() as session:
        return record_transaction(ctx, session, transaction, source="refund_sheet").remaining_krw


def look_at_refund(ctx: WorkContext, gateway: Gateway, refund_id: str) -> Refund:
    """Settle an uncertain refund by reading the payment's cancel history; send it again only by the rules.

    Found: DONE. Not found and the balance unchanged long enough after the send: sent again, with the same balance
    believed in. Not found and the balance moved: REFUSED, someone else's refund came first. Raises GatewayError when
    PortOne can't be read; the next look is put off then. A REFUSED one is read too: the truth may come late.
    """
    refund = fresh(ctx, refund_id)
    if refund.state in {RefundState.DONE, RefundState.READY, RefundState.SENDING}:
        return refund
    if settle_by_reading(ctx, gateway, refund_id):
        ask(ctx, gateway, refund_id)
    return fresh(ctx, refund_id)


def expire_leases(ctx: WorkContext) -> int:
    """Refunds whose sender vanished become uncertain, never ready again: the request may have left. How many."""
    now = lease_now(ctx.reader, ctx.clock)
    sending = select(Refund.id, Refund.lease_until, Refund.owner).where(
        among(Refund.state, OPEN), Refund.state == RefundState.SENDING
    )
    held = ctx.session.execute(sending.order_by(Refund.lease_until).limit(200)).all()
    overdue = [row.id for row in held if row.lease_until <= now or is_gone(row.owner)]
    ctx.end_reading()
    for refund_id in overdue:
        with ctx.atomic() as session:
            refund = locked(session, refund_id)
            lease_until = refund.lease_until
            if lease_until is not None and (lease_until <= now or is_gone(refund.owner)):
                to_uncertain(ctx, refund, Evidence.SENDER_VANISHED, wait=timedelta())
    return len(overdue)


def due_refunds(session: Session, now: datetime, limit: int = 20) -> list[str]:
    """Ids of uncertain refunds whose next look has come, the oldest first."""
    return list(
        session.scalars(
            select(Refund.id)
            .where(among(Refund.state, OPEN), Refund.state == RefundState.UNCERTAIN, Refund.next_look_at <= now)
            .order_by(Refund.next_look_at)
            .limit(limit)
        )
    )
