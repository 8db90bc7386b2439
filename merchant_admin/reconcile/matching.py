"""The daily match: every payment of a Seoul day, ours against PortOne's, by count and sum of each status.

PortOne's lists are taken in first, so what we merely had not heard yet is no difference. What is left has a name: it
opens a case, and the case ends by itself when a later match finds nothing wrong with it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import exists, func, select, text
from sqlalchemy.orm import Session

from merchant_admin.cases.models import Case
from merchant_admin.cases.service import Finding, open_case, settle_case
from merchant_admin.cases.states import CaseKind, CaseState, Ending
from merchant_admin.core.context import WorkContext
from merchant_admin.core.settings import Mode
from merchant_admin.core.times import SEOUL, Interval
from merchant_admin.payments.facts import is_foreign
from merchant_admin.payments.models import TIME_OF, Cancellation, Payment
from merchant_admin.portone.gateway import MOST_NAMED, Gateway
from merchant_admin.portone.types import PaymentStatus, Transaction
from merchant_admin.reconcile.intake import Taken, in_flight, take_in
from merchant_admin.reconcile.models import DayMatch
from merchant_admin.reconcile.walking import LIFE
from merchant_admin.refunds.models import Refund

NAMED = (CaseKind.MISSING_HERE, CaseKind.MISSING_THERE, CaseKind.DIFFERS)
REVERSED_FROM = time(23)  # the PG reverses test payments between 23:00 and 23:50 (reference section 17)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Said:
    """What one side says of a payment: status, amount, given back."""

    status: str
    amount_krw: int
    cancelled_krw: int

    def __str__(self) -> str:
        back = f" (-₩{self.cancelled_krw:,})" if self.cancelled_krw else ""
        return f"{self.status} ₩{self.amount_krw:,}{back}"


@dataclass(frozen=True)
class Matched:
    """The result of one match, and what reading for it cost."""

    is_equal: bool
    differences: int
    calls: int
    taken: Taken


def match_day(ctx: WorkContext, gateway: Gateway, day: date) -> Matched:
    """Match one finished or running Seoul day. Raises the GatewayError family: then nothing is concluded."""
    theirs, calls, taken = _read_day(ctx, gateway, day)
    strays = sorted(set(_ours(ctx.reader, ctx.mode, day)) - set(theirs))
    ctx.end_reading()
    for at in range(0, len(strays), MOST_NAMED):
        listing = gateway.payments_named(strays[at : at + MOST_NAMED])
        calls += 1
        taken += take_in(ctx, listing.rows, source="match", skipped=listing.unreadable)
        theirs |= {row.imp_uid: row for row in listing.rows if _is_of(row, day)}
    with ctx.atomic() as session:
        ours = _ours(session, ctx.mode, day)
        findings = _differences(ctx, session, day, ours, theirs)
        _tell_cases(ctx, session, day, findings)
        _write(ctx, session, day, _tallies(ours, theirs), len(findings))
    return Matched(not findings, len(findings), calls, taken)


def _read_day(ctx: WorkContext, gateway: Gateway, day: date) -> tuple[dict[str, Transaction], int, Taken]:
    span = Interval.of_days(day, day)
    found: dict[str, Transaction] = {}
    calls, taken = 0, Taken()
    for status in LIFE:
        page = 1
        while page:
            listing = gateway.payments_between(status, span.start, span.end - _SECOND, page)
            calls += 1
            taken += take_in(ctx, listing.rows, source="match", skipped=listing.unreadable)
            found |= {row.imp_uid: row for row in listing.rows if row.amount_krw > 0}
            page = listing.next_page if listing.next_page > page else 0
    running = in_flight(ctx, found.values())
    return {uid: row for uid, row in found.items() if uid not in running}, calls, taken


def _is_of(row: Transaction, day: date) -> bool:
    at: datetime | None = getattr(row, TIME_OF.get(row.status.value, "started_at"))
    span = Interval.of_days(day, day)
    return at is not None and span.start <= at < span.end


def _ours(session: Session, mode: str, day: date) -> dict[str, Said]:
    span = Interval.of_days(day, day)
    found: dict[str, Said] = {}
    for status, at in TIME_OF.items():
        column = getattr(Payment, at)
        rows = session.execute(
            select(Payment.imp_uid, Payment.amount_krw, Payment.cancelled_krw).where(
                text(f"payments.status = '{status}'"),
                column >= span.start,
                column < span.end,
                Payment.mode == Mode(mode),
                Payment.amount_krw > 0,
            )
        )
        found |= {row.imp_uid: Said(status, row.amount_krw, row.cancelled_krw) for row in rows}
    return found


def _differences(
    ctx: WorkContext, session: Session, day: date, ours: Mapping[str, Said], theirs: Mapping[str, Transaction]
) -> list[Finding]:
    wrong = [uid for uid in {*ours, *theirs} if ours.get(uid) != (_said(theirs[uid]) if uid in theirs else None)]
    held = _held(session, wrong)
    return [_finding(ctx, day, uid, held, ours.get(uid), theirs.get(uid)) for uid in sorted(wrong)]


def _finding(
    ctx: WorkContext, day: date, uid: str, held: Mapping[str, Any], ours: Said | None, theirs: Transaction | None
) -> Finding:
    row = held.get(uid)
    if theirs is not None and is_foreign(ctx.mode, theirs):
        return Finding(CaseKind.TEST_IN_LIVE, uid, amount_krw=theirs.amount_krw, facts={"imp_uid": uid})
    kind = CaseKind.MISSING_THERE if theirs is None else CaseKind.DIFFERS if row is not None else CaseKind.MISSING_HERE
    our_word = ours or (Said(row.status.value, row.amount_krw, row.cancelled_krw) if row is not None else None)
    return Finding(
        kind, uid, payment_id=row.id if row is not None else None, day=day.isoformat(),
        customer_id=row.customer_id if row is not None else None,
        amount_krw=theirs.amount_krw if theirs else ours.amount_krw if ours else None,
        facts={
            "ours": str(our_word) if our_word else None, "theirs": str(_said(theirs)) if theirs else None,
        },
    )  # fmt: skip


def _said(row: Transaction) -> Said:
    return Said(row.status.value, row.amount_krw, row.cancelled_krw)


def _held(session: Session, imp_uids: list[str]) -> dict[str, Any]:
    wanted = select(
        Payment.imp_uid, Payment.id, Payment.customer_id, Payment.status, Payment.amount_krw, Payment.cancelled_krw
    )
    found: dict[str, Any] = {}
    for at in range(0, len(imp_uids), 500):
        rows = session.execute(wanted.where(Payment.imp_uid.in_(imp_uids[at : at + 500])))
        found |= {row.imp_uid: row for row in rows}
    return found


def _tell_cases(ctx: WorkContext, session: Session, day: date, findings: list[Finding]) -> None:
    for finding in findings:
        open_case(ctx, session, finding)
    still = {(finding.kind, finding.subject) for finding in findings}
    of_day = select(Case.kind, Case.subject).where(
        Case.state == CaseState.OPEN, Case.day == day.isoformat(), Case.kind.in_(NAMED)
    )
    for kind, subject in session.execute(of_day).all():
        if (kind, subject) not in still:
            settle_case(ctx, session, kind, subject, Ending.FOUND_EQUAL)


def _tallies(ours: Mapping[str, Said], theirs: Mapping[str, Transaction]) -> dict[str, dict[str, list[int]]]:
    sides = {"ours": list(ours.values()), "theirs": [_said(row) for row in theirs.values()]}
    known = [status.value for status in LIFE]
    every = [*known, *sorted({one.status for side in sides.values() for one in side} - set(known))]
    return {status: {side: _tally(status, rows) for side, rows in sides.items()} for status in every}


def _tally(status: str, rows: list[Said]) -> list[int]:
    of_status = [one for one in rows if one.status == status]
    return [
        len(of_status), sum(one.amount_krw for one in of_status), sum(one.cancelled_krw for one in of_status),
    ]  # fmt: skip


def _write(ctx: WorkContext, session: Session, day: date, tallies: Mapping[str, Any], differences: int) -> None:
    reversals = _reversals(session, ctx.mode, day)
    match = session.get(DayMatch, (day, Mode(ctx.mode)), with_for_update=True, populate_existing=True)
    if match is None:
        match = DayMatch(seoul_day=day, mode=Mode(ctx.mode))
        session.add(match)
    match.matched_at, match.is_equal, match.differences = ctx.now(), differences == 0, differences
    match.tallies, match.reversals = json.dumps(tallies), reversals


def _reversals(session: Session, mode: str, day: date) -> int:
    """Test payments that were given back at night and not by us: the PG's own habit, and no alarm."""
    if mode == Mode.LIVE.value:
        return 0
    since = datetime.combine(day, REVERSED_FROM, SEOUL)
    is_ours = exists().where(Refund.imp_uid == Payment.imp_uid, Refund.cancellation_ref == Cancellation.ref)
    reversed_ = (
        select(func.count())
        .select_from(Cancellation)
        .join(Payment, Payment.id == Cancellation.payment_id)
        .where(
            Cancellation.cancelled_at >= since,
            Cancellation.cancelled_at < Interval.of_days(day, day).end,
            Payment.status == PaymentStatus.CANCELLED,
            Payment.mode == Mode(mode),
            ~is_ours,
        )
    )
    return session.execute(reversed_).scalar_one()
