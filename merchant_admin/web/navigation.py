"""The rail: features register the entries, the page shows those its reader may open.

A count stands beside an entry only where someone must act. An entry whose endpoint is not there is left out.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, current_app, request, url_for
from flask_babel.speaklater import LazyString

from merchant_admin.core.permissions import Permission
from merchant_admin.web.access import current_staff

_KEY = "merchant_admin_navigation"


@dataclass(frozen=True)
class NavEntry:
    """One line of the rail. `group` is "work" (on top) or "run" (운영); `order` sorts within the group.

    `count` says how many things wait for a person; it is asked on every page, so it must be cheap.
    """

    endpoint: str
    label: str | LazyString
    icon: str
    permission: Permission
    group: str = "work"
    count: Callable[[], int] | None = None
    order: int = 50


@dataclass(frozen=True)
class NavLine:
    """An entry as the rail draws it."""

    url: str
    label: str | LazyString
    icon: str
    is_current: bool
    count: int


def register(app: Flask, entry: NavEntry) -> None:
    """Add an entry; called from a feature's `bp.record_once`."""
    app.extensions.setdefault(_KEY, []).append(entry)


def rail(section: str | None = None) -> dict[str, list[NavLine]]:
    """The lines this reader may open, by group. `section` names the current entry's endpoint where the path can't."""
    staff = current_staff()
    entries: list[NavEntry] = current_app.extensions.get(_KEY, [])
    shown = [
        entry
        for entry in sorted(entries, key=lambda entry: entry.order)
        if entry.endpoint in current_app.view_functions and staff is not None and staff.may(entry.permission)
    ]
    urls = {entry.endpoint: url_for(entry.endpoint) for entry in shown}
    current = section if section in urls else _nearest(urls)
    groups: dict[str, list[NavLine]] = {}
    for entry in shown:
        count = entry.count() if entry.count else 0
        line = NavLine(urls[entry.endpoint], entry.label, entry.icon, entry.endpoint == current, count)
        groups.setdefault(entry.group, []).append(line)
    return groups


def _nearest(urls: dict[str, str]) -> str | None:
    """The entry whose address begins this request's path, the longest first; home only stands for itself."""
    matches = [
        name for name, url in urls.items() if request.path == url or (url != "/" and request.path.startswith(url + "/"))
    ]
    return max(matches, key=lambda name: len(urls[name]), default=None)


def init_navigation(app: Flask) -> None:
    app.extensions.setdefault(_KEY, [])
    app.jinja_env.globals["rail"] = rail
