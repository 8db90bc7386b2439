"""Writing the timeline, and proving that nobody rewrote it."""

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session

from merchant_admin.audit.models import ChainHead, Event
from merchant_admin.core.context import WorkContext
from merchant_admin.core.heaps import insert_rows

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
    open_lines = next((act for act in ctx.last_acts if isinstance(act, _Lines)), None)
    if open_lines is None:
        open_lines = _Lines(ctx.secret)
        ctx.before_commit(open_lines)
    open_lines.lines.append(line)


@dataclass
class _Lines:
    """The lines of one commit, put at the chain's end together as the last thing before it."""

    secret: bytes
    turn: int = 1  # the very last: every write waits for the chain's end, whatever else it locks
    lines: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, session: Session) -> None:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CHAIN_LOCK})
        seq, before, is_begun = _end(session, self.secret)
        rows = []
        for line in self.lines:
            seq += 1
            before = _mac(self.secret, before, seq, line)
            rows.append({"seq": seq, "mac": before, **line})
        insert_rows(session, Event, rows)
        head = {"seq": seq, "mac": before, "seal": _seal(self.secret, seq, before)}
        session.execute(update(ChainHead).values(head) if is_begun else insert(ChainHead).values(id=1, **head))


def _end(session: Session, secret: bytes) -> tuple[int, bytes, bool]:
    """Number and code of the line to go on from, and whether there is a head.

    Only a sealed end is continued. After a false one the chain starts anew, and the break stays to be seen.
    """
    last_seq = select(func.max(Event.seq)).scalar_subquery()
    head = session.execute(select(ChainHead.seq, ChainHead.mac, ChainHead.seal, last_seq.label("last_seq"))).first()
    if head is None:
        return session.scalar(select(last_seq)) or 0, _FIRST, False
    is_sealed = hmac.compare_digest(head.seal, _seal(secret, head.seq, head.mac))
    return max(head.seq, head.last_seq or 0), head.mac if is_sealed else _FIRST, True


def _mac(secret: bytes, before: bytes, seq: int, line: dict[str, Any]) -> bytes:
    said = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in line.items()}
    words = json.dumps([seq, said], ensure_ascii=False, sort_keys=True).encode()
    return hmac.digest(secret, before + words, hashlib.sha256)


def _seal(secret: bytes, seq: int, mac: bytes) -> bytes:
    return hmac.digest(secret, b"chain head\n%d\n" % seq + mac, hashlib.sha256)


@dataclass(frozen=True)
class ChainEnd:
    """The last line's number and code: to be kept outside the database and compared one day."""

    seq: int
    mac: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.mac}"

    @classmethod
    def read(cls, text: str) -> "ChainEnd":
        """The end as `audit verify` prints it. Raises ValueError."""
        seq, _colon, mac = text.strip().partition(":")
        return cls(int(seq), bytes.fromhex(mac).hex())


def chain_end(session: Session) -> ChainEnd | None:
    """The end of the chain as the last line says; None while nothing was recorded."""
    last = session.execute(select(Event.seq, Event.mac).order_by(Event.seq.desc()).limit(1)).first()
    return ChainEnd(last.seq, last.mac.hex()) if last else None


def first_broken_line(session: Session, secret: bytes, kept: ChainEnd | None = None) -> int | None:
    """The number of the first line that doesn't follow from the one before it; None if the chain holds.

    A cut-off tail shows against the sealed end, and against an end that was `kept` elsewhere.
    """
    before, expected, kept_is_there = _FIRST, 1, kept is None
    for event in _all_lines(session):
        line = {name: getattr(event, name) for name in _SAID}
        if event.seq != expected or not hmac.compare_digest(event.mac, _mac(secret, before, event.seq, line)):
            return expected
        if kept is not None and kept.seq == event.seq:
            kept_is_there = kept.mac == event.mac.hex()
        before, expected = event.mac, expected + 1
    if kept is not None and not kept_is_there:
        return min(kept.seq, expected)
    return None if _end_is_sealed(session, secret, expected - 1, before) else expected


def _end_is_sealed(session: Session, secret: bytes, seq: int, mac: bytes) -> bool:
    head = session.execute(select(ChainHead.seq, ChainHead.mac, ChainHead.seal)).first()
    if head is None:
        return seq == 0
    return head.seq == seq and head.mac == mac and hmac.compare_digest(head.seal, _seal(secret, seq, mac))


_SAID = (
    "at", "actor_kind", "actor_id", "actor_name", "actor_address", "act",
    "subject_kind", "subject_id", "customer_id", "facts", "reason",
)  # fmt: skip


def _all_lines(session: Session) -> Iterable[Event]:
    return session.scalars(select(Event).order_by(Event.seq).execution_options(yield_per=1000))
