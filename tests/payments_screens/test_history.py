"""The history's page: its address is its whole state, and what it shows can be acted on."""

from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from merchant_admin.core.permissions import Role
from merchant_admin.payments.address import HistoryAddress, Period, days_of
from merchant_admin.payments.states import LineState
from tests.payments_screens.desk import soup
from tests.payments_screens.lines import a_line
from tests.support.pages import inspect, inspect_fragment

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}
TODAY = date(2026, 11, 23)
FULL = {
    "state": "paid", "basis": "paid", "period": "custom", "from": "2026-11-01", "to": "2026-11-30", "least": "1000",
    "most": "90000", "issuer": "366", "last_four": "4321", "kind": "one_off", "mode": "sandbox",
}  # fmt: skip


@pytest.fixture
def viewer(world):
    return world.signed_in(Role.VIEWER)


def test_an_empty_history_says_what_to_do(viewer):
    assert "아직 결제가 없습니다" in inspect(viewer.get("/payments").text).text


def test_the_page_lists_rows_with_tabs_and_counts(world, viewer):
    a_line(world, customer=world.a_customer())
    a_line(world, state=LineState.DECLINED, fail_reason="[D102]거래거절 한도초과")
    page = inspect(viewer.get("/payments").text)
    assert [tab.get_text(" ", strip=True) for tab in page.find("nav", class_="tabs").find_all("a")][:3] == [
        "전체 2", "결제 완료 1", "실패 1",
    ]  # fmt: skip
    assert len(page.select("tbody tr")) == 2


def test_every_filter_lives_in_the_address_and_comes_back(world, viewer):
    a_line(world)
    page = inspect(viewer.get("/payments", query_string=FULL).text)
    assert len(page.select("tbody tr")) == 1
    chips = page.select("a.chip")
    assert len(chips) == 7
    for chip in chips:
        left = parse_qs(urlsplit(chip["href"]).query)
        assert set(left) < set(FULL)


def test_a_partial_answer_tidies_the_address(world, viewer):
    a_line(world)
    answer = viewer.get("/payments?q=&period=&state=paid&least=&issuer=366", headers=PART)
    inspect_fragment(answer.text)
    assert answer.headers["HX-Push-Url"] == "/payments?state=paid&issuer=366"


@pytest.mark.parametrize(
    "wrong", ["least=-5", "from=yesterday&period=custom", "last_four=12", "state=nonsense", "period=never"]
)
def test_a_condition_that_cant_be_read_is_named_and_not_used(world, viewer, wrong):
    a_line(world)
    page = inspect(viewer.get(f"/payments?{wrong}").text)
    assert "이 조건은 쓰지 않았습니다" in page.text
    assert len(page.select("tbody tr")) == 1


def test_an_exact_id_opens_its_payment_whatever_the_filters(world, viewer):
    line = a_line(world)
    for word in (line.id, line.merchant_uid, line.imp_uid):
        answer = viewer.get(f"/payments?state=declined&q={word}")
        assert (answer.status_code, answer.location) == (303, f"/payments/{line.id}")
    assert viewer.get(f"/payments?q={line.id}", headers=PART).headers["HX-Redirect"] == f"/payments/{line.id}"


def test_the_next_page_keeps_the_filters(world, viewer):
    for n in range(30):
        a_line(world, ago=timedelta(minutes=n))
    first = soup(viewer.get("/payments?state=paid"))
    link = first.find("a", rel="next")["href"]
    assert "state=paid" in link
    assert len(soup(viewer.get(link)).select("tbody tr")) == 5


def test_buttons_follow_what_a_person_may_do(world, viewer):
    line = a_line(world, customer=world.a_customer())
    assert "from_payment_id" not in viewer.get("/payments").text
    page = world.signed_in(Role.MANAGER).get("/payments").text
    assert f"from_payment_id={line.id}" in page
    assert f"/payments/{line.id}/refunds/new" in page


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        (Period.TODAY, TODAY, TODAY),
        (Period.YESTERDAY, date(2026, 11, 22), date(2026, 11, 22)),
        (Period.WEEK, date(2026, 11, 17), TODAY),
        (Period.MONTH, date(2026, 11, 1), TODAY),
        (Period.LAST_MONTH, date(2026, 10, 1), date(2026, 10, 31)),
    ],
)
def test_named_periods_are_seoul_days(period, first, last):
    assert days_of(period, TODAY) == (first, last)


def test_an_address_reads_back_as_it_was_written(world):
    with world.app.test_request_context():
        once = HistoryAddress.read(FULL, TODAY)
        again = HistoryAddress.read(once.params, TODAY)
    assert once.params == FULL
    assert again.filters == once.filters


def test_a_list_costs_few_statements(world, viewer):
    from sqlalchemy import event

    from merchant_admin.core.db import db

    customer = world.a_customer()
    for n in range(25):
        a_line(world, customer=customer, ago=timedelta(minutes=n))
    seen = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    viewer.get("/payments")
    assert len([one for one in seen if one.startswith("SELECT")]) <= 14
