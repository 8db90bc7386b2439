"""Trouble on order: which call fails, when, how often and how."""

import json
import random
import sqlite3
from dataclasses import asdict, dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from portone_sandbox.store import Store


class FaultKind(StrEnum):
    """What goes wrong. `before` means that the work is not done, `after` that it is."""

    CLOSE_BEFORE = "close_before"
    CLOSE_AFTER = "close_after"
    DELAY_BEFORE = "delay_before"
    DELAY_AFTER = "delay_after"
    STATUS_BEFORE = "status_before"
    STATUS_AFTER = "status_after"
    HTML_BEFORE = "html_before"
    HTML_AFTER = "html_after"
    HALF_JSON = "half_json"  # after the work
    LATE = "late"  # the connection closes first, the work is done `seconds` afterwards


@dataclass(frozen=True)
class Fault:
    """One plan: from the `nth` matching call on, `times` calls."""

    kind: FaultKind
    path: str = "*"  # shell pattern on the path, such as /subscribe/payments/again or /payments/*
    method: str = "*"
    nth: int = 1
    times: int = 1
    seconds: float = 1.0  # of delays and late work
    status: int = 503  # of status_* and html_*
    chance: float = 1.0  # of each matching call from the nth on; dice from `seed`, so that a run can be repeated
    seed: int = 0

    def __post_init__(self) -> None:
        if self.nth < 1 or self.times < 1 or not 0 <= self.seconds <= 600 or not 400 <= self.status <= 599:
            raise ValueError("nth and times start at 1, seconds lie in 0..600, status in 400..599")
        if not 0 < self.chance <= 1:
            raise ValueError("chance lies above 0, up to 1")

    def matches(self, method: str, path: str) -> bool:
        return self.method in {"*", method} and fnmatchcase(path, self.path)

    def falls_on(self, call: int) -> bool:
        """Whether the dice fall on the matching call of this number, the same in every run."""
        return self.chance == 1 or random.Random(f"{self.seed}:{call}").random() < self.chance  # noqa: S311 - no secret


@dataclass(frozen=True)
class PlannedFault:
    id: int
    fault: Fault
    seen: int
    fired: int


class Faults:
    """The plans of one sandbox."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def plan(self, kind: FaultKind | str, path: str = "*", **details: Any) -> int:
        """Order a fault by the fields of `Fault`. Returns its id; raises ValueError or TypeError for nonsense."""
        fault = Fault(FaultKind(kind), path, **details)
        with self._store.write() as db:
            made = db.execute(
                "INSERT INTO faults (body) VALUES (?) RETURNING id", (json.dumps(asdict(fault)),)
            ).fetchone()
        return int(made["id"])

    def plan_from_text(self, text: str) -> int:
        """Order a fault written `kind=late,path=/payments/*,seconds=3`. Raises ValueError for nonsense."""
        words = dict(part.partition("=")[::2] for part in text.split(","))
        kinds: dict[str, type] = {
            "path": str, "method": str, "nth": int, "times": int, "seconds": float, "status": int,
            "chance": float, "seed": int,
        }  # fmt: skip
        kind = words.pop("kind", "")
        if not kinds.keys() >= words.keys():
            raise ValueError(f"a fault has {', '.join(['kind', *kinds])}")
        details: dict[str, Any] = {name: kinds[name](word) for name, word in words.items()}
        return self.plan(kind, **details)

    def planned(self) -> list[PlannedFault]:
        with self._store.read() as db:
            return [_planned(row) for row in db.execute("SELECT * FROM faults ORDER BY id")]

    def clear(self, fault_id: int | None = None) -> None:
        with self._store.write() as db:
            db.execute("DELETE FROM faults WHERE ? IS NULL OR id = ?", (fault_id, fault_id))

    def strike(self, method: str, path: str) -> Fault | None:
        """Count this call and say which fault hits it, if any."""
        if not any(one.fault.matches(method, path) for one in self.planned()):
            return None
        hit: Fault | None = None
        with self._store.write() as db:
            for row in db.execute("SELECT * FROM faults ORDER BY id").fetchall():
                one = _planned(row)
                if not one.fault.matches(method, path):
                    continue
                call, fault = one.seen + 1, one.fault
                fires = hit is None and call >= fault.nth and one.fired < fault.times and fault.falls_on(call)
                hit = one.fault if fires else hit
                db.execute("UPDATE faults SET seen = seen + 1, fired = fired + ? WHERE id = ?", (int(fires), one.id))
        return hit


def _planned(row: sqlite3.Row) -> PlannedFault:
    body = json.loads(row["body"])
    return PlannedFault(row["id"], Fault(**{**body, "kind": FaultKind(body["kind"])}), row["seen"], row["fired"])
