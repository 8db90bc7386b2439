"""The worker's command, the sweep, and what load balancers and monitors ask."""

import signal
import threading
from datetime import timedelta

import click
from flask import Blueprint, Flask, Response, current_app, jsonify
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy.exc import SQLAlchemyError

from merchant_admin.core import guards
from merchant_admin.core.db import db
from merchant_admin.web import banners
from merchant_admin.web.access import gateway, public, services
from merchant_admin.web.banners import Banner
from merchant_admin.web.filters import kst
from merchant_admin.worker import inline
from merchant_admin.worker.loop import context_of, keep_working
from merchant_admin.worker.queries import Backlog, Outbox, backlog
from merchant_admin.worker.service import run_once

bp = Blueprint("worker", __name__, cli_group=None)


@bp.record_once
def _show_outages(state: BlueprintSetupState) -> None:
    assert isinstance(state.app, Flask)
    banners.register(state.app, _outage)
    banners.register(state.app, _restored)


def _outage() -> Banner | None:
    seconds = gateway().breaker.open_seconds
    if seconds is None:
        return None
    since = kst(services().clock.now() - timedelta(seconds=seconds)).striptags()
    return Banner(
        "bad",
        gettext("%(since)s부터 포트원에 연결되지 않습니다", since=since),
        _("결제와 환불을 보내지 않고 있습니다. 조회는 할 수 있고, 연결되면 저절로 이어집니다."),
    )


def _restored() -> Banner | None:
    at = gateway().breaker.restored_at
    if at is None:
        return None
    return Banner(
        "bad",
        gettext("%(since)s에 백업을 되살렸습니다. 포트원과 맞추는 중입니다", since=kst(at).striptags()),
        _("결제, 환불, 예약을 보내지 않고 있습니다. 백업 뒤에 일어난 일을 다 읽으면 저절로 열립니다."),
    )


@bp.before_app_request
def _start_inline_worker() -> None:
    """A server that was started without our own start-up gets its worker with the first request."""
    if services().settings.worker == "inline" and not current_app.testing:
        inline.start(current_app._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001


@bp.get("/healthz")
@public
def healthz() -> Response:
    """The process answers."""
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
@public
def readyz() -> tuple[Response, int]:
    """The process can do its work: the database answers and every guard stands. PortOne being away is no reason."""
    try:
        database, missing = "ok", sorted(guards.missing(db.session()))
    except SQLAlchemyError:
        database, missing = "unreachable", []
    is_ready = database == "ok" and not missing
    portone = "stopped" if gateway().breaker.is_open else "ok"
    return jsonify(ready=is_ready, database=database, missing_guards=missing, portone=portone), 200 if is_ready else 503


@bp.get("/metrics")
@public
def metrics() -> Response:
    """What waits, in the text form that Prometheus reads."""
    found = backlog(db.session(), services().clock.now())
    return Response(_exposition(found, stopped=gateway().breaker.is_open), mimetype="text/plain; version=0.0.4")


def _exposition(found: Backlog, *, stopped: bool) -> str:
    rows = {
        **{f'merchant_attempts_open{{state="{state}"}}': count for state, count in found.attempts.items()},
        **{f'merchant_refunds_open{{state="{state}"}}': count for state, count in found.refunds.items()},
        "merchant_registrations_live": found.registrations,
        "merchant_webhook_events_waiting": found.webhook_events,
        "merchant_attempts_for_a_person": found.attempts_for_a_person,
        "merchant_attempts_oldest_open_seconds": round(found.oldest_seconds),
        "merchant_portone_stopped": int(stopped),
        **{
            f'merchant_notices_{name}{{channel="{channel}"}}': value
            for channel, outbox in found.notices.items()
            for name, value in _of_outbox(outbox).items()
        },
    }
    return "".join(f"{name} {value}\n" for name, value in rows.items())


def _of_outbox(found: Outbox) -> dict[str, int]:
    return {
        "waiting": found.waiting, "oldest_waiting_seconds": round(found.oldest_seconds),
        "sent_last_day": found.sent_last_day, "failed": found.failed, "unknown": found.unknown,
    }  # fmt: skip


@bp.cli.command("worker")
def run_worker() -> None:
    """Look after everything unsettled until stopped; the call in hand is finished first."""
    if missing := guards.missing(db.session()):
        raise click.ClickException(f"these guards do not stand, run `flask --app app db upgrade`: {sorted(missing)}")
    db.session.remove()
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    click.echo("worker: started")
    keep_working(current_app._get_current_object(), stop)  # type: ignore[attr-defined]  # noqa: SLF001
    click.echo("worker: stopped")


@bp.cli.command("sweep")
def sweep() -> None:
    """Look at everything unsettled now, due or not. Reads PortOne; sends nothing."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    done = run_once(context_of(app), gateway(), everything=True)
    click.echo(f"sweep: {done} looked at")
