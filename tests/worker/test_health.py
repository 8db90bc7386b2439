"""What load balancers and monitors are told."""

from sqlalchemy import text

from merchant_admin.core.db import db
from tests.worker.test_rounds import a_lost_charge


def test_health_says_ok(client):
    assert client.get("/healthz").text == "ok\n"


def test_ready_when_the_database_answers_and_every_guard_stands(client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["ready"], answer.json["missing_guards"]) == (200, True, [])


def test_not_ready_without_a_guard(world, client):
    with db.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER attempts_move"))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["missing_guards"]) == (503, ["attempts_move"])


def test_ready_while_portone_is_away(world, client):
    for _ in range(5):
        world.gateway.breaker.failed()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["portone"]) == (200, "stopped")


def test_metrics_count_what_is_open_and_name_nobody(world, client):
    a_lost_charge(world)
    told = client.get("/metrics").text
    assert 'merchant_attempts_open{state="uncertain"} 1' in told
    assert "김서연" not in told
    assert all(len(line.split(" ")) == 2 for line in told.splitlines())
