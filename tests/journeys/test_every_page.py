"""Every page: nothing for axe to find in either theme, size and language, and within its budget.

A page is opened once in each language and looked at in two themes and sizes there, so that all of it stays cheap.
"""

import gzip
import re
from functools import cache
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from merchant_admin.core.permissions import Role
from tests.journeys.desk import Desk
from tests.support.axe import violations
from tests.support.browser import file_behind
from tests.support.furnish import furnish
from tests.support.furnish_needs import furnish_needs
from tests.support.furnish_ways import furnish_ways
from tests.support.live import LiveShop

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# Each pair of theme, width and language stands together in one of these.
LOOKS = {"ko-KR": (("light", WIDE), ("dark", NARROW)), "en-US": (("dark", WIDE), ("light", NARROW))}
MAIN_PAGES = (
    "/", "/customers", "/customers/{customer_id}", "/payments", "/payments/{payment_id}", "/billing-keys",
    "/billing-keys/{billing_key_id}", "/charges/new?customer_id={customer_id}", "/search?q=김", "/needs-action",
    "/subscriptions", "/subscriptions/{subscription_id}", "/schedules", "/schedules/{schedule_id}", "/cases",
    "/reconciliation", "/reconciliation/{day}", "/checkouts/{waiting_id}", "/charges/{doubt_charge_id}", "/failures",
)  # fmt: skip
OTHER_PAGES = (
    "/customers/new", "/customers/import", "/test-clock", "/customers/{customer_id}/edit", "/customers/{customer_id}/registrations/new",
    "/customers/{customer_id}/billing-keys/adopt", "/billing-keys/{billing_key_id}/deletion", "/charges/{charge_id}",
    "/charges/{declined_charge_id}", "/charges/{doubt_charge_id}/closings/new", "/payments/{payment_id}/refunds/new",
    "/refunds/{refund_id}", "/registrations/{registration_id}", "/registrations/{registration_id}/window",
    "/customers/{customer_id}/checkouts/new", "/checkouts/new", "/charges/new", "/checkouts/{checkout_id}", "/checkouts/{in_window_id}",
    "/checkouts/{failed_id}", "/checkouts/{in_window_id}/window", "/payments/{waiting_payment_id}",
    "/pay/{token}", "/pay/{waiting_token}", "/pay/{in_window_token}", "/pay/{in_window_token}/window",
    "/key-in/new?customer_id={customer_id}", "/schedules/new?customer_id={customer_id}",
    "/schedules/{schedule_id}/time", "/schedules/{revoked_id}/again", "/schedules/{revoked_id}", "/schedules/import?customer_id={customer_id}",
    "/subscriptions/new?customer_id={customer_id}", "/subscriptions/{subscription_id}/acts/skip", "/subscriptions/{subscription_id}/pause",
    "/subscriptions/{subscription_id}/change", "/plans", "/plans/new", "/plans/{plan_id}/edit",
    "/cases/{case_id}", "/cases?state=resolved", "/reconciliation/{closed_day}", "/entries", "/failures/{failure_id}",
    "/channels", "/activity", "/webhook-events", "/staff", "/staff/new", "/staff/{staff_id}/edit", "/account",
    "/card-moves", "/customers/{customer_id}/ahead", "/customers/{customer_id}/card-links/new",
    "/card-links/{card_link_id}", "/card-links/{card_link_id}/revoked", "/register/{card_token}", "/billing-keys/{promised_key_id}/replacement", "/notices",
    "/notices?state=waiting", "/notices/{notice_id}", "/notices/{sent_notice_id}", "/notices/handovers",
    "/notices/texts", "/notices/texts/charged/email", "/notices/texts/price_rise/text", "/consents",
    "/consents/{consent_id}", "/consent/{consent_token}", "/subscription-calendar", "/subscription-calendar/{day}", "/subscription-forecast",
    "/subscription-numbers", "/subscription-numbers/{month}?of=mrr", "/subscription-numbers/{month}?of=churn",
    "/subscription-numbers/{month}?of=recovered", "/subscription-numbers/{month}?of=by-hand", "/nowhere", "/dev/components", "/customers?q=nobody", "/payments?q=nobody",
)  # fmt: skip
BUDGET_KB = {"document": 12, "stylesheet": 9, "own script": 6, "htmx": 13.5, "icons": 4, "all": 45}
MOST_REQUESTS, MOST_NODES = 7, 1500
EVERYTHING = {"KEY_IN": "on", "TEXT_NOTICES": "csv", "CONSENT_DAYS": "30"}


@pytest.fixture(scope="module")
def furnished(empty_database, tmp_path_factory):
    """A shop with one of everything, and enough lines to fill a page."""
    folder = tmp_path_factory.mktemp("furnished")
    with LiveShop(folder, empty_database, worker="process", **EVERYTHING) as shop:
        with shop.app.app_context():
            ids = vars(furnish(shop.world(), payments=30))
            shop.ids = ids | furnish_needs(shop.world()) | furnish_ways(shop.world(), ids["customer_id"])
        shop.email = shop.a_staff(Role.OWNER)
        yield shop


@pytest.fixture
def desk(furnished, open_page, complaints):
    def open_one(language="ko-KR", **look):
        made = Desk(open_page(furnished.url, locale=language, **look), language=language)
        made.sign_in(furnished.email)
        return made

    yield open_one
    complaints.expect_none()


def faults(page, looks):
    """What is wrong with the open page in each look."""
    for theme, size in looks:
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size(size)
        name = f"{theme}, {size['width']}px"
        yield from (f"{name}: {one}" for one in violations(page))
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if overflow > 0:
            yield f"{name}: {overflow}px wider than the screen"


@pytest.mark.long
@pytest.mark.parametrize("language", LOOKS)
def test_nothing_is_wrong_with_any_page(furnished, desk, complaints, language):
    page, found = desk(language).page, []
    for path in (*MAIN_PAGES, *OTHER_PAGES):
        answer = page.goto(path.format(**furnished.ids))
        assert answer.status == (404 if path == "/nowhere" else 200), path
        assert urlsplit(page.url).path == urlsplit(path.format(**furnished.ids)).path
        found += [f"{path}: {one}" for one in [*faults(page, LOOKS[language]), *complaints]]
        complaints.clear()
    assert not found, "\n".join(found)


@pytest.mark.parametrize("language", LOOKS)
def test_axe_finds_nothing_in_an_open_menu_or_dialog(desk, language):
    for theme, size in LOOKS[language]:
        made = desk(language, color_scheme=theme, viewport=size)
        page, found = made.page, []
        openers = ["메뉴 열기"] if size == NARROW else []
        for opener in (*openers, "화면 설정", "내 계정"):
            page.get_by_role("button", name=made.say(opener)).click()
            found += [f"{opener}: {one}" for one in violations(page)]
            page.keyboard.press("Escape")
        for keys, dialog in (("Control+k", "빠른 찾기"), ("Shift+Slash", "단축키")):
            page.keyboard.press(keys)
            expect(page.get_by_role("dialog", name=made.say(dialog))).to_be_visible()
            found += [f"{dialog}: {one}" for one in violations(page)]
            page.keyboard.press("Escape")
        assert not found


def test_the_sign_in_page_is_accessible(furnished, open_page, complaints):
    for language, looks in LOOKS.items():
        page = open_page(furnished.url, locale=language)
        page.goto("/sign-in")
        assert list(faults(page, looks)) == []
    complaints.expect_none()


def test_a_main_page_keeps_its_budget(furnished, desk):
    page, asked, over = desk(viewport=WIDE).page, [], {}
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - it wants a function
    for path in MAIN_PAGES:
        asked.clear()
        document = page.goto(path.format(**furnished.ids)).body()
        found = [request for request in asked if kind_of(request.url, request.resource_type) != "poll"]
        sizes = dict.fromkeys(BUDGET_KB, 0)
        for request in found:
            kind = kind_of(request.url, request.resource_type)
            kb = packed_kb(document) if kind == "document" else size_of(page.request, request.url)
            sizes[kind] = sizes.get(kind, 0) + kb
        sizes["all"] = sum(sizes.values())
        nodes = page.evaluate("document.getElementsByTagName('*').length")
        wrong = {kind: round(size, 1) for kind, size in sizes.items() if size > BUDGET_KB.get(kind, 1)}
        if wrong or len(found) > MOST_REQUESTS or nodes > MOST_NODES:
            over[path] = (wrong, [request.url for request in found], nodes)
    assert not over


@cache
def size_of(request, url):
    file = file_behind(url)
    return packed_kb(file.read_bytes() if file else request.get(url).body())


def packed_kb(body):
    return len(gzip.compress(body)) / 1024


def kind_of(url, resource_type):
    path = urlsplit(url).path
    if "poll=1" in urlsplit(url).query:
        return "poll"  # a page that waits for something asks again; that is not its weight
    if "/assets/icons" in path:
        return "icons"
    if "/htmx" in path:
        return "htmx"
    names = {"document": "document", "stylesheet": "stylesheet", "script": "own script"}
    return names.get(resource_type, "other")


def test_english_words_fit_when_they_grow(furnished, desk):
    """Every text 40 % longer: nothing is wider than a phone."""
    page = desk("en-US", viewport=NARROW).page
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


def test_the_language_of_the_browser_is_followed(desk):
    page = desk("en-US").page
    page.goto("/payments")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("[A-Za-z]"))
    assert page.evaluate("document.documentElement.lang") == "en"
