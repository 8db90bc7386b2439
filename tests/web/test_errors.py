"""The error family becomes pages and toasts; nobody sees a stack."""

import logging

import pytest

from merchant_admin.core import errors
from merchant_admin.web.access import public
from tests.support.pages import inspect, inspect_fragment

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}
FAMILY = [
    (errors.NotFound("없는 고객입니다."), 404),
    (errors.NotAllowed("권한이 없습니다."), 403),
    (errors.RuleBroken("이미 삭제된 카드입니다."), 422),
    (errors.Conflict("그사이 환불되었습니다."), 409),
    (errors.GatewayUnreachable("포트원에 닿지 못했습니다."), 502),
]


def raising(world, error, path="/raises"):
    def view():
        raise error

    world.app.add_url_rule(path, f"raises.{path[1:]}", public(view), methods=["GET", "POST"])


@pytest.mark.parametrize(("error", "status"), FAMILY)
def test_an_error_says_its_message_on_a_whole_page(world, web, error, status):
    raising(world, error)
    answer = web.get("/raises")
    assert answer.status_code == status
    assert str(error) in inspect(answer.text).find("main").text


@pytest.mark.parametrize(("error", "status"), FAMILY)
def test_htmx_gets_a_toast_and_the_page_stays(world, web, error, status):
    raising(world, error)
    answer = web.get("/raises", headers=PART)
    assert (answer.status_code, answer.headers["HX-Reswap"]) == (status, "none")
    part = inspect_fragment(answer.text)
    assert part.find(id="toasts")["hx-swap-oob"] == "beforeend"
    assert str(error) in part.text


def test_a_message_is_text_and_never_markup(world, web):
    raising(world, errors.NotFound("<script>alert(1)</script>"))
    assert "<script>alert" not in web.get("/raises").text


def test_the_frameworks_own_errors_wear_the_same_page(web):
    assert web.get("/nowhere").status_code == 404
    answer = web.put("/sign-in")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert "처음 화면으로" in answer.text


def test_staff_keep_their_rail_on_an_error_page(world):
    page = inspect(world.signed_in().get("/nowhere").text)
    assert page.find(id="rail")


@pytest.mark.parametrize("headers", [{}, PART])
def test_an_unexpected_error_gives_a_number_and_the_log_has_it(world, web, caplog, headers):
    raising(world, ZeroDivisionError("the secret inside"))
    world.app.config.update(TESTING=False, PROPAGATE_EXCEPTIONS=False)
    with caplog.at_level(logging.ERROR):
        answer = web.get("/raises", headers=headers)
    assert answer.status_code == 500
    assert "secret" not in answer.text
    crash = next(line for line in caplog.records if line.message.startswith("request.crashed"))
    assert crash.incident in answer.text
    assert crash.exc_info


def test_the_broken_page_stands_when_the_database_is_gone(world):
    raising(world, ZeroDivisionError())
    client = world.signed_in()
    world.app.config.update(TESTING=False, PROPAGATE_EXCEPTIONS=False)
    (world.folder / "merchant.db").write_bytes(b"not a database any more" * 400)
    answer = client.get("/raises")
    assert answer.status_code == 500
    inspect(answer.text)
