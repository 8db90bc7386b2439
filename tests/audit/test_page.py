"""The page of everything that was done."""

import re

import pytest
from bs4 import BeautifulSoup

from merchant_admin.audit import queries
from merchant_admin.audit.queries import EventFilters, event_page
from merchant_admin.audit.service import record
from merchant_admin.core.permissions import Role
from merchant_admin.customers import service as customers


def soup(answer):
    return BeautifulSoup(answer.text, "html.parser")


def write(world, count, staff=None, subject=("customer", "cus_1")):
    for _ in range(count):
        ctx = world.ctx(staff)
        with ctx.atomic():
            record(ctx, "customer.changed", subject, fields=["memo"], customer_id="cus_1")


def test_every_line_is_on_exactly_one_page_there_and_back(each_world):
    write(each_world, 60)
    session = each_world.session
    first = event_page(session, EventFilters(), None)
    second = event_page(session, EventFilters(), first.next)
    third = event_page(session, EventFilters(), second.next)
    seen = [row.seq for page in (first, second, third) for row in page.rows]
    assert seen == list(range(60, 0, -1))
    assert (first.previous, third.next) == (None, None)
    assert event_page(session, EventFilters(), third.previous).rows == second.rows


def test_filters_narrow_the_list(each_world):
    owner, clerk = each_world.a_staff(), each_world.a_staff(Role.CLERK)
    write(each_world, 2, owner)
    write(each_world, 3, clerk, ("charge", "chg_1"))
    session = each_world.session

    def count(**filters):
        return len(event_page(session, EventFilters(**filters), None).rows)

    assert count() == 5
    assert count(actor_id=clerk.id) == 3
    assert count(kind="charge") == 3
    assert count(subject="chg_1") == 3
    assert count(subject="cus_1") == 5
    assert count(actor_id=owner.id, kind="charge") == 0
    assert dict(queries.actors(session)) == {owner.id: "김직원", clerk.id: "김직원"}


@pytest.mark.parametrize(
    "place", ["", "before-", "before-x", "after-99999999999999999999", "nonsense", "before--1", "before-0"]
)
def test_a_made_up_place_is_no_error(world, place):
    write(world, 3)
    assert world.signed_in().get(f"/activity?place={place}").status_code == 200


def test_managers_and_owners_read_it_and_others_do_not(world):
    for role, status in ((Role.VIEWER, 403), (Role.CLERK, 403), (Role.MANAGER, 200), (Role.OWNER, 200)):
        assert world.signed_in(role).get("/activity").status_code == status


def test_a_line_says_who_did_what_to_whom_and_from_where(world):
    client = world.signed_in()
    customer = world.a_customer()
    customers.archive_customer(world.ctx(client.staff), customer.id)
    line = soup(client.get("/activity")).select_one("#events tbody tr")
    for words in ("고객 보관", "김직원", "127.0.0.1", customer.id):
        assert words in line.text
    assert line.find("a", href=f"/customers/{customer.id}")


def test_no_personal_data_stands_in_it(world):
    client = world.signed_in()
    world.a_customer()
    text = client.get("/activity").text
    for secret in ("김서연", "1234-5678", "seoyeon@"):
        assert secret not in text


def test_a_denial_is_told(world):
    world.signed_in(Role.CLERK).get("/activity")
    assert "권한이 없어 거절됨" in world.signed_in().get("/activity").text


def test_the_filter_swaps_the_list_alone(world):
    client = world.signed_in()
    answer = client.get("/activity?kind=staff&actor=", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert "<html" not in answer.text
    assert answer.headers["HX-Push-Url"] == "/activity?kind=staff"


@pytest.mark.parametrize("typed", ["'; --", "<script>", "한글", "x" * 500, "\u0000"])
def test_strange_filters_find_nothing_or_all(world, typed):
    client = world.signed_in()
    for name in ("actor", "kind", "subject"):
        assert client.get("/activity", query_string={name: typed}).status_code == 200


def test_in_english_too(world):
    client = world.signed_in()
    client.set_cookie("lang", "en")
    write(world, 3, client.staff)
    text = soup(client.get("/activity")).find("main").get_text(" ").replace("김직원", "")
    assert not re.findall("[가-힣]+", text)
