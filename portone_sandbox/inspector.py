"""A page for looking into a running sandbox and for making trouble in it. For people on the same machine."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, current_app, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from portone_sandbox import inspector_views as views
from portone_sandbox.card_guide import FILLED, TITLES, sample_cards
from portone_sandbox.clock import SEOUL, in_seoul
from portone_sandbox.codes import CARDS, card_name
from portone_sandbox.envelope import Refusal
from portone_sandbox.faces import LANGUAGES, asked_language, choose_language, language, page
from portone_sandbox.faults import FaultKind
from portone_sandbox.handle import Sandbox
from portone_sandbox.hub import hub
from portone_sandbox.inspector_words import NOTICES
from portone_sandbox.reads import LATEST
from portone_sandbox.recipes import recipes
from portone_sandbox.vbanks import NotPayable
from portone_sandbox.webhooks import MODES

LANGUAGE_COOKIE = "portone_sandbox_language"

bp = Blueprint("inspector", __name__)


@bp.before_request
def _prepare() -> None:
    """Speak the reader's language, let what is due happen, and take orders only from our own pages."""
    best = request.accept_languages.best_match(LANGUAGES)
    choose_language(asked_language(), request.cookies.get(LANGUAGE_COOKIE), best)
    if request.method == "POST" and not _is_from_here():
        abort(403)
    hub().clock.refresh()
    _sandbox().run_due()


@bp.after_request
def _remember_language(answer: Response) -> Response:
    if asked_language() in LANGUAGES:
        answer.set_cookie(LANGUAGE_COOKIE, language(), max_age=31_536_000, httponly=True, samesite="Lax")
    return answer


@bp.get("/")
def front() -> AnyResponse:
    return redirect(url_for(".home"))


@bp.get("/inspector")
def home() -> Response:
    config, latest = hub().config, views.latest_payments(hub())[:6]
    return _page("inspector_home.html", "home", config=config, latest=latest, base=_base_url())


@bp.get("/inspector/payments")
def payments() -> Response:
    return _page("inspector_payments.html", "payments", rows=views.latest_payments(hub()))


@bp.get("/inspector/keys")
def keys() -> Response:
    return _page("inspector_keys.html", "keys", rows=views.latest_keys(hub()), titles=TITLES)


@bp.get("/inspector/schedules")
def schedules() -> Response:
    return _page("inspector_schedules.html", "schedules", rows=views.schedule_rows(hub()))


@bp.get("/inspector/webhooks")
def webhooks() -> Response:
    mode, seconds = hub().webhooks.mode()
    rows, to = views.webhook_rows(hub()), hub().config.webhook_url
    return _page("inspector_webhooks.html", "webhooks", rows=rows, mode=mode, seconds=seconds, modes=MODES, to=to)


@bp.get("/inspector/requests")
def requests_made() -> Response:
    return _page("inspector_requests.html", "requests_made", rows=views.request_rows(hub()))


@bp.get("/inspector/faults")
def faults() -> Response:
    return _page("inspector_faults.html", "faults", rows=hub().faults.planned(), kinds=list(FaultKind))


@bp.get("/inspector/clock")
def clock() -> Response:
    now = min(hub().clock.now(), LATEST - 86_400)
    typed = f"{in_seoul(now):%Y-%m-%dT%H:%M:%S}"
    return _page("inspector_clock.html", "clock", typed=typed)


@bp.get("/inspector/cards")
def test_cards() -> Response:
    asked = request.args.get("issuer", "")
    issuer = asked if asked in CARDS else "366"
    issuers = [(code, card_name(code, language())) for code in CARDS]
    cards = sample_cards(issuer)
    return _page("inspector_cards.html", "test_cards", cards=cards, issuer=issuer, issuers=issuers, filled=FILLED)


@bp.get("/inspector/examples")
def examples() -> Response:
    base = _base_url()
    return _page("inspector_examples.html", "examples", recipes=recipes(base, hub().config), base=base)


@bp.post("/inspector/clock")
def move_clock() -> AnyResponse:
    """Freeze, set, advance or let go of the clock, then let happen what became due."""
    time = hub().clock
    acts: dict[str, Callable[[], None]] = {
        "freeze": time.freeze, "run": time.run, "real": time.to_real_time,
        "set": lambda: time.set(_instant(request.form.get("at", ""))),
        "advance": lambda: time.set(min(time.now() + _whole("seconds", most=LATEST), LATEST)),
    }  # fmt: skip
    try:
        acts[request.form.get("act", "")]()
    except (KeyError, ValueError, OverflowError):
        return _back("clock", "clock_kept")
    _sandbox().run_due()
    return _back("clock", "clock_moved")


@bp.post("/inspector/webhooks/mode")
def set_webhook_mode() -> AnyResponse:
    mode = next((one for one in MODES if one == request.form.get("mode")), None)
    try:
        seconds = _whole("seconds", most=600, otherwise=2)
    except ValueError:
        mode = None
    if mode is None:
        return _back("webhooks", "mode_kept")
    hub().webhooks.set_mode(mode, seconds)
    return _back("webhooks", "mode_set")


@bp.post("/inspector/webhooks/<int:webhook_id>/again")
def send_webhook_again(webhook_id: int) -> AnyResponse:
    return _back("webhooks", "webhook_resent" if hub().webhooks.send_again(webhook_id) else "webhook_unknown")


@bp.post("/inspector/webhooks/again")
def send_failed_again() -> AnyResponse:
    hub().webhooks.send_all_again("failed")
    return _back("webhooks", "webhooks_resent")


@bp.post("/inspector/webhooks/test")
def send_test_webhook() -> AnyResponse:
    merchant = hub().merchants.by_code(hub().config.imp_code)
    is_sent = merchant is not None and hub().webhooks.send_test(merchant)
    return _back("webhooks", "test_sent" if is_sent else "no_address")


@bp.post("/inspector/faults")
def plan_fault() -> AnyResponse:
    given = request.form
    try:
        hub().faults.plan(
            given.get("kind", ""), given.get("path", "").strip()[:200] or "*", method=given.get("method", "") or "*",
            nth=_whole("nth", most=10_000, otherwise=1), times=_whole("times", most=10_000, otherwise=1),
            seconds=_whole("seconds", most=600, otherwise=1), status=_whole("status", most=599, otherwise=503),
        )  # fmt: skip
    except ValueError:
        return _back("faults", "fault_refused")
    return _back("faults", "fault_planned")


@bp.post("/inspector/faults/clear")
def clear_faults() -> AnyResponse:
    chosen = request.form.get("id", "")
    hub().faults.clear(int(chosen[:18]) if chosen.isdecimal() else None)
    return _back("faults", "faults_cleared")


@bp.post("/inspector/payments/<imp_uid>/cancel")
def cancel(imp_uid: str) -> AnyResponse:
    """What a person does in PortOne's console; the merchant hears of it only by webhook."""
    try:
        _sandbox().console_cancel(imp_uid, _whole("amount", most=10**12, otherwise=0) or None)
    except (Refusal, LookupError, ValueError):
        return _back("payments", "cancel_refused")
    return _back("payments", "cancelled")


@bp.post("/inspector/payments/<imp_uid>/deposit")
def deposit(imp_uid: str) -> AnyResponse:
    """A buyer pays into a virtual account."""
    try:
        _sandbox().deposit(imp_uid)
    except (NotPayable, LookupError):
        return _back("payments", "deposit_refused")
    return _back("payments", "deposited")


@bp.post("/inspector/reset")
def reset() -> AnyResponse:
    """Forget everything, unless a dashboard in the same process keeps books about this sandbox."""
    if hub().config.public_prefix or request.form.get("sure") != "yes":
        abort(403)
    _sandbox().reset()
    return _back("home", "emptied")


def _page(template: str, here: str, **context: Any) -> Response:
    parts = hub()
    return page(
        template, here=here, counts=views.counts(parts), now=parts.clock.now(), is_frozen=parts.clock.is_frozen,
        is_alone=not parts.config.public_prefix, notice=NOTICES.get(request.args.get("said", "")), **context,
    )  # fmt: skip


def _back(endpoint: str, said: str) -> AnyResponse:
    return redirect(url_for(f".{endpoint}", said=said), code=303)


def _base_url() -> str:
    """The address under which this browser reaches the sandbox, without a slash at its end."""
    return request.url_root.rstrip("/")


def _is_from_here() -> bool:
    """Whether a post comes from our own page, or from something that is no browser."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return site in {"same-origin", "none"}
    return origin is None or urlsplit(origin).netloc == request.host


def _sandbox() -> Sandbox:
    found: Sandbox = current_app.extensions["portone_sandbox"]
    return found


def _whole(name: str, *, most: int, otherwise: int | None = None) -> int:
    """A whole number from the form, 0 to `most`. Raises ValueError."""
    text = request.form.get(name, "").strip().replace(",", "")
    if not text and otherwise is not None:
        return otherwise
    number = int(text[:20])
    if not 0 <= number <= most:
        raise ValueError(name)
    return number


def _instant(text: str) -> int:
    """A Unix second from what a date and time field says, meant in Seoul. Raises ValueError."""
    second = int(datetime.fromisoformat(text).replace(tzinfo=SEOUL).timestamp())
    if not 0 <= second <= LATEST:
        raise ValueError(text)
    return second
