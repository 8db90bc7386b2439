"""The sandbox behind a real socket: open connections, every fault from outside, and the command that starts it."""

import re
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.portone_sandbox.api import Api

PAY = "/subscribe/payments/again"
KEYS = {"imp_key": "sandbox_key", "imp_secret": "sandbox_secret"}
BODY = {"customer_uid": "card-1", "merchant_uid": "ord-1", "amount": 1000, "name": "이용료"}


@pytest.fixture
def caller(live):
    """(api, handle) of a sandbox with a stored card, asked over its socket."""
    sandbox, url = live
    sandbox.handle.window_key(customer_uid="card-1", merchant_uid="reg-1")
    with requests.Session() as http:
        http.trust_env = False
        yield Api(url, http), sandbox.handle


@pytest.mark.parametrize(("kind", "charged"), [("close_before", False), ("close_after", True)])
def test_a_closed_connection(caller, kind, charged):
    api, handle = caller
    handle.faults.plan(kind, PAY)
    with pytest.raises(requests.ConnectionError):
        api.again()
    assert bool(handle.payments("ord-1")) is charged
    assert api.get("/payments/find/ord-1").status == (200 if charged else 404)


@pytest.mark.parametrize(("kind", "charged"), [("delay_before", False), ("delay_after", True)])
def test_a_slow_answer(caller, kind, charged):
    api, handle = caller
    handle.faults.plan(kind, PAY, seconds=0.6)
    with pytest.raises(requests.ReadTimeout):
        api.raw("POST", PAY, json=BODY, timeout=0.25)
    assert bool(handle.payments("ord-1")) is charged
    time.sleep(0.6)
    assert [one["status"] for one in handle.payments("ord-1")] == ["paid"]


@pytest.mark.parametrize(("kind", "charged"), [("status_before", False), ("status_after", True)])
@pytest.mark.parametrize("status", [401, 429, 503])
def test_a_status(caller, kind, charged, status):
    api, handle = caller
    handle.faults.plan(kind, PAY, status=status)
    assert api.raw("POST", PAY, json=BODY).status_code == status
    assert bool(handle.payments("ord-1")) is charged


@pytest.mark.parametrize("kind", ["html_before", "html_after", "half_json"])
def test_an_unreadable_answer(caller, kind):
    api, handle = caller
    handle.faults.plan(kind, PAY)
    with pytest.raises(requests.JSONDecodeError):
        api.raw("POST", PAY, json=BODY).json()
    assert bool(handle.payments("ord-1")) is (kind != "html_before")


def test_late_work(caller):
    api, handle = caller
    handle.faults.plan("late", PAY, seconds=0.3)
    with pytest.raises(requests.ConnectionError):
        api.again()
    assert handle.payments("ord-1") == []
    handle.finish_late_work()
    assert [one["status"] for one in handle.payments("ord-1")] == ["paid"]


def test_a_connection_stays_open(live):
    with socket.create_connection(live[1].removeprefix("http://").split(":"), timeout=5) as line:
        for _ in range(3):
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = line.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200 OK")
            assert answer.endswith(b'"response":"ok"}')


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc",
    ],
)  # fmt: skip
def test_broken_requests_harm_nobody(live, raw):
    with socket.create_connection(live[1].removeprefix("http://").split(":"), timeout=5) as line:
        line.sendall(raw)
        line.shutdown(socket.SHUT_WR)
        line.recv(4096)
    assert requests.get(live[1] + "/healthz", timeout=5).status_code == 200


def test_a_chunked_body_is_read(caller):
    api, _ = caller
    chunks = iter([b'{"merchant_uid": "ord-9",', b' "amount": 5}'])
    assert api.ask("POST", "/payments/prepare", data=chunks)["amount"] == 5


def test_a_huge_body_still_sees_its_refusal(caller):
    api, _ = caller
    assert api.ask("POST", "/payments/prepare", data=b"x" * 2_000_000).kind == (413, 1)


def test_the_command_serves_alone():
    process, url = _serve("--imp-key", "k", "--imp-secret", "s", "--fault", "kind=status_before,path=/cards,status=429")
    with process, requests.Session() as http:
        try:
            api = Api(url, http, "k", "s")
            assert api.get("/healthz").kind == (200, 0)
            assert api.get("/users/pg").kind == (200, 0)
            assert [api.raw("GET", "/cards").status_code for _ in range(2)] == [429, 200]
        finally:
            process.terminate()


def test_two_processes_on_one_file_charge_an_order_once(tmp_path):
    started = [_serve("--db", str(tmp_path / "shared.db")) for _ in range(2)]
    try:
        shops = [Api(url, requests.Session()) for _, url in started]
        shops[0].post("/_sandbox/window-keys", customer_uid="card-1", merchant_uid="reg-1")
        with ThreadPoolExecutor(8) as pool:
            codes = list(pool.map(lambda number: shops[number % 2].again().code, range(16)))
        assert sorted(codes) == [0] + [1] * 15
        shops[0].put("/_sandbox/clock", move="freeze", at=1_900_000_000)
        assert shops[1].raw("POST", "/users/getToken", json=KEYS).json()["response"]["now"] == 1_900_000_000
    finally:
        for process, _ in started:
            process.terminate()
            process.wait()
            process.stdout.close()


def _serve(*options):
    """A sandbox in a process of its own: (process, address)."""
    command = [sys.executable, "-m", "portone_sandbox", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    return process, re.search(r"http://[\d.:]+", process.stdout.readline())[0]
