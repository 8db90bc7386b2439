"""What load balancers and monitors are told."""

from sqlalchemy import text

from merchant_admin.core.db import db
from merchant_admin.notices.handing import hand_over
from tests.conftest import NOON
from tests.notices.acting import write
from tests.support.world import World
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


def test_metrics_say_how_the_outbox_stands(empty_database, tmp_path):
    with World(tmp_path, template=empty_database, at=NOON, TEXT_NOTICES="csv") as shop:
        write(shop)
        hand_over(shop.ctx())
        shop.clock.advance(hours=1)
        write(shop, cause="prd_2.paid")
        shop.clock.advance(minutes=5)
        told = shop.client().get("/metrics").text
        for line in ("waiting", "oldest_waiting_seconds", "sent_last_day", "failed", "unknown"):
            assert f'merchant_notices_{line}{{channel="email"}} 0\n' in told
        assert 'merchant_notices_waiting{channel="text"} 1\n' in told
        assert 'merchant_notices_oldest_waiting_seconds{channel="text"} 300\n' in told
        assert 'merchant_notices_sent_last_day{channel="text"} 1\n' in told
        shop.clock.advance(days=1)
        assert 'merchant_notices_sent_last_day{channel="text"} 0\n' in shop.client().get("/metrics").text
