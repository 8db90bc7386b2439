"""Where webhooks arrive, and the list of them."""

import pytest
from bs4 import BeautifulSoup

from merchant_admin.core.db import db
from merchant_admin.core.permissions import Role
from merchant_admin.payments.models import Payment
from merchant_admin.webhooks.models import Decision, WebhookEvent
from tests.support.pages import inspect
from tests.support.world import World

BODY = {"imp_uid": "imp_123456789012", "merchant_uid": "m", "status": "paid"}


@pytest.fixture
def guarded(empty_database, tmp_path):
    """A product that lets only PortOne's address in, at a secret path."""
    from tests.conftest import NOON

    allow = {"WEBHOOK_ALLOW": "52.78.100.19/32, 10.0.0.0/8", "WEBHOOK_PATH": "s3cret-path"}
    with World(tmp_path, template=empty_database, at=NOON, **allow) as made:
        yield made


def test_json_and_form_are_answered_200_without_a_session_or_token(client):
    for kind in ({"json": BODY}, {"data": BODY}):
        answer = client.post("/webhooks/portone", **kind)
        assert (answer.status_code, answer.text) == (200, "OK")
        assert "Set-Cookie" not in answer.headers
    assert db.session.query(WebhookEvent).one().hits == 2


@pytest.mark.parametrize("raw", [b"", b"{", b"\x00\xff", b"[1,2]", b'{"imp_uid": ["a"]}'])
def test_any_small_body_is_answered_200(client, raw):
    assert client.post("/webhooks/portone", data=raw, content_type="application/json").status_code == 200


def test_a_large_body_is_refused_unread(client):
    assert client.post("/webhooks/portone", data=b"x" * 16_385).status_code == 413
    assert db.session.query(WebhookEvent).count() == 0


def test_only_post_is_understood(client):
    assert client.get("/webhooks/portone").status_code == 405


@pytest.mark.parametrize(
    ("path", "address", "status"),
    [("/s3cret-path", "52.78.100.19", 200), ("/s3cret-path", "10.1.2.3", 200), ("/s3cret-path", "8.8.8.8", 403),
     ("", "52.78.100.19", 404), ("/guess", "52.78.100.19", 404), ("/비밀", "52.78.100.19", 404)],
)  # fmt: skip
def test_the_secret_path_and_the_list_of_senders_hold(guarded, path, address, status):
    answer = guarded.client().post(f"/webhooks/portone{path}", json=BODY, environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == status
    assert db.session.query(WebhookEvent).count() == (1 if status == 200 else 0)


def test_the_list_shows_deliveries_by_decision_to_those_who_may_look(world):
    world.client().post("/webhooks/portone", json=BODY)
    world.client().post("/webhooks/portone", data=b"<script>alert(1)</script>")
    manager = world.signed_in(Role.MANAGER)
    page = manager.get("/webhook-events")
    assert "imp_123456789012" in page.text
    assert "<script>alert" not in page.text
    assert "imp_123456789012" not in manager.get("/webhook-events?decision=malformed").text
    assert world.signed_in(Role.CLERK).get("/webhook-events").status_code == 403


def replay(client, event_id):
    page = BeautifulSoup(client.get("/account").text, "html.parser")
    token = page.find("input", {"name": "csrf_token"})["value"]
    return client.post(f"/webhook-events/{event_id}/replay", data={"csrf_token": token})


def test_a_delivery_is_read_again_by_a_persons_press(world):
    from tests.support.furnish import charge, payment_of

    imp_uid = payment_of(world, charge(world, world.a_key()).id).imp_uid
    client = world.signed_in(Role.MANAGER)
    world.client().post("/webhooks/portone", json={**BODY, "imp_uid": imp_uid})
    event_id = db.session.query(WebhookEvent).one().id
    world.sandbox.console_cancel(imp_uid, 3_000)
    for _ in range(2):
        assert replay(client, event_id).status_code == 303
    db.session.rollback()
    assert db.session.query(WebhookEvent).one().decision is Decision.APPLIED
    payment = db.session.query(Payment).one()
    assert payment.cancelled_krw == 3_000
    page = inspect(client.get("/webhook-events").text)
    assert page.find("form", action=f"/webhook-events/{event_id}/replay")


def test_reading_again_says_what_stood_in_the_way(world):
    client = world.signed_in(Role.MANAGER)
    world.client().post("/webhooks/portone", json=BODY)
    event_id = db.session.query(WebhookEvent).one().id
    world.sandbox.faults.plan("status_before", "/payments/*")
    replay(client, event_id)
    assert "포트원을 읽지 못했습니다." in client.get("/webhook-events").text
    replay(client, event_id)
    assert "모르는 결제" in client.get("/webhook-events").text
    assert replay(client, "whk_none").status_code == 404
    assert replay(world.signed_in(Role.CLERK), event_id).status_code == 403
