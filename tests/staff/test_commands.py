"""The command line: the first owner, and the way back in."""

import pytest

SENTENCE = "a sentence of some length"


@pytest.fixture
def run(world):
    def command(*words, typed=None):
        return world.app.test_cli_runner().invoke(args=["staff", *words], input=typed)

    return command


def test_the_first_owner_is_made_from_a_piped_password(run, client, sign_in):
    done = run("create", "owner@shop.example", "--role", "owner", "--password-stdin", typed=SENTENCE + "\n")
    assert (done.exit_code, SENTENCE in done.output) == (0, False)
    assert sign_in(client, "owner@shop.example", SENTENCE).status_code == 303


def test_the_password_is_asked_for_twice(run):
    done = run("create", "owner@shop.example", "--role", "owner", typed=f"{SENTENCE}\n{SENTENCE}\n")
    assert (done.exit_code, SENTENCE in done.output) == (0, False)


@pytest.mark.parametrize(
    ("words", "typed"),
    [
        (["owner@shop.example", "--role", "owner"], "short"),
        (["owner@shop.example", "--role", "admin"], SENTENCE),
        (["not an address", "--role", "owner"], SENTENCE),
    ],
)
def test_what_cannot_be_is_refused_with_one_line(run, words, typed):
    done = run("create", *words, "--password-stdin", typed=typed)
    assert done.exit_code != 0
    assert "Traceback" not in done.output


def test_the_same_address_twice_is_refused(run):
    for expected in (0, 1):
        done = run("create", "owner@shop.example", "--role", "owner", "--password-stdin", typed=SENTENCE)
        assert done.exit_code == expected


def test_everyone_is_listed(run, world):
    world.a_staff()
    assert "owner@shop.example\towner\tactive" in run("list").output


def test_a_password_is_given_anew(run, world, client, sign_in):
    world.a_staff()
    assert run("reset-password", "Owner@shop.example", "--password-stdin", typed=SENTENCE).exit_code == 0
    assert sign_in(client, "owner@shop.example", SENTENCE).status_code == 303
    assert run("reset-password", "nobody@shop.example", "--password-stdin", typed=SENTENCE).exit_code == 1
