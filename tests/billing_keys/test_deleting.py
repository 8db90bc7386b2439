"""Deleting a card: here first, there verified, a lost answer settled by reading."""

import pytest

from merchant_admin.audit.queries import of_subjects
from merchant_admin.billing_keys import dependants, service
from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.core.db import db
from merchant_admin.core.errors import RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.payments.models import Attempt, Charge
from merchant_admin.payments.states import AttemptState, ChargeKind


def delete(world, key, reason="고객 요청"):
    return service.delete_card(world.ctx(), world.gateway, key.id, reason)


def held(world, key):
    return any(one["customer_uid"] == key.customer_uid for one in world.sandbox.billing_keys())


def path(key):
    return f"/subscribe/customers/{key.customer_uid}"


def test_a_deleted_card_is_gone_at_portone_and_stays_here_as_a_tombstone(each_world):
    key = each_world.a_key()
    uid = key.customer_uid
    gone = delete(each_world, key)
    assert gone.state is KeyState.DELETED
    assert (gone.customer_uid, gone.deleted_at) == (uid, each_world.clock.now())
    assert not held(each_world, gone)


def test_a_second_deletion_changes_nothing(world):
    key = world.a_key()
    delete(world, key)
    calls = len(world.sandbox.requests_log())
    assert delete(world, key).state is KeyState.DELETED
    assert len(world.sandbox.requests_log()) == calls


def test_the_default_mark_goes_with_the_card(world):
    key = world.a_key()
    service.make_default(world.ctx(), key.id)
    assert delete(world, key).is_default is False


@pytest.mark.parametrize("fault", ["close_after", "status_after", "html_after", "half_json"])
def test_a_lost_answer_to_a_done_deletion_is_read(world, fault):
    key = world.a_key()
    world.sandbox.faults.plan(fault, path(key), method="DELETE")
    assert delete(world, key).state is KeyState.DELETED


@pytest.mark.parametrize("fault", ["close_before", "status_before"])
def test_a_lost_request_leaves_it_deleting_until_the_worker_asks_again(world, fault):
    key = world.a_key()
    world.sandbox.faults.plan(fault, path(key), method="DELETE")
    assert delete(world, key).state is KeyState.DELETING
    assert held(world, key)
    assert service.sweep_deleting(world.ctx(), world.gateway) == 1
    assert db.session.get(BillingKey, key.id).state is KeyState.DELETED
    assert not held(world, key)
    assert service.sweep_deleting(world.ctx(), world.gateway) == 0


def test_portone_unreachable_keeps_it_deleting_and_unchargeable(world):
    key = world.a_key()
    world.sandbox.faults.plan("close_before", path(key), times=10)
    assert delete(world, key).state is KeyState.DELETING
    service.sweep_deleting(world.ctx(), world.gateway)
    assert db.session.get(BillingKey, key.id).state is KeyState.DELETING


def test_a_refused_deletion_gives_the_card_back(world):
    key = world.a_key()
    world.sandbox.faults.plan("status_before", path(key), method="DELETE", status=401, times=2)
    assert delete(world, key).state is KeyState.ACTIVE
    acts = [event.act for event in of_subjects(world.session, ("billing_key", key.id))]
    assert acts[:2] == ["billing_key.not_deleted", "billing_key.deleting"]


def test_a_card_with_an_open_charge_is_not_deleted(world):
    key = world.a_key()
    open_charge(world, key)
    with pytest.raises(RuleBroken, match="확인 중인 결제"):
        delete(world, key)
    assert db.session.get(BillingKey, key.id).state is KeyState.ACTIVE
    assert held(world, key)


def test_what_needs_a_card_is_listed(world):
    key = world.a_key()
    charge = open_charge(world, key)
    listed = dependants.of_key(world.session, key.id)
    assert [(one.record_id, one.amount_krw, one.blocks) for one in listed] == [(charge.id, 33000, True)]


def test_the_timeline_says_who_why_and_what_came_of_it(world):
    staff, key = world.a_staff(), world.a_key()
    service.delete_card(world.ctx(staff), world.gateway, key.id, "카드 분실")
    newest, before = of_subjects(world.session, ("billing_key", key.id))[:2]
    assert (newest.act, before.act, before.reason) == ("billing_key.deleted", "billing_key.deleting", "카드 분실")
    assert before.actor_name == staff.name


def open_charge(world, key):
    charge = Charge(
        id=new_id("chg"), sheet_key=new_id("sht"), body_hash="x" * 64, kind=ChargeKind.ONE_OFF, mode=key.mode,
        customer_id=key.customer_id, billing_key_id=key.id, amount_krw=33000, tax_free_krw=0, quota=0,
        name="11월 이용료", memo="", created_at=world.clock.now(),
    )  # fmt: skip
    world.add(charge)
    world.add(
        Attempt(
            id=new_id("att"), charge_id=charge.id, merchant_uid=new_id("ord"), customer_uid=key.customer_uid,
            amount_krw=33000, state=AttemptState.READY, sends=0, created_at=world.clock.now(),
        )
    )  # fmt: skip
    return charge
