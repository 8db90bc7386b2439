"""The pages of cases: what is wrong, what to do, who may end it."""

import pytest
from bs4 import BeautifulSoup

from merchant_admin.cases.service import Finding, open_case
from merchant_admin.cases.states import CaseKind
from merchant_admin.cases.words import explain
from merchant_admin.core.permissions import Role
from tests.cases.test_cases import another, learn, only, said_of
from tests.support.furnish import charge
from tests.support.pages import inspect


def post(client, url, **words):
    token = BeautifulSoup(client.get("/account").text, "html.parser").find("input", {"name": "csrf_token"})["value"]
    return client.post(url, data={"csrf_token": token, **words})


@pytest.fixture
def twice(world):
    """A charge that was paid twice."""
    done_id = charge(world, world.a_key()).id
    learn(world, another(said_of(world, done_id)))
    return only(world).id


def test_the_list_and_the_page_of_things_to_do_name_an_open_case(world, twice):
    client = world.signed_in()
    for url in ("/cases", "/needs-action"):
        page = inspect(client.get(url).text)
        assert page.find("a", href=f"/cases/{twice}"), url
        assert "두 번 결제됨" in page.text


def test_a_case_paid_twice_leads_to_the_refund_sheet_in_one_click(world, twice):
    client = world.signed_in(Role.MANAGER)
    page = inspect(client.get(f"/cases/{twice}").text)
    link = page.find("a", string=lambda text: text and "환불…" in text) or page.select_one("a[href*='/refunds/new']")
    assert "₩33,000" in link.text
    assert client.get(link["href"]).status_code == 200


def test_a_clerk_reads_a_case_and_may_not_end_it(world, twice):
    client = world.signed_in(Role.CLERK)
    page = inspect(client.get(f"/cases/{twice}").text)
    assert not page.find("textarea")
    assert not page.select_one("a[href*='/refunds/new']")
    assert post(client, f"/cases/{twice}/resolution", resolution="끝").status_code == 403


def test_ending_a_case_asks_for_a_word_and_moves_it_to_the_other_tab(world, twice):
    client = world.signed_in(Role.MANAGER)
    assert post(client, f"/cases/{twice}/resolution", resolution=" ").status_code == 422
    assert post(client, f"/cases/{twice}/take").status_code == 303
    assert post(client, f"/cases/{twice}/resolution", resolution="두 번째 결제를 환불함").status_code == 303
    inspect(client.get("/cases").text)
    assert twice not in client.get("/cases").text
    assert twice in client.get("/cases?state=resolved").text
    assert "두 번째 결제를 환불함" in inspect(client.get(f"/cases/{twice}").text).text
    assert post(client, f"/cases/{twice}/resolution", resolution="다시").status_code == 303


@pytest.mark.parametrize("kind", list(CaseKind))
def test_every_kind_has_its_words_and_draws(world, kind):
    ctx = world.ctx()
    with ctx.atomic() as session:
        case_id = open_case(
            ctx, session, Finding(kind, "x", amount_krw=1_000, facts={"ours": "a", "fields": ["amount"]})
        )
    assert str(explain(kind).what) in inspect(world.signed_in().get(f"/cases/{case_id}").text).text
