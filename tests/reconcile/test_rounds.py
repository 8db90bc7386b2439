"""Back-fill and rounds: what happened elsewhere is found, nothing doubles, and ten workers do the work of one."""

import contextlib
import threading
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from merchant_admin.audit.models import Event
from merchant_admin.core.db import db, lease_now
from merchant_admin.core.errors import GatewayError
from merchant_admin.core.ids import new_merchant_uid
from merchant_admin.core.owners import me
from merchant_admin.payments.models import Attempt, Payment, PaymentLine
from merchant_admin.payments.states import AttemptState
from merchant_admin.portone import gateway as gateway_module
from merchant_admin.portone.types import ChargeOrder
from merchant_admin.reconcile import rereading, service
from merchant_admin.reconcile.claims import claim
from merchant_admin.reconcile.models import DutyRun
from merchant_admin.reconcile.states import Duty
from merchant_admin.reconcile.walking import Place, spans
from merchant_admin.worker.service import keep_equal
from tests.support.books import assert_books_agree, assert_books_balance
from tests.support.furnish import charge, payment_of

TODAY = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def books_balance(request):
    named = [name for name in ("each_world", "world") if name in request.fixturenames]
    world = request.getfixturevalue(named[0]) if named else None
    yield
    if world is not None:
        assert_books_balance(world.session)


def elsewhere(world, key, amount_krw=33_000):
    """A charge that another program made."""
    return world.gateway.charge_again(ChargeOrder(key.customer_uid, new_merchant_uid(), amount_krw, "밖에서")).imp_uid


def turns(world):
    """Let the rounds run until nothing is due."""
    done = 0
    while step := keep_equal(world.ctx(), world.gateway, world.settings):
        done += step
    return done


def sync_all(world, first=TODAY - timedelta(days=1), last=TODAY):
    walked = service.sync(world.ctx(), world.gateway, first, last, most_calls=100)
    assert walked.place is None
    return walked.taken


def lists_asked(world):
    return [call for call in world.sandbox.requests_log() if call["path"].startswith("/payments/status/")]


def posts(world):
    return [
        call for call in world.sandbox.requests_log() if call["method"] == "POST" and "getToken" not in call["path"]
    ]


def count(world, model):
    world.session.rollback()
    return world.session.scalar(select(func.count()).select_from(model))


def test_a_back_fill_brings_every_payment_once_however_often_it_runs(each_world):
    world, key = each_world, each_world.a_key()
    for number in range(5):
        elsewhere(world, key, 10_000 + number)
    assert sync_all(world).changed == 5
    assert sync_all(world).changed == 0
    assert (count(world, Payment), count(world, PaymentLine)) == (5, 5)
    assert_books_agree(world.app, world.sandbox)


def test_a_back_fill_goes_on_page_after_page_from_its_kept_place(world, monkeypatch):
    monkeypatch.setattr(gateway_module, "PAGE_ROWS", 3)
    key = world.a_key()
    for number in range(10):
        elsewhere(world, key, 10_000 + number)
    calls = []
    while True:
        walked = service.sync(world.ctx(), world.gateway, TODAY, TODAY)
        calls.append(walked.calls)
        if walked.place is None:
            break
    assert len(calls) == sum(calls) > 4
    assert count(world, Payment) == 10
    assert_books_agree(world.app, world.sandbox)


def test_a_back_fill_that_portone_cut_short_keeps_what_it_has_and_goes_on(world):
    elsewhere(world, world.a_key())
    world.sandbox.faults.plan("status_before", "/payments/status/cancelled")
    with pytest.raises(GatewayError):
        service.sync(world.ctx(), world.gateway, TODAY, TODAY, most_calls=100)
    assert count(world, Payment) == 1
    assert sync_all(world, TODAY).changed == 0


def test_a_list_that_grew_under_the_reading_is_read_again(world, monkeypatch):
    monkeypatch.setattr(gateway_module, "PAGE_ROWS", 2)
    key = world.a_key()
    ids = [elsewhere(world, key, 10_000 + number) for number in range(5)]
    place = None
    while place is None or place.status < 2 or place.page < 2:  # until the list of paid ones is half read
        place = service.sync(world.ctx(), world.gateway, TODAY, TODAY).place
    world.sandbox.console_cancel(ids[0])  # leaves the list: everything behind it moves up by one
    while service.sync(world.ctx(), world.gateway, TODAY, TODAY).place is not None:
        pass
    assert count(world, Payment) == 5
    assert_books_agree(world.app, world.sandbox)


def test_spans_cover_the_time_with_overlap_and_stay_within_portones_limit():
    start = datetime(2025, 1, 1, tzinfo=UTC)
    found = spans(start, start + timedelta(days=400))
    assert found[0].since == start
    assert found[-1].until == start + timedelta(days=400)
    assert all(later.since < earlier.until for earlier, later in pairwise(found))
    assert all(one.until - one.since <= timedelta(days=90) for one in found)


def test_a_place_that_cannot_be_read_is_the_beginning():
    assert Place.read("") == Place.read("[1") == Place.read('{"a": 1}') == Place()
    assert Place.read(Place(1, 2, 3, 4, 1).text()) == Place(1, 2, 3, 4, 1)


def test_one_row_that_cannot_be_recorded_keeps_none_of_the_others_out(world, monkeypatch):
    from merchant_admin.reconcile import intake

    key = world.a_key()
    bad, real = elsewhere(world, key, 10_001), intake.record_transaction
    elsewhere(world, key, 10_002)

    def record(ctx, session, transaction, *, source):
        if transaction.imp_uid == bad:
            raise ZeroDivisionError
        return real(ctx, session, transaction, source=source)

    monkeypatch.setattr(intake, "record_transaction", record)
    taken = sync_all(world)
    assert (taken.changed, taken.skipped) == (1, 1)
    monkeypatch.undo()
    assert sync_all(world).changed == 1


def test_rounds_only_read_portone(world):
    charge(world, world.a_key())
    before = len(posts(world))
    assert turns(world) > 0
    assert len(posts(world)) == before


def test_a_partial_cancel_of_a_sixty_day_old_payment_is_found_within_a_day_without_a_webhook(each_world):
    world = each_world
    done_id = charge(world, world.a_key()).id
    imp_uid = payment_of(world, done_id).imp_uid
    turns(world)
    for _ in range(60):
        world.clock.advance(days=1)
    turns(world)
    world.sandbox.console_cancel(imp_uid, 5_000)
    # Two days on, so that no recent list holds the cancel; only the re-reading can find it.
    stays = world.session.scalars(select(Payment.cancelled_krw)).one()
    world.session.rollback()
    assert stays == 0
    world.clock.advance(days=1)
    ctx = world.ctx()
    name = f"{Duty.REREAD.value}|{service._slot(Duty.REREAD, world.clock.now())}"
    assert service.see_to(ctx, world.gateway, name, world.settings)
    assert payment_of(world, done_id).cancelled_krw == 5_000
    assert_books_agree(world.app, world.sandbox)


def test_the_re_reading_asks_for_a_hundred_at_a_time_and_goes_on_over_turns(world, monkeypatch):
    monkeypatch.setattr(rereading, "MOST_NAMED", 2)
    monkeypatch.setattr(service, "CALLS_A_TURN", 2)
    key = world.a_key()
    ids = [payment_of(world, charge(world, key, 10_000 + number).id).imp_uid for number in range(7)]
    world.clock.advance(60)
    for imp_uid in ids:
        world.sandbox.console_cancel(imp_uid, 1_000)
    name = f"reread|{service._slot(Duty.REREAD, world.clock.now())}"
    rounds = 0
    while service.see_to(world.ctx(), world.gateway, name, world.settings):
        rounds += 1
    assert rounds >= 2
    assert_books_agree(world.app, world.sandbox)


def test_a_cancel_made_elsewhere_is_in_the_next_quarter_hour(world):
    done_id = charge(world, world.a_key()).id
    turns(world)
    world.sandbox.console_cancel(payment_of(world, done_id).imp_uid)
    world.clock.advance(minutes=15)
    turns(world)
    assert payment_of(world, done_id).cancelled_krw == 33_000


def test_a_slot_is_done_once(world):
    charge(world, world.a_key())
    turns(world)
    asked = len(lists_asked(world))
    assert turns(world) == 0
    assert len(lists_asked(world)) == asked
    world.clock.advance(minutes=15)
    assert turns(world) == 1  # the recent hours alone


def test_ten_workers_do_the_work_of_one(world):
    charge(world, world.a_key())
    app, errors = world.app, []
    world.session.remove()

    def work():
        with app.app_context():
            try:
                turns(world)
            except Exception as wrong:  # noqa: BLE001
                errors.append(wrong)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    runs = list(world.session.scalars(select(DutyRun)))
    assert all(run.done_at for run in runs)
    recent = [run.calls for run in runs if run.duty is Duty.RECENT]
    assert recent == [4]
    assert len(lists_asked(world)) == sum(
        run.calls for run in runs if run.duty in {Duty.RECENT, Duty.NIGHTLY, Duty.MATCH}
    )


def test_a_duty_whose_holder_died_is_taken_over_and_one_that_lives_is_not(world):
    held = claim(world.ctx(), Duty.RECENT, "slot")
    assert held is not None
    assert claim(world.ctx(), Duty.RECENT, "slot") is None
    with world.ctx().atomic() as session:
        session.scalars(select(DutyRun)).one().owner = me().rpartition(":")[0] + ":somebody"
    assert claim(world.ctx(), Duty.RECENT, "slot") is not None


def test_a_duty_that_portone_stopped_is_let_go_at_once(world):
    world.sandbox.faults.plan("status_before", "/payments/status/*")
    assert turns(world) >= 0
    world.session.rollback()
    now = lease_now(world.session(), world.clock)
    assert all(run.lease_until is None or run.lease_until <= now for run in world.session.scalars(select(DutyRun)))


def test_while_calls_are_stopped_no_duty_is_begun(world):
    for _ in range(5):
        world.gateway.breaker.failed()
    assert turns(world) == 0
    assert count(world, DutyRun) == 0


def test_the_night_goes_back_to_the_last_night_that_went_well(world):
    key = world.a_key()
    turns(world)
    imp_uid = elsewhere(world, key)
    world.clock.advance(days=20)  # no worker ran
    world.session.rollback()
    name = f"nightly|{service._slot(Duty.NIGHTLY, world.clock.now())}"
    while service.see_to(world.ctx(), world.gateway, name, world.settings):
        pass
    assert world.session.scalars(select(Payment.imp_uid)).one() == imp_uid


def test_a_lost_answer_is_settled_by_a_round_as_well(world):
    world.sandbox.faults.plan("close_after", "/subscribe/payments/again")
    charge(world, world.a_key())
    turns(world)
    acts = list(world.session.scalars(select(Event.act)))
    assert acts.count("charge.paid") == 1
    assert_books_agree(world.app, world.sandbox)


def test_a_failed_try_in_a_window_that_is_open_ends_nothing(world):
    from merchant_admin.registrations import service as registrations
    from merchant_admin.registrations.service import RegistrationOrder
    from portone_sandbox.cards import CardRefused

    customer_id = world.a_customer().id
    order = RegistrationOrder(new_merchant_uid("sht"), customer_id, 15_000, 0, "카드 등록")
    made = registrations.open_registration(world.ctx(), world.gateway, order)
    names = {"customer_uid": made.customer_uid, "merchant_uid": made.merchant_uid}
    world.session.rollback()
    with contextlib.suppress(CardRefused):
        world.sandbox.window_key(**names, card="limit", amount=15_000, name="카드 등록")
    sync_all(world)
    world.session.rollback()
    assert world.session.scalars(select(Attempt.state)).one() is AttemptState.SENDING
    world.sandbox.window_key(**names, amount=15_000, name="카드 등록")
    sync_all(world)
    world.session.rollback()
    attempt = world.session.scalars(select(Attempt)).one()
    assert (attempt.state, attempt.late) == (AttemptState.PAID, False)
    assert_books_agree(world.app, world.sandbox)
