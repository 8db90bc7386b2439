"""The cookie, who stands behind it, and where people go who are not signed in.

The cookie holds 256 random bits and nothing else; all it means is in the table. A page that refreshes itself asks
with `poll=1` in its address, and such a request doesn't keep a forgotten screen signed in.
"""

from urllib.parse import urlsplit

from flask import Flask, Request, Response, current_app, request, url_for
from flask_login import LoginManager
from werkzeug.routing import BuildError

from merchant_admin.core.context import Actor, ActorKind, WorkContext
from merchant_admin.core.db import db
from merchant_admin.staff import browsers, service
from merchant_admin.web.access import SignedIn, services
from merchant_admin.web.csrf import SAFE
from merchant_admin.web.pages import VARY, after_post, here, is_htmx, safe_path

_YEAR = 365 * 24 * 60 * 60
_FORM_PAGE = {"create_": "new_", "confirm_": "new_", "update_": "edit_", "change_": "edit_"}  # STYLE 5: endpoint names
_CARRIED = ("customer_id", "billing_key_id", "from_payment_id")


def cookie_name(name: str) -> str:
    """The cookie's name; with the prefix that ties it to this host where HTTPS allows it."""
    return f"__Host-{name}" if services().settings.secure_cookies else name


def session_token() -> str:
    """The session cookie's value, or ""."""
    return request.cookies.get(cookie_name("staff"), "")


def keep_session(answer: Response, token: str) -> None:
    """Give the browser its session; it goes when the browser is closed."""
    answer.set_cookie(
        cookie_name("staff"), token, secure=services().settings.secure_cookies, httponly=True, samesite="Lax"
    )


def forget_session(answer: Response) -> None:
    """Take the cookie and what the browser may have kept of our pages.

    Not `"cookies"`: that empties the whole registrable domain's, other sites of the shop among them, and the
    language and the known browser of this one. The session itself is ended in the table, which is what counts.
    """
    answer.delete_cookie(cookie_name("staff"), secure=services().settings.secure_cookies, httponly=True, samesite="Lax")
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'


def this_browser(email: str) -> browsers.Browser:
    """Where this request comes from, and whether the browser is known to this account."""
    known = browsers.known_browser(_secret(), email, _browser_mark())
    return browsers.Browser(request.remote_addr, request.user_agent.string, known)


def remember_browser(answer: Response, email: str) -> None:
    """Mark the browser as one that signed in to this account, so that a stranger's tries can't shut it out."""
    mark = browsers.known_browser_mark(_secret(), email, _browser_mark())
    secure = services().settings.secure_cookies
    answer.set_cookie(cookie_name("browser"), mark, max_age=_YEAR, secure=secure, httponly=True, samesite="Strict")


def _browser_mark() -> str:
    return request.cookies.get(cookie_name("browser"), "")


def _secret() -> bytes:
    return services().settings.secret_key.encode()


def _who(_request: Request) -> SignedIn | None:
    token = session_token()
    if not token:
        return None
    found = services()
    nobody = Actor(ActorKind.SYSTEM, None, "web", request.remote_addr)
    ctx = WorkContext(db.session, found.clock, nobody, found.settings.mode.value, _secret())
    facts = service.load_session(ctx, token, is_polling=request.args.get("poll") == "1")
    if facts is None:
        return None
    return SignedIn(facts.staff_id, facts.name, facts.email, facts.role, facts.session_id, token)


def _ask_to_sign_in() -> Response:
    """Lead to the sign-in page and back. A POST is not carried over: it leads back to its form's page."""
    is_interrupted = request.method not in SAFE
    back = _page_on_screen() or (_form_page() if is_interrupted else safe_path(here()))
    address = url_for("staff.sign_in", next=back if back != "/" else None, interrupted=1 if is_interrupted else None)
    if is_htmx():
        return Response(status=401, headers={"HX-Redirect": address, "Vary": VARY})
    return after_post(address)


def _page_on_screen() -> str | None:
    """The page that asked for a part of itself, as htmx tells it."""
    parts = urlsplit(request.headers.get("HX-Current-URL", ""))
    return safe_path(f"{parts.path}?{parts.query}".removesuffix("?")) if parts.netloc == request.host else None


def _form_page() -> str | None:
    """The page the posted form stands on: the form's own word, its GET twin by name, or the record it is about."""
    return safe_path(request.form.get("next")) or _twin() or _record()


def _twin() -> str | None:
    blueprint, _, name = (request.endpoint or "").rpartition(".")
    for verb, page in _FORM_PAGE.items():
        endpoint = f"{blueprint}.{page}{name.removeprefix(verb)}"
        if name.startswith(verb) and endpoint in current_app.view_functions:
            carried = {word: request.form[word][:80] for word in _CARRIED if request.form.get(word)}
            try:
                return safe_path(url_for(endpoint, **{**carried, **(request.view_args or {})}))
            except BuildError:
                return None
    return None


def _record() -> str | None:
    path = request.path
    while path.count("/") > 1:
        if found := safe_path(path):
            return found
        path = path.rpartition("/")[0]
    return safe_path(path)


def init_doorway(app: Flask) -> None:
    """Load staff from our own cookie; nothing of it stands in the framework's session."""
    manager: LoginManager = app.extensions["login_manager"]
    manager.session_protection = None
    manager.request_loader(_who)
    manager.unauthorized_handler(_ask_to_sign_in)
