"""The page of everything that was done, and the listener that writes down who was refused."""

import re
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import lazy_gettext

from merchant_admin.audit import queries
from merchant_admin.audit.commands import audit_commands
from merchant_admin.audit.service import record
from merchant_admin.audit.words import KINDS, told
from merchant_admin.core.db import db
from merchant_admin.core.permissions import Permission
from merchant_admin.web.access import current_staff, denied, requires, work_context
from merchant_admin.web.navigation import NavEntry, register
from merchant_admin.web.pages import page, safe_path, wants_fragment

bp = Blueprint("audit", __name__, cli_group=None)
bp.cli.add_command(audit_commands)
_ID_MOST = 80
_RECORD_ID = re.compile(r"[a-z]+_[a-z0-9]+")
_PAGES = {
    "charge": "/charges/{}",
    "payment": "/payments/{}",
    "refund": "/refunds/{}",
    "registration": "/registrations/{}",
    "billing_key": "/billing-keys/{}",
    "schedule": "/schedules/{}",
    "subscription": "/subscriptions/{}",
    "plan": "/plans/{}/edit",
    "customer": "/customers/{}",
    "case": "/cases/{}",
    "staff": "/staff/{}/edit",
}


@bp.record_once
def _set_up(state: BlueprintSetupState) -> None:
    entry = NavEntry(
        "audit.list_events", lazy_gettext("활동 기록"), "activity", Permission.VIEW_AUDIT, group="run", order=60
    )
    register(state.app, entry)  # type: ignore[arg-type] # a blueprint meets a Flask app
    denied.connect(_write_denial)


def _write_denial(_sender: Any, permission: Permission) -> None:
    """Signed-in staff asked for what their role may not: by a planted link, by trying, or by a page gone stale."""
    ctx = work_context()
    with ctx.atomic():
        record(ctx, "access.denied", ("page", request.endpoint or "-"), method=request.method, needs=permission.value)


@bp.get("/activity")
@requires(Permission.VIEW_AUDIT)
def list_events() -> Response:
    filters = queries.EventFilters(
        actor_id=_word("actor"), kind=_word("kind") if _word("kind") in KINDS else "", subject=_word("subject")
    )
    found = queries.event_page(db.session(), filters, request.args.get("place"))
    answer = page(
        "audit/list.html",
        fragment="audit/_list.html",
        filters=filters,
        page=found,
        lines=told(found.rows, _page_of),
        chips=_chips(filters),
        url=lambda **over: url_for(".list_events", **{**_address_words(filters), **over}),
        actors=queries.actors(db.session()),
        kinds=[(kind, str(words)) for kind, words in KINDS.items()],
    )
    if wants_fragment():
        answer.headers["HX-Push-Url"] = url_for(".list_events", **_address_words(filters))
    return answer


def _page_of(row: queries.EventRow) -> str | None:
    """The page of the record a line is about. Features above this one are known by their fixed addresses alone."""
    staff = current_staff()
    if row.subject_kind == "staff" and (staff is None or not staff.may(Permission.MANAGE_STAFF)):
        return None
    path = _PAGES.get(row.subject_kind)
    return safe_path(path.format(row.subject_id)) if path and _RECORD_ID.fullmatch(row.subject_id) else None


def _chips(filters: queries.EventFilters) -> list[dict[str, str]]:
    """The record the list is narrowed to, which no select shows."""
    if not filters.subject:
        return []
    rest = {name: value for name, value in _address_words(filters).items() if name != "subject"}
    return [{"label": filters.subject, "href": url_for(".list_events", **rest)}]


def _address_words(filters: queries.EventFilters) -> dict[str, Any]:
    """The filters as they stand in an address; empty ones leave it."""
    words = {"actor": filters.actor_id, "kind": filters.kind, "subject": filters.subject}
    return {name: value for name, value in words.items() if value}


def _word(name: str) -> str:
    typed = request.args.get(name, "").strip()
    return typed if typed.isascii() and typed.isprintable() and len(typed) <= _ID_MOST else ""
