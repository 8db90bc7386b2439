"""Reference 6: charges that are made later."""

import time

import pytest

from tests.portone_sandbox.api import CARD, NEW_MODULE

HOUR, DAY = 3600, 86_400


@pytest.fixture
def now(handle):
    return handle.clock.now()


@pytest.fixture
def new_key(api, handle):
    """A key of the new module whose first charge is declined."""
    body = {"card_number": handle.card_number("first_declined"), **CARD, "channel_key": NEW_MODULE}
    api.post("/subscribe/customers/card-n", **body)
    return "card-n"


def test_schedules_run_in_order_at_their_own_time(api, handle, key, now):
    made = api.schedule(
        {"merchant_uid": "s-2", "schedule_at": now + 200}, {"merchant_uid": "s-1", "schedule_at": now + 100}
    )
    assert [one["schedule_status"] for one in made.response] == ["scheduled", "scheduled"]
    handle.clock.advance(600)
    ran = [one for one in handle.payments() if one["customer_uid_usage"] == "payment.scheduled"]
    assert [(one["merchant_uid"], one["paid_at"] - now) for one in ran] == [("s-1", 100), ("s-2", 200)]
    seen = api.get("/subscribe/payments/schedule/s-1")
    assert (seen["schedule_status"], seen["payment_status"], seen["executed_at"]) == ("executed", "paid", now + 100)
    assert seen["imp_uid"] == ran[0]["imp_uid"]


def test_what_is_left_out_of_the_buyer_comes_from_the_key(api, handle, now):
    handle.window_key(customer_uid="card-1", merchant_uid="reg-1", buyer_name="이하늘", buyer_tel="010-1234-5678")
    made = api.schedule({"merchant_uid": "s-1", "schedule_at": now + 9, "buyer_tel": "010-0000-0000"}).response[0]
    assert (made["buyer_name"], made["buyer_tel"]) == ("이하늘", "010-0000-0000")


@pytest.mark.parametrize(
    "entry",
    [
        {"schedule_at": 0}, {"schedule_at": "soon"}, {"amount": 0}, {"name": "가" * 41}, {"merchant_uid": "s" * 41}, {"schedule_at": None},
        {"merchant_uid": "reg-paid"},
    ],
)  # fmt: skip
def test_one_bad_entry_refuses_all(api, handle, key, now, entry):
    handle.window_key(customer_uid="card-2", merchant_uid="reg-paid", amount=100)
    good = {"merchant_uid": "s-1", "schedule_at": now + 60}
    assert api.schedule(good, {"merchant_uid": "s-2", "schedule_at": now + 60, **entry}).kind == (200, 1)
    assert handle.schedules() == []


def test_an_order_number_is_reserved_once(api, handle, key, now):
    entry = {"merchant_uid": "s-1", "schedule_at": now + 60}
    assert api.schedule(entry, entry).code == 1
    assert api.schedule(entry).code == 0
    assert api.schedule(entry).code == 1
    assert api.again("s-1").kind == (200, 1)


def test_a_new_card_may_come_with_the_schedule(api, handle, now):
    entry = {"merchant_uid": "s-1", "schedule_at": now + 60}
    assert api.schedule(entry).kind == (200, 1)
    assert api.schedule(entry, card_number=handle.card_number("wrong_number"), **CARD).kind == (200, 1)
    assert api.schedule(entry, card_number=handle.card_number("balance"), checking_amount=100, **CARD).kind == (200, 1)
    assert api.schedule(entry, card_number=handle.card_number(), **CARD).kind == (200, 0)


def test_a_form_carries_nested_entries(api, key, now):
    entry = {"merchant_uid": "s-1", "schedule_at": now + 60, "amount": 500, "name": "x"}
    form = {"customer_uid": key, **{f"schedules[0][{name}]": value for name, value in entry.items()}}
    assert api.ask("POST", "/subscribe/payments/schedule", data=form).response[0]["amount"] == 500


def test_lists_by_time_and_by_key(api, handle, key, now):
    api.schedule(*({"merchant_uid": f"s-{n}", "schedule_at": now + n * HOUR} for n in range(1, 24)))
    when = {"schedule_from": now, "schedule_to": now + DAY}
    newest = api.get("/subscribe/payments/schedule", **when)
    assert (newest["total"], newest["next"], newest["list"][0]["merchant_uid"]) == (23, 2, "s-23")
    oldest = api.get("/subscribe/payments/schedule", **when, sorting="scheduled", limit=1)
    assert oldest["list"][0]["merchant_uid"] == "s-1"
    for path in (f"/subscribe/payments/schedule/customers/{key}", f"/subscribe/customers/{key}/schedules"):
        assert api.get(path, **{"from": now + HOUR, "to": now + 2 * HOUR})["total"] == 1
        assert api.get(path, **when, **{"schedule-status": "revoked"})["total"] == 0
    assert api.get("/subscribe/customers/nobody/schedules", **when)["total"] == 0


@pytest.mark.parametrize(
    "params",
    [{}, {"schedule_from": 5, "schedule_to": 5}, {"schedule_from": 0, "schedule_to": 94 * DAY}, {"schedule_from": "x"}],
)
def test_bad_ranges(api, params):
    assert api.get("/subscribe/payments/schedule", **params).kind == (400, 1)


def test_a_pending_one_can_be_moved(api, handle, key, now):
    api.schedule({"merchant_uid": "s-1", "schedule_at": now + 60})
    assert api.put("/subscribe/payments/schedule/s-1", schedule_at=now + 600)["schedule_at"] == now + 600
    handle.clock.advance(61)
    assert handle.payments("s-1") == []
    assert api.put("/subscribe/payments/schedule/s-1", schedule_at=now).kind == (400, 1)
    assert api.put("/subscribe/payments/schedule/s-1").kind == (400, 1)
    assert api.put("/subscribe/payments/schedule/nobody", schedule_at=now + 600).kind == (404, -1)
    handle.clock.advance(600)
    assert api.put("/subscribe/payments/schedule/s-1", schedule_at=now + 9000).kind == (400, 1)


def test_revoking_by_key_and_by_order(api, handle, key, now):
    api.schedule(*({"merchant_uid": f"s-{n}", "schedule_at": now + 60} for n in range(4)))
    assert [
        one["merchant_uid"] for one in api.post("/subscribe/payments/unschedule", merchant_uid=["s-0"]).response
    ] == ["s-0"]
    assert len(api.post("/subscribe/payments/unschedule", customer_uid=key, merchant_uid="s-1").response) == 1
    assert len(api.post("/subscribe/payments/unschedule", customer_uid=key).response) == 2
    assert api.post("/subscribe/payments/unschedule", customer_uid=key).kind == (200, 1)
    assert api.post("/subscribe/payments/unschedule").kind == (200, 1)
    handle.clock.advance(HOUR)
    assert {one["schedule_status"] for one in handle.schedules()} == {"revoked"}
    assert handle.schedules()[0]["revoked_at"] == now


def test_a_failed_one_runs_again_later(api, handle, new_key, now):
    api.schedule({"merchant_uid": "s-1", "schedule_at": now + 60}, customer_uid=new_key)
    assert api.post("/subscribe/payments/schedule/s-1/reschedule", schedule_at=now + 99).kind == (400, 1)
    handle.clock.advance(61)
    assert api.get("/subscribe/payments/schedule/s-1")["payment_status"] == "failed"
    again = api.post("/subscribe/payments/schedule/s-1/reschedule", schedule_at=now + 600)
    assert (again["schedule_status"], again["payment_status"], again["imp_uid"]) == ("scheduled", None, None)
    handle.clock.advance(600)
    assert [one["status"] for one in handle.payments("s-1")] == ["failed", "paid"]
    assert api.post("/subscribe/payments/schedule/s-1/reschedule", schedule_at=now + 9000).kind == (400, 1)


def test_a_failed_one_is_retried_now(api, handle, new_key, now):
    api.schedule({"merchant_uid": "s-1", "schedule_at": now + 60}, customer_uid=new_key)
    handle.clock.advance(61)
    assert api.post("/subscribe/payments/schedule/s-1/retry")["status"] == "paid"
    assert api.get("/subscribe/payments/schedule/s-1")["payment_status"] == "paid"
    assert api.post("/subscribe/payments/schedule/s-1/retry").kind == (400, 1)
    assert api.post("/subscribe/payments/schedule/nobody/retry").kind == (404, -1)


def test_jtnet_has_no_second_try(api, handle, now):
    handle.window_key(customer_uid="card-1", merchant_uid="reg-1", card="balance")
    api.schedule({"merchant_uid": "s-1", "schedule_at": now + 60})
    handle.clock.advance(61)
    assert api.post("/subscribe/payments/schedule/s-1/retry").kind == (200, -1)
    assert api.post("/subscribe/payments/schedule/s-1/reschedule", schedule_at=now + 600).kind == (200, -1)


def test_the_schedule_of_a_deleted_key_fails(api, handle, key, now):
    api.schedule({"merchant_uid": "s-1", "schedule_at": now + 60})
    api.delete(f"/subscribe/customers/{key}")
    handle.clock.advance(61)
    seen = api.get("/subscribe/payments/schedule/s-1")
    assert (seen["schedule_status"], seen["payment_status"]) == ("executed", "failed")
    assert api.payment(seen["imp_uid"])["fail_reason"] == seen["fail_reason"]


def test_a_cancelled_payment_shows_in_its_schedule(api, handle, key, now):
    api.schedule({"merchant_uid": "s-1", "schedule_at": now + 60})
    handle.clock.advance(61)
    api.post("/payments/cancel", merchant_uid="s-1")
    assert api.get("/subscribe/payments/schedule/s-1")["payment_status"] == "cancelled"


def test_time_that_just_passes_runs_them_too(make_sandbox):
    sandbox = make_sandbox()
    sandbox.handle.window_key(customer_uid="card-1", merchant_uid="reg-1")
    api = sandbox.api()
    api.schedule({"merchant_uid": "s-1", "schedule_at": sandbox.handle.clock.now() + 1})
    for _ in range(40):
        if sandbox.handle.payments("s-1"):
            break
        time.sleep(0.1)
    assert [one["status"] for one in sandbox.handle.payments("s-1")] == ["paid"]
