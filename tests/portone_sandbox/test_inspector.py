import json
import re
import time
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

import portone_sandbox
from portone_sandbox import purchases
from portone_sandbox.card_guide import sample_cards
from portone_sandbox.cards import Behaviour
from portone_sandbox.texts import ENGLISH

PAGES = ["", "/payments", "/keys", "/schedules", "/webhooks", "/requests", "/faults", "/clock", "/cards", "/examples"]
HANGUL = re.compile(r"[가-힣]")
PACKAGE = Path(portone_sandbox.__file__).parent


@pytest.fixture
def browser(sandbox):
    return sandbox.app.test_client()


def read(browser, path="", **query):
    answer = browser.get(f"/inspector{path}", query_string=query)
    assert answer.status_code == 200
    return BeautifulSoup(answer.text, "html.parser")


def words(page):
    return page.get_text(" ", strip=True)


def delivered(handle):
    """The webhooks, once the sender has tried each."""
    until = time.monotonic() + 20
    while any(row["state"] == "waiting" for row in handle.webhooks.log()) and time.monotonic() < until:
        time.sleep(0.02)
    return handle.webhooks.log()


@pytest.fixture
def busy(handle):
    """A sandbox in which something of each kind has happened."""
    handle.window_key(customer_uid="cus_1", merchant_uid="reg_1")
    handle.window_key(customer_uid="cus_2", merchant_uid="reg_2", card="limit", amount=9000)
    imp_uid = handle.window_key(
        customer_uid="cus_3",
        merchant_uid="reg_3",
        amount=30000,
        name="<b>배송</b>",
        notice_url="http://127.0.0.1:9/hook",
    )
    handle.console_cancel(imp_uid, 10000, "일부 취소")
    handle.faults.plan("close_after", "/subscribe/payments/again", method="POST")
    delivered(handle)
    return imp_uid


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_page_is_whole_in_both_languages(browser, busy, path, language):
    page = read(browser, path, lang=language)
    assert len(page.find_all("h1")) == 1
    assert page.h1.text in page.title.text
    assert page.html["lang"] == language
    ids = [one["id"] for one in page.select("[id]")]
    assert len(ids) == len(set(ids))
    assert page.select("[style], [onclick], script:not([src])") == []


@pytest.mark.parametrize("path", ["", "/webhooks", "/faults", "/clock", "/cards"])
def test_english_pages_have_no_korean_of_ours(browser, path):
    page = read(browser, path, lang="en")
    for other in page.select("[lang=ko]"):
        other.decompose()
    assert HANGUL.findall(words(page)) == []


def test_every_sentence_has_its_english():
    spoken = set()
    for file in [*PACKAGE.glob("templates/sandbox/*.html"), *PACKAGE.glob("*.py")]:
        text = file.read_text("utf-8")
        spoken |= {found[1] for found in re.findall(r"""say\(\s*(['"])((?:(?!\1).)+)\1""", text)}
    assert spoken - set(ENGLISH) == set()


def test_the_language_is_remembered(browser):
    read(browser, lang="en")
    assert "Overview" in words(read(browser))


def test_a_payment_is_shown_with_its_cancels(browser, busy):
    page = read(browser, "/payments")
    text = words(page)
    assert "남은 금액 ₩20,000" in text
    assert "취소 ₩10,000" in text
    assert "일부 취소" in text
    assert "<b>배송</b>" in text


def test_a_webhook_is_shown_with_each_attempt_and_sent_again(browser, busy, handle):
    assert "ConnectionError" in words(read(browser, "/webhooks"))
    assert browser.post("/inspector/webhooks/1/again").status_code == 303
    delivered(handle)
    assert len(read(browser, "/webhooks").select(".history li")) >= 3


def test_a_person_cancels_in_the_console(browser, busy, handle):
    assert "said=cancelled" in browser.post(f"/inspector/payments/{busy}/cancel", data={"amount": "5,000"}).location
    assert handle.payments("reg_3")[0]["cancel_amount"] == 15000
    browser.post(f"/inspector/payments/{busy}/cancel")
    assert handle.payments("reg_3")[0]["cancel_amount"] == 30000


@pytest.mark.parametrize("amount", ["30001", "-1", "1.5", "일만", "9" * 20])
def test_a_console_cancel_that_cannot_be_is_refused(browser, busy, handle, amount):
    assert "said=cancel_refused" in browser.post(f"/inspector/payments/{busy}/cancel", data={"amount": amount}).location
    assert handle.payments("reg_3")[0]["cancel_amount"] == 10000


def test_money_is_paid_into_a_virtual_account(browser, handle):
    order = {"merchant_uid": "ord_1", "amount": 9000, "pay_method": "vbank"}
    window = purchases.open_window(handle.hub, "imp00000000", order)
    assert "said=deposit_refused" in browser.post(f"/inspector/payments/{window.imp_uid}/deposit").location
    purchases.issue_vbank(handle.hub, window, "004")
    assert read(browser, "/payments").find("button", string="입금하기")
    browser.post(f"/inspector/payments/{window.imp_uid}/deposit")
    assert handle.payments()[0]["status"] == "paid"


def test_every_failed_webhook_is_sent_again_at_once(browser, busy, handle):
    browser.post("/inspector/webhooks/again")
    assert [len(row["attempts"]) for row in delivered(handle)] == [2, 2]


def test_a_fault_is_planned_and_cleared(browser, handle):
    plan = {"kind": "status_before", "path": "/payments/*", "method": "GET", "nth": "2", "times": "3", "status": "500"}
    browser.post("/inspector/faults", data=plan)
    fault = handle.faults.planned()[0].fault
    assert (fault.path, fault.nth, fault.times, fault.status) == ("/payments/*", 2, 3, 500)
    browser.post("/inspector/faults/clear")
    assert handle.faults.planned() == []


@pytest.mark.parametrize(
    "wrong", [{"kind": "flood"}, {"nth": "0"}, {"status": "200"}, {"seconds": "9999"}, {"times": "x"}]
)
def test_a_fault_that_makes_no_sense_is_not_planned(browser, handle, wrong):
    answer = browser.post("/inspector/faults", data={"kind": "close_after", **wrong})
    assert "said=fault_refused" in answer.location
    assert handle.faults.planned() == []


def test_a_fault_on_everything_leaves_the_inspector_alone(browser, handle):
    handle.faults.plan("status_before", "*", times=9)
    assert read(browser, "/faults")
    assert handle.faults.planned()[0].fired == 0


def test_the_clock_is_frozen_moved_and_let_go(browser, handle):
    browser.post("/inspector/clock", data={"act": "set", "at": "2027-01-31T09:00:00"})
    assert handle.clock.now() == 1_801_353_600
    browser.post("/inspector/clock", data={"act": "advance", "seconds": "60"})
    assert handle.clock.now() == 1_801_353_660
    browser.post("/inspector/clock", data={"act": "run"})
    assert not handle.clock.is_frozen


@pytest.mark.parametrize(
    "act",
    [
        {"act": "set", "at": "soon"},
        {"act": "set", "at": "0001-01-01T00:00"},
        {"act": "set", "at": "10000-01-01T00:00"},
        {"act": "advance", "seconds": "-5"},
        {"act": "melt"},
        {},
    ],
)
def test_a_time_that_cannot_be_read_moves_nothing(browser, handle, act):
    before = handle.clock.now()
    assert "said=clock_kept" in browser.post("/inspector/clock", data=act).location
    assert handle.clock.now() == before


def test_webhook_delivery_is_chosen(browser, sandbox):
    browser.post("/inspector/webhooks/mode", data={"mode": "delayed", "seconds": "7"})
    assert json.loads(sandbox.handle.hub.store.meta("webhook_mode")) == {"mode": "delayed", "seconds": 7}
    assert "said=mode_kept" in browser.post("/inspector/webhooks/mode", data={"mode": "eaten"}).location


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
@pytest.mark.parametrize(
    "path", ["/faults", "/faults/clear", "/clock", "/webhooks/mode", "/reset", "/payments/imp_1/cancel"]
)
def test_another_sites_page_gives_no_orders(browser, handle, headers, path):
    handle.faults.plan("close_after")
    answer = browser.post(f"/inspector{path}", data={"act": "run", "sure": "yes", "kind": "late"}, headers=headers)
    assert answer.status_code == 403
    assert len(handle.faults.planned()) == 1


def test_everything_is_forgotten_on_demand(browser, busy, handle):
    assert browser.post("/inspector/reset").status_code == 403
    browser.post("/inspector/reset", data={"sure": "yes"})
    assert handle.payments() == []


def test_a_sandbox_inside_a_dashboard_is_not_emptied_from_here(make_sandbox):
    browser = make_sandbox(public_prefix="/sandbox").app.test_client()
    assert "비우기" not in browser.get("/inspector").text
    assert browser.post("/inspector/reset", data={"sure": "yes"}).status_code == 403


def test_there_is_a_copyable_number_for_every_behaviour(browser):
    page = read(browser, "/cards", issuer="381")
    shown = {button["data-copy"] for button in page.select("[data-copy]")}
    assert shown == {card.number for card in sample_cards("381")}
    assert len(shown) == len(Behaviour)


def test_examples_hold_this_sandboxs_own_address(browser):
    page = browser.get(
        "/inspector/examples", base_url="http://localhost:9191", environ_overrides={"SCRIPT_NAME": "/sandbox"}
    )
    assert "http://localhost:9191/sandbox/v1/iamport.js" in BeautifulSoup(page.text, "html.parser").text


def test_no_page_shows_more_of_a_card_than_its_mask(browser, busy):
    typed = {card.number.replace("-", "") for card in sample_cards()}
    for path in PAGES:
        if path != "/cards":
            digits = re.sub(r"[\s-]", "", browser.get(f"/inspector{path}").text)
            assert not [number for number in typed if number in digits]


def test_looking_is_not_noted_as_a_call(browser, handle):
    read(browser)
    assert handle.requests_log() == []
