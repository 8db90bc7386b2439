"""Cases as screens show them."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from merchant_admin.cases.models import Case
from merchant_admin.cases.states import CaseKind, CaseState
from merchant_admin.core.errors import NotFound
from merchant_admin.core.paging import Page, Place, keyset_page
from merchant_admin.customers.models import Customer
from merchant_admin.staff.models import Staff

MOST_COUNTED = 50


@dataclass(frozen=True)
class CaseRow:
    """One case. `facts` are what the rule found."""

    id: str
    kind: CaseKind
    subject: str
    state: CaseState
    payment_id: str | None
    charge_id: str | None
    registration_id: str | None
    day: str | None
    customer_id: str | None
    amount_krw: int | None
    facts: dict[str, Any]
    opened_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str
    owner_name: str | None
    customer_name: str | None

    @property
    def is_open(self) -> bool:
        return self.state is CaseState.OPEN


_SHOWN = (
    Case.id, Case.kind, Case.subject, Case.state, Case.payment_id, Case.charge_id, Case.registration_id, Case.day,
    Case.customer_id, Case.amount_krw, Case.detail, Case.opened_at, Case.resolved_at, Case.resolved_by,
    Case.resolution, Staff.name.label("owner_name"), Customer.name.label("customer_name"),
)  # fmt: skip


def _all() -> Any:
    query = select(*_SHOWN).outerjoin(Staff, Staff.id == Case.owner_id)
    return query.outerjoin(Customer, Customer.id == Case.customer_id)


def case_page(session: Session, state: CaseState, place: Place | None) -> Page[CaseRow]:
    """One page of open or of resolved cases, newest first."""
    return keyset_page(session, _all().where(Case.state == state), (Case.opened_at, Case.id), place, _row)


def case_view(session: Session, case_id: str) -> CaseRow:
    """One case. Raises NotFound."""
    found = session.execute(_all().where(Case.id == case_id)).first()
    if found is None:
        raise NotFound(_("확인할 일을 찾을 수 없습니다."))
    return _row(found)


def open_cases(session: Session, *kinds: CaseKind, limit: int = MOST_COUNTED) -> list[CaseRow]:
    """The open cases of these kinds, or of all, the oldest first."""
    query = _all().where(Case.state == CaseState.OPEN).order_by(Case.opened_at, Case.id).limit(limit)
    return [_row(row) for row in session.execute(query.where(Case.kind.in_(kinds)) if kinds else query)]


def open_count(session: Session, *, without: tuple[CaseKind, ...] = ()) -> int:
    """How many wait for a person, at most MOST_COUNTED: for the rail."""
    some = select(literal(1)).where(Case.state == CaseState.OPEN, Case.kind.not_in(without)).limit(MOST_COUNTED)
    return session.execute(select(func.count()).select_from(some.subquery())).scalar_one()


def _row(row: Any) -> CaseRow:
    values = list(row[: len(_SHOWN)])
    values[10] = json.loads(values[10])
    return CaseRow(*values)
