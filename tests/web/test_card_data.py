"""Card data never comes in."""

import pytest

from merchant_admin.web.card_data import holds_card_number

CARDS = [
    "4242424242424242", "4242 4242 4242 4242", "4242-4242-4242-4242", "4242.4242.4242.4242", "４２４２４２４２４２４２４２４２",
    "카드:4242424242424242입니다", "378282246310005", "3782 822463 10005", "5555555555554444 / 12", "36227206271667",
]  # fmt: skip
OTHERS = [
    "", "010-1234-5678", "010-1234-5678, 010-8765-4321", "010-1234-5678 010-4444-3333", "imp_118402990155",
    "ord_k7h2m9qxw4nbd8r3tz5p", "4242424242424241", "2026-11-23 2026-12-23", "0000000000000000", "100,000,000원", "1588-1234",
]  # fmt: skip


@pytest.mark.parametrize("text", CARDS)
def test_a_card_number_is_seen_however_it_is_written(text):
    assert holds_card_number(text)


@pytest.mark.parametrize("text", OTHERS)
def test_other_numbers_are_let_through(text):
    assert not holds_card_number(text)


@pytest.mark.parametrize("name", ["card_number", "birth", "pwd_2digit", "Card_Number"])
def test_a_field_named_for_card_data_is_refused(web, name):
    assert web.post("/preferences", data={name: "1"}).status_code == 400
    assert web.get("/dev/components", query_string={name: "1"}).status_code == 400


def test_a_card_number_in_an_address_is_refused_and_not_shown(web):
    answer = web.get("/dev/components", query_string={"q": "4242 4242 4242 4242"})
    assert answer.status_code == 400
    assert "4242" not in answer.text
