"""The owner's numbers: each is counted anew here, row by row and in another way, and opens exactly its rows."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import select

from merchant_admin.core.permissions import Role
from merchant_admin.core.times import seoul_day
from merchant_admin.customers.models import Customer
from merchant_admin.outlook import number_rows, numbers
from merchant_admin.outlook.numbers import Number
from merchant_admin.subscriptions import service
from merchant_admin.subscriptions.calendar import monthly_krw
from merchant_admin.subscriptions.models import Period, PeriodCharge, Subscription
from merchant_admin.subscriptions.states import Unit
from tests.outlook.shop import a_crowd, a_crowd_of_another_mode
from tests.outlook.test_calendar import rows_of
from tests.subscriptions.acting import a_plan, fresh, pass_days, subscribed, turn
from tests.support.pages import inspect


@pytest.mark.parametrize(
    ("unit", "every", "share"),
    [
        (Unit.MONTH, 1, Fraction(1)), (Unit.MONTH, 3, Fraction(1, 3)), (Unit.YEAR, 1, Fraction(1, 12)),
        (Unit.YEAR, 2, Fraction(1, 24)), (Unit.WEEK, 1, Fraction(365, 84)), (Unit.WEEK, 2, Fraction(365, 168)),
        (Unit.DAY, 1, Fraction(365, 12)), (Unit.DAY, 10, Fraction(365, 120)),
    ],
)  # fmt: skip
def test_a_price_becomes_a_months_worth(unit, every, share):
    for amount in (1, 9_900, 100_000_000):
        assert monthly_krw(amount, unit, every) == int(amount * share)


def month_ends(today):
    """The day before the twelve months, then each month's last day or today."""
    first = date(today.year - 1, today.month, 1) + timedelta(days=32)
    days = [first.replace(day=1) - timedelta(days=1)]
    while len(days) < 13:
        later = (days[-1] + timedelta(days=40)).replace(day=1) - timedelta(days=1)
        days.append(min(later, today))
    return days


def counted(session, today):
    """(month, number) -> (count, won), by looking at every period for every month."""
    ends, found = month_ends(today), {}
    subscriptions = {one.id: one for one in session.scalars(select(Subscription).where(Subscription.mode == "sandbox"))}
    by_hand = {tie.period_id for tie in session.scalars(select(PeriodCharge)) if tie.by_hand}
    tied = {tie.period_id for tie in session.scalars(select(PeriodCharge))}

    def add(n, number, krw):
        count, total = found.get((n, number), (0, 0))
        found[n, number] = count + 1, total + krw

    paid = [
        one for one in session.scalars(select(Period)) if one.state == "paid" and one.subscription_id in subscriptions
    ]
    for period in paid:
        one = subscriptions[period.subscription_id]
        ended = one.ended_at and seoul_day(one.ended_at)
        covered = [
            n for n, end in enumerate(ends)
            if period.due_on <= end < period.ends_on and not (ended and ended <= end)
            and not any(  # a later one covers the day too
                later.due_on <= end < later.ends_on
                for later in paid
                if later.subscription_id == one.id and later.number > period.number
            )
        ]  # fmt: skip
        for n in covered:
            add(n, Number.MRR, period.monthly_krw)
            if ended and n < 12 and ended <= ends[n + 1] and one.end_reason in {"asked", "unpaid"}:
                add(n + 1, Number.CHURN, period.monthly_krw)
        paid_on = seoul_day(period.settled_at)
        n = next((n for n in range(1, 13) if ends[n - 1] < paid_on <= ends[n]), None)
        if period.failed_on and n:
            is_clock = period.id in tied and period.id not in by_hand
            add(n, Number.RECOVERED if is_clock else Number.BY_HAND, period.amount_krw)
    return found


def check(world):
    """Both ways of counting agree, and every figure opens its rows."""
    today, session = seoul_day(world.clock.now()), world.session
    session.rollback()
    expected, months = counted(session, today), numbers.numbers(session, world.settings.mode, today)
    assert [month.last_on for month in months] == month_ends(today)[1:]
    for n, month in enumerate(months, 1):
        assert (month.start.count, month.start.sum_krw) == expected.get((n - 1, Number.MRR), (0, 0))
        for number in Number:
            figure = month.of(number)
            assert (figure.count, figure.sum_krw) == expected.get((n, number), (0, 0)), (month.word, number)
            rows = rows_of(
                lambda place, m=month, which=number: number_rows.rows(session, world.settings.mode, m, which, place)
            )
            worth = [row.monthly_krw if number in {Number.MRR, Number.CHURN} else row.amount_krw for row in rows]
            assert (len(rows), sum(worth)) == (figure.count, figure.sum_krw)
    return expected


def test_every_number_is_what_counting_gives_and_opens_its_rows(each_world):
    a_crowd(each_world, 200)
    a_crowd_of_another_mode(each_world)
    kinds = {number for _n, number in check(each_world)}
    assert kinds >= {Number.MRR, Number.CHURN}


def test_what_was_recovered_is_told_by_how(world):
    plan = a_plan(world, amount_krw=12_000, gaps=(1, 3))
    by_retry, by_card, by_hand = (subscribed(world, plan, card=card) for card in ("balance", "stopped", "limit"))
    subscribed(world, plan), subscribed(world, a_plan(world, amount_krw=24_000, unit=Unit.YEAR))
    turn(world)
    for made in (by_card, by_retry, by_hand):
        held = fresh(world, made)
        other = world.a_key(world.session.get(Customer, held.customer_id))
        if made == by_card:
            service.change_card(world.ctx(), made, held.version, other.id)
        else:  # the same card, which the customer has put right
            world.session.rollback()
            with world.ctx().atomic() as session:
                session.get(Subscription, made).billing_key_id = other.id
    service.collect_now(world.ctx(), world.gateway, by_hand)
    pass_days(world, 2)
    check(world)
    month = numbers.numbers(world.session, world.settings.mode, seoul_day(world.clock.now()))[-1]
    assert {number: (month.of(number).count, month.of(number).sum_krw) for number in Number} == {
        Number.MRR: (5, 4 * 12_000 + 2_000), Number.CHURN: (0, 0), Number.RECOVERED: (2, 24_000), Number.BY_HAND: (1, 12_000),
    }  # fmt: skip
    assert all(period.monthly_krw > 0 for period in world.session.scalars(select(Period)))


def test_an_end_before_its_time_leaves_the_month_and_counts_as_churn(world):
    stays, leaves, done = subscribed(world), subscribed(world), subscribed(world, times=1)
    turn(world)
    pass_days(world, 10)
    service.cancel_now(world.ctx(), leaves, fresh(world, leaves).version, "고객 요청")
    check(world)
    november, december = numbers.numbers(world.session, world.settings.mode, seoul_day(world.clock.now()))[-2:]
    assert (november.of(Number.MRR).count, december.of(Number.MRR).count) == (3, 2)
    assert (december.start.count, december.of(Number.CHURN).count) == (3, 1)
    assert december.churn_percent == pytest.approx(33.3, abs=0.1)
    pass_days(world, 21)
    check(world)
    assert fresh(world, done).state.value == "ended"
    december = numbers.numbers(world.session, world.settings.mode, seoul_day(world.clock.now()))[-1]
    assert december.of(Number.CHURN).count == 1  # who reached the agreed number did not leave
    assert fresh(world, stays).state.value == "active"


def test_a_day_that_two_paid_periods_share_counts_the_later_one(world):
    moved = subscribed(world)
    turn(world)
    pass_days(world, 5)
    today = seoul_day(world.clock.now())
    held = fresh(world, moved)
    service.change_terms(world.ctx(), moved, held.version, service.Change(next_on=today + timedelta(days=1)))
    pass_days(world, 2)
    check(world)
    first, second = world.session.scalars(select(Period).order_by(Period.number))
    assert first.ends_on > second.due_on == first.worth_until
    assert second.state.value == "paid"
    month = numbers.numbers(world.session, world.settings.mode, today + timedelta(days=2))[-1]
    assert (month.of(Number.MRR).count, month.of(Number.MRR).sum_krw) == (1, second.monthly_krw)
    service.cancel_now(world.ctx(), moved, fresh(world, moved).version, "고객 요청")
    check(world)


def test_the_page_is_the_owners_and_defines_each_figure(world):
    a_crowd(world, 30)
    manager = world.signed_in(Role.MANAGER)
    assert manager.get("/subscription-numbers").status_code == 403
    assert "/subscription-numbers" not in manager.get("/subscription-calendar").text
    owner = world.signed_in()
    page = inspect(owner.get("/subscription-numbers").text)
    figures = page.select("dl.figures .figure")
    assert len(figures) == 4
    assert all(len(figure.select_one(".note").text) > 20 for figure in figures)
    for link in page.select("dl.figures a"):
        opened = inspect(owner.get(link["href"]).text)
        assert opened.find("h1")
    assert len(page.select("figure.chart")) == 2
    assert "365 ÷ 7 ÷ 12" in page.find(id="normalised").text
    for odd in ("2026-13", "1999-01", "x"):
        assert owner.get(f"/subscription-numbers/{odd}").status_code == 404
    assert owner.get("/subscription-numbers/2026-11?of=nonsense").status_code == 200
