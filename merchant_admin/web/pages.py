"""One URL, two answers: the page, or the fragment that htmx swaps into it. And what follows a finished POST."""

from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, make_response, redirect, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from merchant_admin.web.card_data import holds_card_number

VARY = "HX-Request, HX-Request-Type"


def wants_fragment() -> bool:
    """Whether htmx asks for a part of the page. A history restore asks for the whole, like a browser."""
    return request.headers.get("HX-Request-Type") == "partial"


def is_htmx() -> bool:
    return request.headers.get("HX-Request") == "true"


def page(template: str, *, fragment: str | None = None, status: int = 200, **context: Any) -> Response:
    """Render the page, or only `fragment` where htmx asked for a part. 422 redraws a form in both."""
    chosen = fragment if fragment and wants_fragment() else template
    response = make_response(render_template(chosen, **context), status)
    response.headers["Vary"] = VARY
    return response


def after_post(url: str) -> Response:
    """Where a finished POST leads: 303, or for htmx a real navigation, so that the next page brings its own policy."""
    if is_htmx():
        return Response(status=200, headers={"HX-Redirect": url, "Vary": VARY})
    answer = redirect(url, code=303, Response=Response)
    answer.headers["Vary"] = VARY
    return answer  # type: ignore[return-value] # redirect() makes the class it was given


def safe_path(text: str | None) -> str | None:
    """`text` if it is a path of ours that may be opened with GET; None for anything else.

    Nothing is repaired: a scheme, a host, a backslash or a control sign makes it no path of ours.
    """
    if not text or not text.startswith("/") or text.startswith("//") or "\\" in text or not text.isprintable():
        return None
    parts = urlsplit(text)
    if parts.scheme or parts.netloc or " " in text:
        return None
    adapter = current_app.create_url_adapter(request)
    if adapter is None:
        return None
    try:
        adapter.match(parts.path, method="GET")
    except (HTTPException, RequestRedirect):
        return None
    return text


def back_to(default: str) -> str:
    """The page the form came from (its `next` field, or `?next=`), if it is one of ours; else `default`."""
    return safe_path(request.form.get("next")) or safe_path(request.args.get("next")) or default


def here() -> str:
    """The request's own path and query, for a form's `next` field; a query with card data in it is left behind."""
    if any(holds_card_number(text) for text in request.args.values()):
        return request.path
    return request.full_path.removesuffix("?")
