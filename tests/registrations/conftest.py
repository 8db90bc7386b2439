"""A desk at which cards are registered, and a buyer who uses the window without a browser."""

from types import SimpleNamespace

import pytest

from merchant_admin.core.ids import new_id
from merchant_admin.registrations import service
from merchant_admin.registrations.service import RegistrationOrder
from portone_sandbox import purchases
from tests.support.books import assert_books_agree, assert_books_balance


class Desk:
    def __init__(self, world):
        self.world = world
        self.customer = world.a_customer()

    def order(self, amount_krw=0, **other):
        facts = {
            "sheet_key": new_id("sht"), "customer_id": self.customer.id, "amount_krw": amount_krw,
            "tax_free_krw": 0, "name": "카드 등록",
        }  # fmt: skip
        return RegistrationOrder(**facts | other)

    def open(self, amount_krw=0, **other):
        """A registration written down; its names as plain values, since the row expires with its commit."""
        order = self.order(amount_krw, **other)
        made = service.open_registration(self.world.ctx(), self.world.gateway, order)
        return SimpleNamespace(
            id=made.id, customer_uid=made.customer_uid, merchant_uid=made.merchant_uid, amount_krw=amount_krw,
            return_token=made.return_token, attempt_id=made.attempt_id,
        )  # fmt: skip

    def buys(self, opened, card="approve", **window):
        """The buyer fills the window in."""
        return self.world.sandbox.window_key(
            customer_uid=opened.customer_uid, merchant_uid=opened.merchant_uid, card=card,
            **{"amount": opened.amount_krw, **window},
        )  # fmt: skip

    def closes(self, opened):
        """The buyer opens the window and closes it."""
        hub = self.world.sandbox.hub
        asked = {
            "pg": "jtnet.tpaytest2m", "pay_method": "card", "merchant_uid": opened.merchant_uid, "name": "카드 등록",
            "amount": opened.amount_krw, "customer_uid": opened.customer_uid,
        }  # fmt: skip
        window = purchases.open_window(hub, hub.config.imp_code, asked)
        purchases.close_window(hub, window)
        return window.imp_uid

    def returns(self, opened, imp_uid=None, told=""):
        return service.note_return(self.world.ctx(), opened.id, imp_uid, told)

    def look(self, opened):
        return service.look_at_registration(self.world.ctx(), self.world.gateway, opened.id)


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
