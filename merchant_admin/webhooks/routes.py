"""Where PortOne's webhooks arrive, and the list of what came."""

import hmac
from ipaddress import ip_address

from flask import Blueprint, Response, abort, flash, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from merchant_admin.core.db import db
from merchant_admin.core.errors import GatewayError, RuleBroken
from merchant_admin.core.paging import Place
from merchant_admin.core.permissions import Permission
from merchant_admin.web.access import gateway, public, requires, services, work_context
from merchant_admin.web.csrf import posted_from_outside
from merchant_admin.web.looks import word
from merchant_admin.web.navigation import NavEntry, register
from merchant_admin.web.pages import after_post, page
from merchant_admin.webhooks import queries, service
from merchant_admin.webhooks.models import Decision
from merchant_admin.webhooks.parsing import MOST_BYTES

bp = Blueprint("webhooks", __name__)


@bp.record_once
def _set_up(state: BlueprintSetupState) -> None:
    entry = NavEntry(
        "webhooks.list_webhook_events", lazy_gettext("웹훅"), "webhook", Permission.VIEW_AUDIT, group="run", order=70
    )
    register(state.app, entry)  # type: ignore[arg-type] # a blueprint meets a Flask app


@bp.post("/webhooks/portone")
@bp.post("/webhooks/portone/<string:path_secret>")
@posted_from_outside
@public
def receive(path_secret: str = "") -> Response:
    """Store and answer. Anything that gets this far is answered 200, so that PortOne doesn't send it again."""
    settings = services().settings
    if not hmac.compare_digest(path_secret.encode(), settings.webhook_path.encode()):
        abort(404)
    if settings.webhook_allow and not _is_allowed(request.remote_addr):
        abort(403)
    if (request.content_length or 0) > MOST_BYTES:
        abort(413)
    service.receive(work_context(), request.get_data(), request.content_type or "", request.remote_addr)
    return Response("OK", mimetype="text/plain")


def _is_allowed(address: str | None) -> bool:
    try:
        sender = ip_address(address or "")
    except ValueError:
        return False
    return any(sender in network for network in services().settings.webhook_allow)


@bp.get("/webhook-events")
@requires(Permission.VIEW_AUDIT)
def list_webhook_events() -> Response:
    asked = request.args.get("decision", "")
    decision = Decision(asked) if asked in set(Decision) else None
    session = db.session()
    return page(
        "webhooks/list.html",
        page=queries.event_page(session, decision, Place.read(request.args.get("place"))),
        health=queries.inbox_health(session, work_context().now()),
        tabs=_tabs(decision),
        url=lambda **over: url_for(".list_webhook_events", **{"decision": asked or None, **over}),
    )


@bp.post("/webhook-events/<string:event_id>/replay")
@requires(Permission.VIEW_AUDIT)
def replay_webhook_event(event_id: str) -> Response:
    """Reads what the delivery names once more. Can't move money."""
    try:
        event = service.replay_event(work_context(), gateway(), event_id)
    except RuleBroken as refusal:
        flash(str(refusal.message), "warn")
    except GatewayError:
        flash(_("포트원을 읽지 못했습니다. 잠시 뒤 다시 하십시오."), "warn")
    else:
        flash(_("포트원을 다시 읽었습니다. 결과: %(decision)s", decision=word(event.decision)), "ok")
    return after_post(url_for(".list_webhook_events"))


def _tabs(current: Decision | None) -> list[dict[str, object]]:
    every = [(None, lazy_gettext("전체")), *((decision, word(decision)) for decision in Decision)]
    return [
        {
            "label": label,
            "href": url_for(".list_webhook_events", decision=decision.value if decision else None),
            "is_current": decision is current,
            "count": None,
        }
        for decision, label in every
    ]
