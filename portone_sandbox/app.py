"""Makes a sandbox: its parts, its routes, and an envelope for whatever goes wrong."""

import logging
from functools import partial

from flask import Flask, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from portone_sandbox import (
    admin,
    auth,
    inspector,
    rest_codes,
    rest_extras,
    rest_payments,
    rest_schedules,
    rest_subscribe,
    sdk,
    windows,
)
from portone_sandbox.clock import SandboxClock
from portone_sandbox.config import SandboxConfig
from portone_sandbox.envelope import NOT_OURS, OUR_RULE, Refusal, answer, refusal
from portone_sandbox.faults import Faults
from portone_sandbox.gate import Gate
from portone_sandbox.handle import Sandbox
from portone_sandbox.hub import EXTENSION, Hub
from portone_sandbox.merchants import Merchants
from portone_sandbox.store import Store
from portone_sandbox.timetable import reverse_nightly, run_due
from portone_sandbox.webhooks import Webhooks

API = (auth, rest_codes, rest_extras, rest_payments, rest_schedules, rest_subscribe, admin)
PARTS = (*API, windows, sdk, inspector)
MAX_BODY_BYTES = 512 * 1024
log = logging.getLogger(__name__)


def create_sandbox(config: SandboxConfig | None = None) -> Flask:
    """A PortOne V1 as a WSGI app. `app.extensions["portone_sandbox"]` is its `Sandbox` handle."""
    config = config or SandboxConfig()
    app = Flask(__name__)
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY_BYTES, PROPAGATE_EXCEPTIONS=False)
    app.url_map.strict_slashes = app.url_map.merge_slashes = False  # a redirect would be HTML
    hub = _assemble(config)
    app.extensions[EXTENSION] = hub
    for part in PARTS:
        app.register_blueprint(part.bp)
    app.add_url_rule("/healthz", "healthz", _healthz)
    app.register_error_handler(Refusal, refusal)
    app.register_error_handler(HTTPException, _not_served)
    app.register_error_handler(Exception, _broken)
    gate = Gate(app.wsgi_app, hub)
    app.wsgi_app = gate  # type: ignore[method-assign]
    app.extensions["portone_sandbox"] = Sandbox(hub, gate)
    return app


def _assemble(config: SandboxConfig) -> Hub:
    store = Store(config.database)
    clock, merchants = SandboxClock(store, config.real_time), Merchants(store)
    merchants.seed(config)
    webhooks = Webhooks(store, clock, merchants, config.webhook_retry_seconds)
    hub = Hub(config, store, clock, merchants, webhooks, Faults(store))
    if config.nightly_reversal:
        reverse_nightly(hub, is_on=True)
    clock.on_move = partial(run_due, hub)
    return hub


def _healthz() -> Response:
    return answer("ok")


def _not_served(problem: HTTPException) -> Response:
    status = problem.code or 500
    code = NOT_OURS if status in {404, 405} or status >= 500 else OUR_RULE
    envelope = refusal(Refusal(problem.name, code=code, status=status))
    if isinstance(problem, MethodNotAllowed) and problem.valid_methods:
        envelope.headers["Allow"] = ", ".join(sorted(problem.valid_methods))
    return envelope


def _broken(problem: Exception) -> Response:
    log.error("sandbox.broken", extra={"error": type(problem).__name__}, exc_info=problem)
    return refusal(Refusal("Internal Server Error", code=NOT_OURS, status=500))
