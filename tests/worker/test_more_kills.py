"""kill -9 around every other call that changes something, of clerks and of workers: settled once after a restart."""

import signal

import pytest
from sqlalchemy import select

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.core.db import db
from merchant_admin.core.ids import new_id
from merchant_admin.payments.models import Payment
from merchant_admin.payments.service import ChargeSheet, charge_billing_key
from merchant_admin.refunds.models import Refund
from merchant_admin.refunds.service import RefundSheet, refund_payment
from merchant_admin.refunds.states import RefundReason
from merchant_admin.registrations.models import Registration
from merchant_admin.registrations.service import RegistrationOrder, open_registration
from tests.worker import victim
from tests.worker.shop import AGAIN, until

CANCEL = "/payments/cancel"
REFUNDED = (0, 6, 190, 200)  # seconds after the restart at which the workers of this page make a round


def a_refund_sheet(shop):
    """A paid charge, and a sheet that gives a third of it back."""
    sheet = ChargeSheet(**shop.a_sheet("approve"))
    shop.alive(lambda ctx, gateway: charge_billing_key(ctx, gateway, sheet).id)
    payment_id = shop.alive(lambda ctx, _gateway: ctx.session.scalars(select(Payment.id)).one())
    return {
        "sheet_key": new_id("sht"), "payment_id": payment_id, "amount_krw": 11_000, "tax_free_krw": 0,
        "remaining_krw": 33_000, "reason_code": RefundReason.CUSTOMER_REQUEST, "reason_text": "단순 변심",
    }  # fmt: skip


def only(shop, model):
    """The one row of a table, as plain values."""
    return shop.alive(lambda ctx, _gateway: dict(vars(ctx.session.scalars(select(model)).one())))


def cancels(shop):
    return sum(call["path"] == CANCEL for call in shop.sandbox.requests_log())


def given_back(shop):
    return sum(one["cancel_amount"] for one in shop.sandbox.payments())


def is_killed(process):
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.parametrize("point", ["before", "during", "after"])
def test_a_killed_refund_is_carried_out_once_after_the_restart(shop, point):
    sheet = a_refund_sheet(shop)
    if point == "during":
        shop.sandbox.faults.plan("delay_after", CANCEL, seconds=3)
    process = shop.running(victim.refund, ("cancel", point), sheet)
    if point == "during":
        until(lambda: shop.sandbox.faults.planned()[0].fired)
        process.kill()
    is_killed(process)
    assert only(shop, Refund)["state"] == "sending"
    shop.settle(REFUNDED)
    assert (only(shop, Refund)["state"], given_back(shop)) == ("done", 11_000)
    shop.assert_right()


@pytest.mark.parametrize("point", ["before", "after"])
def test_a_worker_killed_while_sending_a_refund_again_does_it_once(shop, point):
    shop.sandbox.faults.plan("close_before", CANCEL)
    sheet = RefundSheet(**a_refund_sheet(shop))
    shop.alive(lambda ctx, gateway: refund_payment(ctx, gateway, sheet).id)
    is_killed(shop.running(victim.work, ("cancel", point), 190))
    assert only(shop, Refund)["state"] == "sending"
    shop.settle((191, 197, 400, 410))
    assert (only(shop, Refund)["state"], given_back(shop)) == ("done", 11_000)
    assert cancels(shop) == 2
    shop.assert_right()


@pytest.mark.parametrize("point", ["before", "after"])
def test_a_worker_killed_while_looking_leaves_the_look_to_the_next(shop, point):
    shop.sandbox.faults.plan("close_after", AGAIN)
    sheet = ChargeSheet(**shop.a_sheet("approve"))
    shop.alive(lambda ctx, gateway: charge_billing_key(ctx, gateway, sheet).id)
    is_killed(shop.running(victim.work, ("payments_of", point), 10))
    assert shop.settle((11,)).state == "paid"
    assert shop.sends() == 1
    shop.assert_right()


def an_order(shop):
    customer_id = shop.a_sheet("approve")["customer_id"]
    return {
        "sheet_key": new_id("sht"),
        "customer_id": customer_id,
        "amount_krw": 15_000,
        "tax_free_krw": 0,
        "name": "첫 결제",
    }


@pytest.mark.parametrize("point", ["before", "after"])
def test_a_killed_registration_is_opened_by_pressing_again(shop, point):
    order = an_order(shop)
    is_killed(shop.running(victim.register, ("lock_amount", point), order))
    shop.alive(lambda ctx, gateway: open_registration(ctx, gateway, RegistrationOrder(**order)).id)
    row = only(shop, Registration)
    shop.sandbox.window_key(customer_uid=row["customer_uid"], merchant_uid=row["merchant_uid"], amount=15_000)
    shop.settle((31,))
    assert only(shop, Registration)["state"] == "both"
    shop.assert_right()


@pytest.mark.parametrize(
    ("method", "point"), [("stored_card", "after"), ("payments_of", "before"), ("payments_of", "after")]
)
def test_a_worker_killed_while_reading_a_registration_links_one_card(shop, method, point):
    order = RegistrationOrder(**an_order(shop))
    shop.alive(lambda ctx, gateway: open_registration(ctx, gateway, order).id)
    row = only(shop, Registration)
    shop.sandbox.window_key(customer_uid=row["customer_uid"], merchant_uid=row["merchant_uid"], amount=15_000)
    is_killed(shop.running(victim.work, (method, point), 31))
    shop.settle((32, 40))
    assert only(shop, Registration)["state"] == "both"
    ours = select(BillingKey.state).where(BillingKey.customer_uid == row["customer_uid"])
    assert shop.alive(lambda _ctx, _gateway: db.session.scalars(ours).all()) == ["active"]
    shop.assert_right()
