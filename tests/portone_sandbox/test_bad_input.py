"""Any bytes get an envelope with a fitting status; never a traceback, never HTML, never a 5xx."""

import json
import random

import pytest

JSON = "application/json"
PATHS = [
    "/users/getToken", "/subscribe/payments/again", "/subscribe/payments/onetime", "/subscribe/payments/schedule",
    "/subscribe/payments/unschedule", "/subscribe/customers/card-1", "/payments/cancel", "/payments/prepare",
    "/receipts/imp_1", "/receipts/external/ord-1", "/vbanks",
]  # fmt: skip
BODIES = [
    b"", b"{", b"[1, 2]", b"7", b"null", b'"text"', b"\xff\xfe{", '{"amount": "천"}'.encode("euc-kr"), b"\xef\xbb\xbf{}",
    b'{"amount": NaN}', b'{"amount": Infinity}', b'{"amount": 1e400}', b"[" * 5000, b'{"a": ' * 3000, b'{"merchant_uid": {"a": 1}}',
    b'{"merchant_uid": [["x"]], "amount": {}}', b'{"amount": 1, "amount": -1}', b'{"merchant_uid": "\\ud800", "amount": 1}',
    '{"merchant_uid": "🙂\\u0000", "amount": 9}'.encode(), b'{"schedules": "[{]"}', b'{"schedules": [1]}', b'{"schedules": {}}',
    b'{"amount": ' + b"9" * 5000 + b"}",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_broken_bodies(api, path):
    for body in BODIES:
        answer = api.raw("POST", path, data=body, headers={"Authorization": api.token, "Content-Type": JSON})
        assert answer.status_code in {200, 400, 404}, (body[:40], answer.text)
        assert answer.json()["code"] != 0, (body[:40], answer.text)


def test_a_bom_before_json_is_forgiven(api, key):
    body = json.dumps({"customer_uid": key, "merchant_uid": "ord-1", "amount": 1, "name": "x"}).encode("utf-8-sig")
    assert api.ask("POST", "/subscribe/payments/again", data=body)["status"] == "paid"


def test_a_megabyte_is_too_large(api):
    answer = api.ask("POST", "/payments/prepare", data=b"x" * 1_000_000, headers={"Authorization": api.token})
    assert answer.kind == (413, 1)


def test_unknown_routes_and_methods(api):
    assert api.get("/nosuch").kind == (404, -1)
    assert api.post("/payments/imp_1/balance").kind == (405, -1)
    assert api.ask("PATCH", "/payments/cancel").kind == (405, -1)
    assert api.get("//payments//cancel").kind == (404, -1)


@pytest.mark.parametrize(
    "word", ["a%2Fb", "%00", "%ff%fe", "%ed%a0%80", "한글", "🙂", "a" * 3000, "%2e%2e", "' OR 1=1 --", "%", "%zz"]
)
def test_strange_ids_are_unknown(api, word):
    for path in (
        "/payments/{}",
        "/subscribe/customers/{}",
        "/payments/find/{}",
        "/subscribe/payments/schedule/{}",
        "/receipts/{}",
    ):
        assert api.get(path.format(word)).status in {400, 404, 405}, path


def test_a_form_with_repeated_keys_takes_the_last(api):
    made = api.ask("POST", "/payments/prepare", data=[("merchant_uid", "a"), ("merchant_uid", "b"), ("amount", "5")])
    assert made.response == {"merchant_uid": "b", "amount": 5, "currency": None}


def test_arrays_are_taken_in_every_spelling(api, key):
    for params in ("imp_uid[]=x&merchant_uid[]=reg-1", "merchant_uid=reg-1", "merchant_uid%5B%5D=reg-1"):
        assert api.raw("GET", f"/payments?{params}").json()["response"][0]["merchant_uid"] == "reg-1"


def test_random_bytes_everywhere(api):
    dice = random.Random(20261124)
    for _ in range(300):
        body = dice.randbytes(dice.randrange(200))
        kind = dice.choice(
            [JSON, "application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "\xff"]
        )
        method = dice.choice(["POST", "PUT", "DELETE", "GET"])
        headers = {"Authorization": api.token, "Content-Type": kind.encode("latin-1")}
        answer = api.raw(method, dice.choice(PATHS), data=body, headers=headers)
        assert answer.status_code < 500
        assert set(answer.json()) == {"code", "message", "response"}


def test_bodies_are_written_as_the_real_server_writes_them(api):
    text = api.raw("GET", "/cards/366").text
    assert text == '{"code":0,"message":null,"response":{"code":"366","name":"\\uc2e0\\ud55c\\uce74\\ub4dc"}}'
