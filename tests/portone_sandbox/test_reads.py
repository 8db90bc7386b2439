"""Reference 7: looking payments up in every way there is."""

import pytest

DAY = 86_400


def test_a_test_payment_is_hidden_unless_asked_for(api, key):
    imp_uid = api.again()["imp_uid"]
    assert api.get(f"/payments/{imp_uid}").kind == (404, -1)
    assert api.get(f"/payments/{imp_uid}", include_sandbox="true")["sandbox"] is True


def test_a_live_payment_is_shown_as_it_is(make_sandbox):
    sandbox = make_sandbox(sandbox_flag=False)
    imp_uid = sandbox.handle.window_key(customer_uid="card-1", merchant_uid="reg-1")
    assert sandbox.api().get(f"/payments/{imp_uid}")["sandbox"] is False


def test_many_payments_by_both_kinds_of_id(api, key):
    first, second = api.again("ord-1"), api.again("ord-2")
    asked = {"imp_uid[]": [first["imp_uid"]], "merchant_uid[]": ["ord-2"]}
    both = api.ask("GET", "/payments", params=asked)
    assert {one["imp_uid"] for one in both.response} == {first["imp_uid"], second["imp_uid"]}
    assert both.status == 200
    assert api.ask("GET", "/payments", params={**asked, "merchant_uid[]": ["ord-2", "nobody"]}).status == 207
    assert api.ask("GET", "/payments", params={"imp_uid[]": ["imp_0"]}).kind == (404, -1)


def test_at_most_a_hundred_ids(api):
    assert api.ask("GET", "/payments", params={"imp_uid[]": [f"imp_{n}" for n in range(101)]}).kind == (400, 1)
    assert api.get("/payments").kind == (400, 1)


def test_find_gives_the_first_by_sorting_and_status(api, handle):
    handle.window_key(customer_uid="card-1", merchant_uid="reg-1", card="first_declined")
    failed = api.again()
    handle.clock.advance(5)
    paid = api.again()
    assert api.get("/payments/find/ord-1")["imp_uid"] == paid["imp_uid"]
    assert api.get("/payments/find/ord-1", sorting="started")["imp_uid"] == failed["imp_uid"]
    assert api.get("/payments/find/ord-1/failed")["imp_uid"] == failed["imp_uid"]
    assert api.get("/payments/find/ord-1/cancelled").kind == (404, -1)


@pytest.mark.parametrize("path", ["/payments/find/x/bad", "/payments/findAll/x/all", "/payments/status/bad"])
def test_unknown_statuses(api, path):
    assert api.get(path).kind == (400, 1)


def test_pages_count_and_end(api, key):
    for number in range(5):
        api.again(f"ord-{number}")
    pages = [api.get(f"/subscribe/customers/{key}/payments")] + [
        api.get("/payments/status/all", limit=4, page=number) for number in (1, 2)
    ]
    assert [(page["total"], page["previous"], page["next"], len(page["list"])) for page in pages] == [
        (6, 0, 0, 6), (6, 0, 2, 4), (6, 1, 0, 2),
    ]  # fmt: skip
    assert api.get("/payments/status/all", limit=4, page=3).kind == (400, 1)


@pytest.mark.parametrize("bad", [{"limit": 0}, {"limit": 1001}, {"page": 0}, {"page": "x"}, {"sorting": "sideways"}])
def test_bad_list_parameters(api, bad):
    assert api.get("/payments/status/all", **bad).kind == (400, 1)


def test_a_status_list_goes_by_the_time_of_that_status(api, handle, key):
    paid = api.again()
    then = handle.clock.now()
    handle.clock.advance(10 * DAY)
    api = type(api)(api.url, api.http)
    api.post("/payments/cancel", imp_uid=paid["imp_uid"], amount=400, checksum=1000)
    late = {"from": then + DAY, "to": then + 20 * DAY}
    assert api.get("/payments/status/cancelled", **late)["total"] == 1
    assert api.get("/payments/status/cancelled", **{"from": then, "to": then + DAY})["total"] == 0
    assert api.get("/payments/status/all", **late)["total"] == 1


def test_a_window_of_ninety_days_and_no_more(api, handle):
    now = handle.clock.now()
    assert api.get("/payments/status/paid", **{"from": now - 90 * DAY, "to": now}).status == 200
    assert api.get("/payments/status/paid", **{"from": now - 90 * DAY - 1, "to": now}).kind == (400, 1)
    assert api.get("/payments/status/paid", **{"from": now, "to": now - 1}).kind == (400, 1)


def test_codes_are_text(api):
    assert api.get("/cards/041").response == {"code": "041", "name": "우리카드"}
    assert {"code": "004", "name": "KB국민은행"} in api.get("/banks").response
    assert api.get("/cards/41").kind == (404, -1)
    assert api.get("/banks/999").kind == (404, -1)


def test_the_channels_tell_mid_and_mode(api):
    channels = {(one["pg_provider"], one["pg_id"], one["type"]) for one in api.get("/users/pg").response}
    assert {("jtnet", "tpaytest2m", "payment"), ("jtnet", "tpaytest1m", "api_payment")} <= channels


def test_a_balance_is_not_for_this_pg(api, key):
    assert api.get(f"/payments/{api.again()['imp_uid']}/balance").kind == (404, -1)
