import re

import pytest
from bs4 import BeautifulSoup

from portone_sandbox.cards import Behaviour, number, with_dashes

CARD = {"expiry": "08 / 29", "birth": "880417", "password": "73"}
ORDER = {
    "pg": "jtnet.tpaytest2m", "pay_method": "card", "merchant_uid": "reg_1", "customer_uid": "cus_1", "amount": 0,
    "name": "카드 등록", "m_redirect_url": "https://shop.example/return?from=pay", "buyer_name": "이하늘",
}  # fmt: skip


class Buyer:
    """Somebody in front of a window, without a script."""

    def __init__(self, app):
        self.browser = app.test_client()
        self.address = ""

    def opens(self, device="pc", **changes):
        asked = {
            "imp_code": "imp00000000",
            "device": device,
            "origin": "https://shop.example",
            "params": ORDER | changes,
        }
        answer = self.browser.post("/windows", json=asked)
        assert answer.status_code == 200
        self.address = answer.json.get("url") or answer.json.get("leave") or ""
        return answer.json

    def looks(self, **query):
        return self.browser.get(self.address, query_string=query)

    def registers(self, card="approve", issuer="366", **changes):
        typed = {"card_number": with_dashes(number(Behaviour(card), issuer)), **CARD, "card_quota": "0", **changes}
        return self.browser.post(f"{self.address}/card", data=typed, follow_redirects=False)

    def pays(self, **chosen):
        return self.browser.post(f"{self.address}/payment", data=chosen)

    def closes(self):
        return self.browser.post(f"{self.address}/close")

    def result(self):
        return BeautifulSoup(self.looks().text, "html.parser").body["data-result"]


def soup(answer):
    return BeautifulSoup(answer.text, "html.parser")


@pytest.fixture
def buyer(sandbox):
    return Buyer(sandbox.app)


def test_a_key_is_registered_without_a_charge(buyer, handle):
    buyer.opens()
    answer = buyer.registers()
    assert answer.status_code == 303
    assert [(key["customer_uid"], key["card_code"]) for key in handle.billing_keys()] == [("cus_1", "366")]
    assert '"success":true' in buyer.result()


def test_a_key_is_registered_with_a_charge(buyer, handle):
    buyer.opens(amount=15000)
    assert "₩15,000 결제하고 카드 등록" in buyer.looks().text
    buyer.registers()
    assert [(paid["status"], paid["amount"]) for paid in handle.payments()] == [("paid", 15000)]


def test_a_declined_first_charge_leaves_no_key(buyer, handle):
    buyer.opens(amount=15000)
    buyer.registers("balance")
    assert handle.payments()[0]["status"] == "failed"
    assert handle.billing_keys() == []
    assert "잔액부족" in buyer.result()


def test_a_buyer_may_close_the_window(buyer, handle):
    buyer.opens(amount=15000)
    assert buyer.closes().status_code == 303
    assert "[결제포기]" in handle.payments()[0]["fail_reason"]
    assert "[결제포기]" in buyer.result()


def test_a_second_press_charges_once(buyer, handle):
    buyer.opens(amount=15000)
    buyer.registers()
    buyer.registers()
    assert [paid["status"] for paid in handle.payments()] == ["paid"]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"card_number": ""}, "card_number"),
        ({"card_number": "4111 1111 1111 1111"}, "card_number"),
        ({"card_number": "0000 3660 0000 0014"}, "card_number"),
        ({"expiry": "13 / 29"}, "expiry"),
        ({"expiry": "01 / 20"}, "expiry"),
        ({"birth": "991332"}, "birth"),
        ({"birth": "1234567"}, "birth"),
        ({"password": "7"}, "password"),
        ({"password": "ab"}, "password"),
    ],
)
def test_a_wrong_card_is_refused_beside_its_field(buyer, handle, typed, field):
    buyer.opens(amount=15000)
    answer = buyer.registers(**typed)
    assert answer.status_code == 422
    wrong = soup(answer).find("input", {"aria-invalid": "true"})
    assert wrong["name"] == field
    assert soup(answer).find(id=f"e-{field}").text.strip()
    assert handle.billing_keys() == []
    assert handle.payments()[0]["status"] == "ready"


def test_numbers_may_be_typed_in_many_ways(buyer, handle):
    buyer.opens()
    wide = number().translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    assert buyer.registers(card_number=wide, expiry="0829", birth="123-45-67890").status_code == 303
    assert len(handle.billing_keys()) == 1


def test_an_issuer_that_is_switched_off_is_refused(buyer, handle):
    buyer.opens(card={"detail": [{"card_code": "*", "enabled": False}, {"card_code": "366", "enabled": True}]})
    assert [chip.text for chip in soup(buyer.looks()).select(".chips li")] == ["신한카드"]
    assert "쓸 수 없는 카드" in soup(buyer.registers(issuer="381")).find(id="e-card_number").text
    assert buyer.registers(issuer="366").status_code == 303


def test_instalments_are_offered_from_fifty_thousand_won(buyer, handle):
    buyer.opens(amount=49999)
    assert soup(buyer.looks()).find("select", {"name": "card_quota"}) is None
    buyer.opens(amount=50000, merchant_uid="reg_2", display={"card_quota": [3, 6]})
    offered = soup(buyer.looks()).select("select[name=card_quota] option")
    assert [one["value"] for one in offered] == ["0", "3", "6"]
    assert buyer.registers(card_quota="5").status_code == 422
    buyer.registers(card_quota="3")
    assert handle.payments()[-1]["card_quota"] == 3


def test_one_click_fills_a_test_card(buyer):
    buyer.opens()
    filled = soup(buyer.looks(fill="approve")).find("input", {"name": "card_number"})["value"]
    assert filled.replace(" ", "") == number(Behaviour.APPROVE)


def test_the_filled_card_is_one_that_the_shop_takes(buyer):
    buyer.opens(card={"detail": [{"card_code": "*", "enabled": False}, {"card_code": "381", "enabled": True}]})
    filled = soup(buyer.looks(fill="approve")).find("input", {"name": "card_number"})["value"]
    assert buyer.registers(card_number=filled).status_code == 303


def test_a_typed_card_is_never_echoed_kept_or_logged(buyer, handle, caplog, tmp_path):
    typed = {"card_number": number(Behaviour.WRONG_NUMBER, serial=70707), "birth": "880417", "password": "73"}
    buyer.opens(amount=15000)
    answer = buyer.registers(**typed)
    assert answer.status_code == 422
    approved = number(Behaviour.APPROVE, serial=60606)
    buyer.registers(card_number=approved)
    handle.snapshot(str(tmp_path / "all.db"))
    kept = (
        (tmp_path / "all.db").read_bytes().decode("utf-8", "replace") + caplog.text + answer.text + buyer.looks().text
    )
    digits = re.sub(r"[\s-]", "", kept)
    assert not [secret for secret in (typed["card_number"], approved, typed["birth"]) if secret in digits]
    assert all(not one.get("value") for one in soup(answer).select("form.entry input"))


def test_an_order_that_is_paid_opens_no_window(buyer):
    buyer.opens(amount=15000)
    buyer.registers()
    told = buyer.opens(amount=15000)
    assert told["result"]["error_code"] == "F1002"


def test_an_order_paid_in_another_window_is_not_paid_again(sandbox, handle):
    first, second = Buyer(sandbox.app), Buyer(sandbox.app)
    first.opens(amount=15000)
    second.opens(amount=15000)
    first.registers()
    answer = second.registers()
    assert answer.status_code == 409
    assert "F1002" in soup(answer).body["data-result"]
    assert [paid["status"] for paid in handle.payments()] == ["paid", "ready"]


def test_an_amount_that_differs_from_the_prepared_one_is_refused(buyer, api):
    api.post("/payments/prepare", merchant_uid="reg_1", amount=15000)
    assert buyer.opens(amount=1)["result"]["error_code"]
    assert buyer.opens(amount=15000)["url"]


@pytest.mark.parametrize("asked", [None, [], "x", {}, {"params": []}, {"imp_code": 7, "params": {"amount": "1"}}])
def test_nonsense_opens_no_window(sandbox, asked):
    answer = sandbox.app.test_client().post("/windows", json=asked)
    assert answer.status_code == 200
    assert answer.json["result"]["error_code"]


def test_an_unknown_window_is_a_page_of_ours(sandbox):
    browser = sandbox.app.test_client()
    assert "결제창을 찾을 수 없습니다" in browser.get("/windows/none").text
    assert browser.post("/windows/none/card").status_code == 404


def test_a_phone_goes_back_to_the_shop_with_what_happened(buyer, handle):
    buyer.opens("mobile", amount=15000)
    buyer.registers()
    sent_to = soup(buyer.looks()).find("meta", {"http-equiv": "refresh"})["content"]
    imp_uid = handle.payments()[0]["imp_uid"]
    assert (
        sent_to == f"0; url=https://shop.example/return?from=pay&imp_uid={imp_uid}&merchant_uid=reg_1&imp_success=true"
    )


def test_a_phone_is_sent_back_before_a_window_that_may_not_open(buyer):
    buyer.opens(amount=15000)
    buyer.registers()
    told = buyer.opens("mobile", amount=15000)
    assert told["leave"].startswith(
        "https://shop.example/return?from=pay&imp_uid=&merchant_uid=reg_1&imp_success=false"
    )
    assert "error_code=F1002" in told["leave"]


@pytest.mark.parametrize("address", ["javascript:alert(1)", "/return", "data:text/html,x", "https://", 5, None])
def test_a_phone_is_sent_to_web_addresses_only(buyer, address):
    buyer.opens("mobile", m_redirect_url=address)
    buyer.closes()
    assert soup(buyer.looks()).find("meta", {"http-equiv": "refresh"}) is None


def test_new_modules_tell_a_phone_and_a_page_less(buyer):
    buyer.opens("mobile", pg="nice_v2.sandboxv2m", amount=15000)
    buyer.registers()
    assert "imp_success" not in soup(buyer.looks()).find("meta", {"http-equiv": "refresh"})["content"]
    assert set(re.findall(r'"(\w+)":', buyer.result())) == {"imp_uid", "merchant_uid"}


def test_a_certified_card_payment_has_issuer_instalments_and_a_slip(buyer, handle):
    buyer.opens(customer_uid=None, amount=90000)
    assert buyer.pays(card_quota="0").status_code == 422
    assert buyer.pays(issuer="367", card_quota="3").status_code == 303
    paid = handle.payments()[0]
    assert (paid["status"], paid["card_code"], paid["card_quota"]) == ("paid", "367", 3)
    slip = soup(buyer.browser.get(f"/slips/{paid['imp_uid']}")).text
    assert "₩90,000" in slip
    assert paid["apply_num"] in slip


def test_a_certified_card_payment_can_be_declined(buyer, handle):
    buyer.opens(customer_uid=None, amount=90000)
    buyer.pays(issuer="367", outcome="limit")
    assert "한도초과" in handle.payments()[0]["fail_reason"]


@pytest.mark.parametrize(
    ("method", "chosen", "status"),
    [("trans", {"bank": "088"}, "paid"), ("vbank", {"bank": "004"}, "ready"), ("phone", {"carrier": "kt"}, "paid")],
)
def test_other_methods_end_as_they_should(buyer, handle, method, chosen, status):
    buyer.opens(customer_uid=None, amount=9000, pay_method=method)
    assert buyer.pays().status_code == 422
    assert buyer.pays(**chosen).status_code == 303
    assert handle.payments()[0]["status"] == status
    assert '"success":true' in buyer.result()


def test_a_virtual_account_shows_where_to_pay_by_when(buyer, handle):
    buyer.opens(customer_uid=None, amount=9000, pay_method="vbank", vbank_due="2026-12-24")
    buyer.pays(bank="004")
    page = buyer.looks().text
    assert handle.payments()[0]["vbank_num"] in page
    assert "2026-12-24 23:59:59" in page


def test_the_page_speaks_the_language_the_shop_asked_for(buyer):
    buyer.opens(language="en", amount=15000)
    assert "Pay ₩15,000 and register" in buyer.looks().text
    assert soup(buyer.looks()).html["lang"] == "en"
    assert "결제하고 카드 등록" in buyer.looks(lang="ko").text


def test_every_window_page_has_a_strict_policy_and_is_not_kept(buyer):
    buyer.opens()
    for answer in (buyer.browser.get("/windows/new"), buyer.looks(), buyer.registers(card_number=""), buyer.looks()):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors" not in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert "X-Frame-Options" not in answer.headers
        assert not soup(answer).select("[style], [onclick], [onload], script:not([src])")


def test_what_a_shop_sends_is_text_on_the_page(buyer):
    buyer.opens(name="<script>alert(1)</script>", buyer_name='"><img src=x>')
    page = soup(buyer.looks())
    assert "<script>alert(1)</script>" in page.text
    assert page.find("img") is None


def test_fields_are_not_completed_by_the_browser(buyer):
    buyer.opens()
    form = soup(buyer.looks()).select_one("form.entry")
    assert form["autocomplete"] == "off"
    assert {one.get("autocomplete") for one in form.select("input:not([type=radio])")} == {"off"}


def test_every_field_has_a_label(buyer):
    buyer.opens(amount=90000)
    page = soup(buyer.looks())
    unlabelled = [
        one for one in page.select(".entry input, .entry select") if not page.find("label", {"for": one["id"]})
    ]
    assert unlabelled == []
