"""Screens over all subscriptions: the calendar by month and day, and what is to come."""

import calendar
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import format_date, lazy_gettext
from flask_babel import gettext as _

from merchant_admin.core.db import db
from merchant_admin.core.errors import NotFound
from merchant_admin.core.paging import Place
from merchant_admin.core.permissions import Permission
from merchant_admin.core.settings import Mode
from merchant_admin.core.times import seoul_day
from merchant_admin.outlook import forecast, month
from merchant_admin.outlook.forecast import Part
from merchant_admin.outlook.month import Bucket
from merchant_admin.subscriptions.ahead import within
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.subscriptions.words import cycle
from merchant_admin.web.access import current_staff, requires, services, work_context
from merchant_admin.web.languages import language
from merchant_admin.web.looks import word
from merchant_admin.web.navigation import NavEntry, register
from merchant_admin.web.pages import page

bp = Blueprint("outlook", __name__)
_SUNDAY_FIRST = calendar.Calendar(firstweekday=calendar.SUNDAY)
_EARLIEST, _LATEST = date(2015, 1, 1), date(2099, 12, 31)


@bp.record_once
def _set_up(state: BlueprintSetupState) -> None:
    entries = (
        NavEntry("outlook.show_month", lazy_gettext("결제 달력"), "calendar-clock", Permission.VIEW, order=36),
        NavEntry(
            "outlook.show_numbers", lazy_gettext("정기결제 수치"), "banknote", Permission.VIEW_NUMBERS, "run", order=55
        ),
    )
    for entry in entries:
        register(state.app, entry)  # type: ignore[arg-type] # a blueprint meets a Flask app


def today() -> date:
    """The Seoul day of this request."""
    return seoul_day(work_context().now())


def mode() -> Mode:
    """Whose subscriptions are meant: those of the mode the process runs in."""
    return services().settings.mode


def views(current: str) -> list[dict[str, Any]]:
    """The tabs of these pages."""
    names = [("outlook.show_month", _("달력")), ("outlook.show_forecast", _("예상"))]
    staff = current_staff()
    if staff is not None and staff.may(Permission.VIEW_NUMBERS):
        names.append(("outlook.show_numbers", _("수치")))
    return [
        {"label": label, "href": url_for(name), "is_current": name == current, "count": None} for name, label in names
    ]


@bp.get("/subscription-calendar")
@requires(Permission.VIEW)
def show_month() -> Response:
    """A month of Seoul days; an address that names none shows this one."""
    now = today()
    first = _month(request.args.get("month", "")) or now.replace(day=1)
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    days = month.days_of(db.session(), mode(), first, last, now)
    by_date = {day.on: day for day in days}
    weeks = [
        [by_date.get(on) for on in week] for week in _SUNDAY_FIRST.monthdatescalendar(first.year, first.month)
    ]  # fmt: skip
    return page(
        "outlook/month.html", first=first, today=now, weeks=weeks, totals=month.totals(days), buckets=list(Bucket),
        title=month_title(first),
        names=[format_date(day, "EEEE") for day in _a_week()], short=[format_date(day, "EEEEE") for day in _a_week()],
        before=_other(first, -1), after=_other(first, 1), views=views("outlook.show_month"),
        furthest=now + month.FURTHEST, labels=DAY_LABELS,
    )  # fmt: skip


def in_hours(at: datetime) -> datetime:
    """`at`, or the next instant at which cards are charged."""
    return within(Hours(*services().settings.charge_hours), at)


def month_title(first: date) -> str:
    """2026년 11월."""
    return str(format_date(first, "yyyy년 M월" if language() == "ko" else "MMMM yyyy"))


def _weekday(on: date) -> str:
    return str(format_date(on, "EEE"))


def _month_day(on: date) -> str:
    return str(format_date(on, "M월 d일" if language() == "ko" else "MMM d"))


DAY_LABELS = {"weekday": _weekday, "month_day": _month_day}


def _a_week() -> list[date]:
    sunday = date(2026, 11, 22)
    return [sunday + timedelta(days=n) for n in range(7)]


def _month(typed: str) -> date | None:
    try:
        found = date.fromisoformat(f"{typed}-01")
    except ValueError:
        return None
    return found if _EARLIEST <= found <= _LATEST else None


def _other(first: date, step: int) -> str:
    months = first.year * 12 + first.month - 1 + step
    return f"{months // 12:04}-{months % 12 + 1:02}"


@bp.get("/subscription-calendar/<string:day>")
@requires(Permission.VIEW)
def show_day(day: str) -> Response:
    """One Seoul day: the figures of its cell, and exactly the rows behind one of them."""
    on, now, session = _day(day), today(), db.session()
    figures = month.days_of(session, mode(), on, on, now)[0]
    asked = request.args.get("bucket", "")
    bucket = Bucket(asked) if asked in set(Bucket) else next(iter(figures.sums), Bucket.COMING)
    place = Place.read(request.args.get("place"))
    is_coming = bucket in {Bucket.COMING, Bucket.HELD}
    return page(
        "outlook/day.html", day=figures, bucket=bucket, is_coming=is_coming, is_today=on == now,
        when=in_hours,
        page=month.coming_page(session, mode(), on, now, place, bucket) if is_coming
        else month.period_page(session, mode(), on, bucket, place),
        tabs=[_tab(figures, each, bucket) for each in Bucket],
        url=lambda place: url_for(".show_day", day=day, bucket=bucket.value, place=place), cycle=cycle,
        before=(on - timedelta(days=1)).isoformat(), after=(on + timedelta(days=1)).isoformat(),
    )  # fmt: skip


def _tab(day: month.Day, bucket: Bucket, current: Bucket) -> dict[str, Any]:
    href = url_for(".show_day", day=day.on.isoformat(), bucket=bucket.value)
    return {"label": word(bucket), "href": href, "is_current": bucket is current, "count": f"{day.of(bucket).count:,}"}


def _day(typed: str) -> date:
    try:
        found = date.fromisoformat(typed)
    except ValueError:
        found = None
    if found is None or len(typed) != 10 or not _EARLIEST <= found <= _LATEST:
        raise NotFound(_("달력에 없는 날입니다."))
    return found


@bp.get("/subscription-forecast")
@requires(Permission.VIEW)
def show_forecast() -> Response:
    """What the next 30 or 90 days will ask for, what of it is at risk, and the subscriptions of one part."""
    asked, typed = request.args.get("part", ""), request.args.get("days", "")
    days = int(typed) if typed in {str(each) for each in forecast.HORIZONS} else forecast.HORIZONS[0]
    is_owed = asked == "owed"
    part = Part(asked) if asked in set(Part) else Part.ALL
    session, now, place = db.session(), today(), Place.read(request.args.get("place"))
    rows: Any = (
        forecast.owed_rows(session, mode(), place)
        if is_owed
        else forecast.rows(session, mode(), days, part, now, place)
    )
    return page(
        "outlook/forecast.html", found=forecast.forecast(session, mode(), days, now), days=days, part=part, page=rows,
        is_owed=is_owed, today=now, when=in_hours, cycle=cycle, views=views("outlook.show_forecast"),
        horizons=forecast.HORIZONS,
        at_risk=forecast.AT_RISK, chosen="owed" if is_owed else part.value,
        url=lambda place: url_for(".show_forecast", days=days, part="owed" if is_owed else part.value, place=place),
        labels=DAY_LABELS,
    )  # fmt: skip
