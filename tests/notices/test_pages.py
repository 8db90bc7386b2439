"""The screens: what is told and what follows, and the texts that staff write."""

import pytest

from merchant_admin.core.outgoing import Channel
from merchant_admin.core.permissions import Role
from merchant_admin.notices.shipped import VARIABLES, shipped
from merchant_admin.notices.states import NoticeKind, NoticeState
from merchant_admin.notices.texts import unknown_variables
from tests.conftest import NOON
from tests.notices.acting import VALUES, fields, notices, soup, write
from tests.support.pages import inspect
from tests.support.world import World

ADDRESS = "/notices/texts/charged/text"


@pytest.fixture
def shop(empty_database, tmp_path):
    """A shop whose texts go into a file, so that nothing is sent by itself."""
    with World(tmp_path, template=empty_database, at=NOON, TEXT_NOTICES="csv") as made:
        yield made


def test_the_list_finds_by_state_and_customer_and_leads_to_the_text(shop):
    seoyeon = write(shop)
    write(shop, shop.a_customer("박도윤", None, None), "prd_2.paid")
    client = shop.signed_in(Role.VIEWER)
    assert "박도윤" in (everyone := inspect(client.get("/notices").text).text)
    assert "김서연" in everyone
    assert "박도윤" not in client.get("/notices?state=waiting").text
    assert "김서연" not in client.get("/notices?q=박도윤").text
    one = next(row for row in notices(shop) if row.customer_id == seoyeon.id)
    page = inspect(client.get(f"/notices/{one.id}").text)
    assert "원두 정기 배송 18,500원 결제 완료" in page.text
    assert "문자 파일로 내보내기를 기다립니다" in page.text
    assert "010-1234-5678" not in str(page)
    assert not page.find("form", action=f"/notices/{one.id}/again")


def test_a_dropped_one_is_sent_again_by_one_press(shop):
    customer = write(shop, shop.a_customer(phone=None))
    one = notices(shop)[0]
    assert one.state is NoticeState.DROPPED
    client = shop.signed_in(Role.CLERK)
    form = fields(client.get(f"/notices/{one.id}"), f"/notices/{one.id}/again")
    for _press in range(2):
        assert client.post(f"/notices/{one.id}/again", data=form).status_code == 303
    assert notices(shop)[0].state is NoticeState.WAITING
    assert "다시 보내기로 함" in client.get(f"/customers/{customer.id}").text


def test_staff_write_a_text_see_it_with_a_real_customer_and_take_it_back(shop):
    write(shop)
    client = shop.signed_in(Role.MANAGER)
    form = fields(client.get(ADDRESS), ADDRESS) | {"body": "#{고객명}님 #{금액} 고맙습니다", "whom": "김서연"}
    shown = inspect(client.post(f"{ADDRESS}/preview", data=form | {"body": "#{고객명}님 #{카드} 고맙습니다"}).text)
    assert "김서연님 신한카드 4321 고맙습니다" in shown.text
    assert client.post(ADDRESS, data=form).status_code == 303
    assert client.post(ADDRESS, data=form).status_code == 409  # the page was stale
    assert "김서연님 18,500원 고맙습니다" in client.get(f"/notices/{notices(shop)[0].id}").text
    reset = fields(client.get(ADDRESS), f"{ADDRESS}/reset")
    assert client.post(f"{ADDRESS}/reset", data=reset).status_code == 303
    page = inspect(client.get(ADDRESS).text)
    assert shipped(NoticeKind.CHARGED, Channel.TEXT).body in page.find("textarea").text
    assert "2판" in page.text
    assert not page.find("form", action=f"{ADDRESS}/reset")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("#{비밀번호}", "쓸 수 없는 변수"), ("#{고객명", "닫는 괄호"), ("", "꼭 적어야"), ("가" * 301, "300자까지"),
        ("#{self.__class__}", "쓸 수 없는 변수"),
    ],
)  # fmt: skip
def test_a_text_that_can_not_be_comes_back_with_a_message_at_the_field(shop, body, said):
    client = shop.signed_in(Role.OWNER)
    form = fields(client.get(ADDRESS), ADDRESS) | {"body": body}
    for action in (ADDRESS, f"{ADDRESS}/preview"):
        answer = client.post(action, data=form)
        assert (answer.status_code, body in soup(answer).find("textarea").text) == (422, True)
        assert said in inspect(answer.text).find(id="f-body-error").text


def test_a_text_is_never_run_and_one_that_is_off_writes_nothing(shop):
    client = shop.signed_in(Role.OWNER)
    form = fields(client.get(ADDRESS), ADDRESS)
    form.pop("is_on")
    assert client.post(ADDRESS, data=form | {"body": "{{ 7 * 7 }} <b>#{고객명}</b>"}).status_code == 303
    write(shop)
    assert notices(shop) == []
    shown = client.get(ADDRESS).text
    assert "{{ 7 * 7 }} &lt;b&gt;" in shown


def test_a_clerk_reads_texts_and_may_not_write_them(shop):
    client = shop.signed_in(Role.CLERK)
    assert not inspect(client.get(ADDRESS).text).find("textarea")
    for row in soup(client.get("/notices/texts")).select("td.main a"):
        assert client.get(row["href"]).status_code == 200


def test_the_shipped_texts_use_their_own_variables_only():
    for kind in NoticeKind:
        for channel in Channel:
            text = shipped(kind, channel)
            assert unknown_variables(kind, text.subject + text.body) == []
        assert "고객명" in VARIABLES[kind]
    assert set(VALUES) <= set(VARIABLES[NoticeKind.CHARGED])
