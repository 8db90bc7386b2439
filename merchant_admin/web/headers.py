"""Every answer's headers, from one function: the content policy, no guessing, no framing, no page kept in a cache.

Trap: `Referrer-Policy: no-referrer` makes browsers send `Origin: null` with a form, so `csrf.py` asks
`Sec-Fetch-Site` first.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request

from merchant_admin.core.settings import PORTONE_SDK, Settings
from merchant_admin.web.assets import content_sources

P = ParamSpec("P")
R = TypeVar("R")
_IS_CARD_WINDOW = "merchant_admin_card_window"
PORTONE_HOSTS = ("https://*.iamport.kr", "https://*.iamport.co", "https://*.portone.io", "https://*.tpay.co.kr")
_YEAR = 365 * 24 * 60 * 60

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Permissions-Policy": "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
    "microphone=(), midi=(), payment=(), publickey-credentials-get=(self), usb=()",
}


def card_window(view: Callable[P, R]) -> Callable[P, R]:
    """Marks the one page that loads PortOne's script: it gets its own content policy, and no other page does."""
    setattr(view, _IS_CARD_WINDOW, True)
    return view


def content_policy(settings: Settings, *, for_card_window: bool = False) -> str:
    """The Content-Security-Policy of an ordinary page, or of the page with PortOne's payment window."""
    sources: dict[str, list[str]] = {
        "default-src": ["'none'"],
        "script-src": ["'self'", *content_sources(settings, "script")],
        "style-src": ["'self'", *content_sources(settings, "style")],
        "font-src": ["'self'", *content_sources(settings, "font")],
        "img-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
    if for_card_window:
        _open_for_portone(sources, settings)
    return "; ".join(f"{name} {' '.join(words)}" for name, words in sources.items())


def _open_for_portone(sources: dict[str, list[str]], settings: Settings) -> None:
    """Add what PortOne's script needs: its one file, and the frames, forms and calls of its window.

    With the embedded sandbox all of it is our own origin. Elsewhere the frame goes from PortOne to the PG and on to
    pages whose hosts nobody publishes, so a frame may be any HTTPS page; scripts, forms and calls may not
    (reference section 13.1).
    """
    sources["script-src"] = ["'self'"]
    sources["frame-src"] = ["'self'"]
    if settings.has_embedded_sandbox:
        return
    sdk = urlsplit(settings.sdk_url)
    is_portone = sdk.hostname == urlsplit(PORTONE_SDK).hostname
    hosts = PORTONE_HOSTS if is_portone else (f"{sdk.scheme}://{sdk.netloc}",)
    sources["script-src"].append(settings.sdk_url)
    sources["frame-src"] += ("https:",) if is_portone else hosts
    for name in ("style-src", "img-src", "connect-src", "form-action"):
        sources[name] += hosts


def init_headers(app: Flask, settings: Settings) -> None:
    """Put the headers on every answer: pages, errors, redirects and files alike."""
    ordinary = content_policy(settings)
    with_window = content_policy(settings, for_card_window=True)

    def protect(response: Response) -> Response:
        view = current_app.view_functions.get(request.endpoint or "")
        opens_window = getattr(view, _IS_CARD_WINDOW, False)
        for name, value in ALWAYS.items():
            response.headers.setdefault(name, value)
        response.headers["Content-Security-Policy"] = with_window if opens_window else ordinary
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin-allow-popups" if opens_window else "same-origin"
        if opens_window:
            response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"  # some PGs ask who opens them
        if settings.secure_cookies:
            response.headers["Strict-Transport-Security"] = f"max-age={_YEAR}; includeSubDomains"
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response

    app.after_request(protect)
