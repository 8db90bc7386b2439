"""Who may post: forms that carry this session's token, sent by our own pages.

The token stands in each form and never in an inherited header, so that markup planted in a page can't borrow it.
"""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import Flask, current_app, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError, CSRFProtect

from merchant_admin.core.errors import NotAllowed
from merchant_admin.core.settings import Settings
from merchant_admin.web.access import current_staff, is_closed

P = ParamSpec("P")
R = TypeVar("R")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FROM_OUTSIDE = "merchant_admin_posts_from_outside"


def posted_from_outside(view: Callable[P, R]) -> Callable[P, R]:
    """Marks a view that other machines post to (webhooks): no token, no origin, and so no power of a session."""
    setattr(view, _FROM_OUTSIDE, True)
    return view


def comes_from_outside(endpoint: str) -> bool:
    """Whether other machines post to this endpoint."""
    return getattr(current_app.view_functions.get(endpoint), _FROM_OUTSIDE, False)


class ForeignPost(NotAllowed):
    """The request came from another site's page."""


class StaleForm(NotAllowed):
    """The form carries no token, or one of another session."""

    status = 400


def init_csrf(app: Flask, settings: Settings) -> None:
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None, WTF_CSRF_SSL_STRICT=False)
    guard = CSRFProtect(app)
    own_hosts = {urlsplit(settings.base_url).netloc} if settings.base_url else set()

    def check() -> Any:
        if request.method in SAFE or request.endpoint is None:
            return None
        view = current_app.view_functions.get(request.endpoint)
        if getattr(view, _FROM_OUTSIDE, False):
            return None
        if not _is_same_site(own_hosts):
            raise ForeignPost(
                _("다른 사이트에서 온 요청이라 받지 않았습니다. 아무것도 바뀌지 않았습니다."),
                endpoint=request.endpoint,
            )
        try:
            guard.protect()
        except CSRFError as refusal:
            if is_closed(view) and current_staff() is None:  # signed out meanwhile: the token went with the session
                return current_app.extensions["login_manager"].unauthorized()
            raise StaleForm(
                _(
                    "화면이 오래되어 요청을 받지 않았습니다. 아무것도 바뀌지 않았습니다. "
                    "앞 화면을 새로 연 뒤 다시 해 주세요."
                ),
                endpoint=request.endpoint,
            ) from refusal
        return None

    app.before_request(check)


def _is_same_site(own_hosts: set[str]) -> bool:
    """What the browser says about the sender. Old browsers send neither header; then the token alone decides."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("Origin")
    if origin is None or origin == "null":  # our own forms send null under no-referrer
        return site is not None or origin is None
    return urlsplit(origin).netloc in own_hosts | {request.host}
