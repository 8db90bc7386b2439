"""Reference 10: cash receipts and virtual accounts, which the new module offers and JTNET does not."""

import pytest

from tests.portone_sandbox.api import NEW_MODULE

DAY = 86_400
FOR_A_PERSON = {"identifier": "010-0000-0000", "identifier_type": "phone"}


@pytest.fixture
def account(api, handle):
    """An account that waits for 11,000 won until tomorrow."""
    due = handle.clock.now() + DAY
    body = {"channel_key": NEW_MODULE, "merchant_uid": "ord-v", "amount": 11_000, "vbank_code": "004", "vbank_due": due}
    return api.post("/vbanks", **body, name="이용료", buyer_name="이하늘")


def test_an_account_waits_and_is_paid_into(api, handle, account):
    assert (account["status"], account["pay_method"], account["vbank_name"]) == ("ready", "vbank", "KB국민은행")
    paid = api.post(f"/_sandbox/payments/{account['imp_uid']}/deposit")
    assert (paid["status"], paid["paid_at"]) == ("paid", handle.clock.now())
    assert api.post(f"/_sandbox/payments/{account['imp_uid']}/deposit").kind == (400, 1)


@pytest.mark.parametrize(("keeps", "told"), [(False, 5_000), (True, 11_000)])
def test_another_sum_may_come_into_an_account_and_too_late(api, handle, sandbox, account, keeps, told):
    handle.clock.advance(DAY + 1)
    api, path = sandbox.api(), f"/_sandbox/payments/{account['imp_uid']}/deposit"
    for wrong in ({"amount": 0}, {"amount": "a lot"}, {"amount": -5}, {"amount": 5_000}):
        assert api.post(path, **wrong).kind == (400, 1)
    paid = api.post(path, amount=5_000, even_late=True, keeps_amount=keeps)
    assert (paid["status"], paid["amount"]) == ("paid", told)
    assert [one["amount"] for one in api.payment(account["imp_uid"])["deposit_history"]] == [5_000]


def test_after_the_deadline_no_money_comes(api, handle, sandbox, account):
    handle.clock.advance(DAY + 1)
    api = sandbox.api()
    assert api.post(f"/_sandbox/payments/{account['imp_uid']}/deposit").kind == (400, 1)
    assert api.payment(account["imp_uid"])["status"] == "ready"


def test_a_waiting_account_can_be_changed_and_revoked(api, handle, account):
    path = f"/vbanks/{account['imp_uid']}"
    assert api.put(path, amount=5_000)["amount"] == 5_000
    assert api.put(path, vbank_due=1).kind == (400, 1)
    assert api.delete(path)["status"] == "failed"
    assert api.delete(path).kind == (400, 1)
    assert api.delete("/vbanks/imp_0").kind == (404, -1)


def test_a_deposit_is_given_back_to_an_account(api, account):
    api.post(f"/_sandbox/payments/{account['imp_uid']}/deposit")
    assert api.post("/payments/cancel", imp_uid=account["imp_uid"]).kind == (200, 1)
    back = {"refund_holder": "이하늘", "refund_bank": "004", "refund_account": "1234567890"}
    assert api.post("/payments/cancel", imp_uid=account["imp_uid"], **back)["cancel_amount"] == 11_000


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"channel_key": "channel-key-00000000-0000-4000-8000-000000000000"}, (200, -1)),
        ({"channel_key": ""}, (200, 1)),
        ({"vbank_code": "999"}, (200, 1)),
        ({"vbank_due": 5}, (200, 1)),
        ({"amount": 0}, (200, 1)),
    ],
)
def test_accounts_that_are_refused(api, handle, change, kind):
    body = {"channel_key": NEW_MODULE, "merchant_uid": "ord-v", "amount": 1, "vbank_code": "004", "vbank_due": 2**31}
    assert api.post("/vbanks", **{**body, **change}).kind == kind
    assert handle.payments() == []


def test_a_receipt_is_for_what_is_left(api, account):
    path = f"/receipts/{account['imp_uid']}"
    assert api.post(path, **FOR_A_PERSON).kind == (400, 1)
    api.post(f"/_sandbox/payments/{account['imp_uid']}/deposit")
    made = api.post(path, **FOR_A_PERSON)
    assert (made["amount"], made["vat"], made["type"], made["cancelled_at"]) == (11_000, 1_000, "person", 0)
    assert api.post(path, **FOR_A_PERSON).kind == (400, 1)
    assert api.get(path).response == made.response
    assert api.delete(path)["cancelled_at"] > 0
    assert api.delete(path).kind == (400, 1)
    assert api.post(path, **FOR_A_PERSON).kind == (200, 0)


def test_a_receipt_for_an_order_paid_elsewhere(api):
    path = "/receipts/external/ord-9"
    body = {"channel_key": NEW_MODULE, "name": "현금 판매", "amount": 2_200, **FOR_A_PERSON}
    assert api.get(path).kind == (404, -1)
    assert api.delete(path).kind == (404, -1)
    assert api.post(path, **{**body, "identifier": ""}).kind == (400, 1)
    assert api.post(path, **{**body, "channel_key": NEW_MODULE[:-1] + "0"}).kind == (501, 1)
    assert api.post(path, **body)["merchant_uid"] == "ord-9"
    assert api.post(path, **body).kind == (400, 1)
    assert api.delete(path)["cancelled_at"] > 0


def test_receipts_jtnet_does_not_know(api, key):
    imp_uid = api.again()["imp_uid"]
    assert api.post(f"/receipts/{imp_uid}", **FOR_A_PERSON).kind == (501, 1)
    assert api.post("/receipts/imp_0", **FOR_A_PERSON).kind == (404, -1)
