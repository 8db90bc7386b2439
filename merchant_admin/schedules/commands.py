"""`flask schedules`: take over what other systems left reserved at PortOne."""

from datetime import datetime
from typing import cast

import click
from flask import current_app
from flask.cli import AppGroup

from merchant_admin.core.context import Actor, WorkContext
from merchant_admin.core.db import db
from merchant_admin.core.errors import GatewayError
from merchant_admin.schedules.importing import held_at_portone, write_down
from merchant_admin.web.access import Services

schedule_commands = AppGroup("schedules", help="Reservations held by PortOne.")
_DAY = click.DateTime(formats=["%Y-%m-%d"])


@schedule_commands.command("import")
@click.option("--from", "first", type=_DAY, required=True, help="First Seoul day of the planned time.")
@click.option("--to", "last", type=_DAY, required=True, help="Last Seoul day.")
@click.option("--customer-uid", default="", help="Only reservations of this billing key.")
@click.option("--dry-run", is_flag=True, help="Only list them.")
def import_schedules(first: datetime, last: datetime, customer_uid: str, *, dry_run: bool) -> None:
    """Write down every reservation that waits at PortOne in these days and is not known here."""
    found = cast("Services", current_app.extensions["merchant_admin"])
    ctx = WorkContext(
        db.session, found.clock, Actor.job("import"), found.settings.mode.value, found.settings.secret_key.encode()
    )
    try:
        held = held_at_portone(ctx, found.gateway, first.date(), last.date(), customer_uid)
    except GatewayError as wrong:
        raise click.ClickException(f"PortOne could not be read: {wrong}") from None
    new = [row for row in held if row.may_be_taken]
    for row in new:
        kept = row.reservation
        click.echo(f"{kept.schedule_at.isoformat()}  {kept.amount_krw:>11,}  {kept.merchant_uid}  {kept.customer_uid}")
    taken = 0 if dry_run else sum(write_down(ctx, row.reservation) for row in new)
    click.echo(f"{len(held)} waiting, {len(held) - len(new)} known or out of range, {taken} taken over")
