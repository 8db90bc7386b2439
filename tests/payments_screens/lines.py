"""Makes lines of the history straight in the table, for tests of what lists read."""

from datetime import timedelta

from merchant_admin.core.ids import new_id
from merchant_admin.payments.models import PaymentLine
from merchant_admin.payments.states import LineState

_TAKEN = {LineState.PAID, LineState.PARTLY_REFUNDED, LineState.REFUNDED}


def a_line(world, *, ago=timedelta(), state=LineState.PAID, customer=None, amount_krw=33_000, **facts):
    """One line, asked for `ago` before the world's now."""
    at = world.clock.now() - ago
    refunded_krw = {LineState.PARTLY_REFUNDED: amount_krw // 2, LineState.REFUNDED: amount_krw}.get(state, 0)
    words = {
        "id": new_id("pay"), "state": state, "kind": "one_off", "mode": "sandbox", "name": "정기 배송 11월",
        "customer_id": customer.id if customer else None, "amount_krw": amount_krw, "refunded_krw": refunded_krw,
        "issuer_code": "366", "issuer_name": "신한카드", "last_four": "4321", "merchant_uid": new_id("ord"),
        "imp_uid": new_id("imp") if state in _TAKEN else None, "asked_at": at,
        "paid_at": at if state in _TAKEN else None, "refunded_at": at if refunded_krw else None,
    } | facts  # fmt: skip
    return world.add(PaymentLine(**words))
