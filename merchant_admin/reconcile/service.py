"""The duties of reconciliation and when each is due. All of them only read PortOne.

A turn makes a few calls and keeps its place, so that a long duty keeps no worker from its other work.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.cases.models import Case
from merchant_admin.cases.service import Finding, open_case, settle_case
from merchant_admin.cases.states import CaseKind, CaseState, Ending
from merchant_admin.core.context import WorkContext
from merchant_admin.core.settings import Settings
from merchant_admin.core.times import SEOUL, Interval, seoul_day, start_of
from merchant_admin.ledger.queries import differences
from merchant_admin.portone.channels import check_channels
from merchant_admin.portone.gateway import Gateway
from merchant_admin.reconcile.claims import Claimed, claim, is_held, keep, let_go
from merchant_admin.reconcile.closing import check_closings
from merchant_admin.reconcile.intake import Taken
from merchant_admin.reconcile.matching import match_day
from merchant_admin.reconcile.models import DayMatch, DutyRun
from merchant_admin.reconcile.rereading import reread
from merchant_admin.reconcile.states import Duty
from merchant_admin.reconcile.walking import OVERLAP, Place, Walked, spans, walk

RECENT_EVERY = timedelta(minutes=15)
RECENT = timedelta(hours=2)
NIGHT_BEGINS = timedelta(hours=4)  # after Seoul's midnight; the PG's own night work is over by then
NIGHTLY_DAYS = 7
CALLS_A_TURN = 5
STANDING = (Duty.RECENT, Duty.NIGHTLY, Duty.REREAD, Duty.CHANNELS)


def due(session: Session, now: datetime) -> list[str]:
    """The duties whose slot is not done and that nobody holds, as `duty|slot`. `now` is lease_now()."""
    wanted = [(duty, _slot(duty, now)) for duty in STANDING]
    wanted += [(Duty.MATCH, f"{day}@{_night(now)}") for day in _unmatched(session, now)]
    slots = [slot for _duty, slot in wanted]
    runs = {(run.duty, run.slot): run for run in session.scalars(select(DutyRun).where(DutyRun.slot.in_(slots)))}
    free = [key for key in wanted if key not in runs or not (runs[key].done_at or is_held(runs[key], now))]
    return [f"{duty.value}|{slot}" for duty, slot in free]


def see_to(ctx: WorkContext, gateway: Gateway, name: str, settings: Settings) -> bool:
    """One turn of a due duty; False if somebody else does it. Raises the GatewayError family: then it stays due."""
    duty, _bar, slot = name.partition("|")
    claimed = claim(ctx, Duty(duty), slot)
    if claimed is None:
        return False
    try:
        done = _DUTIES[claimed.duty](ctx, gateway, claimed, settings)
    except BaseException:
        let_go(ctx, claimed)
        raise
    keep(ctx, claimed, *done)
    return True


def sync(ctx: WorkContext, gateway: Gateway, first: date, last: date, *, most_calls: int = 1) -> Walked | None:
    """One turn of a back-fill of the Seoul days `first` to `last`, from the place the last turn kept.

    None while another process does the same one. Upserts by imp_uid, so it may be run any number of times.
    """
    claimed = claim(ctx, Duty.SYNC, f"{first}..{last}", anew=True)
    if claimed is None:
        return None
    span = Interval.of_days(first, last)
    try:
        walked = walk(ctx, gateway, spans(span.start, span.end), Place.read(claimed.place), most_calls)
    except BaseException:
        let_go(ctx, claimed)
        raise
    keep(ctx, claimed, walked.place.text() if walked.place else None, walked.calls, walked.taken)
    return walked


def match_now(ctx: WorkContext, gateway: Gateway, day: date) -> bool:
    """Match one Seoul day because a person asked. True if it is equal. Raises the GatewayError family."""
    return match_day(ctx, gateway, day).is_equal


_Done = tuple[str | None, int, Taken]


def _recent(ctx: WorkContext, gateway: Gateway, claimed: Claimed, _settings: Settings) -> _Done:
    began = datetime.fromisoformat(claimed.slot)
    return _walked(walk(ctx, gateway, spans(began - RECENT, began + RECENT_EVERY), Place.read(claimed.place), 50))


def _nightly(ctx: WorkContext, gateway: Gateway, claimed: Claimed, _settings: Settings) -> _Done:
    """Seven days, or all since the last night that went well; then our own books among themselves."""
    night = date.fromisoformat(claimed.slot)
    since = start_of(night - timedelta(days=NIGHTLY_DAYS))
    went_well = select(DutyRun.done_at).where(DutyRun.duty == Duty.NIGHTLY, DutyRun.done_at.is_not(None))
    last = ctx.reader.scalar(went_well.order_by(DutyRun.done_at.desc()).limit(1))
    since = min(since, last - OVERLAP) if last else since
    done = walk(ctx, gateway, spans(since, start_of(night) + NIGHT_BEGINS), Place.read(claimed.place), CALLS_A_TURN)
    if done.place is None:
        _check_books(ctx)
        check_closings(ctx)
    return _walked(done)


def _reread_all(ctx: WorkContext, gateway: Gateway, claimed: Claimed, _settings: Settings) -> _Done:
    return reread(ctx, gateway, claimed.place, CALLS_A_TURN)


def _match(ctx: WorkContext, gateway: Gateway, claimed: Claimed, _settings: Settings) -> _Done:
    done = match_day(ctx, gateway, date.fromisoformat(claimed.slot.partition("@")[0]))
    return None, done.calls, done.taken


def _channels(ctx: WorkContext, gateway: Gateway, _claimed: Claimed, settings: Settings) -> _Done:
    """The MIDs of the settings among PortOne's channels; one that is missing is a case."""
    checks = list(check_channels(settings, gateway))
    for check in checks:
        if check.purpose == "key_in" and not settings.key_in:
            continue
        with ctx.atomic() as session:
            if check.is_right:
                settle_case(ctx, session, CaseKind.UNKNOWN_CHANNEL, check.setting, Ending.CHANNEL_THERE)
            else:
                facts = {"purpose": check.purpose, "ours": check.mid}
                open_case(ctx, session, Finding(CaseKind.UNKNOWN_CHANNEL, check.setting, facts=facts))
    return None, 1, Taken(seen=len(checks))


_DUTIES: dict[Duty, Callable[[WorkContext, Gateway, Claimed, Settings], _Done]] = {
    Duty.RECENT: _recent,
    Duty.NIGHTLY: _nightly,
    Duty.REREAD: _reread_all,
    Duty.MATCH: _match,
    Duty.CHANNELS: _channels,
}


def _walked(done: Walked) -> _Done:
    return done.place.text() if done.place else None, done.calls, done.taken


def _check_books(ctx: WorkContext) -> None:
    """Ledger, payments and daily totals against each other; each difference is a case, and ends with it."""
    found = {f"{one.between} {one.subject}"[:120]: one.off_krw for one in differences(ctx.reader)}
    waiting = select(Case.subject).where(Case.kind == CaseKind.BOOKS_DIFFER, Case.state == CaseState.OPEN)
    over = set(ctx.reader.scalars(waiting)) - set(found)
    ctx.end_reading()
    if not found and not over:
        return
    with ctx.atomic() as session:
        for subject, off_krw in found.items():
            finding = Finding(CaseKind.BOOKS_DIFFER, subject, amount_krw=off_krw, facts={"off_krw": off_krw})
            open_case(ctx, session, finding)
        for subject in over:
            settle_case(ctx, session, CaseKind.BOOKS_DIFFER, subject, Ending.BOOKS_AGREE)


def _slot(duty: Duty, now: datetime) -> str:
    if duty is Duty.RECENT:
        minutes = int(RECENT_EVERY.total_seconds() // 60)
        return now.replace(minute=now.minute // minutes * minutes, second=0, microsecond=0).isoformat()
    return seoul_day(now).isoformat() if duty in {Duty.REREAD, Duty.CHANNELS} else _night(now).isoformat()


def _night(now: datetime) -> date:
    """The day whose night work is due: it begins at four in the morning."""
    return (now.astimezone(SEOUL) - NIGHT_BEGINS).date()


def _unmatched(session: Session, now: datetime) -> list[date]:
    """Finished days of the last week that were not found equal after they ended."""
    night = _night(now)
    days = [night - timedelta(days=back) for back in range(NIGHTLY_DAYS, 0, -1)]
    held = select(DayMatch.seoul_day, DayMatch.matched_at).where(DayMatch.seoul_day.in_(days), DayMatch.is_equal)
    equal = {row.seoul_day for row in session.execute(held) if seoul_day(row.matched_at) > row.seoul_day}
    return [day for day in days if day not in equal]
