"""Webhooks are hints: stored, answered, then read back."""

import json

import pytest

from merchant_admin.core.db import db
from merchant_admin.core.ids import new_id
from merchant_admin.payments.models import Payment
from merchant_admin.portone.types import PaymentStatus
from merchant_admin.webhooks import queries, service
from merchant_admin.webhooks.models import Decision, WebhookEvent
from tests.support.books import assert_books_balance

JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@pytest.fixture
def inbox(world):
    yield Inbox(world)
    assert_books_balance(world.session)


@pytest.fixture
def each_inbox(each_world):
    yield Inbox(each_world)
    assert_books_balance(each_world.session)


class Inbox:
    def __init__(self, world):
        self.world = world

    def paid(self, amount=15_000):
        return self.world.sandbox.window_key(customer_uid=new_id("bks"), merchant_uid=new_id("ord"), amount=amount)

    def gets(self, imp_uid, status="paid", **more):
        raw = json.dumps({"imp_uid": imp_uid, "merchant_uid": "m1", "status": status, **more}).encode()
        return service.receive(self.world.ctx(), raw, JSON, "52.78.100.19")

    def applies(self, event_id):
        return service.apply_event(self.world.ctx(), self.world.gateway, event_id)

    def rows(self):
        return queries.event_page(db.session, None, None).rows

    def reads(self):
        return sum(one["path"].startswith("/payments/imp") for one in self.world.sandbox.requests_log())


def test_a_hint_is_stored_and_then_the_payment_is_read(each_inbox):
    imp_uid = each_inbox.paid()
    event = each_inbox.applies(each_inbox.gets(imp_uid))
    assert event.decision is Decision.APPLIED
    payment = db.session.query(Payment).one()
    assert (payment.imp_uid, payment.amount_krw, payment.status) == (imp_uid, 15_000, PaymentStatus.PAID)


def test_a_form_body_says_the_same_as_json(inbox):
    raw = b"imp_uid=imp_123456789012&merchant_uid=m&status=cancelled&cancellation_id=C1&other=x"
    event_id = service.receive(inbox.world.ctx(), raw, FORM, None)
    event = db.session.get(WebhookEvent, event_id)
    assert (event.imp_uid, event.status, event.cancellation_id) == ("imp_123456789012", "cancelled", "C1")


def test_receiving_calls_nobody(inbox):
    before = len(inbox.world.sandbox.requests_log())
    inbox.gets("imp_123456789012")
    assert len(inbox.world.sandbox.requests_log()) == before


def test_copies_that_come_while_one_waits_are_counted(each_inbox):
    imp_uid = each_inbox.paid()
    first = {each_inbox.gets(imp_uid) for _ in range(5)}
    assert len(first) == 1
    assert [row.hits for row in each_inbox.rows()] == [5]
    event_id = first.pop()
    each_inbox.applies(event_id)
    each_inbox.applies(event_id)
    assert each_inbox.reads() == 1
    assert each_inbox.gets(imp_uid) != event_id


def test_the_body_is_never_believed(inbox):
    imp_uid = inbox.paid()
    inbox.world.sandbox.console_cancel(imp_uid, 5_000)
    inbox.applies(inbox.gets(imp_uid, status="paid", amount=1, cancellation_id="forged"))
    payment = db.session.query(Payment).one()
    assert (payment.amount_krw, payment.cancelled_krw) == (15_000, 5_000)


def test_however_long_portone_was_away_the_next_look_is_a_minute_off_at_most(inbox):
    world, event_id = inbox.world, inbox.gets(inbox.paid())
    world.sandbox.faults.plan("status_before", "/payments/imp*", status=503, times=8)
    waits = []
    for _look in range(8):
        waiting = service.apply_event(world.ctx(), world.gateway, event_id)
        waits.append((waiting.next_look_at - world.clock.now()).total_seconds())
        world.clock.advance(3_600)
    assert waits == sorted(waits)
    assert (waits[0] <= 15, waits[-1]) == (True, 60)
    assert service.apply_event(world.ctx(), world.gateway, event_id).decision is Decision.APPLIED


@pytest.mark.parametrize("order", [("paid", "cancelled"), ("cancelled", "paid")])
def test_order_of_arrival_does_not_matter(inbox, order):
    imp_uid = inbox.paid()
    events = [inbox.gets(imp_uid, status=status) for status in order]
    inbox.world.sandbox.console_cancel(imp_uid)
    for event_id in events:
        inbox.applies(event_id)
    assert db.session.query(Payment).one().cancelled_krw == 15_000


def test_an_unknown_payment_is_dropped_after_one_read(inbox):
    event_id = inbox.gets("imp_999999999999")
    assert inbox.applies(event_id).decision is Decision.UNKNOWN_PAYMENT
    assert inbox.applies(event_id).decision is Decision.UNKNOWN_PAYMENT
    assert inbox.reads() == 1


def test_a_flood_of_inventions_costs_no_more_reads_than_the_budget(inbox):
    events = [inbox.gets(f"imp_{number:012d}") for number in range(60)]
    for event_id in events:
        inbox.applies(event_id)
    assert inbox.reads() == service.STRANGERS_A_MINUTE
    imp_uid = inbox.paid()
    known = service.receive(
        inbox.world.ctx(), json.dumps({"imp_uid": imp_uid, "merchant_uid": "m"}).encode(), JSON, None
    )
    assert inbox.applies(known).decision is Decision.WAITING
    inbox.world.clock.advance(61)
    assert inbox.applies(known).decision is Decision.APPLIED


def test_a_day_old_invention_is_dropped_without_a_read(inbox):
    event_id = inbox.gets("imp_999999999999")
    inbox.world.clock.advance(24 * 3600)
    assert inbox.applies(event_id).decision is Decision.UNKNOWN_PAYMENT
    assert inbox.reads() == 0


def test_while_portone_is_silent_the_hint_waits(inbox):
    imp_uid = inbox.paid()
    inbox.world.sandbox.faults.plan("close_before", f"/payments/{imp_uid}")
    event_id = inbox.gets(imp_uid)
    assert inbox.applies(event_id).decision is Decision.WAITING
    assert service.due_events(db.session, inbox.world.clock.now()) == []
    inbox.world.clock.advance(15)
    assert service.due_events(db.session, inbox.world.clock.now()) == [event_id]
    assert inbox.applies(event_id).decision is Decision.APPLIED


BAD = [
    b"", b"{", b"[]", b"3", b"null", b'{"imp_uid": 5}', b'{"imp_uid": "../users"}', b'{"imp_uid": "imp_1/../2"}', b"\xff\xfe",
    b'{"merchant_uid": "m"}', b"[" * 5000, b'{"imp_uid": "imp_' + b"1" * 60 + b'"}', b"x" * 20_000,
]  # fmt: skip


@pytest.mark.parametrize("raw", BAD)
@pytest.mark.parametrize("content_type", [JSON, FORM, "text/plain", ""])
def test_any_bytes_are_stored_and_answered(inbox, raw, content_type):
    event_id = service.receive(inbox.world.ctx(), raw, content_type, "10.0.0.1")
    assert db.session.get(WebhookEvent, event_id).decision is Decision.MALFORMED


def test_unreadable_bodies_stop_being_kept_after_a_while(inbox):
    kept = [service.receive(inbox.world.ctx(), b"junk", JSON, None) for _ in range(40)]
    assert sum(event_id is not None for event_id in kept) == service.MALFORMED_A_MINUTE


def test_what_is_kept_is_short_and_holds_no_card_number(inbox):
    inbox.gets("imp_123456789012", note="4518 4212 3456 7890", filler="x" * 9000)
    body = inbox.rows()[0].body
    assert "4518 4212" not in body
    assert len(body) <= 2000


def test_a_test_payment_in_live_mode_is_never_applied(inbox):
    imp_uid = inbox.paid()
    ctx = inbox.world.ctx()
    ctx.mode = "live"
    event_id = inbox.gets(imp_uid)
    event = service.apply_event(ctx, inbox.world.gateway, event_id)
    assert event.decision is Decision.FOREIGN_MODE
    assert db.session.query(Payment).count() == 0


def test_the_list_shows_latency_and_where_it_led(inbox):
    imp_uid = inbox.paid()
    event_id = inbox.gets(imp_uid)
    inbox.world.clock.advance(3)
    inbox.applies(event_id)
    row = inbox.rows()[0]
    assert row.latency.total_seconds() == 3
    assert row.payment_id == db.session.query(Payment).one().id
    assert queries.inbox_health(db.session, inbox.world.clock.now()).applied == 1


def test_a_flood_of_inventions_keeps_no_notice_of_ours_waiting_and_the_worker_idle(inbox):
    from tests.support.furnish import charge, payment_of

    world = inbox.world
    imp_uid = payment_of(world, charge(world, world.a_key()).id).imp_uid
    for number in range(300):
        inbox.gets(f"imp_{number:012d}")
    ours = inbox.gets(imp_uid)
    acted_on = []
    for _ in range(20):
        due = service.due_events(world.session(), world.clock.now(), 20)
        world.session.rollback()
        for event_id in due:
            inbox.applies(event_id)
        acted_on += due
    assert acted_on[0] == ours
    assert len(acted_on) == len(set(acted_on)) == service.STRANGERS_A_MINUTE + 1
    assert inbox.reads() == service.STRANGERS_A_MINUTE + 1
