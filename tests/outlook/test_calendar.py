"""The calendar: each cell is what one finds by counting, and opens exactly its rows."""

import random
from collections import Counter
from datetime import date, timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import event, select

from merchant_admin.core.db import db
from merchant_admin.core.paging import Place
from merchant_admin.core.permissions import Role
from merchant_admin.core.times import seoul_day
from merchant_admin.outlook import month
from merchant_admin.outlook.month import Bucket
from merchant_admin.outlook.projecting import Group, Rhythm, hitting
from merchant_admin.subscriptions.calendar import Cycle
from merchant_admin.subscriptions.models import Period, Subscription
from merchant_admin.subscriptions.states import SubscriptionState, Unit
from tests.outlook.shop import a_crowd, a_crowd_of_another_mode, dates_of, held_ones, month_of
from tests.subscriptions.acting import pass_days, subscribed, turn
from tests.support.pages import inspect

TODAY = date(2026, 11, 23)


def test_many_at_once_fall_on_the_dates_of_one_by_one():
    dice = random.Random(3)
    for _case in range(400):
        unit, every = dice.choice(list(Unit)), dice.choice([1, 1, 2, 5])
        anchor = TODAY - timedelta(days=dice.randrange(900))
        cycle = Cycle(
            unit, every, anchor, dice.choice([anchor.day, 31]) if unit in {Unit.MONTH, Unit.YEAR} else anchor.day
        )
        step = cycle.first_from(0, TODAY)
        last, expected = TODAY + timedelta(days=dice.choice([0, 30, 200])), []
        while (on := cycle.on(step + len(expected))) <= last:
            expected.append(on)
        left = dice.choice([None, 0, 1, 3])
        rhythm = Rhythm.of(unit, every, cycle.anchor_day)
        group = Group(rhythm, cycle.on(step), left, SubscriptionState.ACTIVE, 1, 1)
        assert group.dates(last, TODAY) == (expected if left is None else expected[:left])
        for before, on in enumerate(expected):
            assert cycle.on(step) in hitting([group], on, TODAY)[rhythm, before]


def test_dates_that_passed_unopened_are_one_charge_today():
    weekly = Rhythm(Unit.WEEK, 1, 0)
    late = Group(weekly, TODAY - timedelta(days=16), None, SubscriptionState.ACTIVE, 1, 1)
    assert late.dates(TODAY + timedelta(days=6), TODAY) == [TODAY, TODAY + timedelta(days=5)]


def rows_of(read):
    """All rows of a list, page by page, there and back again."""
    found, page = [], read(None)
    while True:
        found += page.rows
        if not page.next:
            break
        page = read(Place.read(page.next))
        back = read(Place.read(page.previous))
        assert [row.id for row in back.rows] == [row.id for row in found[-len(back.rows) :]]
    return found


def test_every_cell_is_what_counting_gives_and_opens_its_rows(each_world):
    world = each_world
    a_crowd(world, 160)
    a_crowd_of_another_mode(world)
    today, mode, session = seoul_day(world.clock.now()), world.settings.mode, world.session
    first, last = month_of(today)
    last = month_of(last + timedelta(days=1))[1]  # two months: one past, one to come
    counted = Counter()
    ours = Period.mode == mode, Period.due_on.between(first, last)
    for period in session.scalars(select(Period).where(*ours)):
        bucket = next(name for name, states in month.STATES.items() if period.state in states)
        counted.update({(period.due_on, bucket, "count"): 1, (period.due_on, bucket, "sum"): period.amount_krw})
    held = held_ones(session)
    for one in session.scalars(select(Subscription).where(Subscription.mode == mode)):
        bucket = Bucket.HELD if one.id in held else Bucket.COMING
        for on in dates_of(one, last, today):
            counted.update({(on, bucket, "count"): 1, (on, bucket, "sum"): one.amount_krw})
    statements = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    days = month.days_of(session, mode, first, last, today)
    assert len(statements) == 3
    shown = Counter()
    for day in days:
        for bucket, total in day.sums.items():
            shown.update({(day.on, bucket, "count"): total.count, (day.on, bucket, "sum"): total.sum_krw})
            if bucket in {Bucket.COMING, Bucket.HELD}:
                rows = rows_of(
                    lambda place, on=day.on, which=bucket: month.coming_page(session, mode, on, today, place, which)
                )
            else:
                rows = rows_of(
                    lambda place, on=day.on, which=bucket: month.period_page(session, mode, on, which, place)
                )
            assert (len({row.id for row in rows}), sum(row.amount_krw for row in rows)) == (total.count, total.sum_krw)
    assert shown == counted
    assert {bucket for _on, bucket, _what in counted} >= set(Bucket) - {Bucket.OPEN}


def test_a_day_with_more_rows_than_a_page_pages_through_all(world):
    made = a_crowd(world, 90)
    today = seoul_day(world.clock.now())
    with world.ctx().atomic() as session:
        for one in made:
            held = session.get(Subscription, one.id)
            if held.state is SubscriptionState.ACTIVE:
                held.next_on, held.anchor_on, held.anchor_day, held.unit = today, today, today.day, Unit.WEEK
                held.every, held.next_step = 1, 0
    total = month.days_of(world.session, world.settings.mode, today, today, today)[0].of(Bucket.COMING)
    rows = rows_of(lambda place: month.coming_page(world.session, world.settings.mode, today, today, place))
    assert total.count == len(rows) > 25


@pytest.fixture
def viewer(world):
    return world.signed_in(Role.VIEWER)


def test_the_month_is_a_table_whose_cells_open_their_days(world):
    paid, _refused = subscribed(world), subscribed(world, card="balance")
    turn(world)
    pass_days(world, 1)
    viewer = world.signed_in(Role.VIEWER)
    page = inspect(viewer.get("/subscription-calendar?month=2026-11").text)
    table = page.find("table", class_="month")
    assert [th["scope"] for th in table.select("thead th")] == ["col"] * 7
    assert table.find("td", attrs={"aria-current": "date"}).find("time")["datetime"] == "2026-11-24"
    cell = table.find("time", attrs={"datetime": "2026-11-23"}).find_parent("td")
    entries = {link.select_one(".what").text: link for link in cell.select("a.entry")}
    assert set(entries) == {"완료 1", "실패 1"}
    for words, link in entries.items():
        day = inspect(viewer.get(link["href"]).text)
        assert f"{words}건".replace(" ", "") in day.find("main").find("strong").text.replace(" ", "")
        assert len(day.select("table.data tbody tr")) == 1
    assert f"/subscriptions/{paid}" in viewer.get(entries["완료 1"]["href"]).text
    assert "잔액 부족" in viewer.get(entries["실패 1"]["href"]).text
    december = viewer.get("/subscription-calendar?month=2026-12")
    assert "예정 2" in december.text  # the refused one comes too, once it is paid
    assert "₩9,900" in viewer.get("/subscription-calendar/2026-12-23?bucket=coming").text


def test_an_odd_month_shows_this_one_and_an_odd_day_is_not_found(viewer):
    for odd in ("2026-13", "x", "1800-01", "9999-12", ""):
        page = BeautifulSoup(viewer.get(f"/subscription-calendar?month={odd}").text, "html.parser")
        assert page.find("td", attrs={"aria-current": "date"}), odd
    for day in ("2026-02-30", "20261123", "2026-1-1", "x"):
        assert viewer.get(f"/subscription-calendar/{day}").status_code == 404
    assert viewer.get("/subscription-calendar/2026-11-23?bucket=x&place=y").status_code == 200
