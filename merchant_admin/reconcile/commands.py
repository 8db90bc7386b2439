"""`flask --app app sync` and `flask --app app close-day`."""

from datetime import date, datetime, timedelta

import click
from flask.cli import with_appcontext

from merchant_admin.core.context import Actor, ActorKind, WorkContext
from merchant_admin.core.db import db
from merchant_admin.core.errors import GatewayError, RuleBroken
from merchant_admin.core.settings import Mode
from merchant_admin.core.times import seoul_day
from merchant_admin.reconcile import closing, service
from merchant_admin.reconcile.intake import Taken
from merchant_admin.web.access import services

_DAY = click.DateTime(["%Y-%m-%d"])


def _context() -> WorkContext:
    found = services()
    actor = Actor(ActorKind.SYSTEM, None, "command")
    return WorkContext(
        db.session, found.clock, actor, found.settings.mode.value, found.settings.secret_key.encode(),
        found.settings.outgoing,
    )  # fmt: skip


@click.command("sync")
@click.option("--from", "first", type=_DAY, required=True, help="First Seoul day, such as 2026-10-01.")
@click.option("--to", "last", type=_DAY, default=None, help="Last Seoul day; today if left out.")
@with_appcontext
def sync(first: datetime, last: datetime | None) -> None:
    """Back-fill from PortOne: every payment of these days. Stopped half-way, the same command goes on from there."""
    found, ctx = services(), _context()
    days = first.date(), last.date() if last else seoul_day(found.clock.now())
    if days[0] > days[1]:
        raise click.BadParameter("--from lies after --to")
    sums, calls = Taken(), 0
    while True:
        try:
            walked = service.sync(ctx, found.gateway, *days)
        except GatewayError as wrong:
            raise click.ClickException(f"PortOne could not be read ({wrong}). Run the same again to go on.") from wrong
        if walked is None:
            raise click.ClickException("another process does this same back-fill now")
        sums, calls = sums + walked.taken, calls + walked.calls
        if walked.place is None:
            break
        click.echo(f"  {calls} pages, {sums.seen:,} payments read, {sums.changed:,} of them news")
    click.echo(f"sync: {sums.seen:,} payments read, {sums.changed:,} news, {sums.skipped:,} left out")


@click.command("close-day")
@click.argument("day", type=_DAY, required=False)
@with_appcontext
def close_day(day: datetime | None) -> None:
    """Match DAY (yesterday if left out) with PortOne and freeze its signed totals."""
    found, ctx = services(), _context()
    which: date = day.date() if day else seoul_day(found.clock.now()) - timedelta(days=1)
    try:
        service.match_now(ctx, found.gateway, which)
        closed = closing.close_day(ctx, which)
    except (GatewayError, RuleBroken) as wrong:
        raise click.ClickException(str(wrong)) from wrong
    shown = closing.figures(db.session(), Mode(ctx.mode), which)
    click.echo(f"{which}: {shown.charges:,} charges ₩{shown.charged_krw:,}, {shown.refunds:,} refunds"
               f" ₩{shown.refunded_krw:,}, net ₩{shown.net_krw:,}")  # fmt: skip
    click.echo(f"signature {closed.mac.hex()}")
