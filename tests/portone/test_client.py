"""The one HTTP session with PortOne: its token, what each answer means, and that nothing is sent twice by itself."""

import json
import logging

import pytest
import requests
from requests.adapters import BaseAdapter

from merchant_admin.core.errors import GatewayRejected, GatewayUnreachable, OutcomeUnknown
from merchant_admin.portone.breaker import Breaker
from merchant_admin.portone.client import MONEY_READ_SECONDS, PortOneClient

TOKEN = {"code": 0, "message": None, "response": {"access_token": "t" * 40, "now": 1000, "expired_at": 2800}}
YES = {"code": 0, "message": None, "response": {"a": 1}}


class Scripted(BaseAdapter):
    """A server that gives these answers, one after the other; an exception is raised instead."""

    def __init__(self, *answers, token=TOKEN):
        super().__init__()
        self.answers, self.token, self.asked = list(answers), token, []

    def send(self, request, timeout=None, **_):
        path = request.path_url
        self.asked.append((request.method, path, request.headers.get("Authorization"), timeout))
        told = self.token if path == "/users/getToken" else self.answers.pop(0)
        if isinstance(told, Exception):
            raise told
        status, body = told if isinstance(told, tuple) else (200, told)
        answer = requests.Response()
        answer.status_code = status
        answer._content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer.request, answer.url = request, request.url
        return answer

    def close(self):
        """Nothing to close."""

    def paths(self):
        return [path for _, path, _, _ in self.asked]


def client(*answers, token=TOKEN):
    server = Scripted(*answers, token=token)
    http = requests.Session()
    http.mount("http://portone.test", server)
    return PortOneClient("http://portone.test", "key", "secret-word", http=http), server


def test_one_token_serves_many_calls():
    ours, server = client(YES, YES, YES)
    for _ in range(3):
        ours.get("/x")
    assert server.paths().count("/users/getToken") == 1
    assert server.asked[1][2] == f"Bearer {'t' * 40}"


def test_a_token_with_half_a_minute_left_is_renewed():
    ours, server = client(YES, YES, token=TOKEN | {"response": TOKEN["response"] | {"expired_at": 1029}})
    ours.get("/x")
    ours.get("/x")
    assert server.paths().count("/users/getToken") == 2


@pytest.mark.parametrize("odd", [{"now": "soon"}, {"expired_at": None}, {"now": 1.5}, {"expired_at": True}])
def test_a_token_whose_life_cannot_be_read_is_used_once(odd):
    ours, _ = client(YES, token=TOKEN | {"response": TOKEN["response"] | odd})
    assert ours.get("/x") == {"a": 1}


def test_a_401_is_answered_by_one_new_token_and_one_repeat():
    ours, server = client((401, {"code": -1, "message": "Unauthorized", "response": None}), YES)
    assert ours.post("/pay", {}, moves_money=True) == {"a": 1}
    assert server.paths() == ["/users/getToken", "/pay", "/users/getToken", "/pay"]


def test_a_second_401_is_a_refusal():
    no = (401, {"code": -1, "message": "Unauthorized", "response": None})
    ours, server = client(no, no)
    with pytest.raises(GatewayRejected):
        ours.post("/pay", {}, moves_money=True)
    assert server.paths().count("/pay") == 2


@pytest.mark.parametrize(
    "answer",
    [
        (500, YES), (503, b"<html>"), (429, YES), (200, b"<html></html>"), (200, b'{"code": 0, "resp'), (200, b""),
        (200, b"[]"), (200, b'{"code": "0"}'), (200, b'{"code": true}'), (200, b'{"code": 0, "response": NaN}'),
        (200, {"code": 0, "response": None}), (502, b"x" * 1000), requests.ConnectionError("reset"),
        requests.ReadTimeout("slow"), requests.exceptions.ChunkedEncodingError("half"),
    ],
    ids=str,
)  # fmt: skip
def test_an_answer_that_proves_nothing_is_unknown_and_sent_once(answer):
    ours, server = client(answer)
    with pytest.raises(OutcomeUnknown):
        ours.post("/pay", {}, moves_money=True)
    assert server.paths().count("/pay") == 1


@pytest.mark.parametrize(
    "answer", [(200, {"code": 1, "message": "안 됨", "response": None}), (400, YES), (404, YES), (302, YES)]
)
def test_a_no_is_a_refusal(answer):
    ours, server = client(answer)
    with pytest.raises(GatewayRejected):
        ours.post("/pay", {})
    assert server.paths().count("/pay") == 1


def test_a_connection_that_was_never_made_is_unreachable():
    ours, _ = client(requests.ConnectTimeout("no"))
    with pytest.raises(GatewayUnreachable):
        ours.get("/x")


def test_money_is_waited_for_longer_than_a_read():
    ours, server = client(YES, YES)
    ours.get("/x")
    ours.post("/pay", {}, moves_money=True)
    assert [timeout[1] for _, path, _, timeout in server.asked if path != "/users/getToken"] == [
        15.0,
        MONEY_READ_SECONDS,
    ]


def test_nothing_secret_stands_in_a_log_or_an_error(caplog):
    caplog.set_level(logging.DEBUG)
    ours, _ = client(requests.ConnectionError("http://portone.test/pay?secret-word"))
    with pytest.raises(OutcomeUnknown) as caught:
        ours.post("/pay", {"card_number": "0000-3660-0000-0018"}, moves_money=True)
    told = caplog.text + repr(caught.value) + str(caught.value.facts) + repr(ours)
    assert "secret-word" not in told
    assert "0000-3660" not in told
    assert "t" * 40 not in told


def test_five_failures_in_a_row_stop_the_calls():
    ours, server = client(*[(500, YES)] * 5)
    for _ in range(5):
        with pytest.raises(OutcomeUnknown):
            ours.get("/x")
    with pytest.raises(GatewayUnreachable):
        ours.get("/x")
    assert server.paths().count("/x") == 5


def test_a_yes_or_a_no_in_between_starts_the_count_again():
    no = (200, {"code": 1, "message": None, "response": None})
    ours, _ = client(*[(500, YES)] * 4, no, *[(500, YES)] * 4, YES)
    for _ in range(4):
        with pytest.raises(OutcomeUnknown):
            ours.get("/x")
    with pytest.raises(GatewayRejected):
        ours.get("/x")
    for _ in range(4):
        with pytest.raises(OutcomeUnknown):
            ours.get("/x")
    assert ours.get("/x") == {"a": 1}


def test_one_probe_in_half_a_minute_is_let_through():
    now = [0.0]
    breaker = Breaker(clock=lambda: now[0])
    for _ in range(5):
        breaker.failed()
    assert not breaker.may_probe
    now[0] = 30.0
    breaker.admit()
    with pytest.raises(GatewayUnreachable):
        breaker.admit()
    breaker.succeeded()
    assert not breaker.is_open
