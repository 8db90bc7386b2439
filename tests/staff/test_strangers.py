"""Links for customers, opened by somebody who has none: asked to wait after some misses, and no customer with them."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from merchant_admin.core.permissions import Role
from merchant_admin.staff.models import SignInTry
from merchant_admin.staff.throttle import IN_ALL, MISSED_LINKS_PER_ADDRESS, TooManyMisses, count_miss
from tests.card_links.acting import a_link
from tests.conftest import NOON
from tests.support.pages import inspect
from tests.support.world import PASSWORD

ADDRESSES = ("/register", "/consent", "/pay", "/register/return", "/checkouts/return")


def guesses(client, count, at="/register"):
    return [client.get(f"{at}/{'a' * 20}{number:012}").status_code for number in range(count)]


@pytest.mark.parametrize("at", ADDRESSES)
def test_after_some_misses_the_answer_says_when_to_try_again(world, at):
    client = world.client()
    assert set(guesses(client, MISSED_LINKS_PER_ADDRESS, at)) == {404}
    world.clock.advance(seconds=60)
    answer = client.get(f"{at}/{'b' * 32}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "241")
    assert "5분 뒤에" in inspect(answer.text).find("main").text
    client.set_cookie("lang", "en")
    assert "try again in 5 min" in client.get(f"{at}/{'b' * 32}").text
    world.clock.advance(seconds=241)
    assert guesses(client, 1, at) == [404]


def test_misses_of_all_kinds_of_links_count_together(world):
    client = world.client()
    for at in ADDRESSES[:4]:
        assert set(guesses(client, MISSED_LINKS_PER_ADDRESS // 4, at)) == {404}
    assert guesses(client, 1, ADDRESSES[4]) == [429]


def test_a_right_link_opens_whoever_guesses_from_the_same_address(world):
    link, client = a_link(world), world.client()
    guesses(client, MISSED_LINKS_PER_ADDRESS + 1)
    for _time in range(MISSED_LINKS_PER_ADDRESS + 1):
        assert client.get(f"/register/{link.token}").status_code == 200
    assert client.post(f"/register/{link.token}/opened").status_code in {204, 400}


def test_opening_a_right_link_counts_for_nobody(world):
    link, client = a_link(world), world.client()
    for _time in range(MISSED_LINKS_PER_ADDRESS + 5):
        client.get(f"/register/{link.token}")
    assert world.session.scalar(select(func.count()).select_from(SignInTry)) == 0


def test_another_address_and_the_sign_in_go_on(world):
    guesses(world.client(), MISSED_LINKS_PER_ADDRESS + 1)
    other = world.client()
    other.environ_base["REMOTE_ADDR"] = "203.0.113.7"
    assert guesses(other, 1) == [404]
    staff = world.a_staff(Role.CLERK)
    client = world.client()
    token = inspect(client.get("/sign-in").text).find("input", {"name": "csrf_token"})["value"]
    form = {"csrf_token": token, "email": staff.email, "password": PASSWORD}
    assert client.post("/sign-in", data=form).status_code == 303


def test_a_header_that_names_another_address_changes_nothing(world):
    client = world.client()
    for number in range(MISSED_LINKS_PER_ADDRESS):
        client.get(f"/register/{number:032}", headers={"X-Forwarded-For": f"203.0.113.{number}"})
    answer = client.get(f"/register/{'b' * 32}", headers={"X-Forwarded-For": "203.0.113.99"})
    assert answer.status_code == 429


def test_the_addresses_of_one_line_are_one_and_all_together_have_a_limit(world):
    ctx = world.ctx()
    for number in range(MISSED_LINKS_PER_ADDRESS):
        count_miss(ctx, f"2001:db8::{number:x}")
    with pytest.raises(TooManyMisses):
        count_miss(ctx, "2001:db8::ffff")
    for number in range(IN_ALL - MISSED_LINKS_PER_ADDRESS):
        count_miss(ctx, f"198.51.{number // 250}.{number % 250}")
    with pytest.raises(TooManyMisses):
        count_miss(ctx, "203.0.113.7")
    rows = world.session.scalar(select(func.count()).select_from(SignInTry))
    assert rows == 2 * IN_ALL  # a full bucket is not written to
    world.clock.set(NOON + timedelta(minutes=5))
    count_miss(ctx, "203.0.113.7")
    assert world.session.scalar(select(func.count()).select_from(SignInTry)) == 2


def test_a_burst_is_counted_as_what_it_is(each_world):
    world, told = each_world, []
    gate = threading.Barrier(8, timeout=20)

    def burst():
        gate.wait()
        for _time in range(5):
            with world.app.app_context():
                try:
                    count_miss(world.ctx(), "203.0.113.7")
                    told.append(404)
                except TooManyMisses as refusal:
                    told.append(refusal.status)

    threads = [threading.Thread(target=burst) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(told), told.count(404)) == (40, MISSED_LINKS_PER_ADDRESS)


def test_the_table_names_no_address(world):
    guesses(world.client(), 3)
    assert b"127.0.0.1" not in b"".join(row.bucket.encode() for row in world.session.scalars(select(SignInTry)))
