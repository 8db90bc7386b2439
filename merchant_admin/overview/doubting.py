"""What stands behind each uncertain line: every look with its answer, and who waits for a second person."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from merchant_admin.doubts.queries import ClosingRow, LookRow, looks_at, open_closings
from merchant_admin.overview.queries import Needs

LOOKS_SHOWN = 8


@dataclass(frozen=True)
class Doubts:
    """By the id of the charge or refund."""

    looks: dict[str, list[LookRow]]
    closings: dict[str, ClosingRow]


def doubts(session: Session, needs: Needs) -> Doubts:
    """The newest looks at everything uncertain on the page: one short index walk each, of at most a page's lines."""
    ids = [row.charge_id for row in needs.charges] + [row.refund_id for row in needs.refunds]
    return Doubts(
        {each: looks_at(session, each, limit=LOOKS_SHOWN) for each in ids},
        {closing.subject_id: closing for closing in open_closings(session)},
    )
