"""A desk at which ordinary payments are begun, and a buyer who uses the certified window without a browser."""

from types import SimpleNamespace

import pytest

from merchant_admin.checkouts import service
from merchant_admin.checkouts.models import Checkout
from merchant_admin.checkouts.queries import checkout_view
from merchant_admin.checkouts.service import CheckoutOrder
from merchant_admin.checkouts.tokens import token_of
from merchant_admin.core.ids import new_id
from merchant_admin.customers.models import Customer
from merchant_admin.payments.models import Attempt
from merchant_admin.payments.states import PayMethod
from merchant_admin.payments.window import WindowPlace
from merchant_admin.worker.service import run_once
from portone_sandbox import purchases
from portone_sandbox.cards import Behaviour
from tests.support.books import assert_books_agree, assert_books_balance

PLACE = WindowPlace("https://shop.example", "ko", is_phone=False)


class Desk:
    def __init__(self, world):
        self.world = world
        self.customer_id = world.a_customer().id

    def order(self, method="card", amount_krw=60_000, **other):
        facts = {
            "sheet_key": new_id("sht"), "customer_id": self.customer_id, "method": PayMethod(method),
            "name": "원두 1kg", "amount_krw": amount_krw,
        }  # fmt: skip
        return CheckoutOrder(**facts | other)

    def make(self, method="card", amount_krw=60_000, **other):
        return service.create_checkout(self.world.ctx(), self.world.gateway, self.order(method, amount_krw, **other)).id

    def link(self, method="card", **other):
        """A link's order and its token."""
        made = self.make(method, **{"link_days": 3, **other})
        return SimpleNamespace(id=made, token=token_of(self.world.settings.secret_key.encode(), made))

    def opens(self, checkout_id):
        """The window is claimed and opened in a browser: the buyer's window at the sandbox."""
        service.open_window(self.world.ctx(), self.world.gateway, checkout_id)
        return self.shows(checkout_id)

    def shows(self, checkout_id, **changed):
        hub = self.world.sandbox.hub
        return purchases.open_window(hub, hub.config.imp_code, self.parameters(checkout_id) | changed)

    def parameters(self, checkout_id):
        session = self.world.session
        row = session.get(Checkout, checkout_id, populate_existing=True)
        uid = session.get(Attempt, row.attempt_id).merchant_uid
        customer = session.get(Customer, row.customer_id)
        made = service.window_parameters(self.world.settings, row, uid, customer, PLACE, self.world.clock.now())
        session.rollback()
        return made

    def pays(self, window, method="card", behaviour="approve", quota=0):
        hub = self.world.sandbox.hub
        match method:
            case "card":
                purchases.pay_card(hub, window, "366", quota, Behaviour(behaviour))
            case "trans":
                purchases.pay_transfer(hub, window, "004")
            case "vbank":
                purchases.issue_vbank(hub, window, "088", "온빛상점")
            case "phone":
                purchases.pay_phone(hub, window, "kt")
        return window.imp_uid

    def closes(self, window):
        purchases.close_window(self.world.sandbox.hub, window)

    def returns(self, checkout_id, imp_uid=None, told=""):
        return service.note_return(self.world.ctx(), checkout_id, imp_uid, told)

    def look(self, checkout_id):
        service.look_at_checkout(self.world.ctx(), self.world.gateway, checkout_id)
        return self.view(checkout_id)

    def view(self, checkout_id):
        found = checkout_view(self.world.session, checkout_id, self.world.clock.now())
        self.world.session.rollback()
        return found

    def wait(self, seconds, step=30):
        """Time passes and the worker does its rounds."""
        for _ in range(int(seconds // step) or 1):
            self.world.clock.advance(min(seconds, step))
            run_once(self.world.ctx(), self.world.gateway)


@pytest.fixture
def desk(world):
    yield Desk(world)
    assert_books_balance(world.session)
    assert_books_agree(world.app, world.sandbox)


@pytest.fixture
def each_desk(each_world):
    yield Desk(each_world)
    assert_books_balance(each_world.session)
    assert_books_agree(each_world.app, each_world.sandbox)
