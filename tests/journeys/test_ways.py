"""Each way to pay, at the desk on a computer and by a link on the customer's own phone, to the sandbox's truth."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import PC, PHONE
from tests.journeys.desk import opens_window
from tests.support.books import true_balances

NAMES = {"card": "카드", "trans": "계좌이체", "vbank": "가상계좌", "phone": "휴대폰"}


def begins(desk, customer, method, place, amount=60_000):
    """From the customer's page to the made order, whose page then asks now and then what became of it."""
    desk.page.clock.install()
    desk.page.goto(customer)
    desk.follow("결제창·링크")
    desk.page.get_by_text(place, exact=True).click()
    desk.page.get_by_text(NAMES[method], exact=True).click()
    desk.fill("주문명", "꽃다발")
    desk.fill("금액", f"{amount:,}")
    if method == "phone":
        desk.page.get_by_text("실물 상품", exact=True).click()
    desk.press("다음")


def acts(window, method, amount=60_000):
    """What the buyer does in the PG's window."""
    choice = {"card": "신한카드", "phone": "KT", "trans": "신한은행", "vbank": "신한은행"}[method]
    window.locator("label").get_by_text(choice, exact=True).or_(
        window.locator("label", has_text=re.compile(f"^{choice}$"))
    ).first.click()
    window.get_by_role("button", name=act_of(method, amount)).click()


def act_of(method, amount=60_000):
    """What stands on the window's button."""
    return "가상계좌 발급받기" if method == "vbank" else f"₩{amount:,} 결제"


def expect_paid(shop, *amounts):
    assert sorted(true_balances(shop.sandbox).values()) == [(amount, 0) for amount in amounts]


def settle(shop, desk, method, *, at_the_desk=False):
    told = comes_to_see if at_the_desk else sees_by_itself
    if method == "vbank":
        told(desk, "입금을 기다리고 있습니다.")
        desk.sees("남음")
        imp_uid = shop.sandbox.payments()[-1]["imp_uid"]
        shop.sandbox.deposit(imp_uid)
        sees_by_itself(desk, "₩60,000이 결제되었습니다.")
    told(desk, "₩60,000이 결제되었습니다.")
    expect_paid(shop, 60_000)


def comes_to_see(desk, text):
    """The page that the payment's window leads to; its clock is left alone, since the window is still at work."""
    expect(desk.page.get_by_role("main")).to_contain_text(text, timeout=60_000)


def sees_by_itself(desk, text):
    """The page at rest asks again by itself; the quarter of a minute between two looks passes in its clock alone."""
    told = desk.page.get_by_role("main").filter(has_text=text)
    for _look in range(20):
        with suppress(AssertionError):
            return expect(told).to_be_visible(timeout=2_000)
        desk.page.clock.fast_forward(15_000)
    raise AssertionError(f"never told: {text}")


@pytest.mark.parametrize("method", ["card", "trans", "vbank", "phone"])
def test_at_the_desk(shop, open_desk, method):
    desk = open_desk(**PC)
    begins(desk, desk.adds_customer("김서연"), method, "이 화면의 결제창")
    opens_window(desk.page)
    acts(desk.page.frame_locator("iframe"), method)
    settle(shop, desk, method, at_the_desk=True)


@pytest.mark.parametrize("late", ["window.js", "iamport.js"])
def test_a_press_before_the_script_is_there_is_not_lost(shop, open_desk, late):
    """Until the script runs, the button says that it waits; then the first press opens the window."""
    desk = open_desk(**PC)
    begins(desk, desk.adds_customer("김서연"), "card", "이 화면의 결제창")
    address, held = desk.page.url, []

    def holds(route):
        held.append(route)

    desk.page.route(re.compile(re.escape(late)), holds)
    desk.page.goto(address, wait_until="commit")
    button = desk.page.get_by_role("button", name="결제창 열기")
    expect(button).to_be_disabled()
    expect(button).to_have_accessible_description(re.compile("결제창을 준비하고 있습니다"))
    for route in held:
        route.continue_()
    button.click()
    expect(desk.page.frame_locator("iframe").get_by_role("button", name=act_of("card"))).to_be_visible()


def test_a_script_of_portone_that_never_comes_is_said_and_a_press_asks_for_the_page_anew(shop, open_desk):
    desk = open_desk(**PC)
    begins(desk, desk.adds_customer("김서연"), "card", "이 화면의 결제창")
    desk.page.route(re.compile("iamport"), lambda route: route.fulfill(body="", content_type="text/javascript"))
    desk.page.goto(desk.page.url)
    desk.sees("결제창을 불러오지 못했습니다.")
    expect(desk.page.locator("#window-status")).to_be_empty()
    desk.page.unroute_all()
    desk.page.get_by_role("button", name="결제창 열기").click()
    opens_window(desk.page)
    expect(desk.page.frame_locator("iframe").get_by_role("button", name=act_of("card"))).to_be_visible()


@pytest.mark.parametrize("method", ["card", "trans", "vbank", "phone"])
def test_by_a_link_on_a_phone(shop, open_desk, open_page, method):
    desk = open_desk(**PC)
    begins(desk, desk.adds_customer("김서연"), method, "고객의 휴대전화 (결제 링크)")
    link = desk.page.get_by_label("결제 링크", exact=True).input_value()
    phone = open_page(shop.url, **PHONE)
    phone.goto(link)
    main = phone.get_by_role("main")
    expect(main).to_contain_text("₩60,000")
    expect(main).not_to_contain_text("김서연")
    main.get_by_role("button", name="계좌 발급받기" if method == "vbank" else "₩60,000 결제").click()
    opens_window(phone)
    acts(phone, method)
    expect(main).to_contain_text("아래 계좌로 입금해 주세요." if method == "vbank" else "₩60,000이 결제되었습니다.")
    settle(shop, desk, method)
    phone.goto(link)
    if method == "vbank":
        expect(main).to_contain_text("₩60,000이 결제되었습니다.")
    expect(main.get_by_role("button", name=re.compile("결제"))).to_have_count(0)


def test_somebody_new_pays_by_a_link(shop, open_desk, open_page):
    """From the list of payments, without a customer: written down with the order."""
    desk = open_desk(**PC)
    desk.page.clock.install()
    desk.page.goto("/payments")
    desk.follow("새 결제")
    desk.follow("처음 오신 고객 (결제창·링크)")
    desk.fill("고객 이름", "최은우")
    desk.fill("전화번호", "01022223333")
    desk.fill("주문명", "꽃다발")
    desk.fill("금액", "60,000")
    desk.press("다음")
    link = desk.page.get_by_label("결제 링크", exact=True).input_value()
    phone = open_page(shop.url, **PHONE)
    phone.goto(link)
    main = phone.get_by_role("main")
    main.get_by_role("button", name="₩60,000 결제").click()
    opens_window(phone)
    acts(phone, "card")
    expect(main).to_contain_text("₩60,000이 결제되었습니다.")
    settle(shop, desk, "card")
    desk.page.goto("/customers?q=2222")
    desk.sees_figure("최은우")


def test_browsers_closed_in_the_middle_end_right_by_themselves(shop, open_desk, open_page):
    desk = open_desk(**PC)
    begins(desk, desk.adds_customer("김서연"), "card", "고객의 휴대전화 (결제 링크)")
    link = desk.page.get_by_label("결제 링크", exact=True).input_value()
    first = open_page(shop.url, **PC)
    first.goto(link)
    first.get_by_role("button", name="₩60,000 결제").click()
    opens_window(first)
    expect(first.frame_locator("iframe").get_by_role("button", name="₩60,000 결제")).to_be_visible()
    first.context.close()  # the window was open
    expect_paid(shop)
    second = open_page(shop.url, **PHONE)
    second.goto(link)
    second.get_by_role("button", name="결제창 다시 열기").click()
    opens_window(second)
    second.route("**/checkouts/return/**", lambda route: route.abort())  # never comes back to us
    with second.expect_event("requestfailed", lambda request: "/checkouts/return/" in request.url):
        acts(second, "card")
    second.context.close()
    settle(shop, desk, "card")
