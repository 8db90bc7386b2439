"""Where the door leads: back to the page one wanted, never to another site, and never twice to a charge."""

import pytest
from werkzeug.datastructures import MultiDict

HOSTILE = [
    "//evil.example", "///evil.example", "////evil.example/x", "https://evil.example", "http:evil.example", "https:/evil.example",
    "\\\\evil.example", "/\\evil.example", "\\/evil.example", "/\\/evil.example", "/%5cevil.example", "/%2f%2fevil.example/",
    "/\t/evil.example", "\t//evil.example", "/%09/evil.example", "/\r\n/evil.example", "/account\r\nLocation: https://evil.example",
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "@evil.example", "/@evil.example", "//x@evil.example",
    "https://shop.example@evil.example", "evil.example", "./evil.example", "../account", "/../../evil.example", "/。/evil.example", "/／evil.example",
    "／／evil.example", "//evil。example", "/account\x00", " /account", "/account ", "/\u202e/account", "/no-such-page", "/account/password", "ftp://evil.example",
    "/;@evil.example", "?next=//evil.example", "#", "", "/sign-in", "/sign-in?next=/account",
]  # fmt: skip


@pytest.mark.parametrize("wanted", HOSTILE)
def test_a_hostile_address_leads_home(world, sign_in, client, wanted):
    world.a_staff()
    answer = sign_in(client, "owner@shop.example", address="/sign-in?" + _query(next=wanted))
    assert (answer.status_code, answer.location) == (303, "/")


def _query(**words):
    from urllib.parse import urlencode

    return urlencode(words)


@pytest.mark.parametrize("wanted", ["/account", "/staff?x=1&y=%ED%95%9C", "/staff/new"])
def test_a_page_of_ours_is_kept_through_the_door(world, client, sign_in, wanted):
    world.a_staff()
    asked = client.get(wanted)
    assert asked.status_code == 303
    assert asked.location.startswith("/sign-in?next=/")
    assert sign_in(client, "owner@shop.example", address=asked.location).location == wanted


def test_the_page_is_kept_over_a_wrong_password(world, client, sign_in):
    world.a_staff()
    first = sign_in(client, "owner@shop.example", "not the password", address="/sign-in?next=/account")
    assert 'action="/sign-in?next=/account"' in first.text


def test_a_fragment_is_answered_with_a_real_navigation(world, client):
    headers = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Current-URL": "http://localhost/staff?a=1"}
    answer = client.get("/account?poll=1", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/sign-in?next=/staff?a%3D1"
    assert answer.data == b""


def test_the_page_htmx_names_must_be_ours(world, client):
    headers = {"HX-Request": "true", "HX-Current-URL": "https://evil.example/account"}
    assert client.get("/account", headers=headers).headers["HX-Redirect"] == "/sign-in?next=/account"


def test_a_post_after_the_session_ended_leads_back_to_its_form(world, post, sign_in):
    client = world.signed_in()
    page = client.get("/staff/new")
    world.clock.advance(hours=1)
    answer = client.post(
        "/staff",
        data=_form(page, name="박직원", email="park@shop.example", role="clerk", password="a long sentence here"),
    )
    assert answer.status_code == 303
    assert answer.location == "/sign-in?next=/staff/new&interrupted=1"
    assert "결제도 환불도 이루어지지 않았습니다" in client.get(answer.location).text
    back = sign_in(client, client.staff.email, address=answer.location)
    assert back.location == "/staff/new"
    assert "방금 보낸 내용은 처리하지 않았습니다" in client.get("/staff/new").text
    assert "park@shop.example" not in client.get("/staff").text


def test_a_post_of_another_tab_after_signing_out_leads_to_the_door(world, post):
    client = world.signed_in()
    page = client.get("/staff/new")
    post(client, "/sign-out", page="/account")
    answer = client.post("/staff", data=_form(page, name="박직원"))
    assert answer.location == "/sign-in?next=/staff/new&interrupted=1"


def test_a_stranger_s_post_without_a_token_leads_to_the_door_too(world, client):
    assert client.post("/staff").location.startswith("/sign-in")


@pytest.mark.parametrize(
    ("path", "endpoint", "form", "form_page"),
    [
        (
            "/charges",
            "payments.create_charge",
            {"customer_id": "cus_a", "billing_key_id": "key_b", "amount_krw": "1"},
            "/charges/new?customer_id=cus_a&billing_key_id=key_b",
        ),
        ("/charges/confirm", "payments.confirm_charge", {"customer_id": "cus_a"}, "/charges/new?customer_id=cus_a"),
        ("/payments/pay_a/refunds", "refunds.create_refund", {}, "/payments/pay_a/refunds/new"),
        ("/payments/pay_a/refunds/confirm", "refunds.confirm_refund", {}, "/payments/pay_a/refunds/new"),
        ("/customers/cus_a", "customers.update_customer", {}, "/customers/cus_a/edit"),
        ("/customers/cus_a/archive", "customers.archive_customer", {}, "/customers/cus_a"),
        ("/customers/cus_a/memo", "customers.update_memo", {"next": "/payments"}, "/payments"),
        ("/account/password", "staff.change_password", {}, "/account"),
    ],
)
def test_each_form_has_its_page(world, path, endpoint, form, form_page):
    from merchant_admin.staff import doorway

    if endpoint not in world.app.view_functions:
        pytest.skip(f"{endpoint} is not built yet")
    with world.app.test_request_context(path, method="POST", data=MultiDict(form)):
        assert doorway._form_page() == form_page


def _form(page, **fields):
    from bs4 import BeautifulSoup

    token = BeautifulSoup(page.text, "html.parser").find("input", {"name": "csrf_token"})["value"]
    return {"csrf_token": token, **fields}
