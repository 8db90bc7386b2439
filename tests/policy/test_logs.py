"""No log line says a secret or whose money it is, at any level."""

import logging

from tests.support.furnish import charge, furnish, payment_of, refund

PRIVATE = ["김서연", "010-1234-5678", "01012345678", "seoyeon@example.com"]


def test_a_day_of_work_leaves_no_name_number_or_secret_in_the_log(world, caplog):
    caplog.set_level(logging.DEBUG)
    shop = furnish(world)
    client = world.signed_in()
    for url in (
        "/",
        "/customers?q=김서연",
        f"/customers/{shop.customer_id}",
        "/search?q=01012345678",
        f"/payments/{shop.payment_id}",
    ):
        client.get(url)
    declined = charge(world, world.a_key(card="balance"), 9_000)
    assert payment_of(world, declined.id) is not None
    words = _everything(caplog)
    secrets = [world.settings.secret_key, world.settings.imp_secret, "access_token", "Bearer "]
    assert [word for word in (*PRIVATE, *secrets) if word in words] == []
    assert "portone.answered" in words  # the log was really read


def test_an_outage_leaves_none_either(world, caplog):
    caplog.set_level(logging.DEBUG)
    key = world.a_key()
    paid = payment_of(world, charge(world, key).id)
    world.sandbox.faults.plan("close_after", "/subscribe/payments/again")
    world.sandbox.faults.plan("close_after", "/payments/cancel")
    charge(world, key, 12_000)
    refund(world, paid, 1_000)
    assert [word for word in (*PRIVATE, world.settings.imp_secret) if word in _everything(caplog)] == []


def _everything(caplog):
    return "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
