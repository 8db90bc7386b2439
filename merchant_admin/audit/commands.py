"""`flask --app app audit verify`: is the timeline whole, as it was written?"""

import click
from flask.cli import AppGroup

from merchant_admin.audit.service import ChainEnd, chain_end, first_broken_line
from merchant_admin.core.db import db
from merchant_admin.web.access import services

audit_commands = AppGroup("audit", help="The timeline of everything that was done.")


@audit_commands.command("verify")
@click.option("--kept", default=None, metavar="END", help="An end that was printed and kept elsewhere (number:code).")
def verify(kept: str | None) -> None:
    """Read the whole timeline and say the first line that does not follow from the one before.

    Prints the end of the chain. Keep it outside this machine: the next check with --kept then also finds a tail that
    was cut off together with its seal.
    """
    try:
        known = ChainEnd.read(kept) if kept else None
    except ValueError as wrong:
        raise click.BadParameter("an end reads number:code, as this command prints it", param_hint="--kept") from wrong
    session = db.session()
    broken = first_broken_line(session, services().settings.secret_key.encode(), known)
    if broken is not None:
        raise click.ClickException(f"The timeline was changed: line {broken} is not as it was written.")
    end = chain_end(session)
    click.echo(f"The timeline is whole: {end.seq if end else 0} lines.")
    if end:
        click.echo(f"Its end, to keep elsewhere: {end}")
