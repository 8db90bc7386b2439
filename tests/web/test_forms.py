"""Text from outside becomes typed values, or one clear message at the field."""

from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merchant_admin.web.forms import FormReader

CARD = "4242 4242 4242 4242"


class Colour(StrEnum):
    RED = "red"


@pytest.fixture(autouse=True)
def request_context(world):
    with world.app.test_request_context():
        yield


def won(text, **limits):
    form = FormReader({"amount_krw": text})
    return form.won("amount_krw", **limits), form


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("48400", 48400),
        ("48,400", 48400),
        (" 48400원 ", 48400),
        ("₩48,400", 48400),
        ("１０００", 1000),
        ("48 400", 48400),
    ],
)
def test_an_amount_is_read_as_people_write_it(typed, amount):
    read, form = won(typed)
    assert (read, form.is_valid) == (amount, True)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "0",
        "-1",
        "1.5",
        "1e9",
        "9" * 20,
        "4,84,00",
        "48,400.00",
        "천원",
        "0x10",
        "+5",
        "１．５",
        "①②",
        "٣",
        "100,000,001",
        "NaN",
        "1_000",
    ],
)
def test_an_amount_that_is_none_gets_one_message_and_is_kept(typed):
    read, form = won(typed)
    assert read is None
    assert list(form.errors) == ["amount_krw"]
    assert form.values["amount_krw"] == typed


def test_an_amount_over_the_limit_names_the_limit():
    _, form = won("50000", most=48_400)
    assert "48,400" in form.errors["amount_krw"]


def test_an_amount_may_be_left_out_where_it_may():
    assert won("", required=False)[0] is None
    assert won("", required=False)[1].is_valid
    assert won("0", least=0)[0] == 0


@given(st.integers(1, 100_000_000))
def test_what_we_write_we_read(amount):
    assert won(f"₩{amount:,}")[0] == amount


def test_a_card_number_in_a_text_is_refused_and_forgotten():
    form = FormReader({"memo": f"카드 {CARD} 로 해 주세요"})
    assert form.text("memo", most=200) == ""
    assert form.values["memo"] == ""
    assert "카드번호" in form.errors["memo"]


@pytest.mark.parametrize("name", ["amount_krw", "colour", "tel", "mail", "count"])
def test_a_card_number_is_kept_by_no_reader(name):
    form = FormReader(dict.fromkeys(("amount_krw", "colour", "tel", "mail", "count"), CARD))
    form.won("amount_krw")
    form.choice("colour", Colour)
    form.phone("tel")
    form.email("mail")
    form.whole("count", least=0, most=12)
    assert form.values[name] == ""
    assert name in form.errors


def test_control_signs_are_refused_and_line_breaks_are_not():
    form = FormReader({"name": "가\x00나", "memo": "가\r\n나", "bell": "\x07"})
    form.text("name", most=10)
    assert form.text("memo", most=10) == "가\n나"
    form.text("bell", most=10)
    assert set(form.errors) == {"name", "bell"}


def test_one_line_takes_no_line_break():
    form = FormReader({"name": "가\n나"})
    form.line("name", most=10)
    assert "name" in form.errors


def test_a_name_of_41_signs_is_refused_and_emoji_count_as_signs():
    form = FormReader({"long": "가" * 41, "right": "😀" * 40})
    form.line("long", most=40)
    form.line("right", most=40)
    assert list(form.errors) == ["long"]
    assert "41" in form.errors["long"]


def test_markup_is_text():
    form = FormReader({"name": "<script>"})
    assert form.line("name", most=40) == "<script>"


@pytest.mark.parametrize(
    ("typed", "tidy"),
    [
        ("01012345678", "010-1234-5678"), ("010.1234.5678", "010-1234-5678"), ("+82 10-1234-5678", "010-1234-5678"),
        ("02-123-4567", "02-123-4567"), ("0311234567", "031-123-4567"), ("15881234", "1588-1234"),
        ("０１０１２３４５６７８", "010-1234-5678"), ("", None),
    ],
)  # fmt: skip
def test_a_phone_number_is_tidied(typed, tidy):
    form = FormReader({"phone": typed})
    assert form.phone("phone") == tidy
    assert form.is_valid


@pytest.mark.parametrize("typed", ["1234", "010-1234-56789", "전화 없음", "010-1234-567a"])
def test_what_is_no_phone_number_is_refused(typed):
    form = FormReader({"phone": typed})
    assert form.phone("phone") is None
    assert not form.is_valid


@pytest.mark.parametrize("typed", ["x", "a@b", "a b@c.kr", "a@@b.kr", "a@-b.kr", "<a@b.kr>"])
def test_what_is_no_mail_address_is_refused(typed):
    form = FormReader({"email": typed})
    assert form.email("email") is None
    assert not form.is_valid


def test_a_mail_address_is_lowered():
    assert FormReader({"email": " Seoyeon@Example.COM "}).email("email") == "seoyeon@example.com"


def test_a_choice_is_one_of_its_kind_or_refused():
    form = FormReader({"good": "red", "bad": "blue", "none": ""})
    assert form.choice("good", Colour) is Colour.RED
    assert form.choice("bad", Colour) is None
    assert form.choice("none", Colour, required=False) is None
    assert list(form.errors) == ["bad"]


def test_whole_numbers_have_limits_and_a_default():
    form = FormReader({"quota": "13", "other": "", "good": "3"})
    assert form.whole("quota", least=0, most=12) is None
    assert form.whole("other", least=0, most=12, default=0) == 0
    assert form.whole("good", least=0, most=12) == 3
    assert list(form.errors) == ["quota"]


def test_a_box_is_ticked_or_not():
    form = FormReader({"on": "1", "off": "", "zero": "0"})
    assert (form.flag("on"), form.flag("off"), form.flag("zero"), form.flag("missing")) == (True, False, False, False)


def test_the_first_message_stays():
    form = FormReader({})
    form.refuse("name", "first")
    form.refuse("name", "second")
    assert form.errors == {"name": "first"}


def test_a_form_not_yet_posted_shows_its_values():
    assert FormReader.showing(name="가", amount_krw=None).values == {"name": "가", "amount_krw": ""}
