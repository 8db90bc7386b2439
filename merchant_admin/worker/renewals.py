"""One turn of the subscriptions' clock: settle what is known, end what is over, open what is due, charge what is owed.

Calls go out side by side, a bounded number at a time, each with a session of its own. PortOne being away stops the
turn; what was not sent stays due.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from flask import Flask

from merchant_admin.card_links import automatic
from merchant_admin.core.context import WorkContext
from merchant_admin.core.db import db
from merchant_admin.portone.gateway import Gateway
from merchant_admin.subscriptions import clock, pausing
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.worker.charging import Act, Charging
from merchant_admin.worker.service import Patience, guarded

Spread = Callable[[WorkContext, Iterable[str], Act], int]


def one_by_one(ctx: WorkContext, ids: Iterable[str], act: Act) -> int:
    """In this thread, one after the other."""
    return sum(act(ctx, row_id) for row_id in ids)


def side_by_side(app: Flask, context_of: Callable[[Flask], WorkContext], width: int) -> Spread:
    """Up to `width` at a time, each in a thread with its own session."""

    def one(row_id: str, act: Act) -> int:
        with app.app_context():
            try:
                return act(context_of(app), row_id)
            finally:
                db.session.remove()

    def spread(_ctx: WorkContext, ids: Iterable[str], act: Act) -> int:
        with ThreadPoolExecutor(width, "renewal") as hands:
            return sum(hands.map(lambda row_id: one(row_id, act), ids))

    return spread


def keep_promises(  # noqa: PLR0913 - what a turn may do, each by name
    ctx: WorkContext,
    gateway: Gateway,
    hours: Hours,
    *,
    patience: Patience | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
    spread: Spread = one_by_one,
    at_once: int = 1,
) -> int:
    """One turn. Returns how many rows were seen to. Outside `hours` nothing is sent, and dates only wait.

    `at_once`: how many charges are asked for side by side.
    """
    patience = patience or Patience()

    def act(name: str, do: Callable[[WorkContext, str], object]) -> Act:
        def see_to(own: WorkContext, row_id: str) -> int:
            return 0 if is_stopping() else guarded(own, patience, name, row_id, lambda: _one(do, own, row_id))

        return see_to

    ctx.end_reading()
    may_send = hours.hold(ctx.now()) and not gateway.breaker.is_open and gateway.breaker.restored_at is None
    done = guarded(ctx, patience, "ends", "", lambda: clock.end_due(ctx))
    if hours.hold(ctx.now()) and gateway.breaker.restored_at is None:
        done += guarded(ctx, patience, "pauses", "", lambda: pausing.resume_due(ctx))
    news = clock.unsettled(ctx.reader) if gateway.breaker.may_probe and gateway.breaker.restored_at is None else []
    ctx.end_reading()
    done += spread(ctx, news, act("period news", lambda own, row_id: clock.follow_up(own, gateway, row_id)))
    if may_send:
        charging = Charging(ctx, gateway, patience, is_stopping, at_once)
        done += charging.run(act("period", lambda own, row_id: clock.see_to(own, gateway, row_id)))
    # Not counted: one that waits for what a customer does would keep the rounds without a pause.
    make_link = act("card link", lambda own, cause: automatic.add_link(own, gateway.billing_pg, cause))
    if gateway.breaker.restored_at is None:
        one_by_one(ctx, automatic.awaiting(ctx), make_link)
    return done


def _one(do: Callable[[WorkContext, str], object], ctx: WorkContext, row_id: str) -> int:
    do(ctx, row_id)
    return 1
