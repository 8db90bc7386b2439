"""Rounds of the worker, one after the other, until told to stop: in a process of its own or beside the web server."""

import gc
import logging
import threading
from collections.abc import Callable

from flask import Flask

from merchant_admin.core.context import Actor, WorkContext
from merchant_admin.core.db import db
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.web.access import Services
from merchant_admin.worker.notifying import send_notices, senders_of
from merchant_admin.worker.renewals import keep_promises, side_by_side
from merchant_admin.worker.service import Patience, keep_equal, run_once

log = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
MUCH = 100  # renewals in one round


def context_of(app: Flask) -> WorkContext:
    """What a round works with; call it inside the app's context."""
    found: Services = app.extensions["merchant_admin"]
    settings = found.settings
    return WorkContext(
        db.session, found.clock, Actor.job("worker"), settings.mode.value, settings.secret_key.encode(),
        settings.outgoing,
    )  # fmt: skip


def keep_working(app: Flask, stop: threading.Event) -> None:
    """Run rounds until `stop` is set; the call in hand is finished first. A database that is away is waited for."""
    patience, pause = Patience(), PAUSE_SECONDS
    gc.freeze()  # the program itself is no garbage: searching it stops every call in hand for a tenth of a second
    log.info("worker.started")
    while not stop.is_set():
        done = _round(app, patience, stop.is_set)
        if done is not None and done >= MUCH:
            continue  # more is probably due by now
        pause = PAUSE_SECONDS if done is not None else min(pause * 2, LONGEST_PAUSE_SECONDS)
        stop.wait(pause)
    log.info("worker.stopped")


def _round(app: Flask, patience: Patience, is_stopping: Callable[[], bool]) -> int | None:
    """How many renewals were seen to; None when the round could not be made."""
    with app.app_context():
        try:
            gateway = app.extensions["merchant_admin"].gateway
            settings = app.extensions["merchant_admin"].settings
            run_once(context_of(app), gateway, patience=patience, is_stopping=is_stopping)
            done = keep_promises(
                context_of(app), gateway, Hours(*settings.charge_hours), patience=patience, is_stopping=is_stopping,
                spread=side_by_side(app, context_of, settings.calls_at_once), at_once=settings.calls_at_once,
            )  # fmt: skip
            keep_equal(context_of(app), gateway, settings, patience=patience, is_stopping=is_stopping)
            senders = senders_of(settings.outgoing, app.extensions["merchant_admin"].clock)
            if gateway.breaker.restored_at is None:  # what a restored copy has to tell may not be so any more
                send_notices(context_of(app), senders, patience=patience, is_stopping=is_stopping)
        except Exception:
            log.exception("worker.round_failed")
            return None
        finally:
            db.session.remove()
    return done
