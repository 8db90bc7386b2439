"""What every page with PortOne's payment window is handed, at the desk or on a customer's phone."""

from typing import Any
from urllib.parse import urlsplit

from flask import request
from flask_babel import get_locale
from flask_babel import gettext as _

from merchant_admin.web.access import services


def here() -> str:
    """Our own address, without a slash at its end: where links and phones lead to."""
    return services().settings.base_url or request.url_root.rstrip("/")


def reader() -> tuple[str, str, bool]:
    """Our own address, the reader's language, and whether it is a phone (payments.window.WindowPlace)."""
    return here(), str(get_locale()), "Mobi" in request.headers.get("User-Agent", "")


def sdk() -> dict[str, Any]:
    """Where the page loads PortOne's script from, and for whom it opens the window."""
    settings = services().settings
    return {
        "sdk_url": settings.sdk_url, "imp_code": settings.imp_code,
        "sdk_host": urlsplit(settings.sdk_url).hostname or _("이 서버"),
    }  # fmt: skip
