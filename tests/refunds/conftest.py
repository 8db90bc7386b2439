"""Paid payments to give back."""

import pytest

from merchant_admin.core.ids import new_id
from merchant_admin.payments.facts import record_transaction
from merchant_admin.refunds import service
from merchant_admin.refunds.service import RefundSheet
from merchant_admin.refunds.states import RefundReason
from tests.support.books import assert_books_agree, assert_books_balance

CANCEL = "/payments/cancel"


class Desk:
    """A clerk's desk: makes paid payments and sends refund sheets."""

    def __init__(self, world):
        self.world = world

    def paid(self, amount_krw=33_000, **window):
        """A payment taken in a window, as PortOne tells of it."""
        imp_uid = self.world.sandbox.window_key(
            customer_uid=new_id("bks"), merchant_uid=new_id("ord"), amount=amount_krw, **window
        )
        ctx, transaction = self.world.ctx(), self.world.gateway.payment(imp_uid)
        with ctx.atomic() as session:
            return record_transaction(ctx, session, transaction, source="test")

    def sheet(self, payment, amount_krw, **other):
        facts = {
            "sheet_key": new_id("sht"), "payment_id": payment.id, "amount_krw": amount_krw, "tax_free_krw": 0,
            "remaining_krw": payment.remaining_krw, "reason_code": RefundReason.CUSTOMER_REQUEST,
            "reason_text": "단순 변심",
        }  # fmt: skip
        return RefundSheet(**facts | other)

    def send(self, sheet, staff=None):
        return service.refund_payment(self.world.ctx(staff), self.world.gateway, sheet)

    def look(self, refund):
        return service.look_at_refund(self.world.ctx(), self.world.gateway, refund.id)

    def given_back(self, payment):
        """What the sandbox says was given back, in all."""
        return next(one for one in self.world.sandbox.payments() if one["imp_uid"] == payment.imp_uid)["cancel_amount"]

    def cancels_sent(self):
        return sum(one["path"] == CANCEL for one in self.world.sandbox.requests_log())


@pytest.fixture
def desk(world):
    yield Desk(world)
    assert_books_balance(world.session)
    assert_books_agree(world.app, world.sandbox)


@pytest.fixture
def each_desk(each_world):
    yield Desk(each_world)
    assert_books_balance(each_world.session)
    assert_books_agree(each_world.app, each_world.sandbox)
