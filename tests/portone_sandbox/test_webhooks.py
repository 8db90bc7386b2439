"""Reference 14 over real sockets: what is sent, to whom, how often, and every way it can go wrong."""

import time
from urllib.parse import parse_qs

import pytest

from tests.portone_sandbox.receiver import Receiver

QUIET = 0.3  # long enough for a webhook that should not come


@pytest.fixture
def receiver():
    with Receiver() as made:
        yield made


@pytest.fixture
def shop(make_sandbox, receiver):
    """A sandbox that sends to the receiver, with a stored card."""
    made = make_sandbox(webhook_url=receiver.url, webhook_retry_seconds=0.05)
    made.handle.window_key(customer_uid="card-1", merchant_uid="reg-1")
    return made


@pytest.fixture
def api(shop):
    return shop.api()


def names(receiver):
    return [body["merchant_uid"] for body in receiver.bodies]


def test_a_paid_charge_is_told_with_three_fields(api, receiver):
    paid = api.again()
    kind, _, path = receiver.wait_for(1)[0]
    assert (kind, path) == ("application/json", "/hook")
    assert receiver.bodies == [{"imp_uid": paid["imp_uid"], "merchant_uid": "ord-1", "status": "paid"}]


def test_what_is_not_told(api, shop, receiver):
    shop.handle.window_key(customer_uid="card-2", merchant_uid="reg-2", card="balance")
    api.again("ord-declined", customer_uid="card-2")
    imp_uid = api.again("ord-paid")["imp_uid"]
    api.post("/payments/cancel", imp_uid=imp_uid, amount=100)
    api.delete("/subscribe/customers/card-2")
    time.sleep(QUIET)
    assert names(receiver) == ["ord-paid"]


def test_cancels_are_told_when_wanted_or_done_by_hand(api, shop, receiver):
    imp_uid = api.again()["imp_uid"]
    api.post("/payments/cancel", imp_uid=imp_uid, amount=100, enable_webhook=True)
    shop.handle.console_cancel(imp_uid, 200)
    receiver.wait_for(3)
    told = sorted(
        (body for body in receiver.bodies if body["status"] == "cancelled"), key=lambda body: body["cancellation_id"]
    )
    history = shop.handle.payments("ord-1")[0]["cancel_history"]
    assert [body["cancellation_id"] for body in told] == sorted(one["cancellation_id"] for one in history)


def test_a_notice_url_replaces_the_configured_one(api, receiver):
    with Receiver() as other:
        api.again(notice_url=other.url)
        other.wait_for(1)
        time.sleep(QUIET)
        assert receiver.calls == []


def test_schedules_tell_success_and_failure(api, shop, receiver):
    shop.handle.window_key(customer_uid="card-2", merchant_uid="reg-2", card="balance")
    now = shop.handle.clock.now()
    api.schedule({"merchant_uid": "s-1", "schedule_at": now + 60})
    api.schedule({"merchant_uid": "s-2", "schedule_at": now + 61}, customer_uid="card-2")
    shop.handle.clock.advance(100)
    receiver.wait_for(2)
    assert {(body["merchant_uid"], body["status"]) for body in receiver.bodies} == {("s-1", "paid"), ("s-2", "failed")}


def test_forms_if_the_merchant_likes(make_sandbox, receiver):
    shop = make_sandbox(webhook_url=receiver.url, webhook_format="form")
    shop.handle.window_key(customer_uid="card-1", merchant_uid="reg-1", amount=500)
    kind, body, _ = receiver.wait_for(1)[0]
    assert kind == "application/x-www-form-urlencoded"
    assert parse_qs(body.decode())["status"] == ["paid"]


def test_without_retries_a_refused_webhook_is_not_repeated(api, shop, receiver):
    receiver.status = 503
    api.again()
    receiver.wait_for(1)
    time.sleep(QUIET)
    assert len(receiver.calls) == 1
    assert [(one["state"], [try_["status"] for try_ in one["attempts"]]) for one in shop.handle.webhooks.log()] == [
        ("failed", [503])
    ]


def test_with_retries_it_comes_up_to_five_more_times(make_sandbox, receiver):
    shop = make_sandbox(webhook_url=receiver.url, webhook_retries=True, webhook_retry_seconds=0.05)
    receiver.status = 500
    shop.handle.window_key(customer_uid="card-1", merchant_uid="reg-1", amount=500)
    receiver.wait_for(6)
    time.sleep(QUIET)
    assert len(receiver.calls) == 6


def test_retries_end_with_the_first_success(make_sandbox, receiver):
    shop = make_sandbox(webhook_url=receiver.url, webhook_retries=True, webhook_retry_seconds=0.2)
    receiver.first_statuses = [500]
    shop.handle.window_key(customer_uid="card-1", merchant_uid="reg-1", amount=500)
    receiver.wait_for(2)
    time.sleep(QUIET)
    assert [try_["status"] for try_ in shop.handle.webhooks.log()[0]["attempts"]] == [500, 200]


def test_lost(api, shop, receiver):
    shop.handle.webhooks.set_mode("lost")
    api.again()
    time.sleep(QUIET)
    assert receiver.calls == []
    assert api.post("/_sandbox/webhooks/resend", state="lost")["count"] == 1
    receiver.wait_for(1)


def test_doubled(api, shop, receiver):
    shop.handle.webhooks.set_mode("doubled")
    api.again()
    receiver.wait_for(2)
    assert receiver.bodies[0] == receiver.bodies[1]


def test_delayed(api, shop, receiver):
    shop.handle.webhooks.set_mode("delayed", seconds=0.5)
    began = time.monotonic()
    api.again()
    receiver.wait_for(1)
    assert time.monotonic() - began >= 0.5


def test_reordered(api, shop, receiver):
    shop.handle.webhooks.set_mode("reordered", seconds=0.5)
    api.again("ord-1")
    api.again("ord-2")
    receiver.wait_for(2)
    assert names(receiver) == ["ord-2", "ord-1"]


def test_a_slow_receiver_delays_no_answer_and_no_other_webhook(api, receiver):
    with Receiver() as slow:
        slow.delay = 1.5
        began = time.monotonic()
        api.again("ord-slow", notice_url=slow.url)
        assert time.monotonic() - began < 1
        slow.wait_for(1)
        api.again("ord-2")
        receiver.wait_for(1, seconds=1)


def test_a_button_sends_one_again_and_another_a_test(api, shop, receiver):
    api.again()
    receiver.wait_for(1)
    api.post(f"/_sandbox/webhooks/{shop.handle.webhooks.log()[0]['id']}/resend")
    receiver.wait_for(2)
    api.post("/_sandbox/webhooks/test")
    receiver.wait_for(3)
    assert receiver.bodies[2]["imp_uid"] == "imp_000000000000"
    assert api.post("/_sandbox/webhooks/99999/resend").status == 404


def test_nobody_at_home(make_sandbox):
    shop = make_sandbox(webhook_url="http://127.0.0.1:9/hook")
    shop.handle.window_key(customer_uid="card-1", merchant_uid="reg-1", amount=500)
    for _ in range(50):
        state = shop.handle.webhooks.log()[0]
        if state["attempts"]:
            break
        time.sleep(0.05)
    assert state["attempts"][0]["error"] == "ConnectionError"


def test_the_merchant_may_stop_a_window_before_approval(make_sandbox, receiver):
    shop = make_sandbox()
    receiver.status, receiver.answer = 400, '{"reason": "품절"}'.encode()
    imp_uid = shop.handle.window_key(customer_uid="card-1", merchant_uid="reg-1", amount=500, confirm_url=receiver.url)
    stopped = shop.handle.payments("reg-1")[0]
    assert stopped["fail_reason"] == "고객사 요청에 의해 결제를 중단합니다. (상세사유 : 품절)"
    assert receiver.bodies == [{"imp_uid": imp_uid, "merchant_uid": "reg-1", "amount": 500}]
    receiver.status = 200
    shop.handle.window_key(customer_uid="card-1", merchant_uid="reg-2", amount=500, confirm_url=receiver.url)
    assert shop.handle.payments("reg-2")[0]["status"] == "paid"
