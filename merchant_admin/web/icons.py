"""The icons we use, as one SVG sprite built in memory from the `lucide` package and served under its hash.

A template that names an icon outside NAMES fails a test, and fails to render in the browser.
"""

import hashlib
from functools import lru_cache

import lucide
from flask import Blueprint, Flask, Response, abort, url_for

from merchant_admin.web.access import public
from merchant_admin.web.assets import FOR_EVER

NAMES = (
    "activity", "archive", "archive-restore", "arrow-left", "ban", "banknote", "bell", "calendar-clock", "check",
    "chevron-left", "chevron-right", "circle-alert", "circle-check", "circle-dashed",
    "circle-minus", "circle-question-mark", "circle-slash", "circle-x", "clock", "copy", "credit-card", "download",
    "ellipsis", "external-link", "eye", "file-text", "flask-conical", "hourglass", "house",
    "id-card", "inbox", "info", "key-round", "keyboard", "keyboard-off", "landmark", "languages",
    "link", "list-filter", "log-in", "log-out", "mail", "menu", "message-square", "monitor", "moon", "pencil",
    "phone", "plus", "receipt-text", "refresh-cw", "repeat", "rotate-ccw", "search", "search-x", "send",
    "settings", "shield-check", "shield-x", "smartphone", "star", "store", "sun", "sun-moon", "trash-2",
    "triangle-alert", "undo-2", "unplug", "user", "user-plus", "user-x", "users", "webhook", "x",
)  # fmt: skip

bp = Blueprint("icons", __name__)


@lru_cache(maxsize=1)
def sprite() -> str:
    """One SVG document with a symbol for each name. Colour and stroke come from the page's own style."""
    symbols = "".join(_symbol(name) for name in NAMES)
    return f'<svg xmlns="http://www.w3.org/2000/svg">{symbols}</svg>'


def _symbol(name: str) -> str:
    drawn = lucide._render_icon(name, None)  # noqa: SLF001 - the package's one renderer without Jinja around it
    inside = drawn[drawn.index(">") + 1 : drawn.rindex("</svg>")].strip()
    return (
        f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
        f'stroke-linecap="round" stroke-linejoin="round">{inside}</symbol>'
    )


@lru_cache(maxsize=1)
def sprite_hash() -> str:
    return hashlib.sha256(sprite().encode()).hexdigest()[:12]


@bp.get("/assets/icons.<string:signs>.svg")
@public
def show_sprite(signs: str) -> Response:
    if signs != sprite_hash():
        abort(404)
    return Response(sprite(), mimetype="image/svg+xml", headers={"Cache-Control": FOR_EVER})


def icon_url(name: str) -> str:
    """Where one icon is drawn, for `<use href>`. Raises KeyError for a name that is not in the sprite."""
    if name not in NAMES:
        raise KeyError(name)
    return f"{url_for('icons.show_sprite', signs=sprite_hash())}#{name}"


def init_icons(app: Flask) -> None:
    app.register_blueprint(bp)
    app.jinja_env.globals["icon_url"] = icon_url
