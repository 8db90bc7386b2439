"""The files that others made: missing, tampered with, or served from here, the work is done all the same."""

import pytest

from merchant_admin.web.assets import vendor
from tests.journeys.desk import Desk
from tests.support.books import true_balances
from tests.support.browser import OUTSIDE, TYPES, file_behind
from tests.support.live import LiveShop


@pytest.fixture
def shop(empty_database, tmp_path):
    """As elsewhere, and with the web font, whose many files are others' too."""
    with LiveShop(tmp_path, empty_database, UI_WEBFONT="on") as served:
        yield served
        served.assert_books_agree()


def charges_and_refunds(shop, desk):
    shop.sandbox.window_key(customer_uid="bks_old", merchant_uid="old_1")
    customer = desk.adds_customer("한지민")
    desk.adopts_card(customer, "bks_old")
    desk.charges(customer, "원두 1kg", 33_000)
    desk.refunds(desk.opens_payment(33_000), 3_000)
    assert list(true_balances(shop.sandbox).values()) == [(33_000, 3_000)]


def has_htmx(desk):
    """Whether the page at hand, once all of it came, has the script."""
    desk.page.wait_for_load_state("load")
    return desk.page.evaluate("typeof window.htmx") == "object"


def unreachable(route):
    route.abort("connectionrefused")


def one_byte_more(route):
    file = file_behind(route.request.url)
    route.fulfill(
        body=file.read_bytes() + b" ",
        content_type=TYPES[file.suffix],
        headers={"access-control-allow-origin": "*"},
    )


@pytest.mark.parametrize(
    ("answer", "said"),
    [(unreachable, "ERR_CONNECTION_REFUSED"), (one_byte_more, "integrity")],
    ids=["down", "tampered"],
)
def test_a_cdn_that_fails_costs_comfort_only(shop, open_desk, complaints, answer, said):
    desk = open_desk()
    desk.page.context.route(OUTSIDE, answer)
    charges_and_refunds(shop, desk)
    assert not has_htmx(desk)
    assert [words for words in complaints if said not in words] == []
    complaints.clear()


def test_files_served_from_here_need_no_other_host(empty_database, tmp_path, open_page, complaints):
    vendor()
    with LiveShop(tmp_path, empty_database, ASSETS="local", UI_WEBFONT="on") as shop:
        desk = Desk(open_page(shop.url))
        asked = []
        desk.page.on("request", lambda request: asked.append(request.url))
        desk.sign_in(shop.a_staff())
        charges_and_refunds(shop, desk)
        assert has_htmx(desk)
        assert [url for url in asked if not url.startswith((shop.url, "data:"))] == []
    complaints.expect_none()
