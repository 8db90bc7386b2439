"""A served shop and a desk in front of it."""

import pytest

from tests.journeys.desk import Desk
from tests.support.browser import chromium
from tests.support.live import LiveShop
from tests.support.postgres import CI

PC = {"viewport": {"width": 1440, "height": 900}}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
    "user_agent": "Mozilla/5.0 (Linux; Android 15; SM-S931N) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36",
}


def pytest_collection_modifyitems(items):
    for item in items:
        if "/journeys/" in str(item.path):
            item.add_marker(pytest.mark.journey)


@pytest.fixture(scope="session", autouse=True)
def needs_a_browser():
    if chromium() is None:
        (pytest.fail if CI else pytest.skip)("no Chromium on this machine: sudo apt-get install chromium")


@pytest.fixture
def shop(empty_database, tmp_path):
    """A shop on a real socket. Whatever a journey did, both sides agree to the won afterwards."""
    with LiveShop(tmp_path, empty_database) as served:
        yield served
        served.assert_books_agree()


@pytest.fixture
def open_desk(shop, open_page, complaints):
    """Opens a signed-in browser; at the end none may have complained."""

    def open_one(*, looks_closely=False, **options):
        page = open_page(shop.url, **{**PC, **options})
        language = options.get("locale", "ko-KR")
        desk = Desk(page, is_phone=options.get("is_mobile", False), language=language, looks_closely=looks_closely)
        desk.sign_in(shop.a_staff())
        return desk

    yield open_one
    complaints.expect_none()
