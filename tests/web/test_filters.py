"""How money, instants and people's data read."""

from datetime import UTC, date, datetime

import pytest

from merchant_admin.web import filters

AT = datetime(2026, 11, 23, 6, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def korean(world):
    with world.app.test_request_context():
        yield


@pytest.fixture
def english(world):
    with world.app.test_request_context(headers={"Accept-Language": "en"}):
        yield


@pytest.mark.parametrize(("amount", "text"), [(48_400, "₩48,400"), (0, "₩0"), (-1_234_000, "-₩1,234,000"), (None, "–")])
def test_won_have_their_sign_and_commas(amount, text):
    assert filters.won(amount) == text


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (48_400, "금 사만팔천사백 원"), (10_000, "금 일만 원"), (1_000, "금 일천 원"), (100_000_000, "금 일억 원"),
        (12_345_678, "금 일천이백삼십사만오천육백칠십팔 원"), (100_000_001, "금 일억일 원"), (11, "금 일십일 원"),
    ],
)  # fmt: skip
def test_won_are_written_out_as_on_a_bank_form(amount, words):
    assert filters.won_words(amount) == words


def test_an_instant_reads_as_seouls_clock(world):
    assert filters.kst(AT) == '<time datetime="2026-11-23T15:04:00+09:00">2026. 11. 23. 오후 3:04</time>'


def test_an_instant_reads_in_english(english):
    assert ">Nov 23, 2026, 3:04 PM<" in filters.kst(AT)
    assert filters.won_words(48_400) == "48,400 won"


def test_a_day_is_seouls_day():
    late = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)
    assert ">2026. 11. 24.<" in filters.kst_day(late)
    assert ">2026. 11. 23.<" in filters.kst_day(date(2026, 11, 23))


def test_never_is_a_dash():
    assert filters.kst(None) == "–"
    assert filters.kst_day(None) == "–"


@pytest.mark.parametrize(
    ("mask", "value", "shown"),
    [
        (filters.phone_masked, "010-1234-5678", "010-••••-5678"),
        (filters.phone_masked, "1588-1234", "1588-••••-1234"),
        (filters.phone_masked, None, "–"),
        (filters.email_masked, "seoyeon@example.com", "se•••@example.com"),
        (filters.email_masked, "a@example.com", "•••@example.com"),
        (filters.name_masked, "김서연", "김•연"),
        (filters.name_masked, "김서", "김•"),
        (filters.name_masked, "", "–"),
    ],
)
def test_a_person_is_masked(mask, value, shown):
    assert mask(value) == shown


def test_a_card_is_named_by_what_is_known():
    assert filters.card_label("신한카드", "4321") == "신한카드 •••• 4321"
    assert filters.card_label(None, "4321") == "•••• 4321"
    assert filters.card_label("신한카드") == "신한카드"
    assert filters.card_label(None) == "–"


@pytest.mark.parametrize(
    ("amount", "label"), [(0, "0"), (6_000_000, "600만"), (120_000_000, "1.2억"), (9_000, "9,000")]
)
def test_an_axis_says_it_shortly(amount, label):
    assert filters.short_won(amount) == label


@pytest.mark.parametrize(("most", "top"), [(5_300_000, 6_000_000), (1, 1), (0, 1), (9_999, 10_000), (100, 100)])
def test_a_charts_top_is_round(most, top):
    assert filters.chart_top([("월", most)]) == top
