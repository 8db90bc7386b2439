"""What a clerk sees and presses, by role and label, in either language."""

import re

from playwright.sync_api import expect

from tests.journeys.words import Words
from tests.support.axe import violations
from tests.support.world import PASSWORD


def won(amount):
    return f"₩{amount:,}"


def opens_window(page, name="결제창 열기"):
    """Presses the button on the window's page; it can't be pressed before the script that hears it has run."""
    page.get_by_role("main").get_by_role("button", name=name, exact=True).click()


class Desk:
    """`looks_closely`: axe looks over each page that the clerk stands on."""

    def __init__(self, page, *, is_phone=False, language="ko-KR", looks_closely=False):
        self.page, self.is_phone, self.say = page, is_phone, Words(language)
        self._looks_closely = looks_closely

    def press(self, name, **filled):
        self.page.get_by_role("main").get_by_role("button", name=self.say(name, **filled), exact=True).click()

    def follow(self, name):
        self.page.get_by_role("main").get_by_role("link", name=self.say(name), exact=True).first.click()

    def fill(self, label, text):
        self.page.get_by_label(self.say(label), exact=True).fill(text)

    def sees(self, text, *, timeout=None, **filled):
        """A text of ours, or a figure that is the same in every language."""
        expect(self.page.get_by_role("main")).to_contain_text(self.say(text, **filled), timeout=timeout)

    def sees_figure(self, text):
        expect(self.page.get_by_role("main")).to_contain_text(text)

    def stands_on(self, title, **filled):
        self.is_named(self.say(title, **filled))

    def is_named(self, title):
        expect(self.page.get_by_role("heading", level=1)).to_have_text(title)

    def looks_over(self):
        if self._looks_closely:
            assert violations(self.page) == [], self.page.url

    def sign_in(self, email):
        self.page.goto("/sign-in")
        self.fill("이메일", email)
        self.fill("비밀번호", PASSWORD)
        self.page.get_by_role("button", name=self.say("로그인"), exact=True).click()
        self.stands_on("홈")

    def adds_customer(self, name, phone="010-2345-6789"):
        """Returns the address of the customer's page."""
        self.page.goto("/customers")
        self.follow("새 고객")
        self.fill("이름", name)
        self.page.get_by_label(re.compile(f"^{self.say('전화번호')}")).fill(phone)
        self.press("고객 추가")
        self.is_named(name)
        self.looks_over()
        return self.page.url

    def registers_card(self, customer_url, *, amount=None, number=None):
        """Through the window: the filled test card, or one typed by `number`."""
        self.page.goto(customer_url)
        self.follow("카드 등록")
        if amount:
            self.page.get_by_label(re.compile(f"^{self.say('첫 결제 금액')}")).fill(f"{amount:,}")
        self.press("다음: 결제창")
        opens_window(self.page, self.say("결제창 열기"))
        window = self.page if self.is_phone else self.page.frame_locator("iframe")
        self.types_card(window, number)
        pay = self.say.window("%(amount)s 결제하고 카드 등록", amount=won(amount or 0))
        window.get_by_role("button", name=pay if amount else self.say.window("카드 등록하기"), exact=True).click()
        self.stands_on("카드 등록 결과")
        if amount:
            self.sees("카드를 등록하고 %(sum)s을 결제했습니다.", sum=won(amount))
        else:
            self.sees("카드를 등록했습니다.")
        self.looks_over()

    def types_card(self, window, number, birth="900101", password="12"):
        say = self.say.window
        if number is None:
            window.get_by_role("link", name=say("승인되는 테스트 카드로 채우기")).click()
            expect(window.get_by_label(say("카드 번호"))).not_to_have_value("")
            return
        entries = {
            "카드 번호": number,
            "유효기간": "1239",
            "비밀번호 앞 2자리": password,
            "생년월일 또는 사업자번호": birth,
        }
        for label, text in entries.items():
            window.get_by_label(say(label)).press_sequentially(text)

    def adopts_card(self, customer_url, customer_uid):
        """A card that stands at PortOne already: no window."""
        self.page.goto(f"{customer_url}/billing-keys/adopt")
        self.fill("빌링키 ID (customer_uid)", customer_uid)
        self.press("포트원에서 찾기")
        self.press("이 카드 연결")

    def charges(self, customer_url, name, amount):
        self.fills_charge(customer_url, name, amount)
        self.press("%(sum)s 결제", sum=won(amount))
        self.stands_on("결제 요청")

    def fills_charge(self, customer_url, name, amount):
        """As far as the confirm sheet."""
        self.page.goto(customer_url)
        self.follow("결제하기")
        self.fill("주문명", name)
        self.fill("금액", str(amount))
        self.press("다음: 확인")
        self.stands_on("%(sum)s을 결제할까요?", sum=won(amount))
        self.looks_over()

    def charges_again(self, amount):
        """From the payment's page that is open; the same sum within a day must be ticked."""
        self.follow("다시 결제…")
        self.press("다음: 확인")
        self.stands_on("%(sum)s을 결제할까요?", sum=won(amount))
        self.looks_over()
        once_more = self.say("위 결제와 별개로 %(sum)s을 한 번 더 결제합니다.", sum=won(amount))
        self.page.get_by_role("checkbox", name=once_more).check()
        self.press("%(sum)s 결제", sum=won(amount))
        self.stands_on("결제 요청")

    def opens_payment(self, amount):
        """From a charge's result to its payment; returns that page's address."""
        self.sees("%(sum)s을 결제했습니다.", sum=won(amount))
        self.looks_over()
        self.follow("결제 보기")
        self.sees("환불할 수 있는 금액")
        self.looks_over()
        return self.page.url

    def refunds(self, payment_url, amount=None):
        """A part, or all that is left."""
        self.page.goto(payment_url)
        self.follow("환불…")
        field = self.page.get_by_label(self.say("환불 금액"), exact=True)
        if amount is None:
            amount = int(field.input_value().replace(",", ""))
        else:
            field.fill(f"{amount:,}")
        self.page.get_by_label(self.say("사유"), exact=True).select_option(label=self.say("고객 요청"))
        self.press("다음: 확인")
        self.stands_on("%(sum)s을 환불할까요?", sum=won(amount))
        self.looks_over()
        self.press("%(sum)s 환불", sum=won(amount))
        self.sees("%(sum)s을 환불했습니다.", sum=won(amount))
        self.looks_over()
