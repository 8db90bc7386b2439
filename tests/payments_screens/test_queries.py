"""What the history's lists read: order, pages, filters, searching, and that nothing scans."""

from datetime import date, timedelta

import pytest
from sqlalchemy.dialects import sqlite

from merchant_admin.core.paging import Place
from merchant_admin.payments import finding, queries
from merchant_admin.payments.filters import DateBasis, Found, LineFilters, LineKind, StateGroup
from merchant_admin.payments.states import LineState
from tests.payments_screens.lines import a_line

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def ids(page):
    return [row.id for row in page.rows]


def found_by(world, **filters):
    wanted = LineFilters(**filters)
    found = finding.understand(world.session, wanted.q) if wanted.q else None
    return ids(queries.line_page(world.session, wanted, None, found))


def test_the_newest_line_comes_first(world):
    old, new = a_line(world, ago=DAY), a_line(world)
    assert found_by(world) == [new.id, old.id]


def test_a_row_carries_the_customer_and_what_may_be_done(world):
    customer = world.a_customer()
    a_line(world, customer=customer, state=LineState.PARTLY_REFUNDED)
    row = queries.line_page(world.session, LineFilters(), None).rows[0]
    assert (row.customer_name, row.may_refund, row.may_repeat) == ("김서연", True, True)


def test_pages_go_forth_and_back_over_every_line_once(world):
    lines = [a_line(world, ago=n * MINUTE).id for n in range(60)]
    first = queries.line_page(world.session, LineFilters(), None)
    second = queries.line_page(world.session, LineFilters(), Place.read(first.next))
    third = queries.line_page(world.session, LineFilters(), Place.read(second.next))
    back = queries.line_page(world.session, LineFilters(), Place.read(third.previous))
    assert ids(first) + ids(second) + ids(third) == lines
    assert ids(back) == ids(second)
    assert (first.previous, third.next) == (None, None)


def test_two_states_of_a_tab_are_merged_in_order(world):
    whole = a_line(world, ago=MINUTE, state=LineState.REFUNDED)
    part = a_line(world, state=LineState.PARTLY_REFUNDED)
    older = a_line(world, ago=DAY, state=LineState.PARTLY_REFUNDED)
    a_line(world, state=LineState.PAID)
    assert found_by(world, state=StateGroup.REFUNDS) == [part.id, whole.id, older.id]


def test_days_are_seoul_days(world):
    before = a_line(world, ago=timedelta(hours=12, minutes=1))  # 23:59 of the day before in Seoul
    after = a_line(world, ago=timedelta(hours=11, minutes=59))
    today = date(2026, 11, 23)
    assert found_by(world, first_on=today, last_on=today) == [after.id]
    assert found_by(world, last_on=date(2026, 11, 22)) == [before.id]


def test_a_refund_is_found_on_the_day_it_was_made(world):
    line = a_line(world, ago=30 * DAY, state=LineState.REFUNDED, refunded_at=world.clock.now())
    today = date(2026, 11, 23)
    assert found_by(world, basis=DateBasis.REFUNDED, first_on=today) == [line.id]
    assert found_by(world, basis=DateBasis.PAID, first_on=today) == []


def test_a_state_that_has_no_such_day_finds_nothing(world):
    a_line(world, state=LineState.DECLINED)
    assert found_by(world, state=StateGroup.DECLINED, basis=DateBasis.PAID) == []


@pytest.mark.parametrize(
    "narrow",
    [
        {"least_krw": 50_000}, {"issuer_code": "381"}, {"last_four": "9999"}, {"kind": LineKind.AGAIN},
        {"issuer_code": "381", "last_four": "9999", "kind": LineKind.AGAIN, "least_krw": 50_000},
        {"state": StateGroup.REFUNDS, "issuer_code": "381"}, {"basis": DateBasis.PAID, "last_four": "9999"},
    ],
)  # fmt: skip
def test_each_filter_and_their_union_narrow(world, narrow):
    a_line(world)
    other = a_line(
        world, state=LineState.REFUNDED, issuer_code="381", last_four="9999", kind="again", amount_krw=50_000
    )
    assert found_by(world, **narrow) == [other.id]


def test_customer_and_refund_day_go_together(world):
    customer = world.a_customer()
    mine = a_line(world, customer=customer, state=LineState.REFUNDED)
    a_line(world, customer=customer)
    a_line(world, state=LineState.REFUNDED)
    assert found_by(world, customer_id=customer.id, basis=DateBasis.REFUNDED) == [mine.id]


@pytest.mark.parametrize("typed", ["김서연", "서연", "ㄱㅅㅇ", "010-1234", "5678", "김 서연"])
def test_a_name_or_phone_finds_the_customers_payments(world, typed):
    mine = a_line(world, customer=world.a_customer())
    a_line(world, customer=world.a_customer(name="박지우", phone="010-2222-3333", email=None))
    assert found_by(world, q=typed) == [mine.id]


def test_four_digits_find_the_card_that_was_charged(world):
    mine = a_line(world, last_four="7788")
    a_line(world, last_four="1111")
    assert found_by(world, q="7788") == [mine.id]


def test_what_no_customer_carries_is_looked_for_in_order_names(world):
    mine = a_line(world, name="원두 1kg 구독")
    a_line(world)
    assert found_by(world, q="원두") == [mine.id]


def test_a_word_that_too_many_customers_carry_still_finds_theirs(world, monkeypatch):
    monkeypatch.setattr(finding, "NAMED_CUSTOMERS", 1)
    mine = [
        a_line(world, customer=world.a_customer(name=name), ago=n * MINUTE) for n, name in enumerate(("김가", "김나"))
    ]
    a_line(world, customer=world.a_customer(name="박다", email=None))
    assert found_by(world, q="김") == [line.id for line in mine]


def test_an_exact_id_names_its_line(world):
    line = a_line(world)
    for word in (line.id, line.imp_uid, line.merchant_uid, f"  {line.id} "):
        assert finding.line_named(world.session, word) == line.id
    assert finding.line_named(world.session, "imp_nobody") is None


def test_an_order_number_used_twice_lists_both(world):
    both = [a_line(world, merchant_uid="ord_shared", ago=n * MINUTE).id for n in range(2)]
    assert finding.line_named(world.session, "ord_shared") is None
    assert found_by(world, q="ord_shared") == both


def test_a_walk_that_finds_nothing_stops_and_offers_to_go_on(world, monkeypatch):
    monkeypatch.setattr(queries, "SCAN_ROWS", 20)
    for n in range(50):
        a_line(world, ago=n * MINUTE)
    rare = a_line(world, ago=DAY, amount_krw=999)
    wanted = LineFilters(most_krw=999)
    pages, place = [], None
    while len(pages) < 9:
        pages.append(queries.line_page(world.session, wanted, place))
        if pages[-1].next is None:
            break
        place = Place.read(pages[-1].next)
    assert [ids(page) for page in pages] == [[], [], [rare.id]]
    assert pages[0].looked_back_to is not None
    assert pages[-1].looked_back_to is None


def test_tabs_count_up_to_a_cap(world, monkeypatch):
    for _ in range(3):
        a_line(world)
    a_line(world, state=LineState.DECLINED)
    assert queries.tab_counts(world.session)[None] == 4
    monkeypatch.setattr(queries, "TAB_CAP", 2)
    counts = queries.tab_counts(world.session)
    assert (counts[None], counts[StateGroup.PAID], counts[StateGroup.DECLINED]) == (3, 3, 1)


def test_matches_are_counted_only_where_an_index_can_tell(world):
    a_line(world)
    assert queries.match_count(world.session, LineFilters(state=StateGroup.PAID)) == 1
    assert queries.match_count(world.session, LineFilters(least_krw=1)) is None


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (LineFilters(), "newest"),
        (LineFilters(state=StateGroup.PAID), "state"),
        (LineFilters(state=StateGroup.REFUNDS), "state"),
        (LineFilters(customer_id="cus_1", state=StateGroup.PAID, basis=DateBasis.PAID), "customer"),
        (LineFilters(billing_key_id="key_1", least_krw=5), "billing_key"),
        (LineFilters(last_four="1234", issuer_code="366"), "last_four"),
        (LineFilters(issuer_code="366", state=StateGroup.PAID), "issuer"),
        (LineFilters(issuer_code="366", state=StateGroup.CHECKING), "state"),
        (LineFilters(staff_id="stf_1", issuer_code="366"), "staff"),
        (LineFilters(basis=DateBasis.PAID, state=StateGroup.REFUNDS), "paid"),
        (LineFilters(basis=DateBasis.REFUNDED, issuer_code="366", last_four="1234"), "refunded"),
        (LineFilters(least_krw=5, kind=LineKind.AGAIN, first_on=date(2026, 11, 1)), "newest"),
    ],
)
def test_every_combination_walks_its_index_in_order(world, wanted, index):
    place = Place(world.clock.now(), "pay_x")
    walk = queries._walk(wanted, Found())
    query = queries._statement(walk, place, place)
    sql = query.compile(dialect=sqlite.dialect(), compile_kwargs={"render_postcompile": True})
    bound = tuple(sql.construct_params()[name] for name in sql.positiontup)
    raw = world.session.connection().connection.driver_connection
    plan = " / ".join(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}", [str(word) for word in bound]))
    assert f"ix_payment_lines_{index} " in plan, plan
    assert "SCAN payment_lines " not in plan.replace("SCAN payment_lines USING INDEX", ""), plan
