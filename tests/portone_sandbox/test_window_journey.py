"""A buyer with a real browser in a shop whose pages have a strict content policy, on a computer and on a phone."""

import json
from urllib.parse import parse_qs

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from portone_sandbox.cards import Behaviour, number
from tests.portone_sandbox.shop import Shop

pytestmark = pytest.mark.journey
PHONE = {
    "viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True,
    "user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1",
}  # fmt: skip
PC = {"viewport": {"width": 1280, "height": 860}}


@pytest.fixture(params=["own port", "under a path"])
def shop(request):
    made = Shop(embedded=request.param == "under a path", slow_card_seconds=0.5)
    yield made
    made.close()


class Visit:
    """One buyer in the shop."""

    def __init__(self, shop, page, *, is_phone):
        self.shop, self.page, self.is_phone = shop, page, is_phone
        self.window = page if is_phone else page.frame_locator("iframe")

    def orders(self, **changes):
        self.shop.order = {
            "pg": "jtnet.tpaytest2m", "pay_method": "card", "merchant_uid": f"reg_{len(self.shop.sandbox.payments())}",
            "customer_uid": "cus_1", "amount": 0, "name": "정기 배송", "buyer_name": "이하늘",
            "m_redirect_url": f"{self.shop.url}/return", **changes,
        }  # fmt: skip
        self.page.goto("/")
        self.page.get_by_role("button", name="카드 등록").click()
        expect(self.window.get_by_role("button", name="결제창 닫기")).to_be_visible()

    def types(self, card="approve", issuer="366"):
        for label, text in (
            ("카드 번호", number(Behaviour(card), issuer)), ("유효기간", "0899"), ("비밀번호 앞 2자리", "12"),
            ("생년월일 또는 사업자번호", "900101"),
        ):  # fmt: skip
            self.window.get_by_label(label).press_sequentially(text)

    def presses(self, name):
        self.window.get_by_role("button", name=name).click()

    def told(self):
        """What the shop's page learns."""
        if self.is_phone:
            expect(self.page.get_by_role("heading", name="돌아왔습니다")).to_be_visible()
            query = parse_qs(self.page.locator("#told").text_content(), keep_blank_values=True)
            return {name: values[0] for name, values in query.items()}
        expect(self.page.locator("#told")).not_to_be_empty()
        expect(self.page.locator("iframe")).to_have_count(0)
        return json.loads(self.page.locator("#told").text_content())

    def is_accessible(self):
        for seen in self.page.frames:  # the shop's page with the window over it, and the window
            found = Axe().run(seen)
            assert found.violations_count == 0, found.generate_report()


@pytest.fixture(params=["pc", "phone"])
def visit(request, shop, open_page, complaints):
    is_phone = request.param == "phone"
    yield Visit(shop, open_page(shop.url, **(PHONE if is_phone else PC)), is_phone=is_phone)
    complaints.expect_none()


def test_a_key_only(visit):
    visit.orders()
    visit.types()
    visit.presses("카드 등록하기")
    told = visit.told()
    paid = visit.shop.sandbox.payments()[0]
    assert (told["imp_uid"], told["merchant_uid"]) == (paid["imp_uid"], "reg_0")
    assert paid["channel"] == ("mobile" if visit.is_phone else "pc")
    assert visit.shop.sandbox.billing_keys()[0]["customer_uid"] == "cus_1"


def test_a_key_and_a_charge_with_a_filled_test_card(visit):
    visit.orders(amount=15000)
    visit.window.get_by_role("link", name="승인되는 테스트 카드로 채우기").click()
    expect(visit.window.get_by_label("카드 번호")).not_to_have_value("")
    visit.presses("₩15,000 결제하고 카드 등록")
    told = visit.told()
    assert str(told.get("success", told.get("imp_success"))).lower() == "true"
    assert visit.shop.sandbox.payments()[0]["status"] == "paid"


def test_closing_the_window(visit):
    visit.orders(amount=15000)
    visit.presses("결제창 닫기")
    assert "[결제포기]" in visit.told()["error_msg"]
    assert visit.shop.sandbox.payments()[0]["status"] == "failed"


def test_a_wrong_card_and_then_a_right_one(visit):
    visit.orders(amount=15000)
    visit.types("wrong_number")
    visit.presses("₩15,000 결제하고 카드 등록")
    wrong = visit.window.get_by_label("카드 번호")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(wrong).to_be_focused()
    expect(wrong).to_have_value("")
    expect(visit.window.get_by_role("alert")).to_contain_text("결제도 등록도 되지 않았습니다")
    visit.is_accessible()
    visit.types()
    visit.presses("₩15,000 결제하고 카드 등록")
    assert visit.told()["imp_uid"]
    assert visit.shop.sandbox.payments()[0]["status"] == "paid"


def test_a_card_of_an_issuer_that_is_shut_out(visit):
    visit.orders(card={"detail": [{"card_code": "*", "enabled": False}, {"card_code": "366", "enabled": True}]})
    visit.types(issuer="381")
    visit.presses("카드 등록하기")
    expect(visit.window.get_by_text("이 가맹점에서 쓸 수 없는 카드입니다.")).to_be_visible()
    assert visit.shop.sandbox.billing_keys() == []


def test_a_declined_first_charge(visit):
    visit.orders(amount=15000)
    visit.types("limit")
    visit.presses("₩15,000 결제하고 카드 등록")
    assert "한도초과" in visit.told()["error_msg"]
    assert visit.shop.sandbox.billing_keys() == []


def test_an_order_that_was_paid_before(visit):
    visit.shop.sandbox.window_key(customer_uid="cus_0", merchant_uid="ord_1", amount=9000)
    visit.shop.order = {
        "pg": "jtnet.tpaytest2m", "merchant_uid": "ord_1", "customer_uid": "cus_1", "amount": 9000,
        "m_redirect_url": f"{visit.shop.url}/return",
    }  # fmt: skip
    visit.page.goto("/")
    visit.page.get_by_role("button", name="카드 등록").click()
    assert visit.told()["error_code"] == "F1002"


def test_a_certified_card_payment(visit):
    visit.orders(customer_uid=None, amount=90000)
    visit.window.get_by_text("현대카드").click()
    visit.window.get_by_label("할부").select_option("3개월")
    visit.is_accessible()
    visit.presses("₩90,000 결제")
    assert visit.told()["imp_uid"]
    assert visit.shop.sandbox.payments()[0]["card_code"] == "367"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("size", [PC, PHONE], ids=["pc", "phone"])
def test_every_page_of_the_window_is_accessible(open_page, complaints, scheme, language, size):
    shop = Shop()
    page = open_page(shop.sandbox_url, color_scheme=scheme, **size)
    for params in (
        {"customer_uid": "cus_1", "amount": 0}, {"customer_uid": "cus_1", "amount": 60000, "card": {"detail": [{"card_code": "366"}]}},
        {"amount": 60000}, {"amount": 6000, "pay_method": "vbank"}, {"amount": 6000, "pay_method": "phone"},
    ):  # fmt: skip
        merchant_uid = f"ord_{len(shop.sandbox.payments())}"
        order = {"merchant_uid": merchant_uid, "name": "원두 1kg", "language": language, **params}
        opened = page.request.post("/windows", data={"imp_code": "imp00000000", "params": order}).json()
        page.goto(opened["url"])
        assert Axe().run(page).violations_count == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.locator("#leave button").click()
        assert Axe().run(page).violations_count == 0
    shop.close()
    complaints.expect_none()


def test_without_scripts_a_card_is_registered(open_page, complaints):
    shop = Shop()
    opened = open_page(shop.sandbox_url)
    order = {"merchant_uid": "reg_1", "customer_uid": "cus_1", "amount": 0, "m_redirect_url": f"{shop.url}/return"}
    told = opened.request.post("/windows", data={"imp_code": "imp00000000", "device": "mobile", "params": order}).json()
    page = open_page(shop.sandbox_url, java_script_enabled=False)
    page.goto(told["leave"])
    page.get_by_role("link", name="승인되는 테스트 카드로 채우기").click()
    page.get_by_role("button", name="카드 등록하기").click()
    expect(page.get_by_role("heading", name="돌아왔습니다")).to_be_visible()
    assert len(shop.sandbox.billing_keys()) == 1
    shop.close()
    complaints.expect_none()


def test_a_window_whose_answer_is_lost_can_be_left(open_page):
    shop = Shop()
    visit = Visit(shop, open_page(shop.url, **PC), is_phone=False)
    visit.orders(amount=15000)
    visit.types("answer_lost")
    visit.presses("₩15,000 결제하고 카드 등록")
    visit.page.get_by_role("button", name="판매자 화면으로 돌아가기").click(timeout=30_000)
    told = visit.told()
    assert (told["imp_uid"], told["error_code"]) == (shop.sandbox.payments()[0]["imp_uid"], "NO_ANSWER")
    assert shop.sandbox.payments()[0]["status"] == "paid"
    shop.close()


def test_escape_closes_the_window_and_gives_the_focus_back(open_page, complaints):
    shop = Shop()
    visit = Visit(shop, open_page(shop.url, **PC), is_phone=False)
    visit.orders()
    expect(visit.window.get_by_label("카드 번호")).to_be_focused()
    visit.page.keyboard.press("Escape")
    assert visit.told()["error_code"]
    expect(visit.page.get_by_role("button", name="카드 등록")).to_be_focused()
    shop.close()
    complaints.expect_none()


def test_a_slow_card_is_waited_for_and_sent_once(open_page, complaints):
    shop = Shop(slow_card_seconds=1)
    visit = Visit(shop, open_page(shop.url, **PC), is_phone=False)
    visit.orders(amount=15000)
    visit.types("slow")
    button = visit.window.get_by_role("button", name="₩15,000 결제하고 카드 등록")
    button.click()
    expect(visit.window.get_by_text("카드사에 확인하고 있습니다…")).to_be_visible()
    visit.window.get_by_role("button", name="카드사에 확인").click(force=True)
    visit.told()
    posts = [one for one in shop.sandbox.requests_log() if one["path"].endswith("/card")]
    assert len(posts) == 1
    shop.close()
    complaints.expect_none()


def test_the_script_refuses_what_the_real_one_refuses(open_page):
    shop = Shop()
    page = open_page(shop.url)
    page.goto("/")
    told = page.evaluate("""async () => {
      const ask = params => new Promise(resolve => IMP.request_pay(params, resolve));
      return [await ask({merchant_uid: "a", amount: "1000"}), await ask({merchant_uid: 7, amount: 1000}),
              await ask(null), await new Promise(resolve => IMP.certification({merchant_uid: "a"}, resolve))];
    }""")
    assert [one["success"] for one in told] == [False] * 4
    assert all(one["error_code"] and one["error_msg"] for one in told)
    assert page.locator("iframe").count() == 0
    functions = page.evaluate("Object.keys(IMP).filter(name => typeof IMP[name] === 'function').sort()")
    assert {"init", "agency", "request_pay", "certification", "loadUI", "updateLoadUIRequest"} <= set(functions)
    shop.close()


def test_a_window_in_a_pop_up_of_its_own(open_page, complaints):
    shop = Shop()
    page = open_page(shop.url)
    shop.order = {
        "merchant_uid": "reg_1",
        "customer_uid": "cus_1",
        "amount": 0,
        "popup": True,
        "pg": "jtnet.tpaytest2m",
    }
    page.goto("/")
    with page.expect_popup() as popped:
        page.get_by_role("button", name="카드 등록").click()
    popup = popped.value
    popup.get_by_role("link", name="승인되는 테스트 카드로 채우기").click()
    with popup.expect_event("close"):
        popup.get_by_role("button", name="카드 등록하기").click()
    expect(page.locator("#told")).to_contain_text('"success":true')
    shop.close()
    complaints.expect_none()


def test_the_inspector_is_fresh_by_itself(open_page, complaints):
    shop = Shop()
    page = open_page(shop.sandbox_url)
    page.goto("/inspector/keys")
    expect(page.get_by_role("heading", name="아직 빌링키가 없습니다")).to_be_visible()
    shop.sandbox.window_key(customer_uid="cus_live", merchant_uid="reg_1")
    expect(page.get_by_text("cus_live")).to_be_visible()
    shop.close()
    complaints.expect_none()
