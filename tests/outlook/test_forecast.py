"""What is to come: the sums are those of counting one by one, and each part opens exactly its subscriptions."""

from datetime import timedelta

from sqlalchemy import select

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.core.permissions import Role
from merchant_admin.core.times import seoul_day
from merchant_admin.outlook import forecast
from merchant_admin.outlook.forecast import AT_RISK, Part
from merchant_admin.subscriptions.models import Period, Subscription
from merchant_admin.subscriptions.states import PeriodState, SubscriptionState
from tests.outlook.shop import a_crowd, a_crowd_of_another_mode, dates_of, held_ones
from tests.outlook.test_calendar import rows_of
from tests.support.pages import inspect


def part_of(one, held, gone, refused):
    """The part at risk a subscription belongs to, told from its rows."""
    if one.id in held:
        return Part.HELD
    if one.state is SubscriptionState.PAST_DUE:
        return Part.PAST_DUE
    if one.billing_key_id in gone:
        return Part.CARD_GONE
    return Part.CARD_REFUSED if one.billing_key_id in refused else None


def test_each_part_is_what_counting_gives_and_opens_its_rows(each_world):
    world = each_world
    a_crowd(world, 160)
    a_crowd_of_another_mode(world)
    today, mode, session = seoul_day(world.clock.now()), world.settings.mode, world.session
    waits = set(session.scalars(select(Period.subscription_id).where(Period.state == PeriodState.NEEDS_CARD)))
    ours = select(Subscription).where(Subscription.mode == mode)
    refused, held = {one.billing_key_id for one in session.scalars(ours) if one.id in waits}, held_ones(session)
    lost = min(refused)  # gone and refused: it counts as gone
    with world.ctx().atomic() as writing:
        writing.get(BillingKey, lost).state = KeyState.MISSING
    everyone = list(session.scalars(ours))
    for days in forecast.HORIZONS:
        last = today + timedelta(days=days - 1)
        found = forecast.forecast(session, mode, days, today)
        expected = {part: [0, 0] for part in Part}
        for one in everyone:
            times = len(dates_of(one, last, today))
            for part in {Part.ALL, part_of(one, held, {lost}, refused)} - {None}:
                expected[part][0] += times
                expected[part][1] += times * one.amount_krw
        for part in Part:
            assert [found.parts[part].count, found.parts[part].sum_krw] == expected[part], part
            rows = rows_of(lambda place, which=part, n=days: forecast.rows(session, mode, n, which, today, place))
            assert sum(row.amount_krw * len(row.dates(last, today)) for row in rows) == expected[part][1]
            assert expected[part][1] > 0, part
        assert found.at_risk.sum_krw == sum(expected[part][1] for part in AT_RISK) <= expected[Part.ALL][1]
        assert sum(amount for _first, amount in found.weeks) == expected[Part.ALL][1]
    owed = [
        one
        for one in session.scalars(select(Period).where(Period.mode == mode))
        if one.state.value in {"retrying", "needs_card"}
    ]
    rows = rows_of(lambda place: forecast.owed_rows(session, mode, place))
    assert {row.id for row in rows} == {one.id for one in owed}
    assert forecast.forecast(session, mode, 30, today).owed.sum_krw == sum(one.amount_krw for one in owed)


def test_the_page_defines_each_figure_and_opens_it(world):
    a_crowd(world, 40)
    viewer = world.signed_in(Role.VIEWER)
    for query in ("", "?days=7&part=x", "?days=30&part=owed", "?days=90&part=card-gone"):
        page = inspect(viewer.get(f"/subscription-forecast{query}").text)
        figures = page.select("dl.figures .figure")
        assert len(figures) == 7
        assert all(figure.select_one(".note").text.strip() for figure in figures)
    for link in page.select("dl.figures a"):
        assert viewer.get(link["href"]).status_code == 200
    assert "유효기간" in page.find("main").text
    assert page.select("figure.chart table tbody tr")
