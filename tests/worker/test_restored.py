"""Yesterday's backup put back: nothing is sent until it has caught up, it opens by itself, and no date is paid twice."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from merchant_admin.core.db import db
from merchant_admin.core.errors import GatewayUnreachable
from merchant_admin.ledger.queries import differences
from merchant_admin.line.service import lock_restored, restored
from merchant_admin.operations.copies import back_up
from merchant_admin.payments.models import Payment
from merchant_admin.schedules.models import Schedule
from merchant_admin.schedules.service import reserve_charge, revoke_schedule
from merchant_admin.subscriptions.states import PeriodState
from merchant_admin.worker.service import keep_equal, run_once
from tests.payments.acting import sends
from tests.schedules.acting import a_sheet
from tests.subscriptions.acting import a_plan, pass_days, periods, subscribed, turn
from tests.support.books import assert_books_agree, assert_books_balance
from tests.support.furnish import charge, payment_of, refund


class Shop:
    """A subscription, an early charge and a reservation; a backup; a month of which the copy knows nothing."""

    def __init__(self, world):
        self.world = world
        self.key = world.a_key()
        self.key_id, self.customer_id = self.key.id, self.key.customer_id
        self.subscription = subscribed(world, a_plan(world), key=self.key)
        turn(world)
        self.early = charge(world, world.session.merge(self.key), 40_000).id
        self.copy = world.folder / "copy.db"
        back_up(world.settings.database_url, self.copy)
        pass_days(world, 32)
        charge(world, world.session.merge(self.key), 50_000)
        refund(world, payment_of(world, self.early), 4_000)
        self.lost = reserve_charge(world.ctx(), world.gateway, self.a_sheet()).merchant_uid
        self.sent = sends(world)

    def a_sheet(self):
        return a_sheet(self.world, self.world.session.merge(self.key), hours=72)

    def command(self, *words):
        db.session.remove()
        self.world.gateway.breaker._memory.kept_seconds = 0
        ran = self.world.app.test_cli_runner().invoke(args=words)
        db.session.remove()
        return ran

    def catches_up(self, turns=40):
        for _turn in range(turns):
            keep_equal(self.world.ctx(), self.world.gateway, self.world.settings)
            if restored(self.world.session()) is None:
                return
        raise AssertionError("never opened")


@pytest.fixture
def shop(world):
    return Shop(world)


def true_charges(world):
    return sum(one["status"] in {"paid", "cancelled"} and one["amount"] > 0 for one in world.sandbox.payments())


def is_refused(act):
    with pytest.raises(GatewayUnreachable) as refusal:
        act()
    assert refusal.value.facts["error"] == "restored"


def test_a_restored_copy_sends_nothing_until_it_knows_what_portone_knows(shop):
    world = shop.world
    ran = shop.command("restore", str(shop.copy), "--yes")
    assert ran.exit_code == 0, ran.output
    assert "locked" in ran.output
    assert "Locked since" in shop.command("restored").output
    assert [one.number for one in periods(world, shop.subscription)] == [1]

    key = world.session.merge(shop.key)
    is_refused(lambda: charge(world, key, 60_000))
    is_refused(lambda: refund(world, payment_of(world, shop.early), 1_000))
    is_refused(lambda: reserve_charge(world.ctx(), world.gateway, shop.a_sheet()))
    is_refused(lambda: world.gateway.lock_amount("ord_x", 1_000))
    turn(world)  # the renewal of the lost month is due, by these records
    assert sends(world) == shop.sent
    client = world.signed_in()
    assert "백업을 되살렸습니다" in client.get("/payments").text
    client.set_cookie("language", "en")
    assert "A backup was restored at" in client.get("/payments", headers={"Accept-Language": "en"}).text

    world.sandbox.faults.plan("close_before", "/payments/status/*", times=1)
    keep_equal(world.ctx(), world.gateway, world.settings)
    assert restored(world.session()) is not None
    shop.catches_up()
    assert "백업을 되살렸습니다" not in client.get("/payments").text

    for _round in range(3):
        turn(world)
    assert sends(world) == shop.sent
    assert [one.state for one in periods(world, shop.subscription)] == [PeriodState.PAID, PeriodState.SKIPPED]
    taken_over = world.session.scalars(select(Schedule).where(Schedule.merchant_uid == shop.lost)).one()
    revoke_schedule(world.ctx(), world.gateway, taken_over.id, "복원")
    assert_books_agree(world.app, world.sandbox)
    assert_books_balance(world.session)
    assert differences(world.session) == []
    before = true_charges(world)
    pass_days(world, 31)
    assert true_charges(world) == before + 1
    assert periods(world, shop.subscription)[-1].state is PeriodState.PAID
    assert_books_agree(world.app, world.sandbox)


def test_a_person_may_catch_up_by_hand_or_open_with_a_reason(shop):
    assert shop.command("restored").output.strip() == "Not locked: charges are sent."
    assert "Locked since" in shop.command("restored", "--lock").output
    ran = shop.command("restored", "--catch-up")
    assert ran.output.strip() == "Not locked: charges are sent.", ran.output
    shop.command("restored", "--lock")
    assert shop.command("restored", "--open", "포트원 장애, 손으로 확인함").output.startswith("Not locked")
    charge(shop.world, shop.world.session.merge(shop.key), 61_000)


def test_the_lock_of_one_process_holds_in_all_and_a_second_restore_begins_anew(each_world):
    world = each_world
    world.gateway.breaker._memory.kept_seconds = 0
    key = world.a_key()
    first = lock_restored(world.ctx())
    is_refused(lambda: charge(world, key, 10_000))
    world.clock.advance(60)
    second = lock_restored(world.ctx())
    assert second.at - first.at == timedelta(seconds=60)
    for _turn in range(10):
        run_once(world.ctx(), world.gateway)
        keep_equal(world.ctx(), world.gateway, world.settings)
    assert restored(world.session()) is None
    charge(world, world.session.merge(key), 10_000)
    assert world.session.scalars(select(Payment)).all()
