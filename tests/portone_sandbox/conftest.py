"""A sandbox with one merchant, asked without sockets, and the same behind a real socket."""

import pytest
import requests

from portone_sandbox import SandboxConfig, create_sandbox
from portone_sandbox.inprocess import WsgiAdapter
from portone_sandbox.server import Server
from tests.portone_sandbox.api import Api

NOON = 1_795_489_200  # 2026-11-24 12:00 in Seoul


class Setup:
    """One sandbox: `handle` moves it, `api` asks it."""

    def __init__(self, **settings):
        self.app = create_sandbox(SandboxConfig(**{"slow_card_seconds": 0.2, **settings}))
        self.handle = self.app.extensions["portone_sandbox"]
        self.http = requests.Session()
        self.http.mount("http://sandbox.test", WsgiAdapter(self.app))

    def api(self, **credentials):
        return Api("http://sandbox.test", self.http, **credentials)


@pytest.fixture
def make_sandbox():
    """Makes sandboxes with settings of SandboxConfig, and closes them."""
    made = []

    def make(**settings):
        made.append(Setup(**settings))
        return made[-1]

    yield make
    for one in made:
        one.handle.close()


@pytest.fixture
def sandbox(make_sandbox):
    one = make_sandbox()
    one.handle.clock.freeze(NOON)
    return one


@pytest.fixture
def handle(sandbox):
    return sandbox.handle


@pytest.fixture
def api(sandbox):
    return sandbox.api()


@pytest.fixture
def key(handle):
    """A stored card that is approved, under the name `card-1`."""
    handle.window_key(customer_uid="card-1", merchant_uid="reg-1")
    return "card-1"


@pytest.fixture
def live(make_sandbox):
    """A sandbox behind a real socket: (sandbox, url)."""
    one = make_sandbox(webhook_retry_seconds=0.1)
    with Server(one.app) as server:
        yield one, server.url
