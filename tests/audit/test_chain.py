"""The chain: five ways to rewrite the past, each of them found; and a database that refuses the easy ones."""

import sqlite3
import threading

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from merchant_admin.audit.models import ChainHead, Event
from merchant_admin.audit.service import ChainEnd, chain_end, first_broken_line, record


def write(world, count=1):
    for _ in range(count):
        world.clock.advance(1)
        ctx = world.ctx()
        with ctx.atomic():
            record(ctx, "customer.created", ("customer", "cus_1"), reason="왜 \n이렇게", amount_krw=1004, note="가나다")


def broken(world, kept=None):
    world.session.rollback()
    return first_broken_line(world.session, world.ctx().secret, kept)


def tamper(world, *statements):
    """As somebody with the file would: the triggers dropped, the rows changed, the triggers put back."""
    world.session.rollback()
    with sqlite3.connect(world.folder / "merchant.db") as file:
        guards = file.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events'"
        ).fetchall()
        for name, _sql in guards:
            file.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert file.execute(statement).rowcount != 0
        for _name, sql in guards:
            file.execute(sql)


def test_an_untouched_chain_holds(each_world):
    assert broken(each_world) is None
    write(each_world, 10)
    assert broken(each_world) is None


@pytest.mark.parametrize(
    ("name", "statements", "line"),
    [
        ("an edited fact", ["UPDATE events SET facts = '{}' WHERE seq = 4"], 4),
        ("an edited actor", ["UPDATE events SET actor_name = 'other' WHERE seq = 4"], 4),
        ("an edited time", ["UPDATE events SET at = datetime(at, '-1 day') WHERE seq = 4"], 4),
        ("a removed reason", ["UPDATE events SET reason = NULL WHERE seq = 4"], 4),
        ("a deleted line", ["DELETE FROM events WHERE seq = 4"], 4),
        ("a deleted line, the rest moved up", ["DELETE FROM events WHERE seq = 4", "UPDATE events SET seq = seq - 1 WHERE seq > 4"], 4),
        ("the first line deleted", ["DELETE FROM events WHERE seq = 1"], 1),
        ("an inserted line", ["UPDATE events SET seq = -(seq + 1) WHERE seq >= 4", "UPDATE events SET seq = -seq WHERE seq < 0",
                              "INSERT INTO events SELECT 4, at, actor_kind, actor_id, actor_name, actor_address, act, subject_kind, subject_id, customer_id, facts, reason, mac FROM events WHERE seq = 3"], 4),
        ("two lines changed over", ["UPDATE events SET seq = -4 WHERE seq = 4", "UPDATE events SET seq = 4 WHERE seq = 5", "UPDATE events SET seq = 5 WHERE seq = -4"], 4),
        ("the tail cut off", ["DELETE FROM events WHERE seq > 8"], 9),
        ("the tail cut off with its seal", ["DELETE FROM events WHERE seq > 8", "DELETE FROM chain_heads"], 9),
        ("a made-up seal", ["DELETE FROM events WHERE seq > 8", "UPDATE chain_heads SET seq = 8, mac = (SELECT mac FROM events WHERE seq = 8)"], 9),
        ("all of it gone", ["DELETE FROM events"], 1),
        ("a line added at the end", ["INSERT INTO events SELECT 11, at, actor_kind, actor_id, actor_name, actor_address, act, subject_kind, subject_id, customer_id, facts, reason, mac FROM events WHERE seq = 10"], 11),
    ],
)  # fmt: skip
def test_a_rewritten_past_is_found(world, name, statements, line):
    write(world, 10)
    tamper(world, *statements)
    assert broken(world) == line


@pytest.mark.parametrize(
    "statements",
    [
        ["DELETE FROM events WHERE seq > 8"],
        ["DELETE FROM events WHERE seq > 8", "DELETE FROM chain_heads"],
        [
            "DELETE FROM events WHERE seq > 8",
            "UPDATE chain_heads SET seq = 8, mac = (SELECT mac FROM events WHERE seq = 8)",
        ],
    ],
)
def test_going_on_afterwards_does_not_heal_it(world, statements):
    write(world, 10)
    tamper(world, *statements)
    write(world, 3)
    assert broken(world) is not None


def test_an_old_copy_of_the_seal_is_found_by_an_end_that_was_kept(world):
    write(world, 8)
    old = world.session.execute(select(ChainHead.mac, ChainHead.seal)).one()
    write(world, 2)
    kept = chain_end(world.session)
    tamper(
        world,
        "DELETE FROM events WHERE seq > 8",
        f"UPDATE chain_heads SET seq = 8, mac = x'{old.mac.hex()}', seal = x'{old.seal.hex()}'",
    )
    assert broken(world) is None  # what was in the database once can be put back
    assert broken(world, kept) == 9
    write(world, 5)
    assert broken(world, kept) is not None


def test_an_end_reads_as_it_was_printed(world):
    write(world, 2)
    end = chain_end(world.session)
    assert ChainEnd.read(f" {end}\n") == end
    with pytest.raises(ValueError, match="invalid literal"):
        ChainEnd.read("nonsense")


def test_another_key_opens_no_chain(world):
    write(world, 2)
    assert first_broken_line(world.session, b"another key") == 1


@pytest.mark.parametrize("change", ["UPDATE events SET facts = '{}'", "DELETE FROM events"])
def test_the_database_refuses_to_change_a_line(each_world, change):
    write(each_world, 2)
    session = each_world.session()
    with pytest.raises(Exception, match="append only"):
        session.execute(text(change))
    assert broken(each_world) is None


def test_lines_written_at_once_make_one_chain(each_world):
    world = each_world

    def many():
        with world.app.app_context():
            for _ in range(5):
                ctx = world.ctx()
                with ctx.atomic():
                    record(ctx, "customer.created", ("customer", "cus_1"))

    crowd = [threading.Thread(target=many) for _ in range(6)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    world.session.rollback()
    assert world.session.scalars(select(Event.seq).order_by(Event.seq)).all() == list(range(1, 31))
    assert broken(world) is None


def test_a_change_that_is_not_made_is_not_told(world):
    def fail(ctx):
        with ctx.atomic() as session:
            record(ctx, "customer.created", ("customer", "cus_1"))
            session.execute(text("INSERT INTO customers (id) VALUES ('cus_1')"))

    with pytest.raises(IntegrityError):
        fail(world.ctx())
    write(world)
    assert [event.seq for event in world.session.scalars(select(Event))] == [1]


@pytest.mark.parametrize(("kept", "code"), [(None, 0), ("1:00", 1), ("nonsense", 2)])
def test_the_command_says_whether_it_is_whole(world, kept, code):
    write(world, 3)
    words = ["audit", "verify", *(["--kept", kept] if kept else [])]
    done = world.app.test_cli_runner().invoke(args=words)
    assert done.exit_code == code
    if code == 0:
        end = chain_end(world.session)
        assert "whole: 3 lines" in done.output
        assert world.app.test_cli_runner().invoke(args=["audit", "verify", "--kept", str(end)]).exit_code == 0


def test_the_command_names_the_broken_line(world):
    write(world, 3)
    tamper(world, "UPDATE events SET act = 'customer.archived' WHERE seq = 2")
    done = world.app.test_cli_runner().invoke(args=["audit", "verify"])
    assert (done.exit_code, "line 2" in done.output) == (1, True)
