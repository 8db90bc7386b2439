"""Through the door: the cookie, the words, the counting of tries, and what is written down."""

import hashlib
import threading

import pytest
from argon2 import PasswordHasher
from bs4 import BeautifulSoup
from sqlalchemy import select

from merchant_admin.audit.models import Event
from merchant_admin.core.permissions import Role
from merchant_admin.staff import browsers, service
from merchant_admin.staff.browsers import Browser
from merchant_admin.staff.models import SignInTry, Staff, StaffSession
from merchant_admin.staff.service import TooManyTries, WrongPassword
from tests.support.world import PASSWORD


def acts(world):
    return [event.act for event in world.session.scalars(select(Event).order_by(Event.seq))]


def the_cookie(client, name="staff"):
    return client.get_cookie(name).value


def test_the_cookie_holds_a_random_name_and_the_table_its_hash(world, client, sign_in):
    world.a_staff()
    assert sign_in(client, "owner@shop.example").status_code == 303
    kept = world.session.scalars(select(StaffSession)).one()
    assert len(the_cookie(client)) == 43  # 256 bits
    assert kept.token_hash == hashlib.sha256(the_cookie(client).encode()).hexdigest()


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(world, client, sign_in):
    world.a_staff()
    cookies = [
        line
        for line in sign_in(client, "owner@shop.example").headers.getlist("Set-Cookie")
        if line.startswith("staff=")
    ]
    assert "HttpOnly" in cookies[0]
    assert "SameSite=Lax" in cookies[0]
    assert "Path=/" in cookies[0]


def test_an_address_is_found_in_any_case_and_with_spaces_around(world, client, sign_in):
    world.a_staff()
    assert sign_in(client, "  Owner@Shop.Example ").status_code == 303


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("owner@shop.example", "not the password"),
        ("nobody@shop.example", PASSWORD),
        ("gone@shop.example", PASSWORD),
        ("", ""),
        ("not an address", "x"),
    ],
)
def test_wrong_unknown_and_disabled_give_the_same_words(world, client, sign_in, email, password):
    world.a_staff()
    gone = world.a_staff(Role.CLERK, "gone@shop.example")
    service.disable(world.ctx(), gone.id)
    answer = sign_in(client, email, password)
    assert answer.status_code == 422
    assert "이메일 또는 비밀번호가 맞지 않습니다." in answer.text
    assert not client.get_cookie("staff")


def test_the_answers_differ_in_nothing_but_what_was_typed(world, sign_in):
    world.a_staff()

    def words(email):
        page = BeautifulSoup(sign_in(world.client(), email, "not the password").text, "html.parser")
        for typed in page.find_all("input"):
            typed["value"] = ""
        return str(page)

    assert words("owner@shop.example") == words("other@shop.example")


def test_an_unknown_address_costs_a_hash_too(world, monkeypatch):
    looked_at = []
    monkeypatch.setattr(service, "is_password", lambda kept, _text: looked_at.append(kept) or False)
    for email in ("nobody@shop.example", world.a_staff().email):
        with pytest.raises(WrongPassword):
            service.sign_in(world.ctx(), email, "x", Browser("10.0.0.1"))
    assert [kept.split("$")[1:4] for kept in looked_at] == [["argon2id", "v=19", "m=19456,t=2,p=1"]] * 2


def test_each_sign_in_gets_a_new_name_and_the_old_one_is_dead(world, client, sign_in):
    world.a_staff()
    sign_in(client, "owner@shop.example")
    first = the_cookie(client)
    token = service.sign_in(world.ctx(), "owner@shop.example", PASSWORD, Browser(None), old_token=first)
    assert token != first
    assert service.load_session(world.ctx(), first) is None
    assert service.load_session(world.ctx(), token).email == "owner@shop.example"


def test_a_weaker_hash_is_renewed_at_sign_in(world):
    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    staff = world.a_staff()
    with world.ctx().atomic() as session:
        session.get(Staff, staff.id).password_hash = weak
    service.sign_in(world.ctx(), staff.email, PASSWORD, Browser(None))
    world.session.expire_all()
    assert world.session.get(Staff, staff.id).password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_the_eleventh_try_is_told_to_wait(world, client, sign_in):
    world.a_staff()
    for _ in range(10):
        assert sign_in(client, "owner@shop.example", "not the password").status_code == 422
    answer = sign_in(client, "owner@shop.example")
    assert answer.status_code == 429
    assert 240 < int(answer.headers["Retry-After"]) <= 301
    assert "너무 여러 번" in answer.text


def test_after_five_minutes_one_may_try_again(world, client, sign_in):
    world.a_staff()
    for _ in range(10):
        sign_in(client, "owner@shop.example", "not the password")
    world.clock.advance(minutes=5)
    assert sign_in(client, "owner@shop.example").status_code == 303


def test_tries_at_many_accounts_from_one_address_are_counted_together(world):
    for number in range(10):
        with pytest.raises(WrongPassword):
            service.sign_in(world.ctx(), f"staff{number}@shop.example", "x", Browser("203.0.113.7"))
    with pytest.raises(TooManyTries):
        service.sign_in(world.ctx(), "another@shop.example", "x", Browser("203.0.113.7"))


def test_the_addresses_of_one_ipv6_network_are_one(world):
    for number in range(10):
        with pytest.raises(WrongPassword):
            service.sign_in(world.ctx(), f"staff{number}@shop.example", "x", Browser(f"2001:db8::{number:x}"))
    with pytest.raises(TooManyTries):
        service.sign_in(world.ctx(), "another@shop.example", "x", Browser("2001:db8::ffff"))


def test_a_right_password_counts_against_nobody(world):
    staff = world.a_staff()
    for _ in range(15):
        service.sign_in(world.ctx(), staff.email, PASSWORD, Browser("203.0.113.7"))
    assert world.session.scalars(select(SignInTry)).all() == []


def test_a_stranger_cannot_shut_out_a_known_browser(world, client, sign_in):
    staff = world.a_staff()
    sign_in(client, staff.email)
    for number in range(10):
        with pytest.raises(WrongPassword):
            service.sign_in(world.ctx(), staff.email, "x", Browser(f"203.0.113.{number}"))
    client.delete_cookie("staff")
    assert sign_in(client, staff.email).status_code == 303
    assert sign_in(world.client(), staff.email).status_code == 429


def test_a_known_browser_is_known_to_its_own_accounts_only(world):
    secret = world.ctx().secret
    mark = browsers.known_browser_mark(secret, "owner@shop.example")
    both = browsers.known_browser_mark(secret, "clerk@shop.example", mark)
    assert browsers.known_browser(secret, "owner@shop.example", both) == browsers.known_browser(
        secret, "clerk@shop.example", both
    )
    assert browsers.known_browser(secret, "clerk@shop.example", mark) is None
    assert browsers.known_browser(b"another", "owner@shop.example", mark) is None
    assert browsers.known_browser(secret, "owner@shop.example", "") is None


def test_the_count_holds_in_a_parallel_burst(each_world):
    world = each_world
    world.a_staff()
    answers = []

    def try_once():
        with world.app.app_context():
            try:
                service.sign_in(world.ctx(), "owner@shop.example", "x", Browser("203.0.113.7"))
            except (WrongPassword, TooManyTries) as refusal:
                answers.append(type(refusal))

    crowd = [threading.Thread(target=try_once) for _ in range(30)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert answers.count(WrongPassword) == 10
    assert answers.count(TooManyTries) == 20


def test_the_table_of_tries_names_nobody(world):
    with pytest.raises(WrongPassword):
        service.sign_in(world.ctx(), "owner@shop.example", "x", Browser("203.0.113.7"))
    for row in world.session.scalars(select(SignInTry)):
        assert "owner" not in row.bucket
        assert "203" not in row.bucket[:0] + row.id


def test_signing_in_failing_and_leaving_are_written_down(world, client, sign_in, post):
    world.a_staff()
    sign_in(client, "owner@shop.example", "not the password")
    sign_in(client, "owner@shop.example")
    post(client, "/sign-out", page="/account")
    assert acts(world) == ["sign_in.failed", "sign_in.done", "sign_in.signed_out"]


def test_a_failed_try_is_written_down_without_what_was_typed(world, client, sign_in):
    sign_in(client, "my-password-in-the-wrong-field", "x")
    event = world.session.scalars(select(Event)).one()
    assert (event.subject_id, event.actor_address) == ("unknown", "127.0.0.1")
    assert "wrong-field" not in event.facts


def test_signing_out_kills_the_cookie_on_the_server(world, client, sign_in, post):
    world.a_staff()
    sign_in(client, "owner@shop.example")
    kept = the_cookie(client)
    answer = post(client, "/sign-out", page="/account")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    client.set_cookie("staff", kept)
    assert client.get("/account").status_code == 303


def test_signing_out_twice_is_no_error(world, client, post):
    assert post(client, "/sign-out").status_code == 303


def test_a_signed_in_person_has_no_business_at_the_door(world):
    answer = world.signed_in().get("/sign-in")
    assert (answer.status_code, answer.location) == (303, "/")


def test_the_form_token_of_before_is_worth_nothing_after(world, client):
    world.a_staff()
    page = BeautifulSoup(client.get("/sign-in").text, "html.parser")
    token = page.find("input", {"name": "csrf_token"})["value"]
    client.post("/sign-in", data={"csrf_token": token, "email": "owner@shop.example", "password": PASSWORD})
    assert client.post("/account/sessions/end", data={"csrf_token": token}).status_code == 400
