"""Home, one customer, one card, one payment, search: they draw, they say what is true, and they work without PortOne."""

from datetime import timedelta

import pytest

from merchant_admin.core.ids import new_id
from merchant_admin.core.permissions import Role
from merchant_admin.ledger.models import LedgerEntry
from merchant_admin.overview import books, queries
from merchant_admin.payments.states import LineState
from merchant_admin.registrations.models import Registration
from merchant_admin.schedules.service import move_schedule
from tests.payments_screens.desk import Desk, form_of
from tests.payments_screens.lines import a_line
from tests.schedules.acting import a_sheet, pass_time, reserve, work
from tests.support.pages import inspect, inspect_fragment

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def owner(world):
    return world.signed_in(Role.OWNER)


@pytest.fixture
def desk(world, owner):
    return Desk(owner, world.a_key())


def paid(desk, **typed):
    """A real charge; the address of its payment."""
    answer = desk.client.get(desk.charge(desk.sheet(**typed), agrees="1").location)
    page = inspect(answer.text)
    return next(a["href"] for a in page.find("main").find_all("a") if a["href"].startswith("/payments/"))


def words(answer):
    return " ".join(inspect(answer.text).find("main").get_text(" ").split())


def test_an_empty_home_has_nothing_to_do(owner):
    said = words(owner.get("/"))
    assert "지금 사람이 확인할 일이 없습니다" in said
    assert "₩0" in said


def test_home_figures_link_to_exactly_their_rows(world, desk):
    paid(desk)
    paid(desk, amount_krw="7,000")
    home = inspect(desk.client.get("/").text)
    figure = home.find("dt", string="오늘 승인").parent
    assert "₩40,000" in figure.text
    rows = inspect(desk.client.get(figure.find("a")["href"]).text).select("tbody tr")
    assert sorted(row.select_one(".num").text for row in rows) == ["₩33,000", "₩7,000"]


def test_home_puts_first_what_needs_a_person(world, owner):
    lost = Desk(owner, world.a_key(card="answer_lost"))
    lost.charge(lost.sheet())
    declined = Desk(owner, world.a_key(world.a_customer(name="박지우", phone=None, email=None), card="balance"))
    declined.charge(declined.sheet())
    page = inspect(owner.get("/").text)
    said = " ".join(page.find(id="needs").get_text(" ").split())
    assert "결과를 아직 모릅니다" in said
    assert "잔액이 부족합니다" in said
    assert page.find("nav", attrs={"aria-label": "주 메뉴"}).find("a", href="/needs-action").find(class_="count")
    assert "결과를 아직 모릅니다" in words(owner.get("/needs-action"))


def a_registration(world, customer, **facts):
    at = world.clock.now() - timedelta(hours=2)
    row = {
        "id": new_id("reg"), "return_token": new_id("ret"), "sheet_key": new_id("sht"), "mode": "sandbox",
        "customer_id": customer.id, "customer_uid": new_id("bks"), "merchant_uid": new_id("ord"), "pg": "jtnet.x",
        "name": "첫 결제", "amount_krw": 15_000, "state": "charge_only", "key_fact": "no", "charge_fact": "yes",
        "imp_uid": "imp_1", "created_at": at, "expires_at": at,
    } | facts  # fmt: skip
    return world.add(Registration(**row))


def test_money_without_a_key_waits_until_it_is_settled(world):
    customer = world.a_customer()
    a_registration(world, customer)
    now = world.clock.now()
    assert queries.waiting(world.session, world.settings.mode, now) == 1
    world.a_key(customer)
    assert queries.waiting(world.session, world.settings.mode, now) == 0


def test_money_without_a_key_is_settled_by_a_refund(world):
    customer = world.a_customer()
    a_registration(world, customer)
    a_line(world, customer=customer, imp_uid="imp_1", state=LineState.REFUNDED)
    assert queries.waiting(world.session, world.settings.mode, world.clock.now()) == 0


def test_twelve_months_end_with_this_one(world, desk):
    paid(desk)
    months = books.months(world.session, world.settings.mode, world.clock.now().date())
    assert len(months) == 12
    assert (months[0].first_on.isoformat(), months[-1].first_on.isoformat()) == ("2025-12-01", "2026-11-01")
    assert [month.charged_krw for month in months[-2:]] == [0, 33_000]


def an_entry(world, n):
    imp_uid, at = f"imp_{n}", world.clock.now() - timedelta(minutes=n)
    return world.add(
        LedgerEntry(
            id=new_id("led"), kind="charge", ref=imp_uid, debit="receivable", credit="sales", amount_krw=n + 1,
            imp_uid=imp_uid, payment_id=new_id("pay"), mode="sandbox", happened_at=at, recorded_at=at,
            seoul_day=at.date(),
        )
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["", "&kind=charge"])
def test_the_books_page_through_a_span(world, owner, kind):
    for n in range(30):
        an_entry(world, n)
    page = inspect(owner.get(f"/entries?from=2026-11-01&to=2026-11-23{kind}").text)
    rest = inspect(owner.get(page.find("a", rel="next")["href"]).text)
    back = inspect(owner.get(rest.find("a", rel="prev")["href"]).text)
    assert (len(page.select("tbody tr")), len(rest.select("tbody tr"))) == (25, 5)
    assert [row.text for row in back.select("tbody tr")] == [row.text for row in page.select("tbody tr")]


def test_every_money_action_starts_from_the_customer(world, desk):
    where = paid(desk)
    page = inspect(desk.client.get(f"/customers/{desk.key.customer_id}").text)
    links = {a["href"] for a in page.find("main").find_all("a", href=True)}
    assert {
        f"/charges/new?customer_id={desk.key.customer_id}",
        f"/charges/new?billing_key_id={desk.key.id}",
        f"/customers/{desk.key.customer_id}/registrations/new",
        f"/billing-keys/{desk.key.id}/deletion",
        f"{where}/refunds/new",
    } <= links


def test_contact_is_masked_until_it_is_revealed(world, owner):
    customer = world.a_customer()
    page = owner.get(f"/customers/{customer.id}")
    assert "1234" not in inspect(page.text).find("main").text
    action = f"/customers/{customer.id}/reveal"
    shown = owner.get(owner.post(action, data=form_of(page, action)).location)
    assert "010-1234-5678" in shown.text


def test_an_archived_customer_offers_only_to_come_back(world, owner):
    from merchant_admin.customers.service import archive_customer

    customer = world.a_key().customer_id
    archive_customer(world.ctx(), customer)
    page = inspect(owner.get(f"/customers/{customer}").text)
    assert "보관된 고객입니다" in page.text
    assert not [a for a in page.find("main").find_all("a") if "/charges/new" in a.get("href", "")]


def test_a_card_that_was_never_used_says_so(world, owner):
    key = world.a_key()
    assert "아직 쓰지 않음" in words(owner.get(f"/billing-keys/{key.id}"))


def test_a_payment_says_whether_money_moved_and_what_is_left(world, desk):
    where = paid(desk)
    said = words(desk.client.get(where))
    assert "₩33,000이 결제되었습니다" in said
    assert "환불할 수 있는 금액 ₩33,000" in said


def test_a_cancel_made_elsewhere_stands_on_the_payment(world, desk):
    where = paid(desk)
    transaction = world.sandbox.payments()[-1]
    world.sandbox.console_cancel(transaction["imp_uid"], 10_000)
    from merchant_admin.payments.facts import record_transaction

    ctx = world.ctx()
    seen = world.gateway.payment(transaction["imp_uid"])
    with ctx.atomic() as session:
        record_transaction(ctx, session, seen, source="look")
    said = words(desk.client.get(where))
    assert "다른 곳에서 취소됨" in said
    assert "환불할 수 있는 금액 ₩23,000" in said
    assert "3~7영업일" in said


@pytest.mark.parametrize("state", list(LineState))
def test_every_state_of_a_payment_draws(world, owner, state):
    line = a_line(world, state=state, fail_reason="[D999]알 수 없는 말")
    assert owner.get(f"/payments/{line.id}").status_code == 200
    inspect(owner.get(f"/payments/{line.id}").text)


def test_reading_goes_on_without_portone(world, desk):
    where = paid(desk)
    world.gateway._client._http.adapters.clear()  # any call would raise
    for address in (where, f"/customers/{desk.key.customer_id}", f"/billing-keys/{desk.key.id}", "/", "/payments"):
        assert desk.client.get(address).status_code == 200


@pytest.mark.parametrize(
    "address", ["/payments/nobody", "/customers/nobody", "/billing-keys/nobody", "/charges/nobody"]
)
def test_an_unknown_id_is_not_found(owner, address):
    assert owner.get(address).status_code == 404


def test_search_leads_an_exact_id_to_its_record(world, desk):
    where = paid(desk)
    expected = {
        where.rsplit("/", 1)[1]: where,
        desk.key.id: f"/billing-keys/{desk.key.id}",
        desk.key.customer_uid: f"/billing-keys/{desk.key.id}",
        desk.key.customer_id: f"/customers/{desk.key.customer_id}",
    }
    assert {word: desk.client.get(f"/search?q={word}").location for word in expected} == expected


def test_search_finds_people_payments_and_cards(world, desk):
    paid(desk)
    page = inspect(desk.client.get("/search?q=김서연").text)
    assert {h2.text for h2 in page.find(id="hits").find_all("h2")} == {"고객", "결제 내역", "빌링키"}
    part = inspect_fragment(desk.client.get(f"/search?q={desk.key.id}", headers=PART).text)
    assert part.find("a")["href"] == f"/billing-keys/{desk.key.id}"


def test_a_card_number_typed_into_search_is_not_shown_again(owner):
    assert "4111" not in owner.get("/search?q=4111111111111111").text


def test_reservations_in_doubt_stand_among_what_needs_a_person(world, owner):
    world.sandbox.faults.plan("close_before", "/subscribe/payments/schedule", method="POST")
    lost = reserve(world, a_sheet(world, world.a_key(), name="답이 없는 예약"))
    moved = reserve(world, a_sheet(world, world.a_key(world.a_customer("박지우", None, None)), name="옮기는 예약"))
    reserve(world, a_sheet(world, world.a_key(world.a_customer("이준", None, None)), name="조용한 예약"))
    lost_id, later = lost.id, moved.schedule_at + timedelta(days=2)
    world.sandbox.faults.plan("close_after", "/subscribe/payments/schedule/*", method="PUT")
    world.sandbox.faults.plan("close_before", "/subscribe/payments/schedule/*", method="GET")
    move_schedule(world.ctx(), world.gateway, moved.id, later)
    page = inspect(owner.get("/needs-action").text)
    said = " ".join(page.find("main").get_text(" ").split())
    assert "답이 없는 예약" in said
    assert "옮기는 예약" in said
    assert "조용한 예약" not in said
    assert page.find("a", href=f"/schedules/{lost_id}")
    assert queries.waiting(world.session, world.settings.mode, world.clock.now()) == 1
    pass_time(world, seconds=400)
    work(world)
    pass_time(world, seconds=400)
    work(world)
    assert "예약" not in words(owner.get("/needs-action"))
