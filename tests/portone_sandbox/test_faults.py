"""Trouble on order, seen by a caller in the same process."""

import pytest
import requests

PAY = "/subscribe/payments/again"


def statuses(handle):
    return [one["status"] for one in handle.payments("ord-1")]


@pytest.mark.parametrize(
    ("kind", "problem", "charged"),
    [
        ("close_before", requests.ConnectionError, False), ("close_after", requests.ConnectionError, True),
        ("delay_after", requests.ReadTimeout, True), ("delay_before", requests.ReadTimeout, True),
    ],
)  # fmt: skip
def test_silence(api, handle, key, kind, problem, charged):
    handle.faults.plan(kind, PAY, seconds=60)
    with pytest.raises(problem):
        api.again()
    assert bool(handle.payments("ord-1")) is charged


@pytest.mark.parametrize(("kind", "charged"), [("status_before", False), ("status_after", True)])
@pytest.mark.parametrize("status", [401, 429, 500, 502, 503, 504])
def test_a_status_before_and_after_the_work(api, handle, key, kind, charged, status):
    handle.faults.plan(kind, PAY, status=status)
    body = {"customer_uid": key, "merchant_uid": "ord-1", "amount": 1000, "name": "x"}
    assert api.raw("POST", PAY, json=body).status_code == status
    assert bool(handle.payments("ord-1")) is charged


@pytest.mark.parametrize("kind", ["html_before", "html_after", "half_json"])
def test_answers_that_cannot_be_read(api, handle, key, kind):
    handle.faults.plan(kind, PAY)
    with pytest.raises(requests.JSONDecodeError):
        api.again()
    assert bool(handle.payments("ord-1")) is (kind != "html_before")


def test_work_that_comes_after_its_answer(api, handle, key):
    handle.faults.plan("late", PAY, seconds=0.2)
    with pytest.raises(requests.ConnectionError):
        api.again()
    assert handle.payments("ord-1") == []
    handle.finish_late_work()
    assert statuses(handle) == ["paid"]


def test_the_second_and_third_call(api, handle, key):
    handle.faults.plan("status_before", PAY, nth=2, times=2)
    raw = [
        api.raw("POST", PAY, json={"customer_uid": key, "merchant_uid": f"o-{n}", "amount": 1, "name": "x"}).status_code
        for n in range(4)
    ]
    assert raw == [200, 503, 503, 200]
    assert [(one.seen, one.fired) for one in handle.faults.planned()] == [(4, 2)]


def test_dice_fall_the_same_way_in_every_run(make_sandbox):
    runs = []
    for _ in range(2):
        sandbox = make_sandbox()
        sandbox.handle.faults.plan("status_before", "/healthz-like", chance=0.5, seed=7, times=100)
        api = sandbox.api()
        runs.append([api.raw("GET", "/healthz-like").status_code for _ in range(20)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {404, 503}


def test_a_plan_in_one_word(handle):
    handle.faults.plan_from_text("kind=late,path=/payments/*,nth=2,seconds=3.5")
    planned = handle.faults.planned()[0].fault
    assert (planned.kind, planned.path, planned.nth, planned.seconds) == ("late", "/payments/*", 2, 3.5)
    for nonsense in ("", "kind=boom", "kind=late,colour=red", "kind=late,nth=x"):
        with pytest.raises(ValueError):
            handle.faults.plan_from_text(nonsense)


def test_path_and_method_choose_the_call(api, handle, key):
    handle.faults.plan("status_before", "/payments/*", method="GET")
    assert api.again().kind == (200, 0)
    assert api.post("/payments/cancel", merchant_uid="ord-1").kind == (200, 0)
    assert api.raw("GET", "/payments/find/ord-1").status_code == 503


def test_nonsense_is_no_plan(api, handle):
    for bad in (
        {"kind": "explode"},
        {"kind": "late", "seconds": 601},
        {"kind": "late", "nth": 0},
        {"kind": "late", "status": 200},
    ):
        assert api.post("/_sandbox/faults", **bad).kind == (400, 1)
    assert handle.faults.planned() == []


def test_a_lost_answer_of_a_card_leaves_the_charge(api, handle):
    handle.window_key(customer_uid="card-1", merchant_uid="reg-1", card="answer_lost")
    with pytest.raises(requests.ConnectionError):
        api.again()
    assert statuses(handle) == ["paid"]


def test_the_sandbox_own_pages_are_never_hit(api, handle):
    handle.faults.plan("close_before", "*", times=100)
    assert api.get("/healthz").kind == (200, 0)
    assert api.delete("/_sandbox/faults").kind == (200, 0)


def test_the_log_names_the_fault_and_no_query(api, handle):
    handle.faults.plan("html_after", "/cards")
    api.raw("GET", "/cards?_token=secret")
    noted = handle.requests_log()[-1]
    assert (noted["method"], noted["path"], noted["status"], noted["fault"]) == ("GET", "/cards", 503, "html_after")
