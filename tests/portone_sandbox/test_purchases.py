"""What a buyer does in a window, and what is left of it: the four outcomes, and every way it is refused."""

import threading

import pytest

from portone_sandbox import purchases
from portone_sandbox.cards import CardRefused, entry_for
from portone_sandbox.purchases import WindowRefused

ORDER = {"pg": "jtnet.tpaytest2m", "merchant_uid": "reg-1", "customer_uid": "card-1", "amount": 0, "name": "카드 등록"}


@pytest.fixture
def hub(handle):
    return handle.hub


def opened(hub, **more):
    return purchases.open_window(hub, "imp00000000", {**ORDER, **more})


@pytest.mark.parametrize(
    ("card", "amount", "status", "has_key"),
    [
        ("approve", 0, "paid", True), ("approve", 500, "paid", True), ("first_declined", 500, "failed", True),
        ("charge_without_key", 500, "paid", False), ("balance", 500, "failed", False), ("balance", 0, "paid", True),
        ("issuer_down", 500, "failed", False),
    ],
)  # fmt: skip
def test_the_outcomes(hub, handle, card, amount, status, has_key):
    done = purchases.register_card(hub, opened(hub, amount=amount), entry_for(card))
    assert (handle.payments()[0]["status"], bool(handle.billing_keys())) == (status, has_key)
    assert (done.state, done.result["success"]) == ("done", status == "paid")
    assert handle.payments()[0]["customer_uid_usage"] == "issue"


@pytest.mark.parametrize(
    "change",
    [{"number": "4111111111111111"}, {"expiry": "2020-01"}, {"birth": ""}, {"pwd_2digit": "x"}, {"number": ""}],
)
def test_a_wrong_card_leaves_the_window_open(hub, handle, change):
    window = opened(hub)
    wrong = type(entry_for())(**{**vars(entry_for()), **change})
    with pytest.raises(CardRefused):
        purchases.register_card(hub, window, wrong)
    assert (handle.payments()[0]["status"], handle.billing_keys()) == ("ready", [])
    assert purchases.register_card(hub, window, entry_for()).state == "done"


def test_an_issuer_that_is_shut_out(hub):
    only_bc = {"detail": [{"card_code": "*", "enabled": False}, {"card_code": "361", "enabled": True}]}
    window = opened(hub, card=only_bc)
    assert list(purchases.issuers(window)) == ["361"]
    with pytest.raises(CardRefused):
        purchases.register_card(hub, window, entry_for(issuer="366"))
    purchases.register_card(hub, window, entry_for(issuer="361"))


def test_instalments_on_offer(hub):
    assert purchases.quotas(opened(hub, amount=49_999)) == [0]
    assert purchases.quotas(opened(hub, amount=50_000, merchant_uid="r2")) == [0, *range(2, 13)]
    assert purchases.quotas(opened(hub, amount=50_000, merchant_uid="r3", display={"card_quota": []})) == [0]
    assert purchases.quotas(opened(hub, amount=50_000, merchant_uid="r4", display={"card_quota": [6, 3]})) == [0, 3, 6]


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "500"}, {"amount": True}, {"amount": -1}, {"amount": 1.5}, {"merchant_uid": 7}, {"merchant_uid": ""},
        {"merchant_uid": "m" * 41}, {"pay_method": "gold"}, {"pay_method": "trans"}, {"customer_uid": None}, {"name": "가" * 41},
        {"vbank_due": "soon"},
    ],
)  # fmt: skip
def test_parameters_that_open_no_window(hub, handle, change):
    with pytest.raises(WindowRefused):
        opened(hub, **change)
    assert handle.payments() == []


def test_a_paid_order_opens_no_window(hub, handle):
    handle.window_key(customer_uid="card-1", merchant_uid="reg-1", amount=500)
    with pytest.raises(WindowRefused) as refused:
        opened(hub)
    assert refused.value.error_code == "F1002"


def test_another_amount_than_registered_opens_no_window(hub, api):
    api.post("/payments/prepare", merchant_uid="reg-1", amount=500, currency="KRW")
    with pytest.raises(WindowRefused):
        opened(hub, amount=499)
    assert opened(hub, amount=500).state == "open"


def test_closing_fails_the_payment(hub, handle):
    done = purchases.close_window(hub, opened(hub))
    assert done.result["error_msg"] == handle.payments()[0]["fail_reason"] == purchases.GAVE_UP
    assert handle.payments()[0]["status"] == "failed"


def test_a_window_ends_once(hub, handle):
    window = opened(hub, amount=500)
    done = purchases.register_card(hub, window, entry_for())
    assert purchases.register_card(hub, window, entry_for("balance")) == done
    assert purchases.close_window(hub, window) == done
    assert [one["status"] for one in handle.payments()] == ["paid"]


def test_two_windows_of_one_order_pay_once(hub, handle):
    windows = [opened(hub, amount=500, customer_uid=f"card-{n}") for n in range(6)]

    def pay(window):
        try:
            purchases.register_card(hub, window, entry_for())
        except WindowRefused:
            return

    threads = [threading.Thread(target=pay, args=(window,)) for window in windows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one["status"] for one in handle.payments()) == ["paid", *["ready"] * 5]
    assert len(handle.billing_keys()) == 1


def test_the_new_module_tells_a_page_little(hub):
    window = opened(hub, pg=None, channelKey="channel-key-00000000-0000-4000-8000-000000000009")
    told = purchases.register_card(hub, window, entry_for()).result
    assert set(told) == {"imp_uid", "merchant_uid"}


def test_a_certified_window_takes_each_method(hub, handle):
    base = {"customer_uid": None, "pg": "jtnet.tpaytest0m", "amount": 50_000, "custom_data": {"a": 1}}
    ways = {
        "card": lambda window: purchases.pay_card(hub, window, "366", 3),
        "trans": lambda window: purchases.pay_transfer(hub, window, "004"),
        "vbank": lambda window: purchases.issue_vbank(hub, window, "004", "이하늘"),
        "phone": lambda window: purchases.pay_phone(hub, window, "SKT"),
    }
    for method, act in ways.items():
        done = act(opened(hub, **base, pay_method=method, merchant_uid=method))
        assert done.result["success"] is True
        assert done.result["custom_data"] == {"a": 1}
    rows = {one["pay_method"]: one for one in handle.payments()}
    assert [rows[method]["status"] for method in ways] == ["paid", "paid", "ready", "paid"]
    assert (rows["card"]["card_quota"], rows["trans"]["bank_name"]) == (3, "KB국민은행")
    assert rows["vbank"]["vbank_date"] == handle.clock.now() + 3 * 86_400
    handle.deposit(rows["vbank"]["imp_uid"])
    assert handle.payments("vbank")[0]["status"] == "paid"


def test_a_deadline_is_in_seoul_time(hub, handle):
    base = {"customer_uid": None, "amount": 500, "pay_method": "vbank"}
    for number, due in enumerate(("2026-11-25", "20261125", "2026-11-25 23:59:59", "20261125235959")):
        purchases.issue_vbank(hub, opened(hub, **base, merchant_uid=f"v-{number}", vbank_due=due), "004")
    assert {one["vbank_date"] for one in handle.payments()} == {1_795_618_799}
