"""How a browser wants its pages: language, brightness, shortcuts, in cookies that signed-out pages follow too."""

from flask import Blueprint, Flask, Response, redirect, request
from flask import url_for as address_of

from merchant_admin.core.settings import Settings
from merchant_admin.web.access import public, services
from merchant_admin.web.languages import COOKIE as LANGUAGE_COOKIE
from merchant_admin.web.languages import LANGUAGES
from merchant_admin.web.pages import back_to, here

THEME_COOKIE = "theme"
SHORTCUTS_COOKIE = "shortcuts"
SHORTCUTS = ("on", "off")
THEMES = ("light", "dark")  # anything else follows the system
_YEAR = 365 * 24 * 60 * 60

bp = Blueprint("web", __name__)


def theme() -> str | None:
    """The chosen brightness, or None where the system decides."""
    kept = request.cookies.get(THEME_COOKIE)
    return kept if kept in THEMES else None


def shortcuts() -> str:
    """Whether single keys act (WCAG 2.1.4 asks for a way to switch them off)."""
    return "off" if request.cookies.get(SHORTCUTS_COOKIE) == "off" else "on"


@bp.post("/preferences")
@public
def set_preferences() -> Response:
    answer = redirect(back_to("/"), code=303, Response=Response)
    assert isinstance(answer, Response)
    if request.form.get("lang") in LANGUAGES:
        _keep(answer, LANGUAGE_COOKIE, request.form["lang"])
    if request.form.get("shortcuts") in SHORTCUTS:
        _keep(answer, SHORTCUTS_COOKIE, request.form["shortcuts"])
    if "theme" in request.form:
        _keep(answer, THEME_COOKIE, request.form["theme"] if request.form["theme"] in THEMES else None)
    return answer


def _keep(answer: Response, name: str, value: str | None) -> None:
    settings: Settings = services().settings
    if value is None:
        answer.delete_cookie(name, secure=settings.secure_cookies, httponly=True, samesite="Lax")
    else:
        answer.set_cookie(name, value, max_age=_YEAR, secure=settings.secure_cookies, httponly=True, samesite="Lax")


def init_preferences(app: Flask) -> None:
    app.register_blueprint(bp)
    app.jinja_env.globals.update(
        theme=theme, shortcuts=shortcuts, here=here, preferences_url=lambda: address_of("web.set_preferences")
    )
