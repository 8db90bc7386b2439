"""Taking over reservations that stand at PortOne and nobody wrote down here: other systems left them behind."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.core.context import WorkContext
from merchant_admin.core.db import lease_now
from merchant_admin.core.errors import GatewayRejected
from merchant_admin.core.ids import new_id
from merchant_admin.core.money import MAX_AMOUNT_KRW
from merchant_admin.core.settings import Mode
from merchant_admin.core.times import Interval
from merchant_admin.payments.models import Attempt
from merchant_admin.portone.gateway import Gateway
from merchant_admin.portone.later import MOST_LISTED, Reservation, ReservationStatus
from merchant_admin.schedules.looking import plan_look, tell
from merchant_admin.schedules.models import Schedule
from merchant_admin.schedules.states import ScheduleSource, ScheduleState

MOST_ORDERS = 500  # of one look-up in the database


@dataclass(frozen=True)
class Held:
    """A reservation that waits at PortOne, and whether it stands here."""

    reservation: Reservation
    is_known: bool
    customer_id: str | None
    is_linked: bool

    @property
    def may_be_taken(self) -> bool:
        return not self.is_known and 1 <= self.reservation.amount_krw <= MAX_AMOUNT_KRW


def held_at_portone(ctx: WorkContext, gateway: Gateway, first: date, last: date, customer_uid: str = "") -> list[Held]:
    """Every reservation that waits at PortOne in these Seoul days, of one key or of all; the soonest first.

    PortOne lists three months at a time, so a longer span is read in parts. Nothing is written. Raises GatewayError.
    """
    ctx.end_reading()
    found: dict[str, Reservation] = {}
    for since, until in _windows(first, last):
        try:
            rows = gateway.reservations(since, until, customer_uid or None)
        except GatewayRejected as refusal:
            if customer_uid and refusal.facts.get("http_status") in {200, 404}:
                continue  # PortOne knows no such key
            raise
        found |= {row.merchant_uid: row for row in rows if row.status is ReservationStatus.SCHEDULED}
    session = ctx.reader
    known = _known(session, list(found))
    keys = _owners(session, {row.customer_uid for row in found.values()})
    return [
        Held(row, row.merchant_uid in known, keys.get(row.customer_uid), row.customer_uid in keys)
        for row in sorted(found.values(), key=lambda row: (row.schedule_at, row.merchant_uid))
    ]


def take_over(ctx: WorkContext, gateway: Gateway, merchant_uids: list[str]) -> int:
    """Write these reservations down here, each as PortOne shows it when read now. Returns how many are new."""
    taken = 0
    for merchant_uid in merchant_uids:
        ctx.end_reading()
        held = gateway.reservation(merchant_uid)
        if held is not None and held.status is ReservationStatus.SCHEDULED:
            taken += write_down(ctx, held)
    return taken


def write_down(ctx: WorkContext, held: Reservation) -> bool:
    """Take one reservation over, if nobody knows its order number here. Twice is once."""
    if not 1 <= held.amount_krw <= MAX_AMOUNT_KRW:
        return False
    with ctx.atomic() as session:
        if _known(session, [held.merchant_uid]):
            return False
        key = session.scalar(select(BillingKey).where(BillingKey.customer_uid == held.customer_uid))
        schedule = Schedule(
            id=new_id("sch"), merchant_uid=held.merchant_uid, source=ScheduleSource.FOUND, mode=Mode(ctx.mode),
            state=ScheduleState.SCHEDULED, customer_id=key.customer_id if key else None,
            billing_key_id=key.id if key else None, customer_uid=held.customer_uid, name=held.name[:40],
            amount_krw=held.amount_krw, tax_free_krw=0, memo="", schedule_at=held.schedule_at, looks=0, absences=0,
            created_at=ctx.now(),
        )  # fmt: skip
        plan_look(schedule, lease_now(session, ctx.clock))
        session.add(schedule)
        session.flush()
        tell(ctx, schedule, "schedule.taken_over", at=held.schedule_at.isoformat())
    return True


def _windows(first: date, last: date) -> Iterator[tuple[datetime, datetime]]:
    span = Interval.of_days(first, last)
    since = span.start
    while since < span.end:
        until = min(since + MOST_LISTED, span.end)
        yield since, until
        since = until


def _known(session: Session, merchant_uids: list[str]) -> set[str]:
    found: set[str] = set()
    for at in range(0, len(merchant_uids), MOST_ORDERS):
        some = merchant_uids[at : at + MOST_ORDERS]
        found |= set(session.scalars(select(Schedule.merchant_uid).where(Schedule.merchant_uid.in_(some))))
        found |= set(session.scalars(select(Attempt.merchant_uid).where(Attempt.merchant_uid.in_(some))))
    return found


def _owners(session: Session, customer_uids: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    names = sorted(customer_uids)
    for at in range(0, len(names), MOST_ORDERS):
        some = names[at : at + MOST_ORDERS]
        rows = session.execute(
            select(BillingKey.customer_uid, BillingKey.customer_id).where(BillingKey.customer_uid.in_(some))
        )
        found |= {row.customer_uid: row.customer_id for row in rows}
    return found
