"""Every page: nothing for axe to find in either theme, size and language, and within its budget."""

import gzip
import re
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from merchant_admin.core.permissions import Role
from tests.journeys.desk import Desk
from tests.support.browser import file_behind
from tests.support.furnish import furnish
from tests.support.live import LiveShop

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# Each pair of theme, width and language stands together in one of these.
LOOKS = {
    "light-wide-korean": {"color_scheme": "light", "viewport": WIDE, "locale": "ko-KR"},
    "dark-narrow-korean": {"color_scheme": "dark", "viewport": NARROW, "locale": "ko-KR"},
    "dark-wide-english": {"color_scheme": "dark", "viewport": WIDE, "locale": "en-US"},
    "light-narrow-english": {"color_scheme": "light", "viewport": NARROW, "locale": "en-US"},
}
MAIN_PAGES = (
    "/", "/customers", "/customers/{customer_id}", "/payments", "/payments/{payment_id}", "/billing-keys",
    "/billing-keys/{billing_key_id}", "/charges/new?customer_id={customer_id}", "/search?q=김", "/needs-action",
)  # fmt: skip
OTHER_PAGES = (
    "/customers/new", "/customers/{customer_id}/edit", "/customers/{customer_id}/registrations/new",
    "/customers/{customer_id}/billing-keys/adopt", "/billing-keys/{billing_key_id}/deletion", "/charges/{charge_id}",
    "/payments/{payment_id}/refunds/new", "/refunds/{refund_id}", "/registrations/{registration_id}",
    "/registrations/{registration_id}/window", "/activity", "/webhook-events", "/staff", "/staff/new", "/account",
    "/nowhere", "/dev/components", "/customers?q=nobody", "/payments?q=nobody",
)  # fmt: skip
BUDGET_KB = {"document": 12, "stylesheet": 9, "own script": 6, "htmx": 13.5, "icons": 4, "all": 45}
MOST_REQUESTS, MOST_NODES = 7, 1500


class Furnished(LiveShop):
    """A shop with one of everything, and enough lines to fill a page."""

    def furnish(self):
        with self.app.app_context():
            return furnish(self.world(), payments=30)


@pytest.fixture(scope="module")
def furnished(empty_database, tmp_path_factory):
    with Furnished(tmp_path_factory.mktemp("furnished"), empty_database, worker="process") as shop:
        shop.ids = vars(shop.furnish())
        shop.email = shop.a_staff(Role.OWNER)
        yield shop


@pytest.fixture
def desk(furnished, open_page, complaints):
    def open_one(**look):
        made = Desk(open_page(furnished.url, **look), language=look.get("locale", "ko-KR"))
        made.sign_in(furnished.email)
        return made

    yield open_one
    complaints.expect_none()


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_on_any_page(furnished, desk, look):
    page, axe, found = desk(**LOOKS[look]).page, Axe(), []
    for path in (*MAIN_PAGES, *OTHER_PAGES):
        page.goto(path.format(**furnished.ids))
        result = axe.run(page)
        found += [f"{path}: {one['id']} {one['nodes'][0]['html'][:120]}" for one in result.response["violations"]]
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if overflow > 0:
            found.append(f"{path}: {overflow}px wider than the screen")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_in_an_open_menu_or_dialog(furnished, desk, look):
    made = desk(**LOOKS[look])
    page, axe, found = made.page, Axe(), []
    openers = ["메뉴 열기"] if page.viewport_size == NARROW else []
    for opener in (*openers, "화면 설정", "내 계정"):
        page.get_by_role("button", name=made.say(opener)).click()
        found += [f"{opener}: {one['id']}" for one in axe.run(page).response["violations"]]
        page.keyboard.press("Escape")
    for keys, dialog in (("Control+k", "빠른 찾기"), ("Shift+Slash", "단축키")):
        page.keyboard.press(keys)
        expect(page.get_by_role("dialog", name=made.say(dialog))).to_be_visible()
        found += [f"{dialog}: {one['id']}" for one in axe.run(page).response["violations"]]
        page.keyboard.press("Escape")
    assert not found


def test_the_sign_in_page_is_accessible(furnished, open_page, complaints):
    for look in LOOKS.values():
        page = open_page(furnished.url, **look)
        page.goto("/sign-in")
        assert Axe().run(page).violations_count == 0
    complaints.expect_none()


@pytest.mark.parametrize("path", MAIN_PAGES)
def test_a_main_page_keeps_its_budget(furnished, desk, path):
    page = desk(viewport=WIDE).page
    asked = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - it wants a function
    page.goto(path.format(**furnished.ids), wait_until="networkidle")
    nodes = page.evaluate("document.getElementsByTagName('*').length")
    asked = [request for request in asked if kind_of(request) != "font"]
    sizes = dict.fromkeys(BUDGET_KB, 0)
    for request in asked:
        file = file_behind(request.url)
        body = file.read_bytes() if file else page.request.get(request.url).body()
        sizes[kind_of(request)] = sizes.get(kind_of(request), 0) + len(gzip.compress(body)) / 1024
    sizes["all"] = sum(sizes.values())
    assert {kind: round(size, 1) for kind, size in sizes.items() if size > BUDGET_KB.get(kind, 1)} == {}
    assert len(asked) <= MOST_REQUESTS, [request.url for request in asked]
    assert nodes <= MOST_NODES


def kind_of(request):
    path = urlsplit(request.url).path
    if "pretendard" in path or path.endswith(".woff2"):
        return "font"
    if "/assets/icons" in path:
        return "icons"
    if "/htmx" in path:
        return "htmx"
    names = {"document": "document", "stylesheet": "stylesheet", "script": "own script"}
    return names.get(request.resource_type, "other")


def test_english_words_fit_when_they_grow(furnished, desk):
    """Every text 40 % longer: nothing is wider than a phone."""
    page = desk(viewport=NARROW, locale="en-US").page
    for path in MAIN_PAGES:
        page.goto(path.format(**furnished.ids))
        page.evaluate(
            """() => {
              const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
              while (texts.nextNode()) {
                const node = texts.currentNode, text = node.data;
                if (/[a-z]{3}/i.test(text) && !/_/.test(text)) node.data = text + " " + text.slice(0, Math.ceil(text.length * .4));
              }
            }"""
        )
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{path} is {wider}px too wide"


def test_the_language_of_the_browser_is_followed(furnished, desk):
    page = desk(locale="en-US").page
    page.goto("/payments")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("[A-Za-z]"))
    assert page.evaluate("document.documentElement.lang") == "en"
