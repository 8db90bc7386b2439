"""What one process learns of the line to PortOne, every other knows; and they share one budget of calls."""

import pytest
import requests
from psycopg.pq import TransactionStatus
from sqlalchemy import event, select

from merchant_admin import create_app
from merchant_admin.core.db import db, reading_engine
from merchant_admin.core.errors import GatewayUnreachable, OutcomeUnknown
from merchant_admin.core.settings import EMBEDDED_API
from merchant_admin.line.memory import CALL_KEPT_SECONDS, SharedMemory
from merchant_admin.line.models import PortOneLine
from merchant_admin.portone.breaker import Breaker
from portone_sandbox.inprocess import WsgiAdapter

PATH = "/users/pg"


@pytest.fixture
def world(each_world):
    each_world.gateway.breaker._memory.kept_seconds = 0
    return each_world


@pytest.fixture
def other(world):
    """Another process on the same database, with the same PortOne."""
    http = requests.Session()
    http.mount(EMBEDDED_API, WsgiAdapter(world.sandbox_app))
    app = create_app(world.settings, http=http, clock=world.clock)
    gateway = app.extensions["merchant_admin"].gateway
    gateway.breaker._memory.kept_seconds = 0
    yield gateway
    with app.app_context():
        db.engine.dispose()


def calls(world):
    return sum(call["path"] == PATH for call in world.sandbox.requests_log())


def fails(gateway):
    with pytest.raises(OutcomeUnknown):
        gateway.channels()


def test_five_failures_of_two_processes_stop_both_and_one_probe_opens_both(world, other):
    world.gateway.channels()
    other.channels()
    world.sandbox.faults.plan("status_before", PATH, status=503, times=6)
    for gateway in (world.gateway, other, world.gateway, other):
        fails(gateway)
    assert not world.gateway.breaker.is_open
    fails(world.gateway)
    for gateway in (world.gateway, other):
        assert gateway.breaker.is_open
        assert not gateway.breaker.may_probe
        with pytest.raises(GatewayUnreachable):
            gateway.channels()
    asked = calls(world)
    world.clock.advance(31)
    fails(other)  # the one probe of this half minute
    with pytest.raises(GatewayUnreachable):
        world.gateway.channels()
    assert calls(world) == asked + 1
    world.clock.advance(31)
    world.gateway.channels()
    assert not other.breaker.is_open
    assert other.breaker.open_seconds is None
    other.channels()


def test_a_success_of_any_process_ends_the_row_of_failures(world, other):
    world.sandbox.faults.plan("status_before", PATH, status=503, times=4)
    for _call in range(4):
        fails(world.gateway)
    other.channels()
    world.sandbox.faults.plan("status_before", PATH, status=503, times=1)
    fails(world.gateway)
    assert not world.gateway.breaker.is_open


def test_the_banner_of_one_process_shows_what_another_found_out(world, other):
    for _failure in range(5):
        other.breaker.failed()
    world.clock.advance(60)
    assert "포트원에 연결되지 않습니다" in world.signed_in().get("/customers").text


def test_two_processes_share_one_budget(world):
    breakers = [
        Breaker(lambda: world.clock.now().timestamp(), SharedMemory(db.engine, world.clock, calls_a_second=10))
        for _process in range(2)
    ]
    began = world.clock.now()
    for number in range(100):
        breakers[number % 2].admit()
    passed = (world.clock.now() - began).total_seconds()
    assert 7 <= passed <= 9  # a hundred calls at ten a second, of which those of two seconds may leave at once
    world.clock.advance(60)
    began = world.clock.now()
    breakers[0].admit()
    assert world.clock.now() == began


def test_calls_that_would_wait_too_long_are_refused_before_they_leave(world):
    memory = SharedMemory(db.engine, world.clock, calls_a_second=10)
    with world.ctx().atomic() as session:
        session.get_one(PortOneLine, 1).booked_until = world.clock.now().timestamp() + 3600
    with pytest.raises(GatewayUnreachable):
        memory.admit(world.clock.now().timestamp())


@pytest.mark.parametrize("rate", [0, 10])
def test_a_call_costs_one_statement(world, rate):
    memory = SharedMemory(db.engine, world.clock, calls_a_second=rate)
    memory.kept_seconds = 0
    seen = _statements_of(memory, world, calls=20)
    assert len(seen) == 20
    assert sum("UPDATE" in one for one in seen) == (4 if rate else 0)


def test_calls_that_leave_side_by_side_share_one_look(world, monkeypatch):
    at = [1_000.0]
    monkeypatch.setattr("merchant_admin.line.memory.monotonic", lambda: at[0])
    memory = SharedMemory(db.engine, world.clock)
    assert len(_statements_of(memory, world, calls=20)) == 1
    at[0] += CALL_KEPT_SECONDS / 2
    assert _statements_of(memory, world, calls=1) == []
    at[0] += CALL_KEPT_SECONDS
    assert len(_statements_of(memory, world, calls=20)) == 1


def _statements_of(memory, world, calls):
    breaker, seen = Breaker(lambda: world.clock.now().timestamp(), memory), []

    def note(_connection, _cursor, statement, *_more):
        if "portone_line" in statement:
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    for _call in range(calls):
        breaker.admit()
        breaker.succeeded()
    event.remove(db.engine, "before_cursor_execute", note)
    return seen


def test_a_look_at_the_line_opens_no_transaction(postgres_world):
    with reading_engine(db.engine).connect() as connection:
        connection.execute(select(PortOneLine.id))
        assert connection.connection.driver_connection.info.transaction_status == TransactionStatus.IDLE
    with db.engine.connect() as connection:  # the same connections are for writes too
        connection.execute(select(PortOneLine.id))
        assert connection.connection.driver_connection.info.transaction_status == TransactionStatus.INTRANS


def test_without_the_database_each_process_goes_by_what_it_sees(world):
    memory = SharedMemory(db.engine, world.clock)
    breaker = Breaker(lambda: world.clock.now().timestamp(), memory)
    with db.engine.begin() as connection:
        PortOneLine.__table__.drop(connection)
    breaker.admit()
    for _failure in range(5):
        breaker.failed()
    with pytest.raises(GatewayUnreachable):
        breaker.admit()
    breaker.succeeded()
    breaker.admit()


def test_the_row_is_always_one(world):
    assert world.session.scalars(select(PortOneLine.id)).all() == [1]
