"""One round of the worker: everything whose time has come, each row by itself.

The tables are the queue, so a round remembers nothing that matters: it may be killed at any line, run twice, or run
on ten machines at once. Rows are read, never charged: whatever a killed process left behind is settled by looking.
A row that fails is left alone for a while and never keeps the others from their turn.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from merchant_admin.billing_keys import service as billing_keys
from merchant_admin.card_links import moves as card_moves
from merchant_admin.card_links import switching as card_switching
from merchant_admin.checkouts import service as checkouts
from merchant_admin.core.clock import monotonic
from merchant_admin.core.context import WorkContext
from merchant_admin.core.db import lease_now
from merchant_admin.core.errors import GatewayError
from merchant_admin.core.settings import Settings
from merchant_admin.payments import holding
from merchant_admin.payments import service as payments
from merchant_admin.portone.gateway import Gateway
from merchant_admin.reconcile import service as reconcile
from merchant_admin.refunds import service as refunds
from merchant_admin.registrations import service as registrations
from merchant_admin.schedules import looking as schedules
from merchant_admin.webhooks import service as webhooks
from merchant_admin.worker.catching_up import catch_up

log = logging.getLogger(__name__)

ROWS_A_ROUND = 20  # of one duty, so that no duty starves another
FIRST_PAUSE_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 3600.0
ALARM_AFTER = 3
KEY_SWEEP_SECONDS = 60.0
_FOR_EVER = timedelta(days=3650)


@dataclass(frozen=True)
class Duty:
    """A kind of row that may be due: how to find some, and how to see to one."""

    name: str
    find: Callable[[WorkContext, datetime], list[str]]
    see_to: Callable[[WorkContext, Gateway, str], object]


DUTIES = (
    Duty(
        "webhook",
        lambda ctx, now: webhooks.due_events(ctx.reader, now, ROWS_A_ROUND),
        webhooks.apply_event,
    ),
    Duty(
        "attempt",
        lambda ctx, now: payments.due_attempts(ctx.reader, now, ROWS_A_ROUND),
        payments.look_at_attempt,
    ),
    Duty(
        "held charge",
        lambda ctx, now: holding.due_held(ctx.reader, now),
        holding.send_held,
    ),
    Duty(
        "refund",
        lambda ctx, now: refunds.due_refunds(ctx.reader, now, ROWS_A_ROUND),
        refunds.look_at_refund,
    ),
    Duty(
        "checkout",
        lambda ctx, now: checkouts.due_checkouts(ctx.reader, now, ROWS_A_ROUND),
        checkouts.look_at_checkout,
    ),
    Duty(
        "registration",
        lambda ctx, now: registrations.due_registrations(ctx.reader, now, ROWS_A_ROUND),
        registrations.look_at_registration,
    ),
    Duty(
        "card link",
        lambda ctx, now: card_switching.due_links(ctx.reader, now, ROWS_A_ROUND),
        card_switching.go_on,
    ),
    Duty(
        "card move",
        lambda ctx, _now: card_moves.running_moves(ctx.reader),
        card_moves.make_links,
    ),
    Duty(
        "schedule",
        lambda ctx, now: schedules.due_schedules(ctx.reader, now, ROWS_A_ROUND),
        schedules.look_at_schedule,
    ),
)
LEASES: tuple[tuple[str, Callable[[WorkContext], int]], ...] = (
    ("attempt leases", payments.expire_leases),
    ("refund leases", refunds.expire_leases),
    ("schedule leases", schedules.expire_leases),
)


@dataclass
class Patience:
    """What this process remembers between rounds: which rows failed, and until when each is left alone."""

    clock: Callable[[], float] = monotonic
    _failures: dict[tuple[str, str], int] = field(default_factory=dict)
    _until: dict[tuple[str, str], float] = field(default_factory=dict)

    def leaves_alone(self, duty: str, row_id: str) -> bool:
        """Whether this row's pause is not over."""
        return self.clock() < self._until.get((duty, row_id), 0.0)

    def failed(self, duty: str, row_id: str) -> int:
        """Leave the row alone, twice as long each time. Returns how often it has failed in a row."""
        row = (duty, row_id)
        count = self._failures[row] = self._failures.get(row, 0) + 1
        self._until[row] = self.clock() + min(FIRST_PAUSE_SECONDS * 2 ** (count - 1), LONGEST_PAUSE_SECONDS)
        return count

    def went_well(self, duty: str, row_id: str, pause_seconds: float = 0.0) -> None:
        """Forget the row's failures; with a pause, leave it alone that long all the same."""
        self._failures.pop((duty, row_id), None)
        self._until.pop((duty, row_id), None)
        if pause_seconds:
            self._until[duty, row_id] = self.clock() + pause_seconds


def run_once(
    ctx: WorkContext,
    gateway: Gateway,
    *,
    patience: Patience | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
    everything: bool = False,
    duties: Sequence[Duty] = DUTIES,
) -> int:
    """See to all that is due, once: expired leases first, then looks. Returns how many rows were seen to.

    `everything` looks at each unsettled row now, due or not. A stop is heeded between two rows, never inside one.
    While calls to PortOne are stopped rows stay due, and one look in half a minute tries whether it answers again.
    """
    patience = patience or Patience()
    done = sum(guarded(ctx, patience, name, "", lambda expire=expire: expire(ctx)) for name, expire in LEASES)  # type: ignore[misc]
    now = lease_now(ctx.reader, ctx.clock) + (_FOR_EVER if everything else timedelta())
    for duty in duties:
        found = _find(ctx, duty, now)
        for row_id in found:
            if is_stopping() or not gateway.breaker.may_probe:
                return done
            done += guarded(
                ctx,
                patience,
                duty.name,
                row_id,
                lambda row_id=row_id, duty=duty: _one(duty, ctx, gateway, row_id),  # type: ignore[misc]
            )
    if gateway.breaker.may_probe and not is_stopping():
        sweep = lambda: billing_keys.sweep_deleting(ctx, gateway)  # noqa: E731 - named for the line below
        done += guarded(ctx, patience, "deleting keys", "", sweep, KEY_SWEEP_SECONDS)
    return done


def keep_equal(
    ctx: WorkContext,
    gateway: Gateway,
    settings: Settings,
    *,
    patience: Patience | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """One turn of each duty of reconciliation that is due and that no other worker holds. Returns how many turns."""
    patience, done = patience or Patience(), 0
    if gateway.breaker.restored_at is not None and gateway.breaker.may_probe:
        done += guarded(ctx, patience, "catching up", "", lambda: int(catch_up(ctx, gateway)))
    due = reconcile.due(ctx.reader, lease_now(ctx.reader, ctx.clock))
    ctx.end_reading()
    for name in due:
        if is_stopping() or not gateway.breaker.may_probe:
            break
        turn = lambda name=name: int(reconcile.see_to(ctx, gateway, name, settings))  # noqa: E731 - named for the line below
        done += guarded(ctx, patience, "reconcile", name, turn)
    return done


def _find(ctx: WorkContext, duty: Duty, now: datetime) -> list[str]:
    try:
        return duty.find(ctx, now)
    finally:
        ctx.end_reading()


def _one(duty: Duty, ctx: WorkContext, gateway: Gateway, row_id: str) -> int:
    duty.see_to(ctx, gateway, row_id)
    return 1


def guarded(
    ctx: WorkContext, patience: Patience, duty: str, row_id: str, act: Callable[[], int], pause_seconds: float = 0.0
) -> int:
    """Do one thing; whatever goes wrong with it is logged and stays with it."""
    if patience.leaves_alone(duty, row_id):
        return 0
    try:
        done = act()
    except GatewayError as wrong:
        # PortOne is away, which is no fault of the row: whoever looked has put the next look off.
        log.warning("worker.not_read", extra={"duty": duty, "row": row_id, "error": type(wrong).__name__})
        return 0
    except Exception:
        ctx.session.rollback()
        count = patience.failed(duty, row_id)
        level = logging.ERROR if count >= ALARM_AFTER else logging.WARNING
        log.log(level, "worker.failed", exc_info=True, extra={"duty": duty, "row": row_id, "times": count})
        return 0
    finally:
        ctx.end_reading()
    patience.went_well(duty, row_id, pause_seconds)
    return done
