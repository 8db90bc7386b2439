"""What the product asks of PortOne, on the real sandbox, and orders that can't be built."""

import pytest

from merchant_admin.core.errors import GatewayRejected
from merchant_admin.core.ids import new_merchant_uid
from merchant_admin.portone import wire
from merchant_admin.portone.gateway import Gateway
from merchant_admin.portone.types import CancelOrder, ChargeOrder, PaymentStatus


def test_a_declined_card_is_a_result_and_no_error(world):
    key = world.a_key(card="limit")
    said = world.gateway.charge_again(ChargeOrder(key.customer_uid, new_merchant_uid(), 1_000, "이용료"))
    assert (said.status, bool(said.fail_reason)) == (PaymentStatus.FAILED, True)


def test_what_portone_does_not_know_is_none_or_empty(world):
    assert world.gateway.payment("imp_000000000000") is None
    assert world.gateway.payments_of("ord_nobody") == []
    assert world.gateway.stored_card("bks_nobody") is None


def test_deleting_a_card_twice_is_no_error(world):
    key = world.a_key()
    world.gateway.delete_card(key.customer_uid, "test")
    world.gateway.delete_card(key.customer_uid, "test")
    assert world.gateway.stored_card(key.customer_uid) is None


def test_an_amount_is_locked_once_and_may_be_locked_again_alike(world):
    uid = new_merchant_uid("reg")
    world.gateway.lock_amount(uid, 15_000)
    world.gateway.lock_amount(uid, 15_000)
    with pytest.raises(GatewayRejected):
        world.gateway.lock_amount(uid, 16_000)


def test_a_moved_balance_stops_a_cancel(world):
    key = world.a_key()
    said = world.gateway.charge_again(ChargeOrder(key.customer_uid, new_merchant_uid(), 10_000, "이용료"))
    world.sandbox.console_cancel(said.imp_uid, 1_000)
    with pytest.raises(GatewayRejected):
        world.gateway.cancel(CancelOrder(said.imp_uid, 1_000, 10_000, "R-1"))


@pytest.mark.parametrize(
    "words", [(0, 10), (-1, 10), (11, 10), (1, 0)], ids=["nothing", "negative", "above the balance", "no balance"]
)
def test_a_cancel_without_a_positive_amount_and_a_balance_cannot_be_built(words):
    with pytest.raises(ValueError, match="amount"):
        CancelOrder("imp_1", words[0], words[1], "R-1")


def test_a_charge_of_nothing_cannot_be_built():
    with pytest.raises(ValueError, match="amount"):
        ChargeOrder("bks", "ord", 0, "이용료")


def test_a_list_that_names_itself_as_its_next_page_ends(world):
    class Endless:
        breaker = None

        def get(self, *_):
            return {"total": 1, "previous": 0, "next": 1, "list": []}

    assert Gateway(Endless(), world.settings).payments_of("ord_x") == []


@pytest.mark.parametrize("amount", [1.5, -1, True, "1000", None, float("inf"), [], {}])
def test_an_amount_that_is_no_whole_won_is_unreadable(amount):
    with pytest.raises(wire.Unreadable):
        wire.won(amount)


def test_a_status_word_nobody_knows_is_tolerated():
    said = wire.transaction({"imp_uid": "imp_1", "merchant_uid": "o", "amount": 1, "status": "review", "new_field": {}})
    assert (said.status, said.status_word) == (PaymentStatus.UNKNOWN, "review")


def test_a_digit_only_card_mask_is_not_kept_whole():
    said = wire.transaction(
        {"imp_uid": "imp_1", "merchant_uid": "o", "amount": 1, "status": "paid", "card_number": "5570420000007221",
         "fail_reason": "카드 5570420000007221 거절"}
    )  # fmt: skip
    assert said.last_four == "7221"
    assert "557042" not in repr(said) + str(said.snapshot) + said.fail_reason
