"""Many rows in one statement leave what the unit of work would have left."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.orm.exc import StaleDataError

from merchant_admin.core.db import db
from merchant_admin.core.heaps import insert_new, write_changed
from merchant_admin.customers.models import Customer
from merchant_admin.subscriptions.models import Plan
from merchant_admin.subscriptions.states import AfterLast, CatchUp, Unit


@pytest.fixture
def three(each_world):
    made = [each_world.a_customer().id for _each in range(3)]
    each_world.session.rollback()
    return sorted(made)


def _all(session, ids):
    return session.scalars(select(Customer).where(Customer.id.in_(ids)).order_by(Customer.id)).all()


@contextmanager
def _journeys():
    """The statements that went to the database, one for each row where it asks for many."""
    found = []

    def note(_connection, _cursor, statement, parameters, _context, executemany):
        found.extend([statement] * (len(parameters) if executemany else 1))

    event.listen(db.engine, "before_cursor_execute", note)
    yield found
    event.remove(db.engine, "before_cursor_execute", note)


def test_rows_that_changed_in_other_ways_are_all_written(each_world, three):
    now = each_world.clock.now()
    later = now + timedelta(days=1)
    with each_world.ctx().atomic() as session:
        first, second, third = _all(session, three)
        first.name, first.updated_at = "가나", later
        second.name, second.updated_at = "다라", now - timedelta(days=1)
        third.archived_at = later
        write_changed(session, [first, second, third])
    with each_world.ctx().atomic() as session:
        first, second, third = _all(session, three)
        assert (first.name, first.updated_at, first.archived_at) == ("가나", later, None)
        assert (second.name, second.updated_at) == ("다라", now - timedelta(days=1))
        assert third.archived_at == later
        third.archived_at = None
        write_changed(session, [third])
    assert [one.archived_at for one in _all(each_world.session, three)] == [None] * 3


def test_new_rows_are_added_whatever_columns_each_of_them_names(each_world):
    now = each_world.clock.now()
    made = [a_plan_row(number, now, **more) for number, more in enumerate([{}, {"archived_at": now}, {}])]
    with each_world.ctx().atomic() as session, _journeys() as sent:
        insert_new(session, made)
        insert_new(session, [])
    rows = each_world.session.scalars(select(Plan).order_by(Plan.id)).all()
    assert [(one.name, one.unit, one.trial_days, one.created_at) for one in rows] == [
        (one.name, Unit.MONTH, 0, now) for one in made
    ]
    assert [one.archived_at for one in rows] == [None, now, None]
    assert len(sent) == (2 if db.engine.dialect.name == "postgresql" else 3), sent


def a_plan_row(number, now, **more):
    return Plan(
        id=f"pln_{number}", name=f"요금제 {number}", amount_krw=9_900, unit=Unit.MONTH, every=1, retry_days="",
        after_last=AfterLast.END, catch_up=CatchUp.CHARGE, created_at=now, **more,
    )  # fmt: skip


def test_what_was_written_is_not_written_again(each_world, three):
    with each_world.ctx().atomic() as session:
        rows = _all(session, three)
        with _journeys() as sent:
            for number, row in enumerate(rows):
                row.name = f"고객 {number}"
            write_changed(session, rows)
            session.flush()
    assert len(sent) == (1 if db.engine.dialect.name == "postgresql" else 3), sent


def test_rows_that_did_not_change_cost_nothing(each_world, three):
    with each_world.ctx().atomic() as session:
        rows = _all(session, three)
        with _journeys() as sent:
            rows[0].name = str(rows[0].name)
            write_changed(session, rows)
    assert sent == []


def test_a_row_that_is_gone_stops_the_write(each_world, three):
    with pytest.raises((RuntimeError, StaleDataError)):
        _rename_what_is_gone(each_world, three)


def _rename_what_is_gone(world, three):
    with world.ctx().atomic() as session:
        first, *_others = _all(session, three)
        for statement in ("DELETE FROM customer_terms WHERE customer_id = :id", "DELETE FROM customers WHERE id = :id"):
            session.connection().execute(text(statement), {"id": first.id})
        first.name = "없음"
        write_changed(session, [first])
