"""What a clerk sees and presses, by role and label."""

import re

from playwright.sync_api import expect

from tests.support.world import PASSWORD

SECONDS_30 = 30_000


def won(amount):
    return f"₩{amount:,}"


class Desk:
    def __init__(self, page, *, is_phone=False):
        self.page, self.is_phone = page, is_phone

    def press(self, name):
        self.page.get_by_role("main").get_by_role("button", name=name, exact=True).click()

    def follow(self, name, *, exact=True):
        self.page.get_by_role("main").get_by_role("link", name=name, exact=exact).first.click()

    def fill(self, label, text):
        self.page.get_by_label(label, exact=True).fill(text)

    def sees(self, text):
        expect(self.page.get_by_role("main")).to_contain_text(text)

    def stands_on(self, title):
        expect(self.page.get_by_role("heading", level=1)).to_have_text(title)

    def sign_in(self, email):
        self.page.goto("/sign-in")
        self.page.get_by_label(re.compile("^(이메일|E-?mail)", re.IGNORECASE)).fill(email)
        self.page.get_by_label(re.compile("^(비밀번호|Password)$")).fill(PASSWORD)
        self.page.get_by_role("button", name=re.compile("^(로그인|Sign in)$")).click()
        self.stands_on(re.compile("^(홈|Home)$"))

    def adds_customer(self, name, phone="010-2345-6789"):
        """Returns the address of the customer's page."""
        self.page.goto("/customers")
        self.follow("새 고객")
        self.fill("이름", name)
        self.page.get_by_label(re.compile("^전화번호")).fill(phone)
        self.press("고객 추가")
        self.stands_on(name)
        return self.page.url

    def registers_card(self, customer_url, *, amount=None, number=None):
        """Through the window: the filled test card, or one typed by `number`."""
        self.page.goto(customer_url)
        self.follow("카드 등록")
        if amount:
            self.page.get_by_label(re.compile("^첫 결제 금액")).fill(f"{amount:,}")
        self.press("다음: 결제창")
        self.press("결제창 열기")
        window = self.page if self.is_phone else self.page.frame_locator("iframe")
        self.types_card(window, number)
        window.get_by_role("button", name=f"{won(amount)} 결제하고 카드 등록" if amount else "카드 등록하기").click()
        self.stands_on("카드 등록 결과")
        self.sees(f"카드를 등록하고 {won(amount)}을 결제했습니다." if amount else "카드를 등록했습니다.")

    @staticmethod
    def types_card(window, number, birth="900101", password="12"):
        if number is None:
            window.get_by_role("link", name="승인되는 테스트 카드로 채우기").click()
            expect(window.get_by_label("카드 번호")).not_to_have_value("")
            return
        entries = {
            "카드 번호": number,
            "유효기간": "1239",
            "비밀번호 앞 2자리": password,
            "생년월일 또는 사업자번호": birth,
        }
        for label, text in entries.items():
            window.get_by_label(label).press_sequentially(text)

    def adopts_card(self, customer_url, customer_uid):
        """A card that stands at PortOne already: no window."""
        self.page.goto(f"{customer_url}/billing-keys/adopt")
        self.fill("빌링키 ID (customer_uid)", customer_uid)
        self.press("포트원에서 찾기")
        self.press("이 카드 연결")

    def charges(self, customer_url, name, amount):
        self.page.goto(customer_url)
        self.follow("결제하기")
        self.fill("주문명", name)
        self.fill("금액", str(amount))
        self.press("다음: 확인")
        self.confirms_charge(amount)

    def confirms_charge(self, amount):
        self.stands_on(f"{won(amount)}을 결제할까요?")
        self.press(f"{won(amount)} 결제")
        self.stands_on("결제 요청")

    def charges_again(self, amount):
        """From the payment's page that is open; the same sum within a day must be ticked."""
        self.follow("다시 결제…")
        self.press("다음: 확인")
        self.stands_on(f"{won(amount)}을 결제할까요?")
        self.page.get_by_role("checkbox", name=re.compile("한 번 더 결제합니다")).check()
        self.press(f"{won(amount)} 결제")
        self.stands_on("결제 요청")

    def opens_payment(self):
        """From a charge's result to its payment; returns that page's address."""
        self.sees("결제했습니다.")
        self.follow("결제 보기")
        self.sees("환불할 수 있는 금액")
        return self.page.url

    def refunds(self, payment_url, amount=None):
        """A part, or all that is left."""
        self.page.goto(payment_url)
        self.follow("환불…")
        field = self.page.get_by_label("환불 금액", exact=True)
        if amount is None:
            amount = int(field.input_value().replace(",", ""))
        else:
            field.fill(f"{amount:,}")
        self.page.get_by_label("사유", exact=True).select_option(label="고객 요청")
        self.press("다음: 확인")
        self.press(f"{won(amount)} 환불")
        self.sees(f"{won(amount)}을 환불했습니다.")

    def history(self):
        """(name, amount, state) of each line of the history, newest first."""
        self.page.goto("/payments")
        rows = self.page.get_by_role("table").get_by_role("row")
        found = []
        for row in rows.all()[1:]:
            cells = row.get_by_role("cell").all_inner_texts()
            found.append(tuple(cells))
        return found
