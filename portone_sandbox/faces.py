"""What every page of the sandbox has in common: language, content policy, words for money and time, icons."""

import json
from collections.abc import Mapping
from typing import Any

from flask import Response, g, make_response, render_template, request
from markupsafe import Markup

from portone_sandbox.clock import in_seoul
from portone_sandbox.texts import ENGLISH

LANGUAGES = ("ko", "en")
POLICY = {
    "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self'", "connect-src": "'self'",
    "form-action": "'self'", "base-uri": "'none'",
}  # fmt: skip
_STROKES = {
    "alert": "M12 4 2.8 19.5h18.4L12 4Z M12 10v4.5 M12 17.2v.1",
    "bank": "M3.5 9.5 12 4l8.5 5.5H3.5Z M5.5 10v7.5 M10 10v7.5 M14 10v7.5 M18.5 10v7.5 M3.5 20h17",
    "bolt": "M13 3 5 13.5h6L10.5 21 19 10.5h-6L13 3Z",
    "card": "M3 7.5A2.5 2.5 0 0 1 5.5 5h13A2.5 2.5 0 0 1 21 7.5v9a2.5 2.5 0 0 1-2.5 2.5h-13A2.5 2.5 0 0 1 3 16.5v-9Z M3 10h18 M6.5 15h3.5",
    "check": "M5 12.5 10 17.5 19.5 7",
    "clock": "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17Z M12 7.5V12l3 2",
    "close": "M6 6l12 12 M18 6 6 18",
    "code": "M8.5 7 3.5 12l5 5 M15.5 7l5 5-5 5",
    "copy": "M9 9.5A1.5 1.5 0 0 1 10.5 8h8A1.5 1.5 0 0 1 20 9.5v9a1.5 1.5 0 0 1-1.5 1.5h-8A1.5 1.5 0 0 1 9 18.5v-9Z M15 8V5.5A1.5 1.5 0 0 0 13.5 4h-8A1.5 1.5 0 0 0 4 5.5v9A1.5 1.5 0 0 0 5.5 16H9",
    "down": "M6.5 9.5 12 15l5.5-5.5",
    "key": "M8 11.5a4 4 0 1 1 0 8 4 4 0 0 1 0-8Z M11 12.7 20 4 M16 8l3 3",
    "list": "M8.5 6.5H20 M8.5 12H20 M8.5 17.5H20 M4.2 6.5h.1 M4.2 12h.1 M4.2 17.5h.1",
    "lock": "M6 11.5A1.5 1.5 0 0 1 7.5 10h9a1.5 1.5 0 0 1 1.5 1.5v7a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 6 18.5v-7Z M8.5 10V7.5a3.5 3.5 0 0 1 7 0V10",
    "phone": "M7.5 4.5A1.5 1.5 0 0 1 9 3h6a1.5 1.5 0 0 1 1.5 1.5v15A1.5 1.5 0 0 1 15 21H9a1.5 1.5 0 0 1-1.5-1.5v-15Z M11 18h2",
    "send": "M4 12 20 4.5 15.5 20l-4-6L4 12Z M11.5 14 20 4.5",
    "wait": "M7 4h10 M7 20h10 M8 4v3.5L12 12l4-4.5V4 M8 20v-3.5L12 12l4 4.5V20",
    "receipt": "M6 3.5h12v17l-3-2-3 2-3-2-3 2v-17Z M9 8.5h6 M9 12.5h6",
    "repeat": "M4 11a7 7 0 0 1 12.5-4.2L19 9 M19 4v5h-5 M20 13a7 7 0 0 1-12.5 4.2L5 15 M5 20v-5h5",
    "box": "M4 8 12 3.8 20 8v8.2L12 20.5 4 16.2V8Z M4 8l8 4.2L20 8 M12 12.2v8.3",
}  # fmt: skip


def language() -> str:
    """The language of the page being drawn."""
    found: str = g.get("sandbox_language", "ko")
    return found


def choose_language(*wishes: str | None) -> str:
    """Take the first wish that is a language we have, Korean if there is none, for the rest of this request."""
    g.sandbox_language = next((wish for wish in wishes if wish in LANGUAGES), "ko")
    return language()


def say(text: str, **values: object) -> str:
    """A Korean sentence of ours in the language of the page."""
    spoken = ENGLISH[text] if language() == "en" else text
    return spoken % values if values else spoken


def won(amount: int) -> str:
    return f"-₩{-amount:,}" if amount < 0 else f"₩{amount:,}"


def icon(name: str) -> Markup:
    return Markup('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{}"/></svg>').format(_STROKES[name])


def moment(second: int) -> Markup:
    """A Unix second as Seoul time, exact to the second because a sandbox is for looking closely."""
    if not second:
        return Markup("–")
    at = in_seoul(second)
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), f"{at:%Y-%m-%d %H:%M:%S}")


def page(template: str, *, status: int = 200, policy: Mapping[str, str] | None = None, **context: Any) -> Response:
    """Draw a page of ours, with its content policy; `policy` adds to or changes the usual one."""
    body = render_template(
        f"sandbox/{template}", say=say, won=won, icon=icon, moment=moment, language=language(), to_json=_to_json, **context
    )
    answer = make_response(body, status)
    rules = {**POLICY, **(policy or {})}
    answer.headers["Content-Security-Policy"] = "; ".join(f"{name} {value}" for name, value in rules.items())
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Vary"] = "Accept-Language, Cookie"
    return answer


def asked_language() -> str | None:
    return request.args.get("lang")


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
