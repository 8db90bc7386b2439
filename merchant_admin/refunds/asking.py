"""The one place that asks PortOne for a refund, for a row that was claimed before."""

from dataclasses import replace

from merchant_admin.core.context import WorkContext
from merchant_admin.core.errors import GatewayError, GatewayRejected, GatewayUnreachable
from merchant_admin.portone.gateway import Gateway
from merchant_admin.portone.types import CancelOrder, RefundAccount
from merchant_admin.refunds.evidence import Evidence
from merchant_admin.refunds.settling import (
    apply_answer,
    fresh,
    locked,
    not_sent,
    order_of,
    settle_refusal,
    to_uncertain,
)
from merchant_admin.refunds.states import RefundState


def ask(ctx: WorkContext, gateway: Gateway, refund_id: str, pay_back_to: RefundAccount | None = None) -> None:
    """Send a claimed refund once, and write what came back. Nothing is raised: every outcome has a state."""
    refund = fresh(ctx, refund_id)
    if refund.state is not RefundState.SENDING:
        return
    order: CancelOrder = replace(order_of(refund), pay_back_to=pay_back_to)
    ctx.end_reading()
    try:
        answer = gateway.cancel(order)
    except GatewayUnreachable:
        not_sent(ctx, refund_id)
    except GatewayRejected as refusal:
        settle_refusal(ctx, gateway, refund_id, str(refusal))
    except GatewayError:
        with ctx.atomic() as session:
            row = locked(session, refund_id)
            if row.state is RefundState.SENDING:
                to_uncertain(ctx, row, Evidence.NO_ANSWER)
    else:
        apply_answer(ctx, refund_id, answer)
