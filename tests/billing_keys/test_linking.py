"""Linking, adopting and preferring cards."""

import pytest

from merchant_admin.audit.queries import of_subjects
from merchant_admin.billing_keys import queries, service
from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeySource, KeyState
from merchant_admin.core.errors import Conflict, GatewayError, InvalidInput, NotFound, RuleBroken
from merchant_admin.customers.service import archive_customer


def at_portone(world, uid="old_card_1", **window):
    world.sandbox.window_key(customer_uid=uid, merchant_uid=f"m_{uid}", **window)
    return uid


def adopt(world, customer, uid):
    return service.adopt_card(world.ctx(), world.gateway, customer.id, uid)


def test_an_adopted_card_is_linked_as_portone_describes_it(each_world):
    customer = each_world.a_customer()
    key = adopt(each_world, customer, at_portone(each_world))
    assert (key.state, key.source, key.pg_id) == (KeyState.ACTIVE, KeySource.ADOPTED, "tpaytest2m")
    assert key.issuer_code == "366"
    assert len(key.last_four) == 4


def test_the_first_card_is_the_default_and_the_second_is_not(each_world):
    customer = each_world.a_customer()
    first = adopt(each_world, customer, at_portone(each_world, "one"))
    second = adopt(each_world, customer, at_portone(each_world, "two"))
    assert (first.is_default, second.is_default) == (True, False)


def test_preferring_a_card_leaves_one_default(each_world):
    customer = each_world.a_customer()
    adopt(each_world, customer, at_portone(each_world, "one"))
    second = adopt(each_world, customer, at_portone(each_world, "two"))
    service.make_default(each_world.ctx(), second.id)
    service.make_default(each_world.ctx(), second.id)
    rows = queries.keys_of_customer(each_world.session, customer.id)
    assert (rows[0].id, rows[0].is_default) == (second.id, True)
    assert sum(row.is_default for row in rows) == 1


def test_linking_the_same_card_twice_is_once(world):
    customer = world.a_customer()
    uid = at_portone(world)
    card = world.gateway.stored_card(uid)
    made = []
    for _ in range(2):
        ctx = world.ctx()
        with ctx.atomic() as session:
            made.append(service.link_card(ctx, session, customer.id, card, KeySource.WINDOW).id)
    assert made[0] == made[1]
    assert [event.act for event in of_subjects(world.session, ("billing_key", made[0]))] == ["billing_key.linked"]


def test_a_card_of_another_customer_is_not_linked(world):
    adopt(world, world.a_customer(), at_portone(world))
    with pytest.raises(InvalidInput) as refused:
        adopt(world, world.a_customer(name="이하늘"), "old_card_1")
    assert "이미 연결된" in str(refused.value.fields["customer_uid"])


def test_linking_somebody_elses_card_conflicts(world):
    adopt(world, world.a_customer(), at_portone(world))
    other, ctx = world.a_customer(name="이하늘"), world.ctx()
    card = world.gateway.stored_card("old_card_1")
    with pytest.raises(Conflict), ctx.atomic() as session:
        service.link_card(ctx, session, other.id, card, KeySource.WINDOW)


@pytest.mark.parametrize("uid", ["", "a b", "x" * 81, "카드", "a/b", "1' OR '1'='1"])
def test_a_malformed_name_is_refused_before_portone_is_asked(world, uid):
    before = len(world.sandbox.requests_log())
    with pytest.raises(InvalidInput):
        service.check_adoption(world.ctx(), world.gateway, uid)
    assert len(world.sandbox.requests_log()) == before


def test_an_unknown_name_is_refused(world):
    with pytest.raises(InvalidInput, match="등록된 카드가 없습니다"):
        service.check_adoption(world.ctx(), world.gateway, "never_heard_of")


def test_a_card_of_another_mode_is_refused(world):
    at_portone(world)
    world.gateway.fits_mode = lambda is_test: is_test is False  # as in live mode
    with pytest.raises(InvalidInput, match="다른 운영 모드"):
        service.check_adoption(world.ctx(), world.gateway, "old_card_1")


def test_a_deleted_name_is_never_used_again(world):
    customer = world.a_customer()
    key = adopt(world, customer, at_portone(world))
    service.delete_card(world.ctx(), world.gateway, key.id, "잃어버림")
    world.sandbox.window_key(customer_uid="old_card_1", merchant_uid="again")
    with pytest.raises(InvalidInput, match="다시 쓰지 않습니다"):
        adopt(world, customer, "old_card_1")


def test_an_archived_customer_gets_no_card(world):
    customer = world.a_customer()
    archive_customer(world.ctx(), customer.id)
    with pytest.raises(RuleBroken):
        adopt(world, customer, at_portone(world))


def test_nothing_is_linked_while_portone_is_silent(world):
    customer, uid = world.a_customer(), at_portone(world)
    world.sandbox.faults.plan("status_before", f"/subscribe/customers/{uid}")
    with pytest.raises(GatewayError):
        adopt(world, customer, uid)
    assert queries.keys_of_customer(world.session, customer.id) == []


def test_a_live_key_may_be_charged_and_a_deleted_one_says_why(world):
    key = world.a_key()
    assert queries.live_key(world.session, key.id).id == key.id
    service.delete_card(world.ctx(), world.gateway, key.id, "")
    with pytest.raises(RuleBroken, match="삭제한 빌링키"):
        queries.live_key(world.session, key.id)
    with pytest.raises(NotFound):
        queries.live_key(world.session, "key_nobody")


def test_a_card_deleted_elsewhere_becomes_missing_and_may_come_back(world):
    key = adopt(world, world.a_customer(), at_portone(world))
    world.gateway.delete_card("old_card_1", "elsewhere")
    gone = service.look_at_card(world.ctx(), world.gateway, key.id)
    assert (gone.state, gone.is_default) == (KeyState.MISSING, False)
    world.sandbox.window_key(customer_uid="old_card_1", merchant_uid="again")
    assert service.look_at_card(world.ctx(), world.gateway, key.id).state is KeyState.ACTIVE


def test_the_tombstone_keeps_no_more_than_the_row_had(world):
    columns = set(BillingKey.__table__.columns.keys())
    assert not columns & {"card_number", "number", "birth", "expiry", "pwd_2digit", "cvc"}
