"""What every answer carries, whatever its status, and what none does."""

import pytest

from tests.support.furnish import furnish

PAGES = [
    "/",
    "/sign-in",
    "/customers",
    "/payments",
    "/nowhere",
    "/customers/cus_nobody",
    "/healthz",
    "/static/css/app.css",
]


def assert_safe(answer):
    headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] in {"no-referrer", "same-origin", "strict-origin-when-cross-origin"}
    assert headers["Cross-Origin-Opener-Policy"].startswith("same-origin")
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "'unsafe-" not in policy
    assert "X-Powered-By" not in headers


@pytest.mark.parametrize("url", PAGES)
def test_an_answer_is_locked_down_signed_in_or_not(world, url):
    for client in (world.client(), world.signed_in()):
        answer = client.get(url, buffered=True)
        assert_safe(answer)
        if not url.startswith("/static"):
            assert "no-store" in answer.headers["Cache-Control"], url


def test_an_error_page_is_locked_down(world):
    client = world.signed_in()
    refused = [
        client.post("/customers"),
        client.put("/customers"),
        client.get("/customers/x/edit"),
        client.post("/sign-in", data=b"x" * 70_000),
    ]
    assert [answer.status_code for answer in refused] == [400, 405, 404, 413]
    for answer in refused:
        assert_safe(answer)


def test_a_broken_page_says_nothing_of_its_inside(world):
    def broken():
        raise ZeroDivisionError("the secret inside")

    world.app.view_functions["overview.home"] = broken
    world.app.config.update(TESTING=False, PROPAGATE_EXCEPTIONS=False)
    answer = world.signed_in().get("/")
    assert answer.status_code == 500
    assert "secret inside" not in answer.text
    assert "Traceback" not in answer.text
    assert_safe(answer)


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(world):
    client = world.client()
    cookies = client.get("/sign-in").headers.getlist("Set-Cookie")
    assert cookies
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie


def test_only_the_window_page_lets_other_scripts_in(world):
    shop, client = furnish(world), world.signed_in()
    window = client.get(f"/registrations/{shop.registration_id}/window").headers
    other = client.get(f"/registrations/{shop.registration_id}").headers
    assert window["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"
    assert other["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "frame-src" not in other["Content-Security-Policy"]
