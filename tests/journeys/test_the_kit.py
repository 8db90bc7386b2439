"""What the layout promises: menus without scripts, a keyboard's short ways, one money action for many clicks."""

import re

from playwright.sync_api import expect

from tests.journeys.conftest import PHONE


def named(page):
    return page.get_by_role("heading", level=1)


def test_the_menu_opens_on_a_phone_without_scripts(shop, open_desk):
    page = open_desk(**PHONE, java_script_enabled=False).page
    page.get_by_role("button", name="메뉴 열기").click()
    page.get_by_role("navigation", name="주 메뉴").get_by_role("link", name="고객", exact=True).click()
    expect(named(page)).to_have_text("고객")


def test_theme_and_language_change_without_scripts(shop, open_desk):
    page = open_desk(java_script_enabled=False).page
    page.goto("/customers")
    page.get_by_role("button", name="화면 설정").click()
    page.get_by_role("button", name="어둡게").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="화면 설정").click()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page).to_have_url(re.compile("/customers$"))


def test_a_menu_closes_with_escape_and_gives_the_focus_back(shop, open_desk):
    page = open_desk().page
    opener = page.get_by_role("button", name="내 계정")
    opener.press("Enter")
    expect(page.get_by_role("button", name="로그아웃")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="로그아웃")).to_be_hidden()
    expect(opener).to_be_focused()


def test_a_customer_is_found_from_the_keyboard_alone(shop, open_desk):
    desk = open_desk()
    address = desk.adds_customer("김서연")
    page = desk.page
    page.goto("/payments")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="빠른 찾기")).to_be_visible()
    page.keyboard.type("서연")
    expect(page.get_by_role("dialog").get_by_role("link", name="김서연")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(address)


def test_two_keys_lead_to_a_list_until_they_are_switched_off(shop, open_desk):
    page = open_desk().page
    page.wait_for_load_state()  # keys mean something once the page's script has run
    page.keyboard.type("gc")  # in one go: the second key counts for a moment only
    expect(named(page)).to_have_text("고객")
    page.wait_for_load_state()
    page.keyboard.press("Shift+Slash")
    expect(page.get_by_role("dialog", name="단축키")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="화면 설정").click()
    page.get_by_role("button", name="끄기").click()
    expect(page.locator("body")).to_have_attribute("data-shortcuts", "off")
    page.keyboard.press("Slash")
    expect(page.get_by_role("searchbox", name="전체 찾기")).not_to_be_focused()


def test_keys_typed_into_a_field_are_text(shop, open_desk):
    page = open_desk().page
    page.goto("/customers/new")
    field = page.get_by_label("이름", exact=True)
    field.press_sequentially("g c / 가")
    expect(field).to_have_value("g c / 가")


def test_an_amount_gets_its_commas_and_a_refused_form_the_focus(shop, open_desk):
    desk = open_desk()
    customer = desk.adds_customer("이하늘")
    desk.registers_card(customer)
    page = desk.page
    page.goto(f"/charges/new?customer_id={customer.rsplit('/', 1)[1]}")
    amount = page.get_by_label("금액", exact=True)
    amount.fill("４８４００원")
    amount.blur()
    expect(amount).to_have_value("48,400")
    amount.fill("1.5")
    page.get_by_label("주문명").fill("원두")
    desk.press("다음: 확인")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(amount).to_have_value("1.5")
