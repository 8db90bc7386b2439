"""Is everything in place? One finding per check, with what to do where one fails."""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from merchant_admin.core import guards
from merchant_admin.core.clock import Clock
from merchant_admin.core.errors import ConsoleError, GatewayRejected
from merchant_admin.core.permissions import Role
from merchant_admin.core.settings import Settings
from merchant_admin.portone.channels import check_channels
from merchant_admin.portone.gateway import Gateway
from merchant_admin.staff.models import Staff
from merchant_admin.webhooks.models import WebhookEvent

SKEW = timedelta(seconds=5)
FREE_BYTES = 500_000_000


@dataclass(frozen=True)
class Finding:
    """What one check saw. `remedy` says what to do; None where all is well."""

    subject: str
    seen: str
    remedy: str | None = None


@dataclass(frozen=True)
class Patient:
    settings: Settings
    session: Session
    gateway: Gateway
    clock: Clock


def examine(patient: Patient) -> Iterator[Finding]:
    """All findings, one after the other. A check that can't be made is a finding too."""
    for subject, check in _CHECKS.items():
        try:
            yield from check(patient)
        except ConsoleError as wrong:
            yield Finding(subject, f"could not be checked: {wrong}", "mend the failures above and run doctor again")
        except Exception as wrong:  # noqa: BLE001 - doctor must go on to the next check
            yield Finding(subject, f"could not be checked: {type(wrong).__name__}", "see README, Settings")


def _settings(patient: Patient) -> Iterator[Finding]:
    found = patient.settings
    yield Finding("settings", f"mode {found.mode.value}, worker {found.worker}, assets {found.assets}")
    if found.is_production and not (found.base_url or "").startswith("https://"):
        yield Finding("BASE_URL", "is not https", "serve behind HTTPS and set BASE_URL=https://...")
    if found.is_production and not found.webhook_path:
        yield Finding("WEBHOOK_PATH", "is empty: anyone can guess the webhook's address",
                      "set it to 20 random letters, and add it to the address in PortOne's console")  # fmt: skip
    if found.key_in:
        yield Finding("KEY_IN", "is on", "turn it off unless your PCI assessment (SAQ D) covers it")


def _machine(patient: Patient) -> Iterator[Finding]:
    if hasattr(os, "getuid") and os.getuid() == 0 and patient.settings.is_production:
        yield Finding("user", "runs as root", "run it as an ordinary user")
    folder = patient.settings.instance_dir
    for path in (folder / "secret_key", folder / "merchant.db"):
        if path.exists() and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
            yield Finding(str(path), "can be read by other users of this machine", f"chmod 600 {path}")
    free = shutil.disk_usage(folder if folder.exists() else folder.parent).free
    remedy = None if free > FREE_BYTES else "make room: a full disk stops every charge"
    yield Finding("disk", f"{free // 1_000_000:,} MB free", remedy)


def _database(patient: Patient) -> Iterator[Finding]:
    session = patient.session
    here = MigrationContext.configure(session.connection()).get_current_revision()
    newest = ScriptDirectory(str(patient.settings.root / "migrations")).get_current_head()
    behind = None if here == newest else "flask --app app db upgrade"
    yield Finding("tables", f"version {here or 'none'} of {newest}", behind)
    gone = guards.missing(session)
    remedy = "restore a backup, or run: flask --app app db downgrade -1 && flask --app app db upgrade" if gone else None
    yield Finding("guards", f"missing: {', '.join(sorted(gone))}" if gone else "all money guards stand", remedy)
    setting, wanted = ("PRAGMA synchronous", "2") if patient.settings.uses_sqlite else ("SHOW fsync", "on")
    durable = str(session.execute(text(setting)).scalar_one())
    remedy = None if durable == wanted else "a power cut could lose a charge: switch it on in the server's settings"
    yield Finding("durability", f"{setting.split()[1]} = {durable}", remedy)


def _people(patient: Patient) -> Iterator[Finding]:
    owners = select(func.count()).where(Staff.role == Role.OWNER, Staff.disabled_at.is_(None))
    count = patient.session.scalar(owners) or 0
    remedy = None if count else "flask --app app staff create EMAIL --role owner"
    yield Finding("owners", f"{count} can sign in", remedy)


def _portone(patient: Patient) -> Iterator[Finding]:
    settings = patient.settings
    try:
        channels = patient.gateway.channels()
    except GatewayRejected:
        yield Finding("PortOne", "refuses the key", "check PORTONE_IMP_KEY and PORTONE_IMP_SECRET in PortOne's console")
        return
    except ConsoleError as wrong:
        yield Finding("PortOne", str(wrong), f"can this machine reach {settings.api_url}? Proxy, firewall, DNS")
        return
    yield Finding("PortOne", f"answers at {settings.api_url}; {len(channels)} channels")
    for check in check_channels(settings, patient.gateway):
        seen = "is a channel" if check.is_right else "is of the other mode" if check.found else "is unknown"
        remedy = None if check.is_right else f"add the channel in PortOne's console, or correct {check.setting}"
        yield Finding(check.setting, f"{check.mid} {seen}", remedy)


def _clock(patient: Patient) -> Iterator[Finding]:
    theirs = patient.gateway.server_time()
    if theirs is None:
        return
    skew = abs(patient.clock.now() - theirs)
    remedy = None if skew <= SKEW or not patient.settings.is_production else "let this machine's clock follow NTP"
    yield Finding("clock", f"{skew.total_seconds():.0f} s from PortOne's", remedy)


def _webhooks(patient: Patient) -> Iterator[Finding]:
    last = patient.session.scalar(select(func.max(WebhookEvent.received_at)))
    address = "/".join(
        filter(None, (patient.settings.base_url or "BASE_URL", "webhooks/portone", patient.settings.webhook_path))
    )
    if last is not None:
        yield Finding("webhooks", f"the last came at {last:%Y-%m-%d %H:%M} UTC")
    elif patient.settings.is_production:
        yield Finding("webhooks", "none has come yet", f"set {address} in PortOne's console and press its test button")


_CHECKS: dict[str, Callable[[Patient], Iterator[Finding]]] = {
    "settings": _settings,
    "machine": _machine,
    "database": _database,
    "people": _people,
    "PortOne": _portone,
    "clock": _clock,
    "webhooks": _webhooks,
}
