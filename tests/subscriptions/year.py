"""A year of many subscriptions: refusals, lost answers, dying workers, days off, other cards, pauses, skipped dates.

Due dates are found again another way, by the calendar's own rows and never by subscriptions/calendar.py, from a diary
of what staff did. At full size: `python -m tests.subscriptions.year --subscriptions 1000` (docs/reliability.md).
"""

import argparse
import random
import tempfile
import time
from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import select

from merchant_admin.core.db import db
from merchant_admin.payments.models import Attempt, Payment
from merchant_admin.payments.states import OPEN, AttemptState
from merchant_admin.subscriptions import service
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.subscriptions.models import Period, PeriodCharge, Subscription
from merchant_admin.subscriptions.states import (
    OPEN_PERIOD,
    AfterLast,
    CatchUp,
    EndReason,
    PeriodState,
    SubscriptionState,
    Unit,
)
from merchant_admin.worker.renewals import keep_promises
from merchant_admin.worker.service import run_once
from tests.subscriptions.acting import a_plan, an_order, today
from tests.support.books import assert_books_agree, assert_books_balance, true_balances
from tests.support.world import World, migrated_sqlite

DAYS = 365
AGAIN = "/subscribe/payments/again"
FAULTS = ("close_after", "close_before", "html_after", "html_before", "half_json", "status_after", "status_before")
CARDS = ("approve",) * 14 + ("balance", "limit", "stopped", "works_twice", "first_declined", "expires_next_month")


class Death(BaseException):
    """Nothing of the process runs after it, as after SIGKILL: the database holds what was committed."""


class Mortal:
    """The real gateway, in a process that dies just before or just after a charge, when it is told to."""

    def __init__(self, real):
        self._real, self.calls_left, self.point = real, None, "before"

    def __getattr__(self, name):
        return getattr(self._real, name)

    def charge_again(self, order):
        if self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left <= 0:
                self.calls_left = None
                if self.point == "after":
                    self._real.charge_again(order)
                raise Death
        return self._real.charge_again(order)


@dataclass
class Diary:
    """What is known of one subscription without asking its calendar: how it began, and between which days it stood still."""

    unit: Unit
    every: int
    first_on: date
    times: int | None
    catch_up: CatchUp
    stood_still: list[tuple[date, date | None]] = field(
        default_factory=list
    )  # last date that had its period; resumed on
    resumes_on: date | None = None  # the agreed end of the pause it stands in

    def come_to(self, day):
        """It is this day: a pause that was agreed to last until now or before is over, as of its own day."""
        if self.resumes_on is not None and self.resumes_on <= day:
            self.stood_still[-1] = (self.stood_still[-1][0], self.resumes_on)
            self.resumes_on = None
            return True
        return False

    def dates(self, until):
        """Every date that should have a period by `until`, oldest first."""
        found = _series(self.unit, self.every, self.first_on, until)
        for after, resumed_on in self.stood_still:
            found = [day for day in found if day <= after or (resumed_on is not None and day >= resumed_on)]
        return found


def _series(unit, every, first_on, until):
    if unit in {Unit.DAY, Unit.WEEK}:
        days = every * (7 if unit is Unit.WEEK else 1)
        return [first_on + timedelta(days=days * turn) for turn in range((until - first_on).days // days + 1)]
    found, last_of = [], _last_days(first_on, until)
    for number, last in enumerate(last_of):
        day = last.replace(day=min(first_on.day, last.day))
        if number % (every * (12 if unit is Unit.YEAR else 1)) == 0 and day <= until:
            found.append(day)
    return found


def _last_days(first, until):
    """The last day of each month, found by walking day by day."""
    found, day = [], first.replace(day=1)
    while day <= until:
        tomorrow = day + timedelta(days=1)
        if tomorrow.month != day.month:
            found.append(day)
        day = tomorrow
    while day.day != 1:
        tomorrow = day + timedelta(days=1)
        if tomorrow.month != day.month:
            found.append(day)
        day = tomorrow
    return found


class Year:
    """`count` subscriptions in `world`, and all that befalls them."""

    def __init__(self, world, count, seed):
        self.world, self.dice, self.count = world, random.Random(seed), count
        self.gateway = Mortal(world.gateway)
        self.happened = Counter()
        world.gateway.breaker.clock = lambda: world.clock.now().timestamp()
        self.plans = [
            a_plan(world, gaps=(1, 3, 5)),
            a_plan(world, gaps=(2, 4), after_last=AfterLast.PAUSE),
            a_plan(world, gaps=(1,), catch_up=CatchUp.SKIP),
            a_plan(world, unit=Unit.WEEK, every=2, gaps=(1, 2)),
            a_plan(world, every=2, trial_days=10),
            a_plan(world, unit=Unit.DAY, every=20, gaps=()),
        ]
        self.diaries = dict(self._begin(number) for number in range(count))

    def _begin(self, number):
        plan, dice = self.plans[number % len(self.plans)], self.dice
        starts_on = today(self.world) + timedelta(days=dice.randrange(40))
        times = dice.randint(2, 9) if dice.random() < 0.15 else None
        order = an_order(self.world, plan, dice.choice(CARDS), starts_on=starts_on, times=times)
        made = service.subscribe(self.world.ctx(), order)
        first_on = starts_on + timedelta(days=plan.trial_days)
        return made.id, Diary(plan.unit, plan.every, first_on, times, plan.catch_up)

    def live(self, days=DAYS):
        """Day by day: noon, the worker's turns, and now and then trouble or a member of staff."""
        off, noon = 0, self.world.clock.now()
        for day in range(1, days + 1):
            self.world.clock.set(noon + timedelta(days=day))  # whatever waiting for looks took the day before
            off = off - 1 if off > 0 else (3 if self.dice.random() < 0.02 else 0)
            if off:
                self.happened["days off"] += 1
                continue
            self._trouble()
            self._turns()
            self._note_still()
            for _act in range(max(1, self.count // 100)):
                if self.dice.random() < 0.25:
                    self._staff()
        self.world.clock.advance(hours=1)
        self._turns()
        self._note_still()

    def _trouble(self):
        if self.dice.random() < 0.25:
            kind = self.dice.choice(FAULTS)
            self.world.sandbox.faults.plan(kind, AGAIN, nth=self.dice.randint(1, 3), times=self.dice.randint(1, 2))
            self.happened["faults"] += 1
        if self.dice.random() < 0.1:
            self.gateway.calls_left, self.gateway.point = self.dice.randint(1, 3), self.dice.choice(["before", "after"])

    def _turns(self):
        is_whole = self._turn()
        self.world.sandbox.faults.clear()
        self.gateway.calls_left = None
        if is_whole and not self._in_doubt():
            return
        for seconds in (250, 190, 70, 70, 200, 70):
            while self._in_doubt():
                seen = self._looks()
                self._turn()
                if self._looks() == seen:
                    break
            self.world.clock.advance(seconds=seconds if self._in_doubt() else 0)
        self._turn()

    def _turn(self):
        """Whether the worker lived through it."""
        try:
            run_once(self.world.ctx(), self.gateway)
            while keep_promises(self.world.ctx(), self.gateway, Hours()):
                pass
        except Death:
            self.happened["deaths"] += 1
            db.session.remove()
            return False
        return True

    def _in_doubt(self):
        self.world.session.rollback()
        return (
            self.world.session.scalars(select(Attempt.id).where(Attempt.state.in_(OPEN)).limit(1)).first() is not None
        )

    def _looks(self):
        self.world.session.rollback()
        found = select(Attempt.state, Attempt.looks, Attempt.sends).where(Attempt.state.in_(OPEN)).order_by(Attempt.id)
        return self.world.session.execute(found).all()

    def _note_still(self):
        """Keep since when each paused subscription stands still: after the last date that has its period."""
        self.happened["resumed by day"] += sum(diary.come_to(today(self.world)) for diary in self.diaries.values())
        self.world.session.rollback()
        paused = select(Subscription.id).where(Subscription.state == SubscriptionState.PAUSED)
        for subscription_id in self.world.session.scalars(paused).all():
            self._stand_still(subscription_id)

    def _stand_still(self, subscription_id):
        diary = self.diaries[subscription_id]
        if diary.stood_still and diary.stood_still[-1][1] is None:
            return
        rows = select(Period.due_on).where(Period.subscription_id == subscription_id).order_by(Period.due_on.desc())
        last = self.world.session.scalars(rows.limit(1)).first()
        diary.stood_still.append((last or date.min, None))

    def _staff(self):
        """Somebody changes one subscription, in one of the ways that need no second look."""
        chosen = self.dice.choice(list(self.diaries))
        held = self.world.session.get(Subscription, chosen, populate_existing=True)
        state, version, customer_id = held.state, held.version, held.customer_id
        owed = self.world.session.scalars(
            select(Period.state).where(Period.subscription_id == chosen, Period.state.in_(OPEN_PERIOD))
        ).first()
        self.world.session.rollback()
        ctx, act = self.world.ctx(), self.dice.random()
        if state is SubscriptionState.PAUSED and held.times_left != 0 and act < 0.5:
            until = self._some_day() if act < 0.35 else None
            service.change_pause(ctx, chosen, version, until=until)
            self.diaries[chosen].resumes_on = until
            self.happened["pause moved"] += 1
        elif state is SubscriptionState.PAUSED and held.times_left != 0:
            service.resume(ctx, chosen, version)
            diary = self.diaries[chosen]
            diary.stood_still[-1] = (diary.stood_still[-1][0], today(self.world))
            diary.resumes_on = None
            self.happened["resumed"] += 1
        elif state is SubscriptionState.PAST_DUE or (state is SubscriptionState.ACTIVE and act < 0.3):
            customer = type("Customer", (), {"id": customer_id})
            key = self.world.a_key(customer, card=self.dice.choice(["approve", "approve", "balance"]))
            service.change_card(self.world.ctx(), chosen, version, key.id)
            self.happened["other card"] += 1
        elif state is SubscriptionState.ACTIVE and owed is None and act < 0.7:
            until = self._some_day() if act < 0.55 else None
            service.pause(ctx, chosen, version, until=until)
            self._stand_still(chosen)
            self.diaries[chosen].resumes_on = until
            self.happened["paused until a day" if until else "paused"] += 1
        elif state is SubscriptionState.ACTIVE and owed is None and held.next_on is not None:
            service.skip_next(ctx, chosen, version)
            self.happened["skipped"] += 1

    def _some_day(self):
        return today(self.world) + timedelta(days=self.dice.randint(1, 50))

    def check(self):
        """Nothing forgotten, nothing charged twice, every date right, and the books are the sandbox's truth."""
        self.world.session.rollback()
        rows = defaultdict(list)
        for period in self.world.session.scalars(select(Period).order_by(Period.number)):
            rows[period.subscription_id].append(period)
        for held in self.world.session.scalars(select(Subscription)).all():
            self._check_dates(held, rows[held.id], self.diaries[held.id])
        self._check_once()
        assert_books_balance(self.world.session)
        assert_books_agree(self.world.app, self.world.sandbox)

    def _check_dates(self, held, rows, diary):
        now = today(self.world)
        far = max((row.due_on for row in rows), default=now)  # a skipped date may lie ahead
        due = diary.dates(max(now, far))
        had = [row.due_on for row in rows]
        about = f"{held.id} {held.state} next {held.next_on} left {held.times_left}\n{diary}\n" + "\n".join(
            f"{row.number} {row.due_on} {row.state}" for row in rows
        )
        assert had == due[: len(had)], about
        owed = [row.state for row in rows if row.state in OPEN_PERIOD]
        assert set(owed) <= {PeriodState.RETRYING, PeriodState.NEEDS_CARD}, about
        assert len(owed) <= 1
        assert (held.resumes_on is None) == (diary.resumes_on is None or held.state is SubscriptionState.ENDED), about
        if held.resumes_on is not None:
            assert (held.state, held.resumes_on) == (SubscriptionState.PAUSED, diary.resumes_on), about
            beyond = replace(diary, stood_still=[*diary.stood_still[:-1], (diary.stood_still[-1][0], held.resumes_on)])
            assert held.next_on == beyond.dates(max(now, far) + timedelta(days=800))[len(had)], about
        if held.state in {SubscriptionState.ACTIVE, SubscriptionState.TRIAL}:
            assert not owed
            assert len(had) >= bisect_right(due, now), about
            beyond = diary.dates(max(now, far) + timedelta(days=800))
            assert held.next_on == beyond[len(had)], about
        if diary.times is not None:
            owing = [row for row in rows if row.state is not PeriodState.SKIPPED]
            assert len(owing) <= diary.times, about
            is_complete = held.end_reason is EndReason.COMPLETED
            assert not is_complete or len(owing) == diary.times, about
        for row in rows:
            assert row.state is not PeriodState.PAID or row.settled_at is not None

    def _check_once(self):
        session = self.world.session
        bound = select(PeriodCharge.period_id, Attempt.imp_uid).join(
            Attempt, Attempt.charge_id == PeriodCharge.charge_id
        )
        paid = session.execute(bound.where(Attempt.state == AttemptState.PAID)).all()
        assert set(Counter(period_id for period_id, _imp_uid in paid).values()) <= {1}
        assert set(session.scalars(select(Period.id).where(Period.state == PeriodState.PAID))) == {
            row[0] for row in paid
        }
        # By the sandbox's own rows: what it was paid, each for another period of its price.
        truth = {imp_uid: won for imp_uid, (won, back) in true_balances(self.world.sandbox).items() if not back}
        prices = dict(session.execute(select(Period.id, Period.amount_krw)).all())
        assert truth == {imp_uid: prices[period_id] for period_id, imp_uid in paid}
        assert (
            session.scalars(select(Payment.id).where(Payment.attempt_id.is_(None), Payment.amount_krw > 0)).first()
            is None
        )
        self.happened["periods paid"] = len(paid)


def main():
    words = argparse.ArgumentParser(prog="python -m tests.subscriptions.year", description=__doc__)
    words.add_argument("--subscriptions", type=int, default=1_000)
    words.add_argument("--days", type=int, default=DAYS)
    words.add_argument("--seed", type=int, default=1)
    asked = words.parse_args()
    from tests.conftest import NOON

    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        with World(Path(folder), template=migrated_sqlite(empty), at=NOON) as world:
            year = Year(world, asked.subscriptions, asked.seed)
            year.live(asked.days)
            year.check()
        told = ", ".join(f"{count:,} {what}" for what, count in sorted(year.happened.items()))
        print(f"{asked.subscriptions:,} subscriptions, {asked.days} days: {told}; all right", flush=True)
        print(f"{time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
