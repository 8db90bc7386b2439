"""One tour of every endpoint: each body has exactly the fields that PortOne documents, of the documented types."""

import pytest

from tests.portone_sandbox.api import CARD, NEW_MODULE
from tests.portone_sandbox.contract import check

DAY = 86_400
LONG = {
    "buyer_name": "가" * 16,
    "buyer_tel": "0" * 16,
    "buyer_email": "e" * 64,
    "buyer_addr": "주" * 128,
    "buyer_postcode": "1" * 8,
}


@pytest.fixture(params=["jtnet", "new module"])
def channel(request):
    """Each PG profile by turns."""
    return {} if request.param == "jtnet" else {"channel_key": NEW_MODULE}


def test_the_codes_the_token_and_the_channels(api):
    credentials = {"imp_key": "sandbox_key", "imp_secret": "sandbox_secret"}
    check("TOKEN", api.ask("POST", "/users/getToken", json=credentials, headers={}))
    check("[CHANNEL]", api.get("/users/pg"))
    for table, code in (("cards", "366"), ("banks", "004")):
        check("[CODE]", api.get(f"/{table}"))
        check("CODE", api.get(f"/{table}/{code}"))


def test_keys_charges_reads_and_cancels(api, handle, channel):
    person = {"customer_name": "이하늘", "customer_tel": "010-1234-5678", "customer_email": "lee@example.com"}
    body = {"card_number": handle.card_number(), **CARD, **person, **channel}
    check("BILLING_KEY", api.post("/subscribe/customers/card-1", **body))
    check("BILLING_KEY", api.get("/subscribe/customers/card-1"))
    check("[BILLING_KEY]", api.ask("GET", "/subscribe/customers", params={"customer_uid[]": ["card-1", "x"]}))
    paid = api.again(amount=60_000, card_quota=3, tax_free=100, custom_data="{}", **LONG)
    check("PAYMENT", paid)
    check("PAYMENT", api.post("/subscribe/payments/onetime", merchant_uid="o-2", amount=10, **body))
    check("PAYMENT", api.get(f"/payments/{paid['imp_uid']}", include_sandbox="true"))
    check("[PAYMENT]", api.ask("GET", "/payments", params={"merchant_uid[]": ["ord-1", "x"]}))
    check("PAYMENT", api.get("/payments/find/ord-1/paid"))
    check("page PAYMENT", api.get("/payments/findAll/ord-1"))
    check("page PAYMENT", api.get("/subscribe/customers/card-1/payments"))
    check("PAYMENT", api.post("/payments/cancel", imp_uid=paid["imp_uid"], amount=1_000, tax_free=10, checksum=60_000))
    check("PAYMENT", api.post("/payments/cancel", merchant_uid="ord-1", reason="전액"))
    check("page PAYMENT", api.get("/payments/status/all"))
    check("BILLING_KEY", api.delete("/subscribe/customers/card-1"))


@pytest.mark.parametrize("card", ["balance", "late_approval", "first_declined"])
def test_a_declined_payment(api, handle, card):
    handle.window_key(customer_uid="card-1", merchant_uid="reg-1", card=card)
    declined = api.again()
    check("PAYMENT", declined)
    handle.clock.advance(60)
    check("PAYMENT", api.get(f"/payments/{declined['imp_uid']}", include_sandbox="true"))


def test_windows_of_each_kind(api, handle):
    for number, amount in enumerate((0, 500)):
        imp_uid = handle.window_key(customer_uid=f"card-{number}", merchant_uid=f"reg-{number}", amount=amount)
        check("PAYMENT", api.get(f"/payments/{imp_uid}", include_sandbox="true"))


def test_prepare(api):
    body = {"merchant_uid": "ord-1", "amount": 500}
    check("PREPARED", api.post("/payments/prepare", **body))
    check("PREPARED", api.put("/payments/prepare", **body, currency="KRW"))
    check("PREPARED", api.get("/payments/prepare/ord-1"))


def test_schedules(api, handle):
    now = handle.clock.now()
    body = {"card_number": handle.card_number("works_twice"), **CARD, "channel_key": NEW_MODULE}
    api.post("/subscribe/customers/card-1", **body)
    entries = [{"merchant_uid": f"s-{n}", "schedule_at": now + n * 60, **LONG} for n in range(1, 5)]
    check("[SCHEDULE]", api.schedule(*entries))
    check("SCHEDULE", api.get("/subscribe/payments/schedule/s-4"))
    check("SCHEDULE", api.put("/subscribe/payments/schedule/s-4", schedule_at=now + 900))
    handle.clock.advance(300)
    check("SCHEDULE", api.get("/subscribe/payments/schedule/s-1"))
    check("SCHEDULE", api.get("/subscribe/payments/schedule/s-3"))
    check("PAYMENT", api.post("/subscribe/payments/schedule/s-3/retry"))
    check("SCHEDULE", api.post("/subscribe/payments/schedule/s-3/reschedule", schedule_at=now + 900))
    check("[SCHEDULE]", api.post("/subscribe/payments/unschedule", merchant_uid=["s-4"]))
    check("page SCHEDULE", api.get("/subscribe/payments/schedule", schedule_from=now, schedule_to=now + DAY))
    for path in ("/subscribe/customers/card-1/schedules", "/subscribe/payments/schedule/customers/card-1"):
        check("page SCHEDULE", api.get(path, **{"from": now, "to": now + DAY}))


def test_accounts_and_receipts(api, handle):
    order = {"channel_key": NEW_MODULE, "amount": 1_100, "name": "현금", "identifier": "010-0000-0000"}
    account = api.post("/vbanks", **order, merchant_uid="ord-1", vbank_code="004", vbank_due=handle.clock.now() + DAY)
    check("PAYMENT", account)
    check("PAYMENT", api.put(f"/vbanks/{account['imp_uid']}", amount=2_200))
    check("PAYMENT", api.post(f"/_sandbox/payments/{account['imp_uid']}/deposit"))
    for kind, path in (
        ("RECEIPT", f"/receipts/{account['imp_uid']}"),
        ("EXTERNAL_RECEIPT", "/receipts/external/ord-2"),
    ):
        check(kind, api.post(path, **order))
        check(kind, api.get(path))
        check(kind, api.delete(path))
    other = api.post("/vbanks", **order, merchant_uid="ord-3", vbank_code="088", vbank_due=handle.clock.now() + DAY)
    check("PAYMENT", api.delete(f"/vbanks/{other['imp_uid']}"))
