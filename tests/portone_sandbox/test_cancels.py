"""Reference 8: giving money back."""

import threading

import pytest


@pytest.fixture
def paid(api, key):
    return api.again(amount=10_000)


def cancel(api, **body):
    return api.post("/payments/cancel", **body)


def test_a_partial_cancel_is_already_cancelled(api, paid):
    part = cancel(api, imp_uid=paid["imp_uid"], amount=3_000, checksum=10_000, reason="부분 환불")
    assert (part["status"], part["amount"], part["cancel_amount"]) == ("cancelled", 10_000, 3_000)
    assert part["paid_at"] == paid["paid_at"]
    entry = part["cancel_history"][0]
    assert (entry["amount"], entry["reason"], entry["pg_tid"]) == (3_000, "부분 환불", paid["pg_tid"])
    assert len(entry["cancellation_id"]) == 20


@pytest.mark.parametrize("amount", [None, 0, ""])
def test_no_amount_cancels_all_that_is_left(api, paid, amount):
    cancel(api, imp_uid=paid["imp_uid"], amount=1_000)
    rest = cancel(api, imp_uid=paid["imp_uid"], amount=amount)
    assert [one["amount"] for one in rest["cancel_history"]] == [1_000, 9_000]
    assert rest["cancel_reason"] == "취소요청api"


@pytest.mark.parametrize(
    "body",
    [
        {"amount": 10_001}, {"amount": 1_000, "checksum": 9_999}, {"checksum": 0}, {"amount": -1}, {"amount": 1.5},
        {"amount": 1_000, "tax_free": 1},
    ],
)  # fmt: skip
def test_a_refused_cancel_changes_nothing(api, paid, body):
    assert cancel(api, imp_uid=paid["imp_uid"], **body).kind == (200, 1)
    assert api.payment(paid["imp_uid"])["cancel_amount"] == 0


def test_a_full_cancel_ends_it(api, paid):
    assert cancel(api, imp_uid=paid["imp_uid"])["cancel_amount"] == 10_000
    assert cancel(api, imp_uid=paid["imp_uid"]).kind == (200, 1)


def test_the_imp_uid_wins_even_if_it_is_wrong(api, paid):
    assert cancel(api, imp_uid="imp_000000000000", merchant_uid="ord-1").kind == (200, 1)
    assert cancel(api, merchant_uid="ord-1").kind == (200, 0)


def test_an_order_number_means_the_row_with_the_money(api, handle):
    handle.window_key(customer_uid="card-1", merchant_uid="reg-1", card="first_declined")
    api.again()
    handle.clock.advance(-60)  # the failed try is the newer row
    assert api.again()["status"] == "paid"
    assert cancel(api, merchant_uid="ord-1")["cancel_amount"] == 1000


def test_nothing_to_cancel(api, handle):
    handle.window_key(customer_uid="card-1", merchant_uid="reg-1", card="balance")
    assert cancel(api, imp_uid=api.again()["imp_uid"]).kind == (200, 1)
    assert cancel(api, imp_uid=handle.payments("reg-1")[0]["imp_uid"]).kind == (200, 1)
    assert cancel(api).kind == (400, 1)


def test_of_two_with_one_checksum_one_succeeds(api, paid):
    codes = []

    def press():
        codes.append(cancel(api, imp_uid=paid["imp_uid"], amount=4_000, checksum=10_000).code)

    threads = [threading.Thread(target=press) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [0] + [1] * 7
    assert api.payment(paid["imp_uid"])["cancel_amount"] == 4_000


def test_the_tax_free_part_is_given_back_once(api, key):
    imp_uid = api.again(amount=10_000, tax_free=4_000)["imp_uid"]
    assert cancel(api, imp_uid=imp_uid, amount=5_000, tax_free=4_000).code == 0
    assert cancel(api, imp_uid=imp_uid, amount=5_000, tax_free=1).code == 1


def test_after_the_nightly_reversal_the_pg_says_already_cancelled(api, handle, sandbox, paid):
    api.put("/_sandbox/nightly-reversal", on=True)
    handle.clock.advance(12 * 3600)  # past 23:50 in Seoul
    api = sandbox.api()
    assert api.payment(paid["imp_uid"])["status"] == "paid"
    assert cancel(api, imp_uid=paid["imp_uid"]).kind == (200, -1)
    assert cancel(api, imp_uid=api.again("ord-2")["imp_uid"]).kind == (200, 0)


def test_prepare_registers_an_amount_once(api):
    made = api.post("/payments/prepare", merchant_uid="ord-1", amount=33_000)
    assert made.response == {"merchant_uid": "ord-1", "amount": 33_000, "currency": None}
    assert api.post("/payments/prepare", merchant_uid="ord-1", amount=1).kind == (200, 1)
    assert api.put("/payments/prepare", merchant_uid="ord-1", amount=500, currency="KRW")["amount"] == 500
    assert api.get("/payments/prepare/ord-1").response == {"merchant_uid": "ord-1", "amount": 500, "currency": "KRW"}


def test_an_unregistered_amount_is_not_found(api):
    assert api.get("/payments/prepare/ord-1").kind == (404, -1)
    assert api.put("/payments/prepare", merchant_uid="ord-1", amount=500).kind == (404, -1)
