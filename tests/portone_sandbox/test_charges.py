"""Reference 5: charging a stored card, or one in the request."""

import threading
import time

import pytest

from tests.portone_sandbox.api import CARD

DECLINING = ["balance", "limit", "stopped", "expired", "lost_card", "late_approval"]


def test_an_approved_charge_has_every_field_of_the_contract(api, key):
    paid = api.again(amount=33_000, buyer_name="이하늘", custom_data='{"contract": "C-118"}', card_quota=0)
    assert paid.kind == (200, 0)
    assert (paid["status"], paid["amount"], paid["customer_uid_usage"]) == ("paid", 33_000, "payment")
    assert (paid["channel"], paid["user_agent"]) == ("api", "sorry_not_supported_anymore")
    assert paid["imp_uid"].startswith("imps_")
    assert paid["custom_data"] == '{"contract": "C-118"}'
    assert paid["pg_tid"].startswith("tpaytest2m")
    assert paid.response == api.payment(paid["imp_uid"])


@pytest.mark.parametrize("card", DECLINING)
def test_a_decline_is_a_failed_payment(api, handle, card):
    handle.window_key(customer_uid="card-1", merchant_uid="reg-1", card=card)
    declined = api.again()
    assert declined.kind == (200, 0)
    assert (declined["status"], declined["paid_at"], declined["receipt_url"]) == ("failed", 0, None)
    assert declined["fail_reason"]
    assert declined["failed_at"] > 0


def test_a_sleeping_issuer_refuses_without_a_row(api, handle):
    handle.window_key(customer_uid="card-1", merchant_uid="reg-1", card="issuer_down")
    assert api.again().kind == (200, -1)
    assert handle.payments("ord-1") == []


def test_a_paid_order_is_burnt_for_ever(api, key):
    first = api.again()
    assert api.again().kind == (200, 1)
    api.post("/payments/cancel", imp_uid=first["imp_uid"], amount=1000, checksum=1000)
    assert api.again().kind == (200, 1)


def test_a_failed_order_may_be_tried_again_as_a_new_row(api, handle):
    handle.window_key(customer_uid="card-1", merchant_uid="reg-1", card="first_declined")
    assert api.again()["status"] == "failed"
    assert api.again()["status"] == "paid"
    assert api.get("/payments/findAll/ord-1")["total"] == 2


def test_of_many_calls_with_one_order_number_one_charges(api, handle, key):
    kinds = []
    threads = [threading.Thread(target=lambda: kinds.append(api.again().kind)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(kinds) == [(200, 0)] + [(200, 1)] * 11
    assert [one["status"] for one in handle.payments("ord-1")] == ["paid"]


def test_a_charge_in_flight_cannot_be_read_and_blocks_its_order(api, sandbox, handle):
    handle.window_key(customer_uid="card-1", merchant_uid="reg-1", card="slow")
    slow = threading.Thread(target=api.again)
    slow.start()
    time.sleep(0.1)
    other = sandbox.api()
    assert other.get("/payments/find/ord-1").status == 404
    assert other.again().kind == (200, 1)
    slow.join()
    assert other.get("/payments/find/ord-1")["status"] == "paid"


def test_an_unknown_key_is_refused(api):
    assert api.again(customer_uid="nobody").kind == (200, 1)


@pytest.mark.parametrize("amount", [0, -1, 1.5, "1.5", "천원", 10**20, "１０００", True, [1], {"a": 1}, None, "1e9"])
def test_an_amount_that_is_no_won_is_refused(api, handle, key, amount):
    assert api.again(amount=amount).kind == (200, 1)
    assert handle.payments("ord-1") == []


@pytest.mark.parametrize("amount", [1000, "1000", 1000.0, "1000.0"])
def test_an_amount_may_come_as_text(api, key, amount):
    assert api.again(amount=amount)["amount"] == 1000


@pytest.mark.parametrize(
    "more",
    [
        {"merchant_uid": "o" * 41}, {"merchant_uid": ""}, {"name": "가" * 41}, {"tax_free": 1001},
        {"card_quota": 1, "amount": 60_000}, {"card_quota": 3, "amount": 49_999}, {"merchant_uid": "\ud800"},
    ],
)  # fmt: skip
def test_bad_fields_are_refused(api, handle, key, more):
    assert api.again(**more).kind == (200, 1)
    assert [one["merchant_uid"] for one in handle.payments()] == ["reg-1"]


def test_instalments_from_fifty_thousand(api, key):
    assert api.again(amount=50_000, card_quota=2)["card_quota"] == 2


def test_a_card_in_the_request_is_charged_and_stored(api, handle):
    body = {
        "merchant_uid": "ord-1",
        "amount": 500,
        "card_number": handle.card_number(),
        **CARD,
        "customer_uid": "card-9",
    }
    paid = api.post("/subscribe/payments/onetime", **body)
    assert (paid["status"], paid["pg_id"], paid["customer_uid_usage"]) == ("paid", "tpaytest1m", "issue")
    assert api.get("/subscribe/customers/card-9").kind == (200, 0)


def test_a_declined_card_in_the_request_is_not_stored(api, handle):
    number = handle.card_number("balance")
    body = {"merchant_uid": "ord-1", "amount": 500, "card_number": number, **CARD, "customer_uid": "card-9"}
    assert api.post("/subscribe/payments/onetime", **body)["status"] == "failed"
    assert handle.billing_keys() == []


def test_a_card_works_twice_and_then_fails(api, handle):
    handle.window_key(customer_uid="card-1", merchant_uid="reg-1", card="works_twice")
    assert [api.again(f"ord-{n}")["status"] for n in range(3)] == ["paid", "paid", "failed"]


def test_a_card_expires_next_month(api, handle):
    handle.window_key(customer_uid="card-1", merchant_uid="reg-1", card="expires_next_month")
    assert api.again("ord-1")["status"] == "paid"
    handle.clock.advance(70 * 86_400)
    api = type(api)(api.url, api.http)
    assert api.again("ord-2")["status"] == "failed"


def test_a_decline_is_approved_late(api, handle):
    handle.window_key(customer_uid="card-1", merchant_uid="reg-1", card="late_approval")
    declined = api.again()
    handle.clock.advance(31)
    late = api.payment(declined["imp_uid"])
    assert (late["status"], late["paid_at"] - declined["failed_at"]) == ("paid", 30)


def test_a_late_approval_never_pays_an_order_twice(api, handle, key):
    handle.window_key(customer_uid="card-2", merchant_uid="reg-2", card="late_approval")
    api.again(customer_uid="card-2")
    assert api.again(customer_uid=key)["status"] == "paid"
    handle.clock.advance(31)
    assert [one["status"] for one in handle.payments("ord-1")] == ["failed", "paid"]


def test_a_missing_name_is_forgiven_unless_told_otherwise(make_sandbox, api, key):
    assert api.again(name="").kind == (200, 0)
    strict = make_sandbox(name_required=True)
    strict.handle.window_key(customer_uid="card-1", merchant_uid="reg-1")
    assert strict.api().again(name="").kind == (200, 1)
