"""`flask --app app doctor | backup | restore | restored`."""

import sys
from pathlib import Path

import click
from flask.cli import with_appcontext
from flask_migrate import upgrade

from merchant_admin.core.context import Actor, ActorKind, WorkContext
from merchant_admin.core.db import db
from merchant_admin.core.errors import GatewayError
from merchant_admin.core.times import SEOUL
from merchant_admin.line.service import Restored, lock_restored, open_line, restored
from merchant_admin.operations.copies import CopyRefused, back_up, bring_back
from merchant_admin.operations.doctor import Patient, examine
from merchant_admin.web.access import services
from merchant_admin.worker.catching_up import catch_up

_PATH = click.argument("path", type=click.Path(dir_okay=False, path_type=Path))


@click.command("doctor")
@with_appcontext
def doctor() -> None:
    """Check settings, database, PortOne keys, MIDs and clock; say how to mend each."""
    found = services()
    patient = Patient(found.settings, db.session(), found.gateway, found.clock)
    failed = 0
    for finding in examine(patient):
        if finding.remedy is None:
            click.echo(f"  ok  {finding.subject}: {finding.seen}")
            continue
        failed += 1
        click.secho(f"  !!  {finding.subject}: {finding.seen}", bold=True)
        click.echo(f"      -> {finding.remedy}")
    click.echo("All is well." if not failed else f"{failed} to mend.")
    sys.exit(bool(failed))


@click.command("backup")
@_PATH
@with_appcontext
def backup(path: Path) -> None:
    """Write a consistent copy of the database to PATH while the product runs."""
    try:
        back_up(services().settings.database_url, path)
    except CopyRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(f"{path}: {path.stat().st_size:,} bytes. It holds personal data: keep it encrypted.")


@click.command("restore")
@_PATH
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_appcontext
def restore(path: Path, *, yes: bool) -> None:
    """Put the copy at PATH in the database's place. Stop the web processes and workers first."""
    found = services()
    if not yes:
        click.confirm("Everything written since that copy will be gone here. Are all processes stopped?", abort=True)
    moment = found.clock.now().astimezone(SEOUL)
    kept_as = found.settings.instance_dir / f"before-restore-{moment:%Y%m%d-%H%M%S}.db"
    db.engine.dispose()
    try:
        bring_back(found.settings.database_url, path, kept_as)
    except CopyRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    if kept_as.exists():
        click.echo(f"The database that stood here is kept as {kept_as}.")
    upgrade(directory=str(found.settings.root / "migrations"))
    lock = lock_restored(_context())
    click.echo(f"Restored, brought to the newest tables, and locked. {_told(lock)}")
    click.echo("Now run doctor, and start the worker: it catches up and opens the lock by itself.")


@click.command("restored")
@click.option(
    "--lock", "locks", is_flag=True, help="Say that an older copy was put back: nothing is sent until it caught up."
)
@click.option("--catch-up", "catches_up", is_flag=True, help="Do now what the worker would do, to its end.")
@click.option(
    "--open", "reason", metavar="REASON", help="Open the lock before it caught up. Charges may then happen twice."
)
@with_appcontext
def restored_(*, locks: bool, catches_up: bool, reason: str | None) -> None:
    """See or set the lock after a restore. `restore` sets it; say --lock after a pg_restore of your own."""
    ctx = _context()
    if locks:
        lock_restored(ctx)
    try:
        while catches_up and restored(db.session()) is not None:
            if not catch_up(ctx, services().gateway):
                raise click.ClickException("another process is catching up now")
    except GatewayError as wrong:
        raise click.ClickException(f"PortOne could not be read ({wrong}). Run the same again to go on.") from wrong
    lock = restored(db.session())
    ctx.end_reading()
    if reason and lock is not None and open_line(ctx, lock, why=reason):
        lock = None
    click.echo(_told(lock) if lock else "Not locked: charges are sent.")


def _told(lock: Restored) -> str:
    at, since = (f"{moment.astimezone(SEOUL):%Y-%m-%d %H:%M}" for moment in (lock.at, lock.read_from))
    return f"Locked since {at}: nothing is sent until everything since {since} was read from PortOne."


def _context() -> WorkContext:
    found = services()
    actor = Actor(ActorKind.SYSTEM, None, "command")
    return WorkContext(db.session, found.clock, actor, found.settings.mode.value, found.settings.secret_key.encode())


COMMANDS = (doctor, backup, restore, restored_)
