"""One URL, two answers; and nobody is sent to another site."""

import pytest

from merchant_admin.web.pages import after_post, back_to, here, page, safe_path

OURS = ["/", "/sign-in", "/dev/components", "/dev/components?layout=plain&q=%EA%B9%80"]
NOT_OURS = [
    "", None, "https://evil.example/", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
    "/%09/evil.example\t", "javascript:alert(1)", "/nowhere", "/\n/evil.example", "http:/evil.example", " /", "/sign-in\r\nX: 1",
    "@evil.example", "/@evil.example", "/。evil", "/preferences", "/sign-in /x", "dev/components", "/\u2028", "/./../evil",
    "data:text/html,x", "/sign-in\\@evil", "https:evil", "%2F%2Fevil.example", "/sign-in\x00",
]  # fmt: skip


@pytest.mark.parametrize("path", OURS)
def test_a_path_of_ours_is_kept(world, path):
    with world.app.test_request_context():
        assert safe_path(path) == path


@pytest.mark.parametrize("path", NOT_OURS)
def test_anything_else_is_dropped(world, path):
    with world.app.test_request_context():
        assert safe_path(path) is None


def test_the_way_back_is_the_forms_own_page(world):
    with world.app.test_request_context(method="POST", data={"next": "/sign-in"}):
        assert back_to("/") == "/sign-in"
    with world.app.test_request_context("/?next=/sign-in"):
        assert back_to("/") == "/sign-in"
    with world.app.test_request_context("/?next=//evil.example"):
        assert back_to("/") == "/"


def test_a_finished_post_is_a_303_or_a_real_navigation(world):
    with world.app.test_request_context(method="POST"):
        answer = after_post("/sign-in")
        assert (answer.status_code, answer.location) == (303, "/sign-in")
    with world.app.test_request_context(method="POST", headers={"HX-Request": "true"}):
        answer = after_post("/sign-in")
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, "/sign-in")


def test_htmx_gets_the_fragment_and_a_history_restore_the_page(world):
    part = {"HX-Request": "true", "HX-Request-Type": "partial"}
    whole = {"HX-Request": "true", "HX-Request-Type": "full"}
    words = {"title": "가", "message": "나"}
    with world.app.test_request_context(headers=part):
        answer = page("errors/broken.html", fragment="errors/_toast.html", **words)
        assert "<html" not in answer.get_data(as_text=True)
        assert "HX-Request-Type" in answer.headers["Vary"]
    with world.app.test_request_context(headers=whole):
        assert "<html" in page("errors/broken.html", fragment="errors/_toast.html", incident="x", **words).get_data(
            as_text=True
        )


def test_card_data_in_a_query_is_left_behind(world):
    with world.app.test_request_context("/dev/components?q=1"):
        assert here() == "/dev/components?q=1"
    with world.app.test_request_context("/dev/components?q=4242424242424242"):
        assert here() == "/dev/components"
