"""Days of a shop in random order: clicks, news, workers, consoles, clocks, trouble and crashes. Money stays right.

Run more of them by hand with e.g. RANDOM_DAYS_STEPS=200000 RANDOM_DAYS_SEED=7 (docs/reliability.md).
"""

import json
import os
import shutil

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import event, func, select

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.service import delete_card
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.core import owners
from merchant_admin.core.db import db
from merchant_admin.core.errors import ConsoleError
from merchant_admin.core.ids import new_id
from merchant_admin.ledger.models import EntryKind, LedgerEntry
from merchant_admin.ledger.queries import differences
from merchant_admin.payments.models import Attempt, Payment
from merchant_admin.payments.service import ChargeSheet, charge_billing_key, send_again
from merchant_admin.payments.states import AttemptState
from merchant_admin.refunds.models import Refund
from merchant_admin.refunds.service import RefundSheet, refund_payment
from merchant_admin.refunds.settling import reference
from merchant_admin.refunds.states import OPEN, RefundReason, RefundState
from merchant_admin.registrations.models import Registration
from merchant_admin.registrations.service import (
    RegistrationOrder,
    look_at_registration,
    note_return,
    open_registration,
)
from merchant_admin.registrations.states import LIVE
from merchant_admin.webhooks.service import receive
from merchant_admin.worker.service import run_once
from tests.conftest import NOON
from tests.matrix.crashing import Crash, CrashingAdapter
from tests.matrix.people import close_by_two, two_people
from tests.support.books import assert_books_agree, assert_books_balance

STEPS = int(os.environ.get("RANDOM_DAYS_STEPS", "5000"))  # of each of the two tests
SEED = int(os.environ.get("RANDOM_DAYS_SEED", "1"))
CARDS = [
    "approve",
    "approve",
    "balance",
    "works_twice",
    "first_declined",
    "answer_lost",
    "late_approval",
    "issuer_down",
]
TROUBLE = [
    "close_before", "close_after", "status_before", "status_after", "html_before", "html_after", "half_json",
    "delay_before", "delay_after",
]  # fmt: skip
PLACES = ["/subscribe/payments/again", "/payments/cancel", "/payments/findAll/*", "/payments/imp*",
          "/subscribe/customers/*", "/payments/prepare*", "/users/getToken", "*"]  # fmt: skip
WAITS = [1, 6, 30, 61, 185, 245, 1_900, 3_700]
CHOICE, AMOUNTS = st.integers(0, 99), st.sampled_from([1_000, 3_000, 10_000, 33_000])


class Days(RuleBasedStateMachine):
    """One shop from its opening; each run begins with empty books on both sides."""

    world = template = None  # set by the test
    steps = 0

    def __init__(self):
        super().__init__()
        self.begin()
        self.customer_id, self.people = self.world.a_customer().id, two_people(self.world)
        self.sheets, self.opened, self.refund_sheets = [], [], []
        self.is_moved = True

    def begin(self):
        world = self.world
        db.session.remove()
        db.engine.dispose()
        for ending in ("-wal", "-shm"):
            (world.folder / f"merchant.db{ending}").unlink(missing_ok=True)
        shutil.copy(self.template, world.folder / "merchant.db")
        world.sandbox.reset()
        world.clock.set(NOON)
        world.line.plan = None
        self.restart()

    def restart(self):
        """A new process: nothing is remembered, and leases of the old one are known to be dead."""
        owners._words.clear()
        breaker = self.world.gateway.breaker
        breaker.succeeded()
        breaker.clock = lambda: self.world.clock.now().timestamp()
        self.world.gateway._client._token = None

    def does(self, act):
        """A unit of work: refused, carried out, or cut off by a crash of its process."""
        self.is_moved = True
        try:
            return act()
        except ConsoleError:
            return None
        except Crash:
            self.restart()
            return None
        finally:
            db.session.remove()

    def pick(self, model, choice, *where):
        rows = self.world.session.scalars(select(model.id).where(*where).order_by(model.id)).all()
        db.session.remove()
        return rows[choice % len(rows)] if rows else None

    @rule(card=st.sampled_from(CARDS), amount=st.sampled_from([0, 0, 1_000, 15_000]), back=st.integers(0, 3))
    def a_card_is_registered(self, card, amount, back):
        order = RegistrationOrder(new_id("sht"), self.customer_id, amount, 0, "카드 등록")
        made = self.does(lambda: _names(open_registration(self.world.ctx(), self.world.gateway, order)))
        if made is None:
            return
        self.opened.append(made)
        if back == 3:
            return  # the window was closed at once
        imp_uid = self.buys(made, card, amount)
        if back:
            told = {1: imp_uid, 2: "imp_123456789012"}[back]  # the browser tells the truth, or a lie
            self.does(lambda: note_return(self.world.ctx(), made[0], told, ""))

    def buys(self, made, card, amount):
        try:
            return self.world.sandbox.window_key(customer_uid=made[1], merchant_uid=made[2], card=card, amount=amount)
        except Exception:  # noqa: BLE001 - the window says no in several ways; PortOne's truth is what counts
            return None

    @precondition(lambda self: self.opened)
    @rule(choice=CHOICE)
    def a_page_looks_at_its_registration(self, choice):
        made = self.opened[choice % len(self.opened)]
        self.does(lambda: look_at_registration(self.world.ctx(), self.world.gateway, made[0]))

    @rule(choice=CHOICE, amount=AMOUNTS, means_it=st.booleans())
    def a_clerk_charges(self, choice, amount, means_it):
        key_id = self.pick(BillingKey, choice)
        if key_id is None:
            return
        sheet = ChargeSheet(new_id("sht"), self.customer_id, key_id, amount, name="이용료", confirms_repeat=means_it)
        self.sheets.append(sheet)
        self.does(lambda: charge_billing_key(self.world.ctx(), self.world.gateway, sheet))

    @precondition(lambda self: self.sheets)
    @rule(choice=CHOICE)
    def a_sheet_is_pressed_once_more(self, choice):
        sheet = self.sheets[choice % len(self.sheets)]
        self.does(lambda: charge_billing_key(self.world.ctx(), self.world.gateway, sheet))

    @rule(choice=CHOICE, again=st.booleans())
    def a_person_decides_about_a_lost_charge(self, choice, again):
        charge_id = self.pick_charge(choice)
        if charge_id is None:
            return
        if again:
            self.does(lambda: send_again(self.world.ctx(), self.world.gateway, charge_id))
        else:
            self.does(lambda: close_by_two(self.world, self.people, charge_id))

    def pick_charge(self, choice):
        open_ones = select(Attempt.charge_id).where(Attempt.state.in_([AttemptState.UNCERTAIN, AttemptState.READY]))
        rows = self.world.session.scalars(open_ones.order_by(Attempt.id)).all()
        db.session.remove()
        return rows[choice % len(rows)] if rows else None

    @rule(choice=CHOICE, part=st.integers(1, 3))
    def a_clerk_refunds(self, choice, part):
        payment_id = self.pick(Payment, choice, Payment.amount_krw > 0)
        if payment_id is None:
            return
        left = self.world.session.get(Payment, payment_id).remaining_krw
        amount = max(1, left // part)
        sheet = RefundSheet(new_id("sht"), payment_id, amount, 0, left, RefundReason.CUSTOMER_REQUEST, "")
        self.refund_sheets.append(sheet)
        self.does(lambda: refund_payment(self.world.ctx(), self.world.gateway, sheet))

    @precondition(lambda self: self.refund_sheets)
    @rule(choice=CHOICE)
    def a_refund_is_pressed_once_more(self, choice):
        sheet = self.refund_sheets[choice % len(self.refund_sheets)]
        self.does(lambda: refund_payment(self.world.ctx(), self.world.gateway, sheet))

    @rule(choice=CHOICE)
    def a_card_is_deleted(self, choice):
        key_id = self.pick(BillingKey, choice, BillingKey.state == KeyState.ACTIVE)
        if key_id is not None and choice % 3 == 0:
            self.does(lambda: delete_card(self.world.ctx(), self.world.gateway, key_id, "카드 분실"))

    @rule(choice=CHOICE, amount=st.sampled_from([500, None]))
    def somebody_cancels_in_the_console(self, choice, amount):
        rows = [one for one in self.world.sandbox.payments() if one["amount"] - one["cancel_amount"] >= 500]
        rows = [one for one in rows if one["status"] in {"paid", "cancelled"}]
        if rows and choice % 3 == 0:
            self.is_moved = True
            self.world.sandbox.console_cancel(rows[choice % len(rows)]["imp_uid"], amount)

    @rule(choice=CHOICE, word=st.sampled_from(["paid", "cancelled", "failed", "ready"]), copies=st.integers(1, 3))
    def news_comes(self, choice, word, copies):
        """True, doubled or telling another status than the real one."""
        rows = self.world.sandbox.payments()
        if rows:
            row = rows[choice % len(rows)]
            for _copy in range(copies):
                self.takes_in(row["imp_uid"], row["merchant_uid"], word)

    @rule(choice=CHOICE, number=st.integers(0, 10**11))
    def news_is_forged(self, choice, number):
        """An invented payment of an order that is ours."""
        rows = self.world.session.scalars(select(Attempt.merchant_uid).order_by(Attempt.id)).all()
        self.takes_in(f"imp_{number:012d}", rows[choice % len(rows)] if rows else "ord_x", "paid")

    def takes_in(self, imp_uid, merchant_uid, word):
        body = json.dumps({"imp_uid": imp_uid, "merchant_uid": merchant_uid, "status": word}).encode()
        self.does(lambda: receive(self.world.ctx(), body, "application/json", "10.0.0.9"))

    @rule()
    def a_worker_makes_a_round(self):
        self.does(lambda: run_once(self.world.ctx(), self.world.gateway))

    @rule(seconds=st.sampled_from(WAITS))
    def time_passes(self, seconds):
        self.world.clock.advance(seconds)

    @rule(kind=st.sampled_from(TROUBLE), place=st.sampled_from(PLACES), times=st.integers(1, 2),
          status=st.sampled_from([500, 503, 429, 401, 403]))  # fmt: skip
    def trouble_is_coming(self, kind, place, times, status):
        self.world.sandbox.faults.plan(kind, place, times=times, status=status, seconds=61.0)

    @rule(calls=st.integers(0, 3), done=st.booleans())
    def a_process_will_die(self, calls, done):
        """At one of its next calls: before it leaves, or when the answer is there but not written."""
        self.world.line.plan = (calls, done)

    @rule()
    def everything_is_restarted(self):
        self.restart()

    @invariant()
    def nothing_is_invented(self):
        """The books never say more than PortOne, and no order and no charge was paid twice."""
        type(self).steps += 1
        if not self.is_moved:  # the clock, or trouble that is still to come: nothing could have changed
            return
        self.is_moved = False
        rows = {one["imp_uid"]: one for one in self.world.sandbox.payments() if one["amount"]}
        session = self.world.session
        sums = select(LedgerEntry.imp_uid, LedgerEntry.kind, func.sum(LedgerEntry.amount_krw))
        for imp_uid, kind, total in session.execute(sums.group_by(LedgerEntry.imp_uid, LedgerEntry.kind)):
            row = rows[imp_uid]
            assert row["status"] in {"paid", "cancelled"}
            assert total == row["amount"] if kind is EntryKind.CHARGE else total <= row["cancel_amount"]
        taken = [one["merchant_uid"] for one in rows.values() if one["status"] in {"paid", "cancelled"}]
        assert len(taken) == len(set(taken)), "one order was paid twice"
        asked = dict(session.execute(select(Attempt.merchant_uid, Attempt.charge_id)).all())
        assert set(taken) <= asked.keys(), "money moved that nobody had written down"
        charges = [asked[one] for one in taken]
        assert len(charges) == len(set(charges)), "one charge was paid twice"
        for uid in session.scalars(select(Attempt.imp_uid).where(Attempt.state == AttemptState.PAID)):
            assert rows[uid]["status"] in {"paid", "cancelled"}
        self.refunds_are_told_apart(session, rows)
        assert differences(session) == []
        db.session.remove()

    def refunds_are_told_apart(self, session, rows):
        reasons = [entry["reason"] for row in rows.values() for entry in row["cancel_history"]]
        for refund_id, state in session.execute(select(Refund.id, Refund.state)):
            found = sum(reference(refund_id) in reason for reason in reasons)
            assert found <= 1
            assert state is not RefundState.DONE or found == 1
            assert state is not RefundState.REFUSED or found == 0

    def teardown(self):
        """No more trouble: within the stated time everything is known, and both sides are equal to the won."""
        world = self.world
        world.sandbox.faults.clear()
        world.line.plan = None
        self.restart()
        for seconds in (1, 300, 100, 100, 1_900, 200, 100, 3_700, 3_700):
            world.clock.advance(seconds)
            run_once(world.ctx(), world.gateway)
        for row in world.sandbox.payments():  # cancels of the console have no other way to be heard of, yet
            self.takes_in(row["imp_uid"], row["merchant_uid"], row["status"])
        while run_once(world.ctx(), world.gateway):
            world.clock.advance(61)
        session = world.session
        unsettled = select(Attempt).where(Attempt.state.in_([AttemptState.SENDING, AttemptState.UNCERTAIN]))
        assert all(one.absences >= 2 for one in session.scalars(unsettled)), "a charge is still not known"
        assert session.scalars(select(Refund.state).where(Refund.state.in_(OPEN))).all() == []
        assert session.scalars(select(Registration.state).where(Registration.state.in_(LIVE))).all() == []
        assert_books_agree(world.app, world.sandbox)
        assert_books_balance(session)


def _names(registration):
    return registration.id, registration.customer_uid, registration.merchant_uid


def _hurry(connection, _record):
    connection.execute("PRAGMA synchronous=OFF")


@pytest.fixture
def days(world, empty_database):
    event.listen(db.engine, "connect", _hurry)
    world.line = CrashingAdapter(world.sandbox_app)
    world.gateway._client._http.mount(world.settings.api_url, world.line)
    Days.world, Days.template, Days.steps = world, empty_database, 0
    return Days


def live_through(days, first_seed):
    how = settings(
        max_examples=5, stateful_step_count=100, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    number = first_seed
    while days.steps < STEPS:
        run_state_machine_as_test(seed(number)(days), settings=how)
        number += 1


@pytest.mark.long
class TestSomeDays:
    """Two classes, so that two cores can share the work."""

    def test_whatever_happens_the_books_are_right(self, days, counted):
        live_through(days, SEED * 1_000)
        counted("steps", days.steps)


@pytest.mark.long
class TestOtherDays:
    def test_whatever_happens_the_books_are_right(self, days, counted):
        live_through(days, SEED * 1_000 + 500)
        counted("steps", days.steps)
