"""`flask --app app doctor | backup | restore`."""

import sys
from pathlib import Path

import click
from flask.cli import with_appcontext

from merchant_admin.core.db import db
from merchant_admin.core.times import SEOUL
from merchant_admin.operations.copies import CopyRefused, back_up, bring_back
from merchant_admin.operations.doctor import Patient, examine
from merchant_admin.web.access import services

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
    click.echo("Restored. Now: flask --app app db upgrade, then doctor, then sync --from the day before that copy:")
    click.echo("it reads from PortOne what was charged since. Then start the worker, and only then let anyone charge.")


COMMANDS = (doctor, backup, restore)
