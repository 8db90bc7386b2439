"""Signing in and out, and what the owner does with people. Every act stands in the timeline."""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.core.context import Actor, ActorKind, WorkContext
from merchant_admin.core.errors import InvalidInput, NotFound, RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.core.permissions import Role
from merchant_admin.staff import throttle
from merchant_admin.staff.browsers import Browser
from merchant_admin.staff.models import ABSOLUTE, IDLE, Staff, StaffSession
from merchant_admin.staff.passwords import hash_password, is_outdated, is_password, nobodys_hash, refuse_weak
from merchant_admin.staff.throttle import TooManyTries

__all__ = ["TooManyTries", "hash_password"]

USED_GRAIN = timedelta(minutes=1)  # how exactly the last use is kept: not one write per page
DEMO_EMAIL = "owner@demo.example"
_SUBJECT = "staff"
_WRONG = _("이메일 또는 비밀번호가 맞지 않습니다.")


class WrongPassword(InvalidInput):
    """Unknown address, wrong password or disabled account: one answer for all."""


@dataclass(frozen=True)
class SessionFacts:
    """Who is behind a cookie, as the tables say now."""

    staff_id: str
    name: str
    email: str
    role: Role
    session_id: str


def sign_in(ctx: WorkContext, email: str, password: str, browser: Browser, old_token: str | None = None) -> str:
    """Check a password and open a session; returns the cookie's value, which is stored nowhere.

    Unknown, wrong and disabled give the same words after the same work. Raises WrongPassword, TooManyTries.
    """
    email = email.strip().casefold()
    counted = throttle.count_try(ctx, email, browser.address, browser.known)
    staff = ctx.session.scalars(select(Staff).where(Staff.email == email)).one_or_none()
    usable = staff if staff is not None and staff.disabled_at is None else None
    known_hash = staff.password_hash if staff is not None else nobodys_hash()
    staff_id = staff.id if staff is not None else None
    ctx.end_reading()  # no transaction stands while a hash takes its time
    if not is_password(known_hash, password) or usable is None or staff_id is None:
        why = "unknown" if staff_id is None else ("disabled" if usable is None else "wrong_password")
        with ctx.atomic():
            record(ctx, "sign_in.failed", (_SUBJECT, staff_id or "unknown"), why=why, tries_used_up=counted.is_last)
        raise WrongPassword(_WRONG, {"email": _WRONG})
    fresh_hash = hash_password(password) if is_outdated(known_hash) else None
    return _open_session(ctx, staff_id, browser, counted, known_hash, fresh_hash, old_token)


def _open_session(  # noqa: PLR0913, PLR0917 - one commit that ends a sign-in
    ctx: WorkContext,
    staff_id: str,
    browser: Browser,
    counted: throttle.Try,
    checked_hash: str,
    fresh_hash: str | None,
    old_token: str | None,
) -> str:
    token = secrets.token_urlsafe(32)  # 256 random bits
    now = ctx.now()
    with ctx.atomic() as session:
        staff = session.get(Staff, staff_id, with_for_update=True)
        # Between the look and this commit the person may have been disabled or given a new password.
        if staff is None or staff.disabled_at is not None or staff.password_hash != checked_hash:
            raise WrongPassword(_WRONG, {"email": _WRONG})
        throttle.take_back(session, counted)
        if fresh_hash:
            staff.password_hash = fresh_hash
        if old_token:
            _end(session, ctx, StaffSession.token_hash == _token_hash(old_token))
        opened = StaffSession(
            id=new_id("ses"), token_hash=_token_hash(token), staff_id=staff.id, created_at=now, used_at=now,
            address=browser.address, browser=browser.name[:200],
        )  # fmt: skip
        session.add(opened)
        ctx_of_staff = _as(ctx, staff, browser.address)
        record(ctx_of_staff, "sign_in.done", (_SUBJECT, staff.id), session=opened.id)
    return token


def load_session(ctx: WorkContext, token: str, *, is_polling: bool = False) -> SessionFacts | None:
    """Who holds this cookie, or None when the session ended, stood idle too long, or the person may not sign in.

    A page that asks by itself (`is_polling`) doesn't count as use: a forgotten screen goes out after 30 minutes.
    """
    now = ctx.now()
    row = ctx.session.execute(
        select(StaffSession.id, StaffSession.used_at, Staff.id, Staff.name, Staff.email, Staff.role)
        .join(Staff, Staff.id == StaffSession.staff_id)
        .where(
            StaffSession.token_hash == _token_hash(token),
            StaffSession.ended_at.is_(None),
            Staff.disabled_at.is_(None),
            StaffSession.created_at > now - ABSOLUTE,
            StaffSession.used_at > now - IDLE,
        )
    ).one_or_none()
    if row is None:
        return None
    session_id, used_at, staff_id, name, email, role = row
    if not is_polling and now - used_at >= USED_GRAIN:
        with ctx.atomic() as session:
            alive = update(StaffSession).where(StaffSession.id == session_id, StaffSession.ended_at.is_(None))
            session.execute(alive.values(used_at=now))  # a session ended meanwhile is not brought back
    return SessionFacts(staff_id, name, email, role, session_id)


def carry_sessions(ctx: WorkContext, by: timedelta) -> None:
    """Let open sessions go along when a rehearsal's clock is moved: nobody sat idle meanwhile."""
    with ctx.atomic() as session:
        for held in session.scalars(select(StaffSession).where(StaffSession.ended_at.is_(None))):
            held.created_at, held.used_at = held.created_at + by, held.used_at + by


def sign_out(ctx: WorkContext, session_id: str) -> None:
    """End this session on the server: the cookie is worth nothing from now on."""
    with ctx.atomic() as session:
        staff_id = session.scalar(select(StaffSession.staff_id).where(StaffSession.id == session_id))
        if staff_id and _end(session, ctx, StaffSession.id == session_id):
            record(ctx, "sign_in.signed_out", (_SUBJECT, staff_id), session=session_id)


def end_own_session(ctx: WorkContext, staff_id: str, session_id: str) -> None:
    """A person ends one of their own sessions. Raises NotFound for anyone else's."""
    with ctx.atomic() as session:
        mine = (StaffSession.id == session_id) & (StaffSession.staff_id == staff_id)
        if session.scalar(select(StaffSession.id).where(mine)) is None:
            raise NotFound(_("그 로그인을 찾을 수 없습니다."))
        if _end(session, ctx, mine):
            record(ctx, "staff.session_ended", (_SUBJECT, staff_id), session=session_id)


def end_sessions(ctx: WorkContext, staff_id: str, keep: str | None = None) -> int:
    """End all of a person's sessions but `keep`; returns how many there were. Raises NotFound."""
    with ctx.atomic() as session:
        _locked(session, staff_id)
        ended = _end_all(session, ctx, staff_id, keep)
        record(ctx, "staff.sessions_ended", (_SUBJECT, staff_id), count=ended)
    return ended


def create_staff(ctx: WorkContext, email: str, name: str, role: Role, password: str) -> Staff:
    """Let a new person in. Raises InvalidInput for a weak password, a bad or a taken address."""
    email, name = email.strip().casefold(), name.strip()
    if not email.partition("@")[2] or len(email) > 200:
        raise InvalidInput(_("이메일 주소를 확인하세요."), {"email": _("이메일 주소를 확인하세요.")})
    if not name or len(name) > 60:
        raise InvalidInput(_("이름을 확인하세요."), {"name": _("이름은 1자에서 60자까지입니다.")})
    refuse_weak(password, email=email)
    password_hash = hash_password(password)
    with ctx.atomic() as session:
        if session.scalar(select(Staff.id).where(Staff.email == email)):
            raise InvalidInput(_("이미 있는 이메일입니다."), {"email": _("이 이메일을 쓰는 직원이 이미 있습니다.")})
        staff = Staff(
            id=new_id("stf"), email=email, name=name, role=role, password_hash=password_hash, created_at=ctx.now()
        )
        session.add(staff)
        session.flush()
        record(ctx, "staff.created", (_SUBJECT, staff.id), role=role.value)
    return staff


def change_role(ctx: WorkContext, staff_id: str, role: Role, keep: str | None = None) -> None:
    """Give a person another role, from their next request on. Raises NotFound; RuleBroken for the last owner."""
    with ctx.atomic() as session:
        staff = _with_owners(session, staff_id, stays_owner=role is Role.OWNER)
        if staff.role is not role:
            before, staff.role = staff.role, role
            _end_all(session, ctx, staff_id, keep)
            record(ctx, "staff.role_changed", (_SUBJECT, staff_id), before=before.value, after=role.value)


def rename(ctx: WorkContext, staff_id: str, name: str) -> None:
    """Correct a person's name. Raises NotFound, InvalidInput."""
    name = name.strip()
    if not name or len(name) > 60:
        raise InvalidInput(_("이름을 확인하세요."), {"name": _("이름은 1자에서 60자까지입니다.")})
    with ctx.atomic() as session:
        staff = _locked(session, staff_id)
        if staff.name != name:
            staff.name = name
            record(ctx, "staff.renamed", (_SUBJECT, staff_id))


def disable(ctx: WorkContext, staff_id: str) -> None:
    """Shut a person out at once. Raises NotFound; RuleBroken for oneself or the last owner. Twice changes nothing."""
    if ctx.actor.id == staff_id:
        raise RuleBroken(_("자기 자신은 끌 수 없습니다. 다른 소유자에게 부탁하세요."), staff=staff_id)
    with ctx.atomic() as session:
        staff = _with_owners(session, staff_id, stays_owner=False)
        if staff.disabled_at is None:
            staff.disabled_at = ctx.now()
            _end_all(session, ctx, staff_id)
            record(ctx, "staff.disabled", (_SUBJECT, staff_id))


def enable(ctx: WorkContext, staff_id: str) -> None:
    """Let a disabled person sign in again. Raises NotFound. Twice changes nothing."""
    with ctx.atomic() as session:
        staff = _locked(session, staff_id)
        if staff.disabled_at is not None:
            staff.disabled_at = None
            record(ctx, "staff.enabled", (_SUBJECT, staff_id))


def set_password(ctx: WorkContext, staff_id: str, password: str) -> None:
    """Give a person a new password (by the owner or from the command line) and end all their sessions."""
    email = ctx.session.scalar(select(Staff.email).where(Staff.id == staff_id))
    if email is None:
        raise NotFound(_("직원을 찾을 수 없습니다."), staff=staff_id)
    refuse_weak(password, email=email)
    _write_password(ctx, staff_id, hash_password(password), "staff.password_reset")


def change_password(ctx: WorkContext, staff_id: str, now_used: str, new: str, browser: Browser, keep: str) -> None:
    """A person changes their own password; their other browsers are signed out.

    Raises InvalidInput (field `now_used` or `password`), and TooManyTries like a sign-in.
    """
    staff = ctx.session.get(Staff, staff_id)
    if staff is None:
        raise NotFound(_("직원을 찾을 수 없습니다."), staff=staff_id)
    email, known_hash = staff.email, staff.password_hash
    refuse_weak(new, email=email)
    counted = throttle.count_try(ctx, email, browser.address, browser.known)
    if not is_password(known_hash, now_used):
        with ctx.atomic():
            record(ctx, "staff.password_refused", (_SUBJECT, staff_id), tries_used_up=counted.is_last)
        wrong = _("지금 쓰는 비밀번호가 맞지 않습니다.")
        raise InvalidInput(wrong, {"now_used": wrong})
    _write_password(ctx, staff_id, hash_password(new), "staff.password_changed", keep, counted)


def _write_password(
    ctx: WorkContext,
    staff_id: str,
    password_hash: str,
    act: str,
    keep: str | None = None,
    counted: throttle.Try | None = None,
) -> None:
    with ctx.atomic() as session:
        _locked(session, staff_id).password_hash = password_hash
        if counted:
            throttle.take_back(session, counted)
        _end_all(session, ctx, staff_id, keep)
        record(ctx, act, (_SUBJECT, staff_id))


def _as(ctx: WorkContext, staff: Staff, address: str | None) -> WorkContext:
    """The same unit of work, done by this person."""
    return replace(ctx, actor=Actor(ActorKind.STAFF, staff.id, staff.name, address))


def _locked(session: Session, staff_id: str) -> Staff:
    staff = session.get(Staff, staff_id, with_for_update=True)
    if staff is None:
        raise NotFound(_("직원을 찾을 수 없습니다."), staff=staff_id)
    return staff


def _with_owners(session: Session, staff_id: str, *, stays_owner: bool) -> Staff:
    """The person, with all owners locked in one order, so that two owners can't remove each other at once."""
    owners = session.scalars(
        select(Staff.id)
        .where(Staff.role == Role.OWNER, Staff.disabled_at.is_(None))
        .order_by(Staff.id)
        .with_for_update()
    ).all()
    staff = _locked(session, staff_id)
    if not stays_owner and list(owners) == [staff_id]:
        raise RuleBroken(
            _("마지막 소유자는 끄거나 다른 역할로 바꿀 수 없습니다. 먼저 다른 소유자를 두세요."), staff=staff_id
        )
    return staff


def _end_all(session: Session, ctx: WorkContext, staff_id: str, keep: str | None = None) -> int:
    return _end(session, ctx, StaffSession.staff_id == staff_id, keep)


def _end(session: Session, ctx: WorkContext, which: ColumnElement[bool], keep: str | None = None) -> int:
    ending = update(StaffSession).where(which, StaffSession.ended_at.is_(None))
    if keep:
        ending = ending.where(StaffSession.id != keep)
    done = session.execute(ending.values(ended_at=ctx.now()), execution_options={"synchronize_session": False})
    return int(getattr(done, "rowcount", 0))


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
