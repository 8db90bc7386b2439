"""The life of a reservation, in Python and in the database's triggers alike."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from merchant_admin.core.errors import RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.schedules.models import Schedule
from merchant_admin.schedules.states import NEXT, ScheduleSource, ScheduleState, advance
from tests.schedules.acting import a_sheet, reserve


def born(world, state):
    """A reservation that came into being in this state, as no rule would make it."""
    now = world.clock.now()
    return world.add(
        Schedule(
            id=new_id("sch"), merchant_uid=new_id("ord"), source=ScheduleSource.FOUND, mode=world.settings.mode,
            state=state, customer_uid="bks_x", name="", amount_krw=1, tax_free_krw=0, memo="", schedule_at=now,
            lease_until=now if state is ScheduleState.SENDING else None, looks=0, absences=0, created_at=now,
        )
    ).id  # fmt: skip


@pytest.mark.parametrize("state", ScheduleState)
@pytest.mark.parametrize("to", ScheduleState)
def test_a_move_that_is_not_in_the_table_is_refused(each_world, state, to):
    schedule_id = born(each_world, state)
    is_allowed = to in NEXT[state] or to is state
    lease = each_world.clock.now() + timedelta(hours=1) if to is ScheduleState.SENDING else None
    try:
        with each_world.ctx().atomic() as session:
            row = session.get_one(Schedule, schedule_id)
            row.state, row.lease_until = to, lease
    except DBAPIError:
        assert not is_allowed
    else:
        assert is_allowed
    if to is not state:
        try:
            advance(state, to)
        except RuleBroken:
            assert not is_allowed
        else:
            assert is_allowed


@pytest.mark.parametrize("change", ["amount_krw = 2", "merchant_uid = 'x'", "customer_uid = 'x'", "source = 'found'"])
def test_what_was_reserved_is_never_rewritten(each_world, change):
    reserve(each_world, a_sheet(each_world, each_world.a_key()))
    with pytest.raises(DBAPIError, match="forbidden move"), each_world.ctx().atomic() as session:
        session.execute(text(f"UPDATE schedules SET {change}"))
    with pytest.raises(DBAPIError, match="no delete"), each_world.ctx().atomic() as session:
        session.execute(text("DELETE FROM schedules"))
