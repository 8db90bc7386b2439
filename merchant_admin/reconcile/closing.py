"""The close of a day: its totals and its entries' fingerprint, frozen and signed.

A closed day is never edited. What becomes known later is entered on the day it happened all the same, so the close
and the books then differ; that difference has a name and a case.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.cases.models import Case
from merchant_admin.cases.service import Finding, open_case
from merchant_admin.cases.states import CaseKind, CaseState
from merchant_admin.core.context import ActorKind, WorkContext
from merchant_admin.core.errors import RuleBroken
from merchant_admin.core.settings import Mode
from merchant_admin.core.times import seoul_day
from merchant_admin.ledger.models import LedgerEntry
from merchant_admin.ledger.queries import totals_of
from merchant_admin.reconcile.models import DayClosing, DayMatch

_LABEL = b"day closing\n"


@dataclass(frozen=True)
class Figures:
    """What a close freezes: counts and sums of the day's entries, and one fingerprint of all of them."""

    charges: int
    charged_krw: int
    refunds: int
    refunded_krw: int
    net_krw: int
    entries_sha256: str


def close_day(ctx: WorkContext, day: date) -> DayClosing:
    """Freeze a finished day; closing it again returns the first close.

    Raises RuleBroken while the day runs, was not matched with PortOne since it ended, or has open differences.
    """
    mode = Mode(ctx.mode)
    with ctx.atomic() as session:
        closed = session.get(DayClosing, (day, mode))
        if closed is not None:
            return closed
        match = _refuse_unready(ctx, session, day)
        shown = figures(session, mode, day)
        snapshot = _canonical(
            {
                "day": day.isoformat(), "mode": mode.value, **vars(shown), "portone": json.loads(match.tallies),
                "differences": match.differences, "matched_at": match.matched_at.isoformat(),
                "closed_at": ctx.now().isoformat(), "closed_by": ctx.actor.name,
            }
        )  # fmt: skip
        closed = DayClosing(
            seoul_day=day, mode=mode, closed_at=ctx.now(), closed_by=ctx.actor.name,
            staff_id=ctx.actor.id if ctx.actor.kind is ActorKind.STAFF else None,
            snapshot=snapshot, mac=_sign(ctx.secret, snapshot),
        )  # fmt: skip
        session.add(closed)
        record(ctx, "day.closed", ("day", day.isoformat()), net_krw=shown.net_krw, entries=shown.entries_sha256)
    return closed


def figures(session: Session, mode: Mode, day: date) -> Figures:
    """The day's figures as the books have them now."""
    totals = totals_of(session, mode, day, day)
    entries = select(LedgerEntry.kind, LedgerEntry.ref, LedgerEntry.amount_krw).where(
        LedgerEntry.seoul_day == day, LedgerEntry.mode == mode
    )
    digest = hashlib.sha256()
    for line in sorted(f"{kind.value} {ref} {amount}\n" for kind, ref, amount in session.execute(entries)):
        digest.update(line.encode())
    return Figures(
        totals.charges, totals.charged_krw, totals.refunds, totals.refunded_krw, totals.net_krw, digest.hexdigest()
    )


def is_genuine(secret: bytes, closing: DayClosing) -> bool:
    """Whether the snapshot is the one that was signed."""
    return hmac.compare_digest(closing.mac, _sign(secret, closing.snapshot))


def frozen(closing: DayClosing) -> dict[str, Any]:
    """The snapshot's words."""
    words: dict[str, Any] = json.loads(closing.snapshot)
    return words


def check_closings(ctx: WorkContext, newest: int = 400) -> int:
    """Open a case for each closed day into which something was entered since. Returns how many differ.

    Entries are only ever added, so a day whose counts and sums stand as they were closed has the same entries.
    """
    mode = Mode(ctx.mode)
    days = select(DayClosing).where(DayClosing.mode == mode).order_by(DayClosing.seoul_day.desc()).limit(newest)
    moved: dict[str, Finding] = {}
    closed = [(one.seoul_day, frozen(one)) for one in ctx.reader.scalars(days)]
    for day, words in closed:
        now, then = totals_of(ctx.reader, mode, day, day), words["net_krw"]
        if (now.charges, now.refunds, now.net_krw) != (words["charges"], words["refunds"], then):
            facts = {"before_krw": then, "now_krw": now.net_krw}
            off_krw = now.net_krw - then
            moved[day.isoformat()] = Finding(
                CaseKind.CLOSED_DAY_MOVED, day.isoformat(), day=day.isoformat(), amount_krw=off_krw, facts=facts
            )
    ctx.end_reading()
    for finding in moved.values():
        with ctx.atomic() as session:
            open_case(ctx, session, finding)
    return len(moved)


def _refuse_unready(ctx: WorkContext, session: Session, day: date) -> DayMatch:
    if day >= seoul_day(ctx.now()):
        raise RuleBroken(_("아직 끝나지 않은 날은 마감할 수 없습니다."))
    match = session.get(DayMatch, (day, Mode(ctx.mode)), populate_existing=True)
    if match is None or seoul_day(match.matched_at) <= day:
        raise RuleBroken(_("먼저 이 날을 포트원과 대조하세요. 마감하지 않았습니다."))
    if not match.is_equal:
        waiting = select(func.count()).where(Case.state == CaseState.OPEN, Case.day == day.isoformat())
        count = session.execute(waiting).scalar_one()
        if count:
            raise RuleBroken(_("열린 차이가 있어 마감하지 않았습니다. 먼저 차이를 하나씩 끝내세요."), open=count)
    return match


def _canonical(words: dict[str, Any]) -> str:
    return json.dumps(words, ensure_ascii=False, sort_keys=True)


def _sign(secret: bytes, snapshot: str) -> bytes:
    return hmac.digest(secret, _LABEL + snapshot.encode(), hashlib.sha256)
