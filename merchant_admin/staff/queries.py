"""What the staff pages show: people, and the browsers they are signed in with."""

import re
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from merchant_admin.core.errors import NotFound
from merchant_admin.core.permissions import Role
from merchant_admin.staff.models import ABSOLUTE, IDLE, Staff, StaffSession


@dataclass(frozen=True)
class StaffRow:
    """One person in the list of staff."""

    id: str
    name: str
    email: str
    role: Role
    is_disabled: bool
    created_at: datetime
    used_at: datetime | None
    sessions: int


@dataclass(frozen=True)
class SessionRow:
    """One browser in which a person is signed in."""

    id: str
    created_at: datetime
    used_at: datetime
    address: str | None
    browser: str
    is_this: bool


def staff_list(session: Session, now: datetime) -> list[StaffRow]:
    """Everyone, those who may sign in first, by name. A merchant's staff fit on one page."""
    open_now = _open_at(now)
    query = (
        select(
            Staff,
            func.max(StaffSession.used_at).label("used_at"),
            func.count(StaffSession.id).filter(*open_now).label("sessions"),
        )
        .outerjoin(StaffSession, StaffSession.staff_id == Staff.id)
        .group_by(Staff.id)
        .order_by(Staff.disabled_at.is_not(None), Staff.name, Staff.email)
        .limit(500)
    )
    return [_row(staff, used_at, sessions) for staff, used_at, sessions in session.execute(query)]


def staff_member(session: Session, staff_id: str, now: datetime) -> StaffRow:
    """One person. Raises NotFound."""
    staff = session.get(Staff, staff_id)
    if staff is None:
        raise NotFound(_("직원을 찾을 수 없습니다."), staff=staff_id)
    open_now = session.scalar(
        select(func.count()).select_from(StaffSession).where(StaffSession.staff_id == staff_id, *_open_at(now))
    )
    used_at = session.scalar(select(func.max(StaffSession.used_at)).where(StaffSession.staff_id == staff_id))
    return _row(staff, used_at, open_now or 0)


def staff_names(session: Session) -> list[tuple[str, str]]:
    """(id, name) of everyone, for choosing one in a filter."""
    return [(row.id, row.name) for row in session.execute(select(Staff.id, Staff.name).order_by(Staff.name).limit(500))]


def open_sessions(session: Session, staff_id: str, now: datetime, this: str | None = None) -> list[SessionRow]:
    """The browsers a person is signed in with, `this` one first, then by last use."""
    query = (
        select(StaffSession)
        .where(StaffSession.staff_id == staff_id, *_open_at(now))
        .order_by(StaffSession.used_at.desc())
        .limit(50)
    )
    rows = [
        SessionRow(row.id, row.created_at, row.used_at, row.address, browser_words(row.browser or ""), row.id == this)
        for row in session.scalars(query)
    ]
    return sorted(rows, key=lambda row: not row.is_this)


def browser_words(user_agent: str) -> str:
    """`Chrome 128, Windows` out of what a browser calls itself; its own names are the same in all languages."""
    browsers = (
        ("Whale", r"Whale/(\d+)"), ("Samsung Internet", r"SamsungBrowser/(\d+)"), ("Edge", r"Edg\w*/(\d+)"),
        ("Firefox", r"(?:Firefox|FxiOS)/(\d+)"), ("Chrome", r"(?:Chrome|CriOS)/(\d+)"),
        ("Safari", r"Version/(\d+).*Safari"),
    )  # fmt: skip
    systems = (
        ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"),
        ("Windows", "Windows"), ("macOS", "Mac OS X"), ("Linux", "Linux"),
    )  # fmt: skip
    found = next((f"{name} {hit[1]}" for name, sign in browsers if (hit := re.search(sign, user_agent))), "")
    system = next((name for name, sign in systems if sign in user_agent), "")
    return ", ".join(filter(None, (found, system))) or user_agent[:40]


def _open_at(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        StaffSession.ended_at.is_(None),
        StaffSession.created_at > now - ABSOLUTE,
        StaffSession.used_at > now - IDLE,
    )


def _row(staff: Staff, used_at: datetime | None, sessions: int) -> StaffRow:
    return StaffRow(
        staff.id,
        staff.name,
        staff.email,
        staff.role,
        staff.disabled_at is not None,
        staff.created_at,
        used_at,
        sessions,
    )


def id_of_email(session: Session, email: str) -> str:
    """The id of the person with this address. Raises NotFound."""
    staff_id = session.scalar(select(Staff.id).where(Staff.email == email.strip().casefold()))
    if staff_id is None:
        raise NotFound(_("직원을 찾을 수 없습니다."))
    return staff_id
