"""What still needs a card: told by the features above, which this one can't see.

A feature that can be hurt by a deletion names a finder once (`needs_cards`); deleting asks all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session


class Need(StrEnum):
    OPEN_CHARGE = "open_charge"  # sent or about to be, outcome not known
    SCHEDULE = "schedule"
    SUBSCRIPTION = "subscription"


@dataclass(frozen=True)
class Dependant:
    """One thing that needs the card. `record_id` is its own id, `blocks` says that deletion must wait for it."""

    need: Need
    record_id: str
    name: str
    amount_krw: int
    at: datetime
    blocks: bool = True


Finder = Callable[[Session, str], list[Dependant]]
_finders: dict[str, Finder] = {}


def needs_cards(finder: Finder) -> Finder:
    """Ask `finder(session, billing_key_id)` before any card is deleted. Naming it twice is once."""
    _finders[f"{finder.__module__}.{finder.__qualname__}"] = finder
    return finder


def of_key(session: Session, key_id: str) -> list[Dependant]:
    """Everything that needs this card, the newest first."""
    found = [dependant for finder in _finders.values() for dependant in finder(session, key_id)]
    return sorted(found, key=lambda dependant: dependant.at, reverse=True)
