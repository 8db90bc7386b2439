"""`flask --app app demo fill`: what `make run` does once."""

import logging
import secrets
from datetime import timedelta

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select

from merchant_admin.core.clock import FixedClock
from merchant_admin.core.context import Actor, ActorKind, WorkContext
from merchant_admin.core.db import db
from merchant_admin.core.permissions import Role
from merchant_admin.customers.models import Customer
from merchant_admin.demo.cast import STAFF
from merchant_admin.demo.story import DAYS, story
from merchant_admin.demo.telling import SandboxHandle, Teller, hurried
from merchant_admin.staff.models import Staff
from merchant_admin.staff.service import DEMO_EMAIL, create_staff
from merchant_admin.web.access import services

demo_commands = AppGroup("demo", help="A believable merchant to try things with.")


@demo_commands.command("fill")
def fill() -> None:
    """Write a merchant's past into an empty database, once; sandbox mode only."""
    settings = services().settings
    sandbox = current_app.extensions.get("embedded_sandbox")
    if sandbox is None:
        click.echo(f"PORTONE_MODE={settings.mode.value}: no demo is made.")
    elif db.session.scalar(select(Staff.id).where(Staff.email == DEMO_EMAIL)):
        click.echo(f"Sign in as {DEMO_EMAIL} with the password shown at the first start.")
        click.echo(f"Forgotten? flask --app app staff reset-password {DEMO_EMAIL}")
    elif db.session.scalar(select(Staff.id).limit(1)) or db.session.scalar(select(Customer.id).limit(1)):
        click.echo("The database is in use already: no demo is made.")
    else:
        _fill(sandbox)


def _fill(sandbox: SandboxHandle) -> None:
    found = services()
    now = found.clock.now()
    scenes = story(now)
    password = "-".join(secrets.token_hex(2) for _part in range(4))
    click.echo("Filling a demo merchant: 60 customers, 14 months of payments ...")
    logging.disable(logging.WARNING)  # the trouble in the story is on purpose
    with hurried():
        clock = FixedClock(now - timedelta(days=DAYS + 1))
        secret = found.settings.secret_key.encode()
        ctx = WorkContext(db.session, clock, Actor(ActorKind.SYSTEM, None, "demo"), found.settings.mode.value, secret)
        team = [create_staff(ctx, DEMO_EMAIL, "데모 대표", Role.OWNER, password)]
        team += [create_staff(ctx, email, name, Role(role), password) for email, name, role in STAFF]
        actors = [Actor(ActorKind.STAFF, one.id, one.name) for one in team[:-1]]  # a viewer does nothing
        Teller(found.settings, found.gateway, sandbox, actors).tell(scenes, now)
    logging.disable(logging.NOTSET)
    click.secho(f"Sign in as {DEMO_EMAIL} with the password {password}", bold=True)
    click.echo(f"(shown once; {', '.join(email for email, _name, _role in STAFF)} have the same)")
