"""Settings of what is told to customers: by mail server, by a sender of text messages, at which hours, how long ahead.

Everything is off until it is set. What would send in the clear, or to a stranger, keeps the process from starting.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from merchant_admin.core.times import SEOUL

ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+"
)
CONSENT_DAYS = 30
RENEWAL_NOTICE_DAYS = 3
SECRET_LEAST = 32


class Channel(StrEnum):
    """How a notice reaches a customer."""

    EMAIL = "email"
    TEXT = "text"


class Security(StrEnum):
    STARTTLS = "starttls"  # plain at first, then TLS before anything is said: port 587
    TLS = "tls"  # from the first byte: port 465
    NONE = "none"  # for a server on this machine only


class TextWay(StrEnum):
    OFF = "off"
    CSV = "csv"  # staff fetch a file and send by hand
    WEBHOOK = "webhook"  # a signed POST to TEXT_URL


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed in, and from whom it is."""

    host: str
    port: int
    security: Security
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str | None = None  # who vouches for the server, where the system's list does not


@dataclass(frozen=True)
class Outgoing:
    """What may go out. `consent_days`: a customer's word for a higher price, or for the end of a free trial, counts
    when it was given at most this many days before the first charge of it; 0 = no such tasks are made.

    The default is the 30 days of the Enforcement Decree of the Act on the Consumer Protection in Electronic Commerce,
    article 20-2 (to article 13(6) of the act; in force since 14 February 2025; the Fair Trade Commission's press
    release of 10 February 2025 and its questions and answers of 13 February 2025: consent is explicit, and is asked
    again within that time even where the first contract spoke of it). Whether it binds a merchant is for the
    merchant's lawyer to say.
    """

    shop: str = ""  # the name customers know the merchant by
    address: str = ""  # where links in notices lead, without a slash at its end
    mail: MailServer | None = None
    text: TextWay = TextWay.OFF
    text_url: str = ""
    text_secret: str = field(default="", repr=False)
    hours: tuple[time, time] = (time(8), time(21))  # of Seoul; outside them customers are left in peace
    renewal_days: int = RENEWAL_NOTICE_DAYS
    consent_days: int = CONSENT_DAYS

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The ways that are on."""
        on = {Channel.EMAIL: self.mail is not None, Channel.TEXT: self.text is not TextWay.OFF}
        return tuple(channel for channel in Channel if on[channel])

    def may_disturb(self, now: datetime) -> bool:
        """Whether it is an hour at which customers are told things."""
        return self.hours[0] <= now.astimezone(SEOUL).time() < self.hours[1]


class Reader(Protocol):
    """What this needs of the reader of settings."""

    def text(self, name: str, default: str) -> str: ...
    def one_of(self, name: str, allowed: tuple[str, ...], default: str) -> str: ...
    def number(self, name: str, default: int) -> int: ...
    def hours(self, name: str, default: str) -> tuple[time, time]: ...


def read_outgoing(read: Reader, shop: str, *, is_sandbox: bool) -> Outgoing:
    """From the environment. In sandbox mode a file for text messages can be fetched, and nothing leaves by itself.

    A worker has no request to take our own address from: where BASE_URL may be left out it is this machine's.
    """
    here = f"http://{read.text('HOST', '127.0.0.1')}:{read.text('PORT', '8000')}"
    return Outgoing(
        shop=shop,
        address=read.text("BASE_URL", here).rstrip("/"),
        mail=_mail_server(read),
        text=TextWay(read.one_of("TEXT_NOTICES", tuple(TextWay), TextWay.CSV if is_sandbox else TextWay.OFF)),
        text_url=read.text("TEXT_URL", ""),
        text_secret=read.text("TEXT_SECRET", ""),
        hours=read.hours("NOTICE_HOURS", "08:00-21:00"),
        renewal_days=read.number("RENEWAL_NOTICE_DAYS", RENEWAL_NOTICE_DAYS),
        consent_days=read.number("CONSENT_DAYS", CONSENT_DAYS),
    )


def _mail_server(read: Reader) -> MailServer | None:
    host = read.text("SMTP_HOST", "")
    if not host:
        return None
    security = Security(read.one_of("SMTP_SECURITY", tuple(Security), Security.STARTTLS))
    usual = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}[security]
    return MailServer(
        host, read.number("SMTP_PORT", usual), security, read.text("SMTP_FROM", ""), read.text("SMTP_USER", ""),
        read.text("SMTP_PASSWORD", ""), read.text("SMTP_CA_FILE", "") or None,
    )  # fmt: skip


def dangers(out: Outgoing, *, is_sandbox: bool) -> Iterator[tuple[bool, str]]:
    """What would be unsafe, or could not work, with the line that says so."""
    if out.mail is not None:
        yield from _mail_dangers(out.mail, is_sandbox=is_sandbox)
    if out.text is TextWay.WEBHOOK:
        url = urlsplit(out.text_url)
        here = is_local(url.hostname)
        yield (
            (url.scheme != "https" and not (here and url.scheme == "http")) or not url.hostname,
            "TEXT_URL must begin with https:// (http:// for this machine's own address).",
        )
        yield bool(url.username or url.fragment), "TEXT_URL must hold no password and no #."
        yield len(out.text_secret) < SECRET_LEAST, f"TEXT_SECRET must be {SECRET_LEAST} signs or more."
        yield is_sandbox and not here, "TEXT_URL must be this machine's own address in sandbox mode."
    yield not 0 <= out.consent_days <= 365, "CONSENT_DAYS must be 0 to 365."
    yield not 0 <= out.renewal_days <= 60, "RENEWAL_NOTICE_DAYS must be 0 to 60."


def _mail_dangers(mail: MailServer, *, is_sandbox: bool) -> Iterator[tuple[bool, str]]:
    here = is_local(mail.host)
    yield not re.fullmatch(r"[A-Za-z0-9.:-]+", mail.host), "SMTP_HOST must be a host's name."
    yield not 1 <= mail.port <= 65_535, "SMTP_PORT must be 1 to 65535."
    yield not is_address(mail.sender), "SMTP_FROM must be a mail address such as shop@example.com."
    yield bool(mail.user) != bool(mail.password), "SMTP_USER and SMTP_PASSWORD must be set together."
    yield (
        mail.security is Security.NONE and not here,
        "SMTP_SECURITY=none is for a server on this machine; use starttls or tls.",
    )
    yield is_sandbox and not here, "SMTP_HOST must be this machine in sandbox mode, which writes to no real customer."
    yield bool(mail.ca_file) and not Path(mail.ca_file or "").is_file(), "SMTP_CA_FILE must name a file."


def is_address(text: str) -> bool:
    """Whether this is a plain mail address that needs no quoting anywhere: ASCII, no name, no comment, one line."""
    return len(text) <= 254 and ADDRESS.fullmatch(text) is not None


def is_local(host: str | None) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False
