"""The sandbox's own API: clock, merchants, snapshots, and what buyers and consoles do."""

import pytest

from portone_sandbox.openapi import document
from portone_sandbox.operations import OPERATIONS

SQLITE = "application/vnd.sqlite3"


def test_the_clock_freezes_moves_and_runs(api, handle):
    assert api.put("/_sandbox/clock", move="freeze", at=1_800_000_000).response == {
        "now": 1_800_000_000,
        "is_frozen": True,
    }
    assert api.put("/_sandbox/clock", move="advance", seconds=60)["now"] == 1_800_000_060
    assert api.put("/_sandbox/clock", move="set", at=1_900_000_000)["is_frozen"] is True
    assert api.put("/_sandbox/clock", move="run")["is_frozen"] is False
    assert abs(handle.clock.now() - 1_900_000_000) <= 2
    assert api.put("/_sandbox/clock", move="real")["now"] != 1_900_000_000
    assert api.put("/_sandbox/clock", move="backwards").kind == (400, 1)


def test_two_merchants_see_nothing_of_each_other(sandbox, api, handle, key):
    api.put("/_sandbox/merchants/imp2", imp_key="key-2", imp_secret="secret-2")
    other = sandbox.api(imp_key="key-2", imp_secret="secret-2")
    imp_uid = api.again()["imp_uid"]
    assert other.get(f"/payments/{imp_uid}", include_sandbox="true").status == 404
    assert other.get(f"/subscribe/customers/{key}").status == 404
    assert other.post("/payments/cancel", imp_uid=imp_uid).kind == (200, 1)
    handle.window_key(customer_uid=key, merchant_uid="reg-1", imp_code="imp2")
    assert other.again()["status"] == "paid"


def test_a_key_belongs_to_one_merchant(api):
    assert api.put("/_sandbox/merchants/imp2", imp_key="sandbox_key", imp_secret="x").kind == (400, 1)
    assert api.put("/_sandbox/merchants/imp2").kind == (400, 1)
    assert [one["imp_code"] for one in api.get("/_sandbox/merchants").response] == ["imp00000000"]


def test_no_answer_tells_a_secret(api):
    assert "sandbox_secret" not in api.raw("GET", "/_sandbox/merchants").text


def test_a_new_secret_kills_the_old_one(api):
    api.put("/_sandbox/merchants/imp00000000", imp_secret="fresh")
    old = {"imp_key": "sandbox_key", "imp_secret": "sandbox_secret"}
    assert api.ask("POST", "/users/getToken", json=old, headers={}).kind == (401, -1)


def test_a_snapshot_brings_back_what_was(api, handle, key):
    api.again("ord-1")
    kept = api.raw("GET", "/_sandbox/snapshot").content
    api.again("ord-2")
    assert api.ask("PUT", "/_sandbox/snapshot", data=kept, headers={"Content-Type": SQLITE}).kind == (200, 0)
    assert [one["merchant_uid"] for one in handle.payments()] == ["reg-1", "ord-1"]
    assert api.ask("PUT", "/_sandbox/snapshot", data=b"no", headers={"Content-Type": SQLITE}).kind == (400, 1)
    assert len(handle.payments()) == 2


def test_a_file_survives_the_process(make_sandbox, tmp_path):
    first = make_sandbox(database=str(tmp_path / "sandbox.db"))
    first.handle.window_key(customer_uid="card-1", merchant_uid="reg-1", amount=500)
    first.handle.close()
    second = make_sandbox(database=str(tmp_path / "sandbox.db"))
    assert [one["amount"] for one in second.handle.payments()] == [500]


def test_reset_forgets_all_but_the_merchant(sandbox, api, handle, key):
    api.post("/_sandbox/reset")
    assert handle.payments() == handle.billing_keys() == []
    assert api.get("/users/pg").status == 401
    assert sandbox.api().get("/users/pg").status == 200


def test_a_console_cancel(api, key):
    imp_uid = api.again()["imp_uid"]
    assert api.post(f"/_sandbox/payments/{imp_uid}/cancel", amount=300)["cancel_amount"] == 300
    assert api.post("/_sandbox/payments/imp_0/cancel").kind == (404, -1)


def test_a_buyer_registers_a_card(api):
    made = api.post("/_sandbox/window-keys", customer_uid="card-7", merchant_uid="reg-7", card="balance", amount=500)
    assert api.payment(made["imp_uid"])["status"] == "failed"
    for bad in ({"card": "nosuch"}, {"issuer": "999"}, {"card": "wrong_number"}, {"merchant_uid": ""}):
        body = {"customer_uid": "card-8", "merchant_uid": "reg-8", **bad}
        assert api.post("/_sandbox/window-keys", **body).kind == (400, 1)


def test_a_foreign_page_cannot_reset(api):
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"):
        assert api.ask("POST", "/_sandbox/reset", data="{}", headers={"Content-Type": kind}).kind == (415, 1)


def test_the_document_describes_every_route(api, sandbox):
    served = api.raw("GET", "/_sandbox/openapi.json").json()
    assert served["openapi"] == "3.1.0"
    described = {(one.method, one.path) for one in OPERATIONS}
    ours = ("auth.", "codes.", "payments.", "subscribe.", "schedules.", "extras.", "admin.", "healthz")
    for rule in sandbox.app.url_map.iter_rules():
        if rule.endpoint.startswith(ours) and rule.endpoint != "admin.restore":
            path = str(rule).replace("int:", "").replace("<", "{").replace(">", "}")
            assert {(method, path) for method in rule.methods - {"HEAD", "OPTIONS"}} <= described


def test_the_document_knows_its_mount():
    assert document("/sandbox")["servers"] == [{"url": "/sandbox"}]


@pytest.mark.parametrize("list_path", ["payments", "billing-keys", "schedules", "requests", "test-cards", "webhooks"])
def test_lists_of_the_truth(api, key, list_path):
    assert isinstance(api.get(f"/_sandbox/{list_path}").response, list)
