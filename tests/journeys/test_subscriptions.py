"""A subscription's whole life as a clerk and a customer see it, while a clock that both sides share runs for months."""

import re
from datetime import datetime

import pytest
from playwright.sync_api import expect

from merchant_admin.core.clock import FixedClock
from merchant_admin.core.db import db
from merchant_admin.core.times import SEOUL
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.worker.loop import context_of
from merchant_admin.worker.notifying import send_notices, senders_of
from merchant_admin.worker.renewals import keep_promises
from merchant_admin.worker.service import run_once
from tests.journeys.conftest import PC, PHONE
from tests.journeys.desk import Desk, opens_window
from tests.subscriptions.acting import a_plan
from tests.support.axe import violations
from tests.support.books import true_balances
from tests.support.live import LiveShop

PRICE, BACK = 9_900, 6_387  # 9,900 x 20 unused of 31 days, rounded down
LOOKS = {
    "pc-korean": {**PC, "locale": "ko-KR"},
    "phone-english-dark": {**PHONE, "locale": "en-US", "color_scheme": "dark"},
}


def noon(year, month, day):
    return datetime(year, month, day, 12, tzinfo=SEOUL)


class MovedShop(LiveShop):
    """A served shop whose time stands still until the test moves it, on both sides; the test is its worker."""

    def __init__(self, folder, template, **env):
        self.clock = FixedClock(noon(2026, 11, 23))
        super().__init__(folder, template, worker="process", clock=self.clock, **env)
        self.sandbox.clock.freeze(int(self.clock.now().timestamp()))

    def goes_on(self, at=None):
        """To this instant, and whatever is due then."""
        self.clock.set(at or self.clock.now())
        self.sandbox.clock.set(int(self.clock.now().timestamp()))
        with self.app.app_context():
            gateway = self.app.extensions["merchant_admin"].gateway
            run_once(context_of(self.app), gateway)
            keep_promises(context_of(self.app), gateway, Hours())
            send_notices(context_of(self.app), senders_of(self.settings.outgoing, self.clock))
            db.session.remove()


@pytest.fixture
def shop(empty_database, tmp_path):
    with MovedShop(tmp_path, empty_database) as served:
        yield served
        served.assert_books_agree()


class Clerk(Desk):
    """Who signs in again after each leap of the clock, and reads status and next charge."""

    def comes_back(self, url, email):
        self.page.goto(url)
        if "/sign-in" in self.page.url:
            self.sign_in(email)
            self.page.goto(url)

    def day(self, year, month, day):
        at = noon(year, month, day)
        return f"{year}. {month}. {day}." if self.say("홈") == "홈" else f"{at:%b} {day}, {year}"

    def reads(self, state, sentence, on=None):
        words = {"sum": f"₩{PRICE:,}"} | ({"day": self.day(*on)} if on else {})
        text = self.say(sentence)
        self.sees_figure(text % {name: word for name, word in words.items() if f"%({name})s" in text})
        expect(self.page.get_by_role("main").get_by_text(self.say.state(state), exact=True).first).to_be_visible()
        self.looks_over()


WILL_CHARGE, WILL_RETRY = "%(day)s에 %(sum)s을 결제합니다.", "결제되지 않았습니다. %(day)s에 %(sum)s을 다시 시도합니다."


@pytest.mark.long
@pytest.mark.parametrize("look", LOOKS)
def test_from_the_first_month_to_a_new_card_a_pause_and_a_fair_end(shop, open_page, complaints, look):
    options, email = LOOKS[look], shop.a_staff()
    desk = Clerk(
        open_page(shop.url, **options), is_phone=options.get("is_mobile", False), language=options["locale"],
        looks_closely=options.get("is_mobile", False),
    )  # fmt: skip
    with shop.app.app_context():
        a_plan(shop.world(), amount_krw=PRICE, gaps=(1, 2))
        db.session.remove()
    desk.sign_in(email)
    customer = desk.adds_customer("김서연")
    desk.registers_card(customer, number=shop.sandbox.card_number("works_twice").replace("-", ""))
    subscription = subscribes(desk, customer)
    desk.reads("이용 중", WILL_CHARGE, (2026, 12, 23))

    shop.goes_on(noon(2026, 12, 23))
    desk.comes_back(subscription, email)
    desk.reads("이용 중", WILL_CHARGE, (2027, 1, 23))
    shop.goes_on(noon(2027, 1, 23))
    desk.comes_back(subscription, email)
    desk.reads("미납", WILL_RETRY, (2027, 1, 24))
    shop.goes_on(noon(2027, 1, 24))
    desk.comes_back(subscription, email)
    desk.reads("미납", WILL_RETRY, (2027, 1, 26))
    assert [paid for paid, _back in true_balances(shop.sandbox).values()] == [PRICE, PRICE]

    link = makes_a_link(desk)
    brings_a_new_card(open_page(shop.url, **{**PHONE, "locale": options["locale"]}), desk, link)
    shop.goes_on()
    desk.comes_back(subscription, email)
    desk.reads("이용 중", WILL_CHARGE, (2027, 2, 23))

    pauses(desk)
    desk.reads("일시정지", "멈춰 있어 결제하지 않습니다. 다시 시작하면 그 뒤의 첫 결제일부터 결제합니다.")
    shop.goes_on(noon(2027, 3, 2))
    desk.comes_back(subscription, email)
    acts(desk, "다시 시작")
    desk.reads("이용 중", WILL_CHARGE, (2027, 3, 23))
    shop.goes_on(noon(2027, 3, 23))
    shop.goes_on(noon(2027, 4, 2))
    desk.comes_back(subscription, email)
    desk.reads("이용 중", WILL_CHARGE, (2027, 4, 23))
    ends_and_gives_back(desk, subscription)
    paid = [(PRICE, 0), (PRICE, 0), (PRICE, 0), (PRICE, BACK)]
    assert sorted(balance for balance in true_balances(shop.sandbox).values() if balance[0]) == paid
    complaints.expect_none()


def subscribes(desk, customer):
    desk.page.goto(customer)
    desk.follow("정기결제 시작")
    desk.page.get_by_label(desk.say("요금제"), exact=True).select_option(index=1)
    desk.fill("주문명", "월 이용료")
    desk.press("다음: 확인")
    desk.sees_figure(desk.day(2026, 12, 23))
    desk.looks_over()
    desk.press("시작하고 %(sum)s 결제", sum=f"₩{PRICE:,}")
    desk.is_named("월 이용료")
    return desk.page.url


def makes_a_link(desk):
    desk.follow("새 카드 링크 보내기")
    desk.sees("밀린 금액 %(sum)s", sum=f"₩{PRICE:,}")
    desk.looks_over()
    desk.press("링크 만들기")
    desk.sees("고객이 아직 등록하지 않았습니다.")
    desk.looks_over()
    return desk.page.get_by_label(desk.say("고객에게 보낼 링크"), exact=True).input_value()


def brings_a_new_card(phone, desk, link):
    """The customer, on their own phone, with nobody signed in."""
    say, main = desk.say, phone.get_by_role("main")
    phone.goto(link)
    expect(main).to_contain_text(say("밀린 금액 %(sum)s", sum=f"₩{PRICE:,}"))
    expect(main).not_to_contain_text("김서연")
    assert violations(phone) == []
    main.get_by_label(say("위 내용을 읽었고 동의합니다.")).check()
    main.get_by_role("button", name=say("동의하고 카드 등록")).click()
    opens_window(phone, say("결제창 열기"))
    desk.types_card(phone, None)
    phone.get_by_role("button", name=say.window("카드 등록하기"), exact=True).click()
    expect(main).to_contain_text(say("밀린 %(sum)s은 곧 새 카드로 결제합니다.", sum=f"₩{PRICE:,}"), timeout=60_000)
    assert violations(phone) == []
    phone.goto(link)
    expect(main).to_contain_text(say("새 카드를 등록했습니다."))
    expect(main.get_by_role("button")).to_have_count(0)


def acts(desk, name, reason=None):
    desk.follow(name)
    desk.looks_over()
    if reason:
        desk.page.get_by_label(re.compile(f"^{desk.say('까닭')}")).fill(reason)
    desk.press(name)
    desk.is_named("월 이용료")


def pauses(desk):
    desk.follow("일시정지")
    desk.looks_over()
    desk.press("다음: 확인")
    desk.looks_over()
    desk.press("일시정지")
    desk.is_named("월 이용료")


def ends_and_gives_back(desk, subscription):
    """The page says what would be fair, and how it comes to that; the refund is the ordinary one."""
    desk.follow("바로 해지")
    desk.sees("쓰지 않은 날만큼의 환불은 %(sum)s입니다.", sum=f"₩{BACK:,}")
    charge = desk.page.get_by_role("link", name=desk.say("이 결제에서 환불하기"), exact=True).get_attribute("href")
    desk.page.goto(subscription)
    acts(desk, "바로 해지", "고객 요청")
    desk.reads("종료", "%(day)s에 끝났습니다. 더 결제하지 않습니다.", (2027, 4, 2))
    desk.page.goto(charge)
    desk.refunds(desk.opens_payment(PRICE), BACK)
