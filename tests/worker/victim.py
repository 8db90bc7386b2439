"""A process of the product that is killed on purpose."""

import os
import signal
from datetime import time
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import Session

from merchant_admin import create_app
from merchant_admin.core.db import db
from merchant_admin.key_in.service import KeyInOrder, key_in
from merchant_admin.payments.service import ChargeSheet, charge_billing_key
from merchant_admin.portone.typed_cards import TypedCard
from merchant_admin.refunds.service import RefundSheet, refund_payment
from merchant_admin.registrations.service import RegistrationOrder, open_registration
from merchant_admin.schedules.again import reschedule
from merchant_admin.schedules.service import ScheduleSheet, move_schedule, reserve_charge, revoke_schedule
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.worker.loop import context_of
from merchant_admin.worker.renewals import keep_promises
from merchant_admin.worker.service import run_once
from tests.support.clocks import LaterClock
from tests.support.world import settings_for

ALL_DAY = (time(0), time(23, 59, 59))


class DyingGateway:
    """The real gateway, in a process that is killed just before one kind of call or just after its answer."""

    def __init__(self, real, deadly):
        self._real, (self._method, self._point) = real, deadly

    def __getattr__(self, name):
        real = getattr(self._real, name)
        return self._fatal(real) if name == self._method else real

    def _fatal(self, call):
        def dying(*words):
            if self._point == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            answer = call(*words)
            if self._point == "after":
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return dying


def charge(folder, env, deadly, sheet):
    """Charge one sheet; die with SIGKILL where told, or live through it when the point never comes."""
    _act(folder, env, deadly, lambda ctx, gateway: charge_billing_key(ctx, gateway, ChargeSheet(**sheet)))


def refund(folder, env, deadly, sheet):
    """As charge, giving money back."""
    _act(folder, env, deadly, lambda ctx, gateway: refund_payment(ctx, gateway, RefundSheet(**sheet)))


def register(folder, env, deadly, order):
    """As charge, opening a window's registration."""
    _act(folder, env, deadly, lambda ctx, gateway: open_registration(ctx, gateway, RegistrationOrder(**order)))


def reserve(folder, env, deadly, sheet):
    """As charge, reserving one at PortOne."""
    _act(folder, env, deadly, lambda ctx, gateway: reserve_charge(ctx, gateway, ScheduleSheet(**sheet)))


def move(folder, env, deadly, schedule_id, at):
    """As charge, giving a reservation another time."""
    _act(folder, env, deadly, lambda ctx, gateway: move_schedule(ctx, gateway, schedule_id, at))


def run_again(folder, env, deadly, schedule_id, at):
    """As charge, running a revoked reservation once more."""
    _act(folder, env, deadly, lambda ctx, gateway: reschedule(ctx, gateway, schedule_id, at))


def revoke(folder, env, deadly, schedule_id):
    """As charge, revoking a reservation."""
    _act(folder, env, deadly, lambda ctx, gateway: revoke_schedule(ctx, gateway, schedule_id, "고객 요청"))


def type_card(folder, env, deadly, order, number):
    """As charge, with a card that staff type."""
    card = TypedCard(number, "2028-09", "870623", "83")
    _act(folder, env, deadly, lambda ctx, gateway: key_in(ctx, gateway, KeyInOrder(**order), card))


def work(folder, env, deadly, ahead):
    """One round of a worker, so many seconds later."""
    clock = LaterClock(ahead)
    _act(folder, env, deadly, run_once, clock)


def renew(folder, env, at_once):
    """Turns of the subscriptions' clock, at any hour, until nothing is due."""
    app = create_app(settings_for(Path(folder), **env))
    with app.app_context():
        gateway = app.extensions["merchant_admin"].gateway
        while keep_promises(context_of(app), gateway, Hours(*ALL_DAY), at_once=at_once):
            pass


def turn(folder, env, deadly, ahead):
    """One turn of the subscriptions' clock, at any hour, so many seconds later."""
    hours = Hours(*ALL_DAY)
    _act(folder, env, deadly, lambda ctx, gateway: keep_promises(ctx, gateway, hours), LaterClock(ahead))


def _act(folder, env, deadly, act, clock=None):
    app = create_app(settings_for(Path(folder), **env), clock=clock)
    with app.app_context():
        _die_at_commit(*deadly)
        act(context_of(app), DyingGateway(app.extensions["merchant_admin"].gateway, deadly))


def _die_at_commit(name, point):
    """`("commit 2", "before")`: at the second write, when it is about to be kept; "after" it is on the disk."""
    kind, _, number = name.partition(" ")
    if kind != "commit":
        return
    left = [int(number)]

    def count(*_words):
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    if point == "before":
        event.listen(db.engine, "commit", count)
    else:
        event.listen(Session, "after_commit", count)
