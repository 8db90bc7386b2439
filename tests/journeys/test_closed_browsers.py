"""Transfers, accounts and phone bills left in the middle: whatever was closed and when, it ends as PortOne has it.

One browser holds a window of each way at each step and is closed as a whole. Time is short because the shop's clock
can be put forward: the minute in which a payment must be known, and the half hour for which a window lives.
"""

import re

import pytest
from playwright.sync_api import expect

from merchant_admin.checkouts import service as checkouts
from merchant_admin.checkouts.queries import checkout_view
from merchant_admin.checkouts.service import CheckoutOrder
from merchant_admin.checkouts.tokens import token_of
from merchant_admin.core.db import db
from merchant_admin.core.ids import new_id
from merchant_admin.payments.states import PayMethod
from tests.journeys.conftest import PC, PHONE
from tests.journeys.desk import opens_window
from tests.journeys.test_ways import act_of, acts
from tests.support.books import true_balances
from tests.support.clocks import LaterClock
from tests.support.live import LiveShop, until

SUMS = {"trans": 60_000, "vbank": 60_001, "phone": 60_002}
A_MINUTE, WINDOW_LASTS = 60, 30 * 60
TELLS_US = re.compile(r"/told$|/checkouts/return/")
# A computer's window speaks to our page, and the webhook comes; of a phone's payment nobody tells us anything.
PLACES = {"computer": (PC, 0, "normal"), "phone": (PHONE, 1, "lost")}


@pytest.fixture
def shop(empty_database, tmp_path):
    """A shop whose clock can be put forward while its worker runs."""
    clock = LaterClock()
    with LiveShop(tmp_path, empty_database, clock=clock) as served:
        served.later = clock
        yield served
        served.assert_books_agree()


def makes_orders(shop, link_days):
    """An order of each way: way -> (its id, the address from which its window opens)."""
    made = {}
    with shop.app.app_context():
        world = shop.world()
        customer_id = world.a_customer().id
        for way, amount in SUMS.items():
            order = CheckoutOrder(new_id("sht"), customer_id, PayMethod(way), "꽃다발", amount, link_days=link_days)
            checkout_id = checkouts.create_checkout(world.ctx(), world.gateway, order).id
            token = token_of(world.settings.secret_key.encode(), checkout_id)
            if not link_days:
                checkouts.open_window(world.ctx(), world.gateway, checkout_id)
            made[way] = checkout_id, f"/pay/{token}" if link_days else f"/checkouts/{checkout_id}/window"
        db.session.remove()
    return made


def stands_in_window(context, way, address):
    """A new tab with the payment window open in it; returns the tab and where the window's fields are."""
    tab = context.new_page()
    tab.goto(address)
    if address.startswith("/pay/"):
        tab.get_by_role("main").locator("form button").click()
    opens_window(tab)
    window = tab if address.startswith("/pay/") else tab.frame_locator("iframe")
    expect(window.get_by_role("button", name=act_of(way, SUMS[way]))).to_be_visible()
    return tab, window


def states(shop, orders):
    with shop.app.app_context():
        try:
            return {way: checkout_view(db.session, one, shop.later.now()).state for way, (one, _) in orders.items()}
        finally:
            db.session.remove()


@pytest.mark.parametrize("place", PLACES)
def test_a_browser_closed_at_each_step_ends_right_by_itself(shop, open_desk, place):
    options, link_days, webhooks = PLACES[place]
    shop.sandbox.webhooks.set_mode(webhooks)
    left, paid = makes_orders(shop, link_days), makes_orders(shop, link_days)
    context = open_desk(**options).page.context
    context.route(TELLS_US, lambda route: route.abort())  # the line to our page is cut
    for way, (_, address) in left.items():
        stands_in_window(context, way, address)
    for way, (_, address) in paid.items():
        tab, window = stands_in_window(context, way, address)
        with tab.expect_event("requestfailed", lambda request: bool(TELLS_US.search(request.url))):
            acts(window, way, SUMS[way])
    context.close()

    shop.later.ahead = A_MINUTE
    known = {"trans": "paid", "vbank": "awaiting_deposit", "phone": "paid"}
    until(lambda: states(shop, paid) == known, A_MINUTE)
    assert states(shop, left) == dict.fromkeys(SUMS, "in_window")  # a buyer might still be there
    assert sorted(true_balances(shop.sandbox).values()) == [(60_000, 0), (60_002, 0)]
    shop.sandbox.webhooks.set_mode("normal")
    shop.sandbox.deposit(next(one["imp_uid"] for one in shop.sandbox.payments() if one["vbank_num"]))
    until(lambda: states(shop, paid) == dict.fromkeys(SUMS, "paid"), A_MINUTE)

    shop.later.ahead += WINDOW_LASTS
    until(lambda: nothing_came(shop, left, "open" if link_days else "failed"), 2 * A_MINUTE)
    assert sorted(true_balances(shop.sandbox).values()) == [(amount, 0) for amount in SUMS.values()]


def nothing_came(shop, orders, state):
    """Whether all are seen to be unpaid; half a minute goes by at each look."""
    shop.later.ahead += A_MINUTE // 2
    return states(shop, orders) == dict.fromkeys(SUMS, state)
