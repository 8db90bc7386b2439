"""Typed cards and reservations, at the desk and on staff's own phone, to the sandbox's truth; browsers closed on the way."""

import pytest

from tests.journeys.conftest import PC, PHONE
from tests.support.books import true_balances
from tests.support.live import LiveShop, until

PLACES = {"computer": PC, "phone": PHONE}
SOON = 60  # seconds in which whatever was broken off is known


@pytest.fixture
def shop(empty_database, tmp_path):
    """A shop where staff may type cards."""
    with LiveShop(tmp_path, empty_database, KEY_IN="on") as served:
        yield served
        served.assert_books_agree()


def types_card(desk, shop, customer, way, amount=None, serial=1):
    """The whole key-in sheet, not sent yet."""
    desk.page.goto(customer)
    desk.follow("수기 결제")
    desk.page.get_by_text(desk.say(way), exact=True).click()
    desk.fill("주문명", "수선비")
    desk.fill("금액", f"{amount:,}" if amount else "")
    desk.fill("카드번호", shop.sandbox.card_number("approve", serial=serial))
    for label, text in (("유효기간", "12/39"), ("비밀번호 앞 2자리", "12"), ("생년월일 또는 사업자번호", "900101")):
        desk.fill(label, text)


def truth(shop):
    return sorted(true_balances(shop.sandbox).values())


@pytest.mark.parametrize("place", PLACES)
def test_a_typed_card_is_charged_stored_or_both(shop, open_desk, place):
    desk = open_desk(**PLACES[place])
    customer = desk.adds_customer("김서연")
    types_card(desk, shop, customer, "한 번 결제", 33_000)
    desk.press("카드사에 보내기")
    desk.sees("%(sum)s을 결제했습니다.", sum="₩33,000")
    assert (truth(shop), shop.sandbox.billing_keys()) == ([(33_000, 0)], [])
    types_card(desk, shop, customer, "카드만 등록", serial=2)
    desk.press("카드사에 보내기")
    desk.sees("카드를 등록했습니다.")
    types_card(desk, shop, customer, "결제하고 카드 등록", 15_000, serial=3)
    desk.press("카드사에 보내기")
    desk.sees("카드를 등록하고 %(sum)s을 결제했습니다.", sum="₩15,000")
    assert truth(shop) == [(15_000, 0), (33_000, 0)]
    assert len(shop.sandbox.billing_keys()) == 2
    assert {payment["pg_id"] for payment in shop.sandbox.payments()} == {shop.settings.key_in_channel.mid}


def fills_reservation(desk, customer):
    """As far as the confirm sheet: tomorrow at ten."""
    desk.page.goto(customer)
    desk.follow("결제 예약")
    desk.fill("주문명", "1월 이용료")
    desk.fill("금액", "33,000")
    desk.press("다음: 확인")
    desk.stands_on("%(sum)s 결제를 예약할까요?", sum="₩33,000")


def reserves(desk, customer):
    """Returns the address of the reservation."""
    fills_reservation(desk, customer)
    desk.press("%(sum)s 예약", sum="₩33,000")
    desk.sees("지금은 돈이 움직이지 않았습니다.")
    return desk.page.url


def held(shop):
    """What PortOne holds: state and hour in Seoul of each."""
    return sorted((row["schedule_status"], (row["schedule_at"] // 3600 + 9) % 24) for row in shop.sandbox.schedules())


def a_payer(shop, desk):
    """A customer whose card stands at PortOne already."""
    shop.sandbox.window_key(customer_uid="bks_of_old", merchant_uid="old_1")
    customer = desk.adds_customer("박도윤")
    desk.adopts_card(customer, "bks_of_old")
    return customer


@pytest.mark.parametrize("place", PLACES)
def test_a_charge_is_reserved_moved_revoked_and_run(shop, open_desk, place):
    desk = open_desk(**PLACES[place])
    customer = a_payer(shop, desk)
    first = reserves(desk, customer)
    desk.follow("시각 바꾸기")
    desk.fill("시각", "15:00")
    desk.press("시각 바꾸기")
    desk.sees_figure("오후 3:00")
    assert held(shop) == [("scheduled", 15)]
    desk.page.get_by_text("예약 취소…", exact=True).click()
    desk.fill("취소하는 이유", "고객이 그만둠")
    desk.press("%(sum)s 예약 취소", sum="₩33,000")
    desk.sees("취소한 예약입니다.")
    assert held(shop) == [("revoked", 15)]
    second = reserves(desk, customer)
    assert first != second
    shop.sandbox.clock.advance(2 * 86_400)
    desk.page.goto(second)
    until(lambda: truth(shop) == [(33_000, 0)], SOON)
    until(lambda: desk.page.goto(second) and "예약대로 ₩33,000을 결제했습니다." in desk.page.content(), SOON)
    assert held(shop) == [("executed", 10), ("revoked", 15)]


def leaves(desk, button, is_sent):
    """Presses, and shuts the browser while PortOne's answer is still under way."""
    desk.page.get_by_role("main").get_by_role("button", name=button, exact=True).click(no_wait_after=True)
    until(is_sent, SOON, every=0.02)
    desk.page.context.close()


def test_browsers_closed_on_the_way_end_right(shop, open_desk, open_page):
    """At the filled sheet nothing was asked; once pressed, it is done once and known, whoever looks."""
    desk = open_desk(**PC)
    customer = a_payer(shop, desk)
    state = desk.page.context.storage_state()

    def again():
        desk.page = open_page(shop.url, **PC, storage_state=state)
        return desk

    types_card(desk, shop, customer, "한 번 결제", 21_000)
    desk.page.context.close()
    fills_reservation(again(), customer)
    desk.page.context.close()
    assert (truth(shop), shop.sandbox.schedules()) == ([], [])
    shop.sandbox.faults.plan("delay_after", "/subscribe/payments/*", seconds=1.5, times=2)
    types_card(again(), shop, customer, "한 번 결제", 21_000)
    leaves(desk, "카드사에 보내기", lambda: truth(shop))
    fills_reservation(again(), customer)
    leaves(desk, "₩33,000 예약", lambda: held(shop))
    page = again().page
    until(lambda: page.goto("/payments") and "결제 완료" in page.get_by_role("table").inner_text(), SOON)
    until(lambda: page.goto("/schedules") and "예약됨" in page.get_by_role("table").inner_text(), SOON)
    assert (truth(shop), held(shop)) == ([(21_000, 0)], [("scheduled", 10)])
