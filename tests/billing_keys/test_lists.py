"""The list of all cards: the only one there is."""

import pytest

from merchant_admin.billing_keys import queries, service
from merchant_admin.billing_keys.queries import KeyFilters
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.core.ids import new_id
from merchant_admin.core.paging import Place


def a_card(world, customer, issuer="366", serial=1):
    uid = new_id("bks")
    world.sandbox.window_key(customer_uid=uid, merchant_uid=new_id("reg"), issuer=issuer, serial=serial)
    return service.adopt_card(world.ctx(), world.gateway, customer.id, uid)


def ids(world, place=None, **filters):
    return [row.id for row in queries.key_page(world.session, KeyFilters(**filters), place).rows]


def test_newest_first_with_the_customers_name(each_world):
    customer = each_world.a_customer()
    first = a_card(each_world, customer)
    each_world.clock.advance(60)
    second = a_card(each_world, customer)
    page = queries.key_page(each_world.session, KeyFilters(), None)
    assert [row.id for row in page.rows] == [second.id, first.id]
    assert page.rows[0].customer_name == "김서연"


def test_filters_narrow_by_state_issuer_mid_and_use(world):
    customer = world.a_customer()
    shinhan, samsung = a_card(world, customer), a_card(world, customer, issuer="365")
    service.delete_card(world.ctx(), world.gateway, shinhan.id, "")
    assert ids(world, state=KeyState.DELETED) == [shinhan.id]
    assert ids(world, issuer_code="365") == [samsung.id]
    assert ids(world, pg_id="tpaytest2m", state=KeyState.ACTIVE) == [samsung.id]
    assert set(ids(world, never_used=True)) == {shinhan.id, samsung.id}
    assert ids(world, pg_id="another") == []


def test_search_finds_by_last_four_customer_and_id(world):
    kim, lee = world.a_customer(), world.a_customer(name="이하늘", phone="010-9999-0000", email=None)
    one, two = a_card(world, kim, serial=123), a_card(world, lee, serial=456)
    assert ids(world, text=one.last_four) == [one.id]
    assert ids(world, text="ㅇㅎㄴ") == [two.id]
    assert ids(world, text="9999") == [two.id]
    assert ids(world, text=one.id) == [one.id]
    assert ids(world, text=f" {two.customer_uid} ") == [two.id]
    assert ids(world, text="nobody") == []


def test_a_second_page_follows_the_first(world):
    customer = world.a_customer()
    made = []
    for _ in range(27):
        world.clock.advance(1)
        made.append(world.a_key(customer).id)
    first = queries.key_page(world.session, KeyFilters(), None)
    second = queries.key_page(world.session, KeyFilters(), Place.read(first.next))
    assert [row.id for row in (*first.rows, *second.rows)] == made[::-1]
    assert first.previous is None
    assert second.next is None


def test_a_customers_default_card_comes_first_and_deleted_ones_last(world):
    customer = world.a_customer()
    first = a_card(world, customer)
    world.clock.advance(60)
    second = a_card(world, customer)
    world.clock.advance(60)
    third = a_card(world, customer)
    service.delete_card(world.ctx(), world.gateway, third.id, "")
    rows = queries.keys_of_customer(world.session, customer.id)
    assert [row.id for row in rows] == [first.id, second.id, third.id]
    assert [row.id for row in queries.keys_of_customer(world.session, customer.id, with_deleted=False)] == [
        first.id, second.id,
    ]  # fmt: skip


@pytest.mark.parametrize("word", ["%", "_", "'", "\\", "😀", "카드 ' OR 1=1"])
def test_odd_questions_are_answered_with_nothing(world, word):
    a_card(world, world.a_customer())
    assert ids(world, text=word) == []


def test_the_whole_last_four_finds_a_card_whose_last_digit_is_masked(world):
    card = a_card(world, world.a_customer(), serial=321)
    assert card.last_four.endswith("*")
    assert ids(world, text=card.last_four[:3] + "7") == [card.id]
