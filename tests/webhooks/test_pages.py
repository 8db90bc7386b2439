"""Where webhooks arrive, and the list of them."""

import pytest

from merchant_admin.core.db import db
from merchant_admin.core.permissions import Role
from merchant_admin.webhooks.models import WebhookEvent
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
