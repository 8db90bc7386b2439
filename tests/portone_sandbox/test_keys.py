"""Reference 4: billing keys by window and by API."""

import pytest

from tests.portone_sandbox.api import CARD, NEW_MODULE


def issue(api, handle, customer_uid="card-1", card="approve", **more):
    body = {"card_number": handle.card_number(card), **CARD, **more}
    return api.post(f"/subscribe/customers/{customer_uid}", **body)


def test_a_key_is_issued_and_read(api, handle):
    made = issue(api, handle, customer_name="이하늘", customer_email="lee@example.com")
    assert made.kind == (200, 0)
    assert made.response == api.get("/subscribe/customers/card-1").response
    assert (made["pg_provider"], made["pg_id"], made["card_name"]) == ("jtnet", "tpaytest1m", "신한카드")
    assert made["card_type"] is None
    assert made["card_issuer_code"] is None
    assert made["customer_name"] == "이하늘"


def test_the_new_module_tells_more_of_a_card(api, handle):
    made = issue(api, handle, channel_key=NEW_MODULE)
    assert (made["pg_provider"], made["card_issuer_code"], made["card_type"]) == ("nice_v2", "366", 0)


def test_an_unknown_pg_gets_the_default_channel(api, handle):
    assert issue(api, handle, pg="nosuch.mid")["pg_id"] == "tpaytest1m"


def test_issuing_again_replaces_the_card_and_moves_updated(api, handle):
    first = issue(api, handle)
    handle.clock.advance(60)
    second = issue(api, handle)
    assert (second["inserted"], second["updated"]) == (first["inserted"], first["inserted"] + 60)


def test_some_unknown_keys_make_a_207(api, handle, key):
    some = api.ask("GET", "/subscribe/customers", params={"customer_uid[]": [key, "nobody"]})
    assert (some.status, [one["customer_uid"] for one in some.response]) == (207, [key])
    assert api.ask("GET", "/subscribe/customers", params={"customer_uid[]": [key]}).status == 200
    assert api.ask("GET", "/subscribe/customers", params={"customer_uid[]": ["nobody"]}).status == 404


def test_a_deleted_key_is_gone_but_its_payments_stay(api, key):
    api.again()
    assert api.delete(f"/subscribe/customers/{key}", reason="해지")["customer_uid"] == key
    assert api.get(f"/subscribe/customers/{key}").status == 404
    assert api.delete(f"/subscribe/customers/{key}").status == 404
    assert api.again("ord-2").kind == (200, 1)
    assert api.get(f"/subscribe/customers/{key}/payments")["total"] == 2


def test_the_recorded_answer_for_an_unknown_key_can_be_chosen(make_sandbox):
    api = make_sandbox(unknown_customer_status=200).api()
    assert api.get("/subscribe/customers/nobody").kind == (200, 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"card_number": "4111-1111-1111-1111"}, "[F112]"),
        ({"card_number": "0000-3660-0000-0014"}, "[F113]"),
        ({"expiry": "2020-01"}, "[F114]"),
        ({"birth": "901301"}, "[F115]"),
        ({"pwd_2digit": "1a"}, "[F116]"),
    ],
)
def test_a_wrong_card_is_refused_by_the_pg(api, handle, change, words):
    refused = issue(api, handle, **change)
    assert refused.kind == (200, -1)
    assert words in refused.message
    assert handle.billing_keys() == []


def test_a_missing_card_number_is_refused_by_a_rule(api):
    assert api.post("/subscribe/customers/card-1", **CARD).kind == (200, 1)
