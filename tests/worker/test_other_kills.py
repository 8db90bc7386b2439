"""kill -9 before and after each commit and call of a reservation and of a typed card: known after the restart, once."""

import signal
from datetime import timedelta

import pytest
from sqlalchemy import select

from merchant_admin import create_app
from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.core.clock import SystemClock
from merchant_admin.core.db import db
from merchant_admin.core.ids import new_id
from merchant_admin.key_in.service import KeyInOrder, key_in
from merchant_admin.payments.models import Attempt
from merchant_admin.payments.states import OPEN
from merchant_admin.portone.typed_cards import TypedCard
from merchant_admin.registrations.models import Registration
from merchant_admin.registrations.states import LIVE, Fact
from merchant_admin.schedules.again import reschedule
from merchant_admin.schedules.models import Schedule
from merchant_admin.schedules.service import ScheduleSheet, move_schedule, reserve_charge, revoke_schedule
from merchant_admin.schedules.states import CHECKING, ScheduleState
from merchant_admin.worker.loop import context_of
from merchant_admin.worker.service import run_once
from tests.support.clocks import LaterClock
from tests.support.world import settings_for
from tests.worker import victim

RESERVE = "/subscribe/payments/schedule"
ROUNDS = (1, 7, 185, 250, 315, 380, 430, 495, 600)


def points(call):
    """Every commit and the call between them. "after commit 1" is "before the call", and so on."""
    return [("commit 1", "before"), (call, "before"), (call, "after"), ("commit 2", "before"), ("commit 2", "after")]


class Story:
    """One shop that dies again and again, on a clock that goes on."""

    def __init__(self, shop, **card):
        self.shop, self.ahead = shop, 0
        self.sheet = shop.a_sheet("approve", **card)
        self.at = (SystemClock().now() + timedelta(days=30)).replace(microsecond=0)

    def dies(self, act, deadly, *words):
        process = self.shop.running(act, deadly, *words)
        process.join(60)
        assert process.exitcode == -signal.SIGKILL, deadly

    def restarts(self):
        """Rounds of a worker that was started anew."""
        clock = LaterClock()
        app = create_app(settings_for(self.shop.folder, **self.shop.env), clock=clock)
        with app.app_context():
            for second in ROUNDS:
                clock.ahead = self.ahead + second
                run_once(context_of(app), app.extensions["merchant_admin"].gateway)
            db.session.remove()
            db.engine.dispose()
        self.ahead += ROUNDS[-1]

    def reservation_sheet(self):
        kept = {"customer_id": self.sheet["customer_id"], "billing_key_id": self.sheet["billing_key_id"]}
        words = {"sheet_key": new_id("sht"), "amount_krw": 33_000, "tax_free_krw": 0, "name": "이용료", "memo": ""}
        return kept | words | {"schedule_at": self.at}

    def rows(self, model):
        return self.shop.alive(lambda ctx, _gateway: [dict(vars(one)) for one in ctx.session.scalars(select(model))])

    def assert_held_alike(self):
        """Each reservation is known, and as PortOne holds it."""
        held = {one["merchant_uid"]: one for one in self.shop.sandbox.schedules()}
        for row in self.rows(Schedule):
            assert row["state"] not in CHECKING
            assert row["wanted_at"] is None
            there = held.pop(row["merchant_uid"], None)
            assert row["state"] == (there["schedule_status"] if there else ScheduleState.MISSING)
            assert there is None or there["schedule_at"] == int(row["schedule_at"].timestamp())
        assert held == {}, "reserved, and nobody wrote it down"


@pytest.fixture
def story(shop):
    return Story(shop)


@pytest.mark.long
def test_a_killed_reservation_is_held_once_or_not_at_all(story):
    shop = story.shop
    for deadly in points("reserve"):
        sheet = story.reservation_sheet()
        before = len(shop.sandbox.schedules())
        story.dies(victim.reserve, deadly, sheet)
        story.restarts()
        story.assert_held_alike()
        is_written = any(row["sheet_key"] == sheet["sheet_key"] for row in story.rows(Schedule))
        assert is_written == (deadly != ("commit 1", "before"))
        asked = ScheduleSheet(**sheet)
        shop.alive(lambda ctx, gateway, asked=asked: reserve_charge(ctx, gateway, asked).id)
        reached = deadly != ("reserve", "before")
        assert len(shop.sandbox.schedules()) - before == reached, deadly
    story.assert_held_alike()


@pytest.mark.long
def test_a_killed_move_or_revocation_is_shown_as_portone_holds_it(story):
    shop = story.shop
    acts = (
        ("move_reservation", victim.move, lambda ctx, gateway, row: move_schedule(ctx, gateway, row, story.at)),
        ("revoke_reservations", victim.revoke, lambda ctx, gateway, row: revoke_schedule(ctx, gateway, row, "다시")),
    )
    for call, act, again in acts:
        for deadly in points(call):
            sheet = ScheduleSheet(**story.reservation_sheet())
            row = shop.alive(lambda ctx, gateway, sheet=sheet: reserve_charge(ctx, gateway, sheet).id)
            words = (row, story.at + timedelta(days=2)) if act is victim.move else (row,)
            story.dies(act, deadly, *words)
            story.restarts()
            story.assert_held_alike()
            if deadly in {("commit 1", "before"), (call, "before")}:  # nothing arrived: staff may ask again
                shop.alive(lambda ctx, gateway, row=row, again=again: again(ctx, gateway, row).id)
                story.assert_held_alike()


@pytest.mark.long
def test_a_reservation_killed_while_it_is_run_again_is_shown_as_portone_holds_it(shop):
    story = Story(shop, pg="nice_v2.sandboxv2m")
    for deadly in points("reschedule"):
        sheet = ScheduleSheet(**story.reservation_sheet())
        row = shop.alive(lambda ctx, gateway, sheet=sheet: reserve_charge(ctx, gateway, sheet).id)
        shop.alive(lambda ctx, gateway, row=row: revoke_schedule(ctx, gateway, row, "고객 요청").id)
        wanted = story.at + timedelta(days=2)
        story.dies(victim.run_again, deadly, row, wanted)
        story.restarts()
        story.assert_held_alike()
        arrived = deadly not in {("commit 1", "before"), ("reschedule", "before")}
        if not arrived:  # staff may ask again
            shop.alive(lambda ctx, gateway, row=row, at=wanted: reschedule(ctx, gateway, row, at).id)
            story.assert_held_alike()
        (held,) = [one for one in story.rows(Schedule) if one["id"] == row]
        assert (held["state"], held["schedule_at"]) == (ScheduleState.SCHEDULED, wanted)
    asked = [call for call in shop.sandbox.requests_log() if call["path"].endswith("/reschedule")]
    assert len(asked) == len(points("reschedule"))


@pytest.mark.long
def test_a_killed_typed_card_is_charged_and_stored_once_or_not_at_all(story):
    shop = story.shop
    for number, deadly in enumerate(points("charge_card")):
        card = shop.sandbox.card_number("approve", serial=500 + number)
        order = {
            "sheet_key": new_id("sht"), "customer_id": story.sheet["customer_id"], "amount_krw": 20_000 + number,
            "tax_free_krw": 0, "quota": 0, "name": "수선비", "stores_card": True,
        }  # fmt: skip
        story.dies(victim.type_card, deadly, order, card)
        story.restarts()
        assert not [row for row in story.rows(Attempt) if row["state"] in OPEN]
        typed = TypedCard(card, "2028-09", "870623", "83")
        shop.alive(
            lambda ctx, gateway, typed=typed, order=order: key_in(ctx, gateway, KeyInOrder(**order), typed) and None
        )
        taken = [one for one in shop.sandbox.payments() if one["amount"] == order["amount_krw"]]
        assert len(taken) == (deadly != ("charge_card", "before")), deadly
        shop.assert_right()
    there = {one["customer_uid"] for one in shop.sandbox.billing_keys()}
    for row in story.rows(Registration):
        assert row["state"] not in LIVE
        assert (row["key_fact"] is Fact.YES) == (row["customer_uid"] in there)
    assert {row["customer_uid"] for row in story.rows(BillingKey)} == there
