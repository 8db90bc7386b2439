"""Programs that others wrote for the real PortOne V1 work here unmodified, errors included.

`make test` installs them apart from everything else; see clients/.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from portone_sandbox.server import Server

HERE = Path(__file__).parent / "clients"
PYTHON_CLIENTS = Path(__file__).parents[2] / ".make" / "published"
CARD = {"expiry": "2030-12", "birth": "900101", "pwd_2digit": "12"}


def need(path):
    """Skips, or fails where nothing may be missing, when the clients are not installed."""
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{path} is missing: make .make/clients")
        pytest.skip("the published clients are not installed: make .make/clients")


@pytest.fixture
def shop(make_sandbox):
    """(handle, url) of a sandbox that speaks as a live channel, since old clients know no test payments."""
    sandbox = make_sandbox(sandbox_flag=False)
    with Server(sandbox.app) as server:
        yield sandbox.handle, server.url


@pytest.fixture
def python_clients(monkeypatch):
    need(PYTHON_CLIENTS)
    monkeypatch.syspath_prepend(PYTHON_CLIENTS)


def test_two_node_clients(shop):
    need(HERE / "node_modules")
    handle, url = shop
    told = {
        "SANDBOX_URL": url, "CARD": handle.card_number(), "DECLINING_CARD": handle.card_number("balance"),
        "NOW": str(handle.clock.now()),
    }  # fmt: skip
    ran = subprocess.run(
        [shutil.which("node"), HERE / "shop.js"],
        env={**os.environ, **told},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert ran.stdout.strip() == "done", ran.stderr


def test_iamport_rest_client_issues_charges_and_cancels(shop, python_clients):
    from iamport import Iamport

    handle, url = shop
    client = Iamport("sandbox_key", "sandbox_secret", url + "/")
    card = {"card_number": handle.card_number(), **CARD}
    assert client.customer_create(customer_uid="card-1", **card)["card_code"] == "366"
    assert client.customer_get("card-1")["customer_uid"] == "card-1"
    paid = client.pay_again(customer_uid="card-1", merchant_uid="ord-1", amount=1000)
    assert client.is_paid(1000, merchant_uid="ord-1")
    assert client.is_paid(1000, imp_uid=paid["imp_uid"])
    assert client.pay_onetime(merchant_uid="ord-2", amount=500, **card)["status"] == "paid"
    assert client.cancel("부분", imp_uid=paid["imp_uid"], amount=300, checksum=1000)["cancel_amount"] == 300
    assert client.cancel("전액", merchant_uid="ord-1")["cancel_amount"] == 1000
    with pytest.raises(Iamport.ResponseError) as refused:
        client.cancel("다시", merchant_uid="ord-1")
    assert refused.value.message == "이미 전액취소된 주문입니다."
    with pytest.raises(Iamport.HttpError) as unknown:
        client.find(imp_uid="nobody")
    assert unknown.value.code == 404
    assert client.customer_delete("card-1")["customer_uid"] == "card-1"
    with pytest.raises(Iamport.HttpError):
        Iamport("sandbox_key", "wrong", url + "/").find(imp_uid="nobody")
    client.requests_session.close()


def test_iamport_rest_client_prepares_and_reserves(shop, python_clients):
    from iamport import Iamport

    handle, url = shop
    client = Iamport("sandbox_key", "sandbox_secret", url + "/")
    handle.window_key(customer_uid="card-1", merchant_uid="reg-1")
    client.prepare("ord-1", 500)
    assert client.prepare_validate("ord-1", 500)
    with pytest.raises(Iamport.ResponseError):
        client.prepare("ord-1", 500)
    at = handle.clock.now() + 3600
    made = client.pay_schedule(
        customer_uid="card-1", schedules=[{"merchant_uid": "s-1", "schedule_at": at, "amount": 7}]
    )
    assert made[0]["schedule_status"] == "scheduled"
    assert client.pay_schedule_get("s-1")["schedule_at"] == at
    assert client.pay_schedule_get_between(schedule_from=at - 9, schedule_to=at + 9)["total"] == 1
    assert client.pay_unschedule(customer_uid="card-1")[0]["schedule_status"] == "revoked"
    with pytest.raises(Iamport.ResponseError) as refused:
        client.pay_unschedule(customer_uid="card-1")
    assert refused.value.message == "취소할 예약결제 기록이 존재하지 않습니다."
    client.requests_session.close()


def test_iamporter(shop, python_clients):
    from iamporter import Iamporter, errors

    handle, url = shop
    client = Iamporter("sandbox_key", "sandbox_secret", imp_url=url + "/")
    card = {"card_number": handle.card_number(), **CARD}
    made = client.create_billkey("card-1", **card, customer_info={"name": "이하늘"})
    assert made == client.find_billkey("card-1")
    assert made["customer_name"] == "이하늘"
    order = {"merchant_uid": "ord-1", "name": "이용료", "amount": 1000}
    paid = client.create_payment(customer_uid="card-1", **order, buyer_info={"tel": "010-1234-5678"})
    assert paid["buyer_tel"] == "010-1234-5678"
    assert client.find_payment(imp_uid=paid["imp_uid"]) == client.find_payment(merchant_uid="ord-1")
    assert client.create_payment(**{**order, "merchant_uid": "ord-2"}, **card)["status"] == "paid"
    assert client.cancel_payment(merchant_uid="ord-1", amount=300)["cancel_amount"] == 300
    for wrong in (
        lambda: client.find_payment(imp_uid="nobody"),
        lambda: client.create_payment(customer_uid="card-1", **order),
        lambda: client.create_billkey("card-2", **{**card, "card_number": handle.card_number("wrong_number")}),
        lambda: client.find_billkey("nobody"),
    ):
        with pytest.raises(errors.ImpApiError):
            wrong()
    assert client.delete_billkey("card-1")["customer_uid"] == "card-1"
    with pytest.raises(errors.ImpUnAuthorized):
        Iamporter("sandbox_key", "wrong", imp_url=url + "/")
