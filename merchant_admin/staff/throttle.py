"""How often a password or a link may be tried: counted in the database, so that it holds across processes and restarts.

A try is written before the password is looked at and taken back when it was right: fifty tries sent at once count as
fifty. Buckets are keyed hashes, so the table names nobody. A browser that has signed in to an account before has a
bucket of its own for it: a stranger can use up the account's bucket, and the person at their own desk still gets in.

Links for customers are the other way round: looked up first, and only misses count. A right one always opens, whoever
else guesses behind the same address of a telephone company: 160 bits are not guessed, at whatever pace.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from flask_babel import lazy_gettext as _
from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.orm import Session

from merchant_admin.core.context import WorkContext
from merchant_admin.core.errors import ConsoleError
from merchant_admin.core.ids import new_id
from merchant_admin.staff.models import SignInTry

WINDOW = timedelta(minutes=5)
PER_ACCOUNT, PER_ADDRESS, IN_ALL = 10, 10, 1_000
MISSED_LINKS_PER_ADDRESS = 20


class TooManyTries(ConsoleError):
    """Nothing was looked at; the same is true for accounts that do not exist."""

    status = 429
    retry_after_seconds: int

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(_("로그인을 너무 여러 번 시도했습니다. 잠시 뒤에 다시 시도하세요."))
        self.retry_after_seconds = retry_after_seconds


class TooManyMisses(ConsoleError):
    """Links that do not exist were opened too often from this address."""

    status = 429

    def __init__(self, retry_after_seconds: int) -> None:
        words = _(
            "없는 링크를 너무 여러 번 열었습니다. 받은 링크를 그대로 눌러 여세요. "
            "주소를 직접 적으려면 %(minutes)s분 뒤에 다시 해 주세요.",
            minutes=-(-retry_after_seconds // 60),
        )
        super().__init__(words)
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True)
class Try:
    """One counted try: the rows to take back when it succeeds, and whether it used up a bucket."""

    rows: tuple[str, ...]
    is_last: bool


def count_try(ctx: WorkContext, email: str, address: str | None, known_browser: str | None) -> Try:
    """Count one try, in a commit of its own. Raises TooManyTries when a bucket is already full."""
    now = ctx.now()
    account = f"browser\n{email}\n{known_browser}" if known_browser else f"account\n{email}"
    limits = {
        _bucket(ctx.secret, account): PER_ACCOUNT,
        _bucket(ctx.secret, f"address\n{_network(address)}"): PER_ADDRESS,
        _bucket(ctx.secret, "all"): IN_ALL,
    }
    rows = {bucket: new_id("try") for bucket in sorted(limits)}
    with ctx.atomic() as session:
        _one_at_a_time(session, rows)
        session.execute(delete(SignInTry).where(SignInTry.at <= now - WINDOW))
        counts = _counts(session, limits, now)
        if seconds := _until_room(session, limits, counts, now):
            raise TooManyTries(seconds)
        session.execute(insert(SignInTry), [{"id": row, "bucket": bucket, "at": now} for bucket, row in rows.items()])
    return Try(tuple(rows.values()), any(counts.get(bucket, 0) + 1 >= most for bucket, most in limits.items()))


def count_miss(ctx: WorkContext, address: str | None) -> None:
    """A link that nobody made was opened from this address. Raises TooManyMisses once that was too often.

    A full bucket is not written to, so that a flood costs reads alone.
    """
    now = ctx.now()
    limits = {
        _bucket(ctx.secret, f"missed link\n{_network(address)}"): MISSED_LINKS_PER_ADDRESS,
        _bucket(ctx.secret, "missed links"): IN_ALL,
    }
    _refuse_full(ctx.reader, limits, now)
    ctx.end_reading()
    with ctx.atomic() as session:
        _one_at_a_time(session, limits)
        session.execute(delete(SignInTry).where(SignInTry.at <= now - WINDOW))
        _refuse_full(session, limits, now)
        session.execute(insert(SignInTry), [{"id": new_id("try"), "bucket": each, "at": now} for each in limits])


def _refuse_full(session: Session, limits: Mapping[str, int], now: datetime) -> None:
    if seconds := _until_room(session, limits, _counts(session, limits, now), now):
        raise TooManyMisses(seconds)


def _counts(session: Session, limits: Mapping[str, int], now: datetime) -> dict[str, int]:
    counted = select(SignInTry.bucket, func.count()).where(SignInTry.bucket.in_(limits), SignInTry.at > now - WINDOW)
    return dict(session.execute(counted.group_by(SignInTry.bucket)).all())


def _until_room(session: Session, limits: Mapping[str, int], counts: Mapping[str, int], now: datetime) -> int:
    """Seconds until every bucket has room again; 0 if all have."""
    full = [bucket for bucket, most in limits.items() if counts.get(bucket, 0) >= most]
    return max((_seconds_left(session, bucket, limits[bucket], now) for bucket in full), default=0)


def take_back(session: Session, counted: Try) -> None:
    """The password was right: the try counts against nobody."""
    session.execute(delete(SignInTry).where(SignInTry.id.in_(counted.rows)))


def _seconds_left(session: Session, bucket: str, most: int, now: datetime) -> int:
    """Until the try that has to age out before the bucket has room again does so."""
    newest_first = select(SignInTry.at).where(SignInTry.bucket == bucket).order_by(SignInTry.at.desc())
    at = session.scalars(newest_first.offset(most - 1).limit(1)).one()
    return max(1, int((at + WINDOW - now).total_seconds()) + 1)


def _bucket(secret: bytes, words: str) -> str:
    return hmac.new(secret, f"sign-in\n{words}".encode(), hashlib.sha256).hexdigest()


def _network(address: str | None) -> str:
    """The address, or for IPv6 its /64: one machine holds all addresses of that."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return "unknown"
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else str(found)


def _one_at_a_time(session: Session, buckets: Iterable[str]) -> None:
    """Counting and writing is one step. SQLite's write lock sees to it; PostgreSQL locks the buckets, in one order."""
    if session.get_bind().dialect.name == "postgresql":
        for bucket in sorted(buckets):
            lock = int.from_bytes(bytes.fromhex(bucket[:16]), "big", signed=True)
            session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})
