"""What every page of the sandbox has in common: language, content policy, words for money and time, icons."""

import json
from pathlib import Path
from typing import Any

from flask import Response, g, make_response, render_template, request
from markupsafe import Markup

from portone_sandbox.clock import in_seoul
from portone_sandbox.texts import ENGLISH

LANGUAGES = ("ko", "en")
POLICY = (  # no frame-ancestors: any merchant's page may put a window into a frame
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self';"
    " base-uri 'none'"
)
_STROKES: dict[str, str] = json.loads(Path(__file__).with_name("icons.json").read_text("utf-8"))


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
    svg = Markup('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{}"/></svg>')
    return svg.format(_STROKES[name])


def moment(second: int) -> Markup:
    """A Unix second as Seoul time, exact to the second because a sandbox is for looking closely."""
    if not second:
        return Markup("–")
    try:
        at = in_seoul(second)
    except (OverflowError, ValueError, OSError):  # a clock may be moved to where no calendar reaches
        return Markup("{}").format(second)
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), f"{at:%Y-%m-%d %H:%M:%S}")


def page(template: str, *, status: int = 200, **context: Any) -> Response:
    """Draw a page of ours, under its content policy."""
    tools = {"say": say, "won": won, "icon": icon, "moment": moment, "language": language(), "to_json": _to_json}
    answer = make_response(render_template(f"sandbox/{template}", **tools, **context), status)
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Vary"] = "Accept-Language, Cookie"
    return answer


def asked_language() -> str | None:
    return request.args.get("lang")


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
