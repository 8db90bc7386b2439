"""`flask --app app staff ...`: the first owner, and the way back in when nobody can sign in."""

import sys

import click
from flask.cli import AppGroup

from merchant_admin.core.context import Actor, ActorKind, WorkContext
from merchant_admin.core.db import db
from merchant_admin.core.errors import ConsoleError, InvalidInput, NotFound
from merchant_admin.core.permissions import Role
from merchant_admin.staff import queries, service
from merchant_admin.web.access import services

staff_commands = AppGroup("staff", help="People who sign in.")
_from_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@staff_commands.command("create")
@click.argument("email")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--name", default=None, help="Name on the screen; else the address up to the @.")
@_from_stdin
def create(email: str, role: str, name: str | None, password_stdin: bool) -> None:  # noqa: FBT001 - click's way
    """Let a new person sign in, with a password from a prompt or --password-stdin."""
    password = _password(from_stdin=password_stdin)
    try:
        service.create_staff(_context(), email, name or email.partition("@")[0], Role(role), password)
    except ConsoleError as refusal:
        raise _refused(refusal) from refusal
    click.echo(f"{email} can sign in as {role}.")


@staff_commands.command("list")
def list_all() -> None:
    """Everyone, with role and state."""
    ctx = _context()
    for row in queries.staff_list(db.session(), ctx.now()):
        click.echo(f"{row.email}\t{row.role.value}\t{'disabled' if row.is_disabled else 'active'}\t{row.name}")


@staff_commands.command("reset-password")
@click.argument("email")
@_from_stdin
def reset_password(email: str, password_stdin: bool) -> None:  # noqa: FBT001 - click's way
    """Give a person a new password and end their sessions."""
    ctx = _context()
    try:
        staff_id = queries.id_of_email(db.session(), email)
        service.set_password(ctx, staff_id, _password(from_stdin=password_stdin))
    except ConsoleError as refusal:
        raise _refused(refusal) from refusal
    click.echo(f"{email} has a new password; all sessions of {email} are ended.")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


def _context() -> WorkContext:
    found = services()
    actor = Actor(ActorKind.SYSTEM, None, "command line")
    return WorkContext(db.session, found.clock, actor, found.settings.mode.value, found.settings.secret_key.encode())


def _refused(refusal: ConsoleError) -> click.ClickException:
    if isinstance(refusal, InvalidInput):
        return click.ClickException(" ".join(str(message) for message in refusal.fields.values()) or str(refusal))
    return click.ClickException("There is no such person." if isinstance(refusal, NotFound) else str(refusal))
