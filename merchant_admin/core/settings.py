"""Typed, frozen settings, read once from the environment. An unsafe start is refused with one clear line."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from merchant_admin.core.outgoing import Outgoing, dangers, is_local, read_outgoing

PORTONE_API = "https://api.iamport.kr"
PORTONE_SDK = "https://cdn.iamport.kr/v1/iamport.js"
EMBEDDED_API = "http://portone.sandbox"  # answered inside the process, never by a host
EMBEDDED_SDK = "/sandbox/v1/iamport.js"
_WEAK_SECRETS = frozenset({"changeme", "secret", "dev", "development", "password"})


class UnsafeSettings(Exception):
    """The settings would be dangerous or can't work; the message is one line that names the setting."""


class Mode(StrEnum):
    SANDBOX = "sandbox"
    TEST = "test"
    LIVE = "live"


@dataclass(frozen=True)
class Channel:
    """One of the PG's contracts: its merchant id (MID), and PortOne's channel key where one is known."""

    mid: str
    channel_key: str | None = None


@dataclass(frozen=True)
class Settings:
    mode: Mode
    secret_key: str = field(repr=False)
    database_url: str = field(repr=False)
    base_url: str | None
    api_url: str
    sdk_url: str
    imp_code: str
    imp_key: str = field(repr=False)
    imp_secret: str = field(repr=False)
    pg: str
    certified: Channel
    billing: Channel
    key_in_channel: Channel
    second_pg: str  # a second PG profile that issues billing keys, for moving cards to it; empty = none
    second_billing: Channel
    reschedule_pgs: tuple[str, ...]  # PG codes whose failed or revoked reservations PortOne runs again
    key_in: bool
    worker: str
    webhook_allow: tuple[IPv4Network | IPv6Network, ...]
    webhook_path: str
    window_issuers: tuple[str, ...]  # card issuers the window offers; empty = all of them
    assets: str
    webfont: bool
    merchant_name: str
    root: Path  # the project's folder: templates, static files, migrations
    instance_dir: Path
    charge_hours: tuple[time, time]  # of Seoul: when subscriptions are charged
    calls_at_once: int  # charges of subscriptions that one worker asks for side by side
    outgoing: Outgoing  # what is told to customers, and how
    trusted_proxies: int
    machines: int
    calls_a_second: int  # to PortOne, of all processes together; 0: as many as they like

    @property
    def is_production(self) -> bool:
        """Whether other people's money or data is behind this process."""
        return self.mode is not Mode.SANDBOX

    @property
    def has_embedded_sandbox(self) -> bool:
        return self.api_url == EMBEDDED_API

    @property
    def uses_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def secure_cookies(self) -> bool:
        return bool(self.base_url and self.base_url.startswith("https://"))

    @property
    def certified_pg(self) -> str:
        """The `pg` word that picks the MID of ordinary payments, e.g. `jtnet.tpaytest0m`."""
        return f"{self.pg}.{self.certified.mid}"

    @property
    def billing_pg(self) -> str:
        """The `pg` word that picks the billing MID, e.g. `jtnet.tpaytest2m` (reference 13.2)."""
        return f"{self.pg}.{self.billing.mid}"

    @property
    def billing_channels(self) -> dict[str, Channel]:
        """Every profile that can issue billing keys, by its `pg` word; the one new cards normally get stands first."""
        second = {f"{self.second_pg}.{self.second_billing.mid}": self.second_billing} if self.second_pg else {}
        return {self.billing_pg: self.billing} | second


def load(env: Mapping[str, str], root: Path) -> Settings:
    """Settings from environment words (names as in README). `root` holds `instance/`.

    Raises UnsafeSettings, whose text is one line for the person who starts the process.
    """
    read = _Reader(env)
    mode = Mode(read.one_of("PORTONE_MODE", tuple(Mode), Mode.SANDBOX))
    instance_dir = Path(read.text("INSTANCE_DIR", str(root / "instance")))
    sandbox = mode is Mode.SANDBOX
    shop = read.text("MERCHANT_NAME", "온빛상점" if sandbox else "")
    database_url = _database_url(read.text("DATABASE_URL", f"sqlite:///{instance_dir / 'merchant.db'}"), root)
    settings = Settings(
        mode=mode,
        secret_key=read.text("SECRET_KEY", _kept_secret(instance_dir) if sandbox else ""),
        database_url=database_url,
        base_url=read.text("BASE_URL", "").rstrip("/") or None,
        api_url=read.text("PORTONE_API_URL", EMBEDDED_API if sandbox else PORTONE_API).rstrip("/"),
        sdk_url=read.text("PORTONE_SDK_URL", EMBEDDED_SDK if sandbox else PORTONE_SDK),
        imp_code=read.text("PORTONE_IMP_CODE", "imp00000000" if sandbox else ""),
        imp_key=read.text("PORTONE_IMP_KEY", "sandbox_key" if sandbox else ""),
        imp_secret=read.text("PORTONE_IMP_SECRET", "sandbox_secret" if sandbox else ""),
        pg=read.text("PORTONE_PG", "jtnet"),
        certified=read.channel("CERTIFIED", "tpaytest0m" if sandbox else ""),
        billing=read.channel("BILLING", "tpaytest2m" if sandbox else ""),
        key_in_channel=read.channel("KEY_IN", "tpaytest1m" if sandbox else ""),
        second_pg=read.text("PORTONE_SECOND_PG", "nice_v2" if sandbox else ""),
        second_billing=read.channel("SECOND_BILLING", "sandboxv2m" if sandbox else ""),
        reschedule_pgs=read.words("PORTONE_RESCHEDULE_PGS") or (("nice_v2",) if sandbox else ()),
        key_in=read.switch("KEY_IN", default=False),
        worker=read.one_of(
            "WORKER", ("inline", "process"), "inline" if database_url.startswith("sqlite") else "process"
        ),
        webhook_allow=read.networks("WEBHOOK_ALLOW"),
        webhook_path=read.text("WEBHOOK_PATH", ""),
        window_issuers=read.words("PORTONE_ISSUERS"),
        assets=read.one_of("ASSETS", ("cdn", "local"), "cdn"),
        webfont=read.switch("UI_WEBFONT", default=True),
        merchant_name=shop,
        root=root,
        instance_dir=instance_dir,
        charge_hours=read.hours("CHARGE_HOURS", "09:00-20:00"),
        calls_at_once=read.number("CALLS_AT_ONCE", 16),
        outgoing=read_outgoing(read, shop, is_sandbox=sandbox),
        trusted_proxies=read.number("TRUSTED_PROXIES", 0),
        machines=read.number("MACHINES", 1),
        calls_a_second=read.number("PORTONE_CALLS_A_SECOND", 0 if sandbox else 20),
    )
    _refuse_unsafe(settings)
    return settings


class _Reader:
    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env

    def text(self, name: str, default: str) -> str:
        return self._env.get(name, "").strip() or default

    def one_of(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        word = self.text(name, default)
        if word not in allowed:
            raise UnsafeSettings(f"{name}={word!r} is unknown; use one of: {', '.join(allowed)}.")
        return word

    def switch(self, name: str, *, default: bool) -> bool:
        return self.one_of(name, ("on", "off"), "on" if default else "off") == "on"

    def number(self, name: str, default: int) -> int:
        word = self.text(name, str(default))
        if not word.isdecimal():
            raise UnsafeSettings(f"{name}={word!r} must be a whole number.")
        return int(word)

    def channel(self, name: str, default: str) -> Channel:
        return Channel(self.text(f"PORTONE_MID_{name}", default), self.text(f"PORTONE_CHANNEL_KEY_{name}", "") or None)

    def words(self, name: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.text(name, "").split(",") if part.strip())

    def hours(self, name: str, default: str) -> tuple[time, time]:
        """Two times of one day, `09:00-20:00`."""
        try:
            start, end = (time.fromisoformat(part.strip()) for part in self.text(name, default).split("-"))
        except ValueError as wrong:
            raise UnsafeSettings(f"{name} must read like {default}.") from wrong
        if start >= end or start.tzinfo or end.tzinfo:
            raise UnsafeSettings(f"{name} must begin before it ends, like {default}.")
        return start, end

    def networks(self, name: str) -> tuple[IPv4Network | IPv6Network, ...]:
        try:
            return tuple(ip_network(part.strip()) for part in self.text(name, "").split(",") if part.strip())
        except ValueError as wrong:
            raise UnsafeSettings(f"{name} must list CIDR networks: {wrong}.") from wrong


def _database_url(url: str, root: Path) -> str:
    """A relative SQLite path is meant from the project's folder; the psycopg driver is named for PostgreSQL."""
    if url.startswith(("postgres://", "postgresql://")):
        return "postgresql+psycopg://" + url.split("://", 1)[1]
    scheme, slashes, path = url.partition(":///")
    if scheme == "sqlite" and slashes and path and path != ":memory:" and not path.startswith("/"):
        return f"sqlite:///{root / path}"
    return url


def _kept_secret(instance_dir: Path) -> str:
    """A secret made once and kept beside the database: for sandbox mode only."""
    path = instance_dir / "secret_key"
    if not path.exists():
        instance_dir.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text().strip()


def _refuse_unsafe(settings: Settings) -> None:
    for is_unsafe, line in _dangers(settings):
        if is_unsafe:
            raise UnsafeSettings(line)


def _dangers(s: Settings) -> list[tuple[bool, str]]:
    mode = s.mode.value
    needed = {
        "SECRET_KEY": s.secret_key, "PORTONE_IMP_CODE": s.imp_code, "PORTONE_IMP_KEY": s.imp_key,
        "PORTONE_IMP_SECRET": s.imp_secret, "PORTONE_MID_CERTIFIED": s.certified.mid,
        "PORTONE_MID_BILLING": s.billing.mid, "PORTONE_MID_KEY_IN": s.key_in_channel.mid,
        "BASE_URL": s.base_url, "MERCHANT_NAME": s.merchant_name,
    }  # fmt: skip
    optional = {"BASE_URL"} if s.mode is Mode.SANDBOX else set()
    missing = [name for name, value in needed.items() if not value and name not in optional]
    api = urlsplit(s.api_url)
    real = api.hostname == urlsplit(PORTONE_API).hostname
    return [
        (bool(missing), f"{', '.join(missing)} must be set in {mode} mode."),
        (len(s.secret_key) < 32 or s.secret_key.lower() in _WEAK_SECRETS, "SECRET_KEY must be 32 signs or more."),
        (s.mode is Mode.SANDBOX and not (s.has_embedded_sandbox or is_local(api.hostname)),
         "PORTONE_API_URL must be this machine's own address in sandbox mode, which never calls a real host."),
        (s.mode is not Mode.SANDBOX and s.has_embedded_sandbox, "PORTONE_API_URL must not be the sandbox's."),
        (s.mode is Mode.LIVE and not real, f"PORTONE_API_URL must be {PORTONE_API} in live mode."),
        (s.mode is Mode.LIVE and s.sdk_url != PORTONE_SDK, f"PORTONE_SDK_URL must be {PORTONE_SDK} in live mode."),
        (s.mode is Mode.LIVE and not s.secure_cookies, "BASE_URL must begin with https:// in live mode."),
        (bool(s.second_pg) != bool(s.second_billing.mid),
         "PORTONE_SECOND_PG and PORTONE_MID_SECOND_BILLING must be set together."),
        (s.uses_sqlite and s.machines > 1, "DATABASE_URL must be PostgreSQL when MACHINES is above 1."),
        (not 1 <= s.calls_at_once <= 64, "CALLS_AT_ONCE must lie between 1 and 64."),
        (s.uses_sqlite and ":memory:" in s.database_url, "DATABASE_URL must name a file."),
        *dangers(s.outgoing, is_sandbox=s.mode is Mode.SANDBOX),
    ]  # fmt: skip
