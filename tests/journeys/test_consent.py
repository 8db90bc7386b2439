"""A price that is to rise: the mail, the customer's own phone, and what is charged after a yes, and after a no."""

import re

import pytest
from playwright.sync_api import expect

from merchant_admin.core.db import db
from tests.journeys.conftest import PC, PHONE
from tests.journeys.test_subscriptions import Clerk, MovedShop, noon
from tests.notices.mailbox import MailServer
from tests.subscriptions.acting import a_plan, subscribed
from tests.support.axe import violations
from tests.support.books import true_balances

PRICE, HIGHER = 9_900, 12_900
LINK = re.compile(r"/consent/[0-9a-z]{32}")
LOOKS = {
    "yes-korean": ({"locale": "ko-KR"}, True),
    "no-english-dark": ({"locale": "en-US", "color_scheme": "dark"}, False),
}


@pytest.fixture
def shop(empty_database, tmp_path):
    with MailServer() as mail, MovedShop(tmp_path, empty_database, CONSENT_DAYS="30", **mail.env) as served:
        served.mails = mail.box.taken
        with served.app.app_context():
            served.subscription_id = subscribed(served.world(), a_plan(served.world(), amount_krw=PRICE))
            db.session.remove()
        served.goes_on()
        yield served
        served.assert_books_agree()


@pytest.mark.parametrize("look", LOOKS)
def test_from_a_higher_price_to_the_customers_word_and_what_it_is_worth(shop, open_page, complaints, look):
    options, agrees = LOOKS[look]
    email = shop.a_staff()
    desk = Clerk(open_page(shop.url, **{**PC, **options}), language=options["locale"], looks_closely=True)
    desk.sign_in(email)
    raises_the_price(desk, f"{shop.url}/subscriptions/{shop.subscription_id}")
    shop.goes_on()
    phone = open_page(shop.url, **{**PHONE, **options})
    answers(phone, desk, the_link(shop), agrees=agrees)
    shop.goes_on(noon(2026, 12, 23))
    desk.comes_back(f"{shop.url}/subscriptions/{shop.subscription_id}", email)
    paid = sorted(balance[0] for balance in true_balances(shop.sandbox).values() if balance[0])
    if agrees:
        assert paid == [PRICE, HIGHER]
        desk.sees("%(day)s에 %(sum)s을 결제합니다.", day=desk.day(2027, 1, 23), sum=f"₩{HIGHER:,}")
    else:
        assert paid == [PRICE]
        desk.page.goto("/needs-action")
        desk.sees("동의 보기·적기")
        desk.page.get_by_role("main").get_by_role("link", name=desk.say("동의 보기·적기")).first.click()
        desk.sees("고객이 직접 답함")
    desk.looks_over()
    complaints.expect_none()


def raises_the_price(desk, subscription):
    desk.page.goto(subscription)
    desk.follow("금액·요금제·날짜 바꾸기")
    desk.page.locator("[name=amount_krw]").fill(f"{HIGHER:,}")
    desk.press("다음: 확인")
    desk.press("이대로 바꾸기")
    desk.is_named("월 이용료")
    desk.looks_over()


def the_link(shop):
    (link,) = {found[0] for mail in shop.mails if (found := LINK.search(mail.get_content()))}
    return link


def answers(phone, desk, link, *, agrees):
    """The customer, on their own phone, with nobody signed in and no script needed."""
    say, main = desk.say, phone.get_by_role("main")
    phone.goto(link)
    for figure in (f"₩{PRICE:,}", f"₩{HIGHER:,}", desk.day(2026, 12, 23)):
        expect(main).to_contain_text(figure)
    assert violations(phone) == []
    main.get_by_label(say("동의합니다" if agrees else "동의하지 않습니다"), exact=True).check()
    main.get_by_role("button", name=say("답 보내기"), exact=True).click()
    expect(main).to_contain_text(say("동의하셨습니다." if agrees else "동의하지 않으셨습니다."))
    assert violations(phone) == []
    phone.goto(link)
    expect(main.get_by_role("button")).to_have_count(0)
