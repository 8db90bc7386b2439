"""Reference 3: a token lives half an hour and is handed out again while it does."""

import pytest

KEY = {"imp_key": "sandbox_key", "imp_secret": "sandbox_secret"}


def token(api):
    return api.ask("POST", "/users/getToken", json=KEY, headers={}).response


def test_asking_again_gives_the_same_token_and_expiry(api, handle):
    first = token(api)
    handle.clock.advance(1700)
    second = token(api)
    assert (first["access_token"], first["expired_at"]) == (second["access_token"], second["expired_at"])
    assert second["now"] - first["now"] == 1700
    assert first["expired_at"] - first["now"] == 1800


def test_less_than_a_minute_before_expiry_it_is_extended_by_five(api, handle):
    first = token(api)
    handle.clock.advance(1741)
    second = token(api)
    assert second["access_token"] == first["access_token"]
    assert second["expired_at"] == first["expired_at"] + 300


def test_an_expired_token_is_refused_and_a_new_one_made(api, handle):
    first = token(api)
    handle.clock.advance(1800)
    assert api.get("/users/pg").kind == (401, -1)
    assert token(api)["access_token"] != first["access_token"]


@pytest.mark.parametrize("header", ["Authorization", "X-ImpTokenHeader"])
def test_the_bare_token_is_taken_in_both_headers(api, header):
    assert api.ask("GET", "/users/pg", headers={header: api.token}).kind == (200, 0)


def test_the_token_may_stand_in_the_query(api):
    assert api.ask("GET", "/users/pg", params={"_token": api.token}, headers={}).kind == (200, 0)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer "}, {"Authorization": "Bearer " + "0" * 40}])
def test_without_a_known_token_nothing_is_executed(api, handle, key, headers):
    body = {"customer_uid": key, "merchant_uid": "ord-1", "amount": 1000, "name": "x"}
    assert api.ask("POST", "/subscribe/payments/again", json=body, headers=headers).kind == (401, -1)
    assert handle.payments("ord-1") == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({**KEY, "imp_secret": "wrong"}, (401, -1)),
        ({**KEY, "imp_key": "wrong"}, (401, -1)),
        ({"imp_key": "sandbox_key"}, (400, 1)),
        ({}, (400, 1)),
    ],
)
def test_wrong_and_missing_keys(api, body, kind):
    assert api.ask("POST", "/users/getToken", json=body, headers={}).kind == kind


def test_a_form_gets_a_token_too(api):
    assert api.ask("POST", "/users/getToken", data=KEY, headers={})["access_token"] == api.token
