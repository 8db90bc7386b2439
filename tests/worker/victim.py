"""A process of the product that is killed on purpose."""

import os
import signal
from pathlib import Path

from merchant_admin import create_app
from merchant_admin.payments.service import ChargeSheet, charge_billing_key
from merchant_admin.worker.loop import context_of
from tests.support.world import settings_for


class DyingGateway:
    """The real gateway, in a process that is killed just before the call or just after the answer."""

    def __init__(self, real, point):
        self._real, self._point = real, point

    def __getattr__(self, name):
        return getattr(self._real, name)

    def charge_again(self, order):
        if self._point == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = self._real.charge_again(order)
        if self._point == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return answer


def charge(folder, env, point, sheet):
    """Charge one sheet; die at `point` with SIGKILL, or live through it when the point never comes."""
    app = create_app(settings_for(Path(folder), **env))
    gateway = DyingGateway(app.extensions["merchant_admin"].gateway, point)
    with app.app_context():
        charge_billing_key(context_of(app), gateway, ChargeSheet(**sheet))
