"""Writing the timeline, and proving that nobody rewrote it."""

import hashlib
import hmac
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from merchant_admin.audit.models import Event
from merchant_admin.core.context import WorkContext

_FIRST = b"\x00" * 32
_CHAIN_LOCK = 7_041_961  # PostgreSQL advisory lock: one writer at the chain's end


def record(
    ctx: WorkContext,
    act: str,
    subject: tuple[str, str],
    *,
    customer_id: str | None = None,
    reason: str | None = None,
    **facts: Any,
) -> None:
    """Add a line to the timeline, in the commit of the open `ctx.atomic()`.

    `act` reads `charge.paid`; `subject` is (kind, id); `facts` are JSON values such as before=, after=, amount_krw=.
    """
    actor = ctx.actor
    line = {
        "at": ctx.now(), "actor_kind": actor.kind.value, "actor_id": actor.id, "actor_name": actor.name,
        "actor_address": actor.address, "act": act, "subject_kind": subject[0], "subject_id": subject[1],
        "customer_id": customer_id, "facts": json.dumps(facts, ensure_ascii=False, sort_keys=True),
        "reason": reason[:300] if reason else None,
    }  # fmt: skip
    ctx.before_commit(lambda session: _append(session, line, ctx.secret))


def _append(session: Session, line: dict[str, Any], secret: bytes) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CHAIN_LOCK})
    last = session.execute(select(Event.seq, Event.mac).order_by(Event.seq.desc()).limit(1)).first()
    seq, before = (last.seq + 1, last.mac) if last else (1, _FIRST)
    session.add(Event(seq=seq, mac=_mac(secret, before, seq, line), **line))
    session.flush()


def _mac(secret: bytes, before: bytes, seq: int, line: dict[str, Any]) -> bytes:
    said = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in line.items()}
    words = json.dumps([seq, said], ensure_ascii=False, sort_keys=True).encode()
    return hmac.digest(secret, before + words, hashlib.sha256)


def first_broken_line(session: Session, secret: bytes) -> int | None:
    """The number of the first line that doesn't follow from the one before it; None if the chain holds."""
    before, expected = _FIRST, 1
    for event in _all_lines(session):
        line = {name: getattr(event, name) for name in _SAID}
        if event.seq != expected or not hmac.compare_digest(event.mac, _mac(secret, before, event.seq, line)):
            return expected
        before, expected = event.mac, expected + 1
    return None


_SAID = (
    "at", "actor_kind", "actor_id", "actor_name", "actor_address", "act",
    "subject_kind", "subject_id", "customer_id", "facts", "reason",
)  # fmt: skip


def _all_lines(session: Session) -> Iterable[Event]:
    return session.scalars(select(Event).order_by(Event.seq).execution_options(yield_per=1000))
