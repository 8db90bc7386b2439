"""What a raw text is taken to mean: by its signs, then by a person's word, onward and for what was shown before."""

import pytest
from bs4 import BeautifulSoup

from merchant_admin.core.errors import RuleBroken
from merchant_admin.core.permissions import Role
from merchant_admin.failures.service import dictionary, reclass
from merchant_admin.failures.states import FailureClass
from merchant_admin.failures.words import READINGS, built_in, id_of, pattern_of
from merchant_admin.payments.states import LineState
from tests.payments_screens.desk import form_of
from tests.payments_screens.lines import a_line
from tests.support.pages import inspect

ODD = "[E999]알 수 없는 글"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[D101]거래거절 잔액부족", FailureClass.BALANCE),
        ("1회 한도금액 초과", FailureClass.LIMIT),
        ("분실신고 카드", FailureClass.LOST_OR_STOPPED),
        ("거래정지 카드", FailureClass.LOST_OR_STOPPED),
        ("유효기간 경과", FailureClass.EXPIRED),
        ("카드번호 오류", FailureClass.WRONG_DATA),
        ("카드사 점검중", FailureClass.ISSUER_DOWN),
        ("시스템 오류", FailureClass.SYSTEM),
        ("", FailureClass.UNKNOWN),
        (None, FailureClass.UNKNOWN),
        (ODD, FailureClass.UNKNOWN),
    ],
)
def test_signs_put_a_text_into_a_class(text, expected):
    assert built_in(text) is expected


def test_every_class_says_something_to_staff_and_to_the_customer():
    assert set(READINGS) == set(FailureClass)


def test_spaces_and_long_numbers_make_no_new_text():
    assert pattern_of(" 승인거절  20261123150411 ") == pattern_of("승인거절 99887766") == "승인거절 #"


def test_a_word_of_staff_counts_for_the_same_text_only(world):
    reclass(world.ctx(world.a_staff(Role.MANAGER)), ODD, FailureClass.LIMIT)
    words = dictionary(world.session)
    assert words.class_of(f" {ODD} ") is FailureClass.LIMIT
    assert words.class_of(ODD + "!") is FailureClass.UNKNOWN


def test_the_last_word_counts(world):
    staff = world.a_staff(Role.MANAGER)
    for to in (FailureClass.LIMIT, FailureClass.SYSTEM):
        reclass(world.ctx(staff), ODD, to)
    assert dictionary(world.session).class_of(ODD) is FailureClass.SYSTEM


def test_a_job_has_no_word(world):
    with pytest.raises(RuleBroken):
        reclass(world.ctx(), ODD, FailureClass.LIMIT)


@pytest.fixture
def declined(world):
    return a_line(world, state=LineState.DECLINED, customer=world.a_customer(), fail_reason=ODD)


def test_texts_are_listed_with_count_and_class(world, declined):
    for _ in range(2):
        a_line(world, state=LineState.DECLINED, fail_reason="잔액부족")
    rows = inspect(world.signed_in(Role.VIEWER).get("/failures").text).select("tbody tr")
    assert [row.select_one(".num").text for row in rows] == ["2", "1"]
    assert "잔액 부족" in rows[0].text
    assert "분류 안 됨" in rows[1].text


def test_a_manager_classes_a_text_and_past_payments_show_it(world, declined):
    line_id, manager = declined.id, world.signed_in(Role.MANAGER)
    where = f"/failures/{id_of(pattern_of(ODD))}"
    page = manager.get(where)
    assert "Please ask them why" in inspect(page.text).find(lang="en", class_="grow").text
    answer = manager.post(where, data=form_of(page, where) | {"failure_class": "limit"})
    assert answer.status_code == 303
    assert "한도 초과" in inspect(manager.get("/payments").text).find(id="payments").text
    assert "카드 한도를 넘었습니다" in manager.get(f"/payments/{line_id}").text
    assert "직원이 정함" in manager.get("/failures").text


def test_a_made_up_class_or_text_is_refused(world, declined):
    manager = world.signed_in(Role.MANAGER)
    where = f"/failures/{id_of(pattern_of(ODD))}"
    token = BeautifulSoup(manager.get(where).text, "html.parser").find("input", {"name": "csrf_token"})["value"]
    assert manager.post(where, data={"csrf_token": token, "failure_class": "gold"}).status_code == 422
    assert manager.get("/failures/fwd_none").status_code == 404


def test_a_clerk_reads_and_does_not_class(world, declined):
    page = world.signed_in(Role.CLERK).get(f"/failures/{id_of(pattern_of(ODD))}")
    assert "failure_class" not in page.text


def test_an_odd_text_is_shown_as_text(world):
    a_line(world, state=LineState.DECLINED, fail_reason="<script>alert(1)</script> ../../x")
    viewer = world.signed_in(Role.VIEWER)
    page = inspect(viewer.get("/failures").text)
    link = page.select_one("tbody a")
    assert link.text == "<script>alert(1)</script> ../../x"
    assert viewer.get(link["href"]).status_code == 200
