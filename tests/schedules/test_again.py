"""Run once more: a failed or revoked reservation gets a new time where its PG profile has that, asked for once."""

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from merchant_admin.audit.models import Event
from merchant_admin.billing_keys import service as billing_keys
from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.core.errors import InvalidInput, RuleBroken
from merchant_admin.core.permissions import Role
from merchant_admin.customers.service import archive_customer
from merchant_admin.payments.facts import record_transaction
from merchant_admin.payments.models import Attempt
from merchant_admin.schedules import looking, service
from merchant_admin.schedules.again import reschedule
from merchant_admin.schedules.states import Evidence, ScheduleState, read_evidence
from tests.schedules.acting import a_sheet, pass_time, reserve, state_of, work
from tests.schedules.test_pages import fields_of
from tests.support.books import assert_books_agree, assert_books_balance
from tests.support.pages import inspect

SECOND_PG = "nice_v2.sandboxv2m"
PAID, FAILED, HELD, REVOKED = (
    ScheduleState.EXECUTED_PAID, ScheduleState.EXECUTED_FAILED, ScheduleState.SCHEDULED, ScheduleState.REVOKED,
)  # fmt: skip


def second_key(world, card="approve"):
    """A card at the profile that can run a reservation again."""
    key = world.a_key(card=card, pg=SECOND_PG)
    assert world.gateway.runs_again(key.pg_provider)
    return key


def failed(world, key):
    schedule_id = reserve(world, a_sheet(world, key)).id
    pass_time(world, hours=24, minutes=6)
    work(world)
    assert state_of(world, schedule_id) is FAILED
    return schedule_id


def revoked(world, key):
    schedule_id = reserve(world, a_sheet(world, key)).id
    assert service.revoke_schedule(world.ctx(), world.gateway, schedule_id, "고객 요청").state is REVOKED
    return schedule_id


def ask(world, schedule_id, hours=24):
    """Returns the time that was asked for."""
    at = world.clock.now().replace(microsecond=0) + timedelta(hours=hours)
    reschedule(world.ctx(), world.gateway, schedule_id, at)
    return at


def now_of(world, schedule_id):
    world.session.rollback()
    return looking.fresh(world.ctx(), schedule_id)


def settle(world):
    for _look in range(6):
        pass_time(world, seconds=70)
        work(world)


def test_a_failed_one_runs_again_and_news_of_its_first_run_ends_nothing(each_world):
    world = each_world
    schedule_id = failed(world, second_key(world, card="limit"))
    merchant_uid = now_of(world, schedule_id).merchant_uid
    (first,) = world.gateway.payments_of(merchant_uid)
    at = ask(world, schedule_id)
    kept = now_of(world, schedule_id)
    assert (kept.state, kept.schedule_at, kept.wanted_at, kept.imp_uid, kept.fail_reason) == (
        HELD,
        at,
        None,
        None,
        None,
    )
    ctx = world.ctx()
    with ctx.atomic() as session:
        record_transaction(ctx, session, first, source="webhook")
    assert state_of(world, schedule_id) is HELD
    with pytest.raises(RuleBroken):
        ask(world, schedule_id, hours=30)
    pass_time(world, hours=24, minutes=6)
    work(world)
    kept = now_of(world, schedule_id)
    assert kept.state is FAILED
    assert kept.imp_uid not in {None, first.imp_uid}
    assert len(world.sandbox.payments(merchant_uid)) == 2
    assert len(world.session.scalars(select(Attempt)).all()) == 1
    assert_books_balance(world.session)
    assert_books_agree(world.app, world.sandbox)


def test_a_failed_one_that_is_paid_the_second_time_is_in_the_books_once(each_world):
    world = each_world
    schedule_id = failed(world, second_key(world, card="first_declined"))
    ask(world, schedule_id)
    pass_time(world, hours=24, minutes=6)
    work(world)
    kept = now_of(world, schedule_id)
    assert [row["status"] for row in world.sandbox.payments(kept.merchant_uid)].count("paid") == 1
    assert kept.state is PAID
    told = world.signed_in(Role.OWNER).get("/activity").text
    assert ("다시 예약한 때에 결제됨" in told, "늦게" in told) == (True, False)
    with pytest.raises(RuleBroken):
        ask(world, schedule_id)
    assert_books_balance(world.session)
    assert_books_agree(world.app, world.sandbox)


@pytest.mark.parametrize(("kind", "is_again"), [("close_after", True), ("close_before", False)])
def test_a_lost_answer_is_found_by_reading_and_what_did_not_arrive_may_be_asked_again(each_world, kind, is_again):
    world = each_world
    schedule_id = revoked(world, key := second_key(world))
    merchant_uid = now_of(world, schedule_id).merchant_uid
    before = now_of(world, schedule_id).schedule_at
    world.sandbox.faults.plan(kind, f"/subscribe/payments/schedule/{merchant_uid}/reschedule")
    at = ask(world, schedule_id, hours=48)
    if not is_again:
        assert now_of(world, schedule_id).wanted_at == at
        with pytest.raises(RuleBroken):  # nothing is sent while one wish is open
            ask(world, schedule_id)
        with pytest.raises(RuleBroken):  # money may still be taken with this card
            billing_keys.delete_card(world.ctx(), world.gateway, key.id, "정리")
    settle(world)
    kept = now_of(world, schedule_id)
    ends = (HELD, at, None) if is_again else (REVOKED, before, Evidence.NOT_AGAIN.value)
    assert (kept.wanted_at, kept.state, kept.schedule_at, kept.evidence) == (None, *ends)
    if not is_again:
        assert kept.next_look_at is not None  # the request may still arrive
        ask(world, schedule_id)
        assert state_of(world, schedule_id) is HELD
    assert len(world.sandbox.schedules()) == 1


def test_a_lost_request_is_not_given_up_while_it_may_still_be_under_way(world):
    schedule_id = failed(world, second_key(world, card="limit"))
    world.sandbox.faults.plan("close_before", "*/reschedule", method="POST")
    at = ask(world, schedule_id)
    for _look in range(2):
        pass_time(world, seconds=70)
        work(world)
        assert now_of(world, schedule_id).wanted_at == at
    settle(world)
    assert now_of(world, schedule_id).wanted_at is None


def test_one_that_was_run_again_in_the_console_meanwhile_is_shown_as_portone_holds_it(world):
    schedule_id = revoked(world, second_key(world))
    theirs = world.clock.now().replace(microsecond=0) + timedelta(hours=5)
    world.gateway.reschedule(now_of(world, schedule_id).merchant_uid, theirs)
    ask(world, schedule_id, hours=48)
    kept = now_of(world, schedule_id)
    assert (kept.state, kept.schedule_at, kept.wanted_at) == (HELD, theirs, None)
    assert read_evidence(kept.evidence)[0] is Evidence.REFUSED


def test_a_request_that_arrives_after_it_was_given_up_is_taken_over(world):
    schedule_id = revoked(world, second_key(world))
    merchant_uid = now_of(world, schedule_id).merchant_uid
    world.sandbox.faults.plan("close_before", f"/subscribe/payments/schedule/{merchant_uid}/reschedule")
    at = ask(world, schedule_id, hours=48)
    settle(world)
    assert state_of(world, schedule_id) is REVOKED
    world.gateway.reschedule(merchant_uid, at)
    pass_time(world, hours=2)
    work(world)
    kept = now_of(world, schedule_id)
    assert (kept.state, kept.schedule_at, kept.evidence) == (HELD, at, None)


@pytest.mark.parametrize(("card", "end"), [("approve", PAID), ("limit", FAILED)])
def test_one_that_ran_before_anybody_read_it_shows_what_it_became(world, card, end):
    schedule_id = revoked(world, second_key(world, card=card))
    merchant_uid = now_of(world, schedule_id).merchant_uid
    world.sandbox.faults.plan("close_after", f"/subscribe/payments/schedule/{merchant_uid}/reschedule")
    world.sandbox.faults.plan("status_before", "/subscribe/payments/schedule/*", method="GET", times=3)
    ask(world, schedule_id)
    pass_time(world, hours=25)
    settle(world)
    kept = now_of(world, schedule_id)
    assert (kept.state, kept.wanted_at) == (end, None)
    assert_books_balance(world.session)


def test_a_second_failure_that_was_read_late_is_not_taken_for_a_request_that_never_arrived(world):
    schedule_id = failed(world, second_key(world, card="limit"))
    kept = now_of(world, schedule_id)
    first, merchant_uid = kept.imp_uid, kept.merchant_uid
    world.sandbox.faults.plan("close_after", f"/subscribe/payments/schedule/{merchant_uid}/reschedule")
    world.sandbox.faults.plan("status_before", "/subscribe/payments/schedule/*", method="GET", times=3)
    at = ask(world, schedule_id)
    pass_time(world, hours=25)
    settle(world)
    kept = now_of(world, schedule_id)
    assert (kept.state, kept.wanted_at, kept.schedule_at, kept.evidence) == (FAILED, None, at, None)
    assert kept.imp_uid not in {None, first}


def test_an_answer_that_comes_after_it_has_run_again_brings_nothing_back(world):
    """The request was taken up at once; its answer is written down when the new time, too, has come and gone."""
    schedule_id = failed(world, second_key(world, card="limit"))
    at = world.clock.now().replace(microsecond=0) + timedelta(hours=24)

    def answered_late(*words):
        answer = world.gateway.reschedule(*words)
        pass_time(world, hours=24, minutes=6)
        work(world)
        return answer

    late = SimpleNamespace(
        reschedule=answered_late, runs_again=world.gateway.runs_again, refuse_if_stopped=world.gateway.refuse_if_stopped
    )
    reschedule(world.ctx(), late, schedule_id, at)
    kept = now_of(world, schedule_id)
    assert (kept.state, kept.schedule_at, kept.wanted_at) == (FAILED, at, None)


def test_who_asked_for_it_and_both_times_stand_in_the_timeline(world):
    schedule_id = revoked(world, second_key(world))
    before = now_of(world, schedule_id).schedule_at
    at = world.clock.now().replace(microsecond=0) + timedelta(hours=48)
    clerk = world.a_staff(Role.CLERK)
    reschedule(world.ctx(clerk), world.gateway, schedule_id, at)
    told = select(Event).where(Event.act == "schedule.again", Event.subject_id == schedule_id)
    (line,) = world.session.scalars(told)
    said = json.loads(line.facts)
    assert (line.actor_id, said["before"], said["after"]) == (clerk.id, before.isoformat(), at.isoformat())
    assert (
        "실패하거나 취소한 예약을 다시 예약 요청" in world.signed_in(Role.OWNER).get(f"/schedules/{schedule_id}").text
    )


def test_a_refusal_changes_nothing_and_keeps_portones_words(world):
    schedule_id = revoked(world, key := second_key(world))
    world.gateway.delete_card(key.customer_uid, "in PortOne's console, which nobody here knows of")
    ask(world, schedule_id)
    kept = now_of(world, schedule_id)
    assert (kept.state, kept.wanted_at, read_evidence(kept.evidence)[0]) == (REVOKED, None, Evidence.REFUSED)
    page = inspect(world.signed_in(Role.CLERK).get(f"/schedules/{schedule_id}").text)
    assert "다시 예약되지 않았습니다. 포트원이 거절했습니다." in page.get_text(" ")
    assert page.select_one(f"a[href='/schedules/{schedule_id}/again']")


def test_what_cant_be_asked_again_is_refused_before_anything_is_sent(world):
    waiting = reserve(world, a_sheet(world, second_key(world))).id
    other_pg = revoked(world, world.a_key())
    gone = revoked(world, key := second_key(world))
    late = revoked(world, second_key(world))
    billing_keys.delete_card(world.ctx(), world.gateway, world.session.get_one(BillingKey, key.id).id, "정리")
    put_away = revoked(world, key := second_key(world))
    archive_customer(world.ctx(), world.session.get_one(BillingKey, key.id).customer_id)
    for schedule_id in (waiting, other_pg, gone, put_away):
        with pytest.raises(RuleBroken):
            ask(world, schedule_id)
    for hours in (-1, 0.1, 24 * 400):
        with pytest.raises(InvalidInput):
            ask(world, late, hours=hours)
    assert [row["schedule_status"] for row in world.sandbox.schedules()].count("scheduled") == 1


def test_a_clerk_reserves_again_on_two_screens_and_jtnet_has_neither(world):
    client = world.signed_in(Role.CLERK)
    ours, jtnet = revoked(world, second_key(world)), revoked(world, world.a_key())
    assert f"/schedules/{jtnet}/again" not in client.get(f"/schedules/{jtnet}").text
    assert "다시 예약할 수 없는 예약입니다." in client.get(f"/schedules/{jtnet}/again").text
    url = f"/schedules/{ours}/again"
    assert url in client.get(f"/schedules/{ours}").text
    assert url not in world.signed_in(Role.VIEWER).get(f"/schedules/{ours}").text
    fields = fields_of(client.get(url))
    assert client.post(f"{url}/confirm", data=fields | {"schedule_day": "2020-01-01"}).status_code == 422
    assert client.post(f"/schedules/{jtnet}/again/confirm", data=fields).status_code == 422
    confirm = client.post(f"{url}/confirm", data=fields)
    assert "₩33,000 다시 예약" in inspect(confirm.text).get_text()
    assert state_of(world, ours) is REVOKED
    again = client.post(f"{url}/confirm", data=fields_of(confirm, "#edit-form"))
    assert fields_of(again)["schedule_day"] == fields["schedule_day"]
    for _press in range(2):
        assert client.post(url, data=fields_of(confirm, "form.sheet")).status_code == 303
    assert client.post(f"/schedules/{jtnet}/again", data=fields_of(confirm, "form.sheet")).status_code == 303
    assert (state_of(world, ours), state_of(world, jtnet)) == (HELD, REVOKED)
    inspect(client.get(f"/schedules/{ours}").text)


def test_a_failed_one_is_charged_now_as_a_new_order_at_every_profile(world):
    schedule_id = failed(world, world.a_key(card="limit"))
    client = world.signed_in(Role.CLERK)
    page = inspect(client.get(f"/schedules/{schedule_id}").text)
    link = next(a["href"] for a in page.select("a") if "새 주문으로 지금 결제" in a.get_text())
    filled = fields_of(client.get(link))
    assert (filled["name"], filled["amount_krw"], filled["from_payment_id"] in link) == ("1월 이용료", "33,000", True)
