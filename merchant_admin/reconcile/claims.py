"""Claiming a duty in its slot of time: one worker of many does it, and another goes on with what it left half done."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from merchant_admin.core.context import WorkContext
from merchant_admin.core.db import lease_now
from merchant_admin.core.owners import is_gone, me
from merchant_admin.reconcile.intake import Taken
from merchant_admin.reconcile.models import DutyRun
from merchant_admin.reconcile.states import Duty

LEASE = timedelta(minutes=5)
KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Claimed:
    """A duty that is ours for the length of the lease, and where it goes on."""

    duty: Duty
    slot: str
    place: str


def claim(ctx: WorkContext, duty: Duty, slot: str, *, anew: bool = False) -> Claimed | None:
    """Take the duty in this slot; None if it is done or somebody who lives holds it. `anew`: also when it is done."""
    with ctx.atomic() as session:
        now = lease_now(session, ctx.clock)
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        row = {"duty": duty, "slot": slot, "place": "", "calls": 0, "seen": 0, "changed": 0, "skipped": 0,
               "started_at": now}  # fmt: skip
        session.execute(dialect.insert(DutyRun).values(row).on_conflict_do_nothing(index_elements=["duty", "slot"]))
        run = _locked(session, duty, slot)
        if run.done_at is not None and anew:
            run.done_at, run.place, run.started_at = None, "", now
            run.calls = run.seen = run.changed = run.skipped = 0
        if run.done_at is not None or is_held(run, now):
            return None
        run.owner, run.lease_until = me(), now + LEASE
        return Claimed(duty, slot, run.place)


def keep(ctx: WorkContext, claimed: Claimed, place: str | None, calls: int, taken: Taken) -> None:
    """Write down how far a turn came and let go; no place means that the duty is done."""
    with ctx.atomic() as session:
        run = _locked(session, claimed.duty, claimed.slot)
        now = lease_now(session, ctx.clock)
        run.place, run.calls = place or "", run.calls + calls
        run.seen, run.changed, run.skipped = (
            run.seen + taken.seen, run.changed + taken.changed, run.skipped + taken.skipped,
        )  # fmt: skip
        run.owner = run.lease_until = None
        if place is None:
            run.done_at = now
            old = delete(DutyRun).where(DutyRun.duty == claimed.duty, DutyRun.done_at < now - KEPT)
            session.execute(old, execution_options={"synchronize_session": False})


def let_go(ctx: WorkContext, claimed: Claimed) -> None:
    """Give an unfinished turn back; the place stays where the last turn left it."""
    with ctx.atomic() as session:
        run = _locked(session, claimed.duty, claimed.slot)
        run.owner = run.lease_until = None


def is_held(run: DutyRun, now: datetime) -> bool:
    """Whether somebody who may still live works on it."""
    return run.lease_until is not None and run.lease_until > now and not is_gone(run.owner)


def _locked(session: Session, duty: Duty, slot: str) -> DutyRun:
    found = select(DutyRun).where(DutyRun.duty == duty, DutyRun.slot == slot).with_for_update()
    return session.scalars(found.execution_options(populate_existing=True)).one()
