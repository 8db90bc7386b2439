"""Opening, taking and ending cases. A rule opens and may settle; a person takes one and says how it ended."""

import json
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.cases.models import Case
from merchant_admin.cases.states import CaseKind, CaseState, Ending
from merchant_admin.core.context import ActorKind, WorkContext
from merchant_admin.core.errors import Conflict, NotFound, RuleBroken
from merchant_admin.core.ids import new_id

RESOLUTION_MOST = 500


@dataclass(frozen=True)
class Finding:
    """What a rule found. `facts` are JSON values: found again with the same facts, it is the same problem."""

    kind: CaseKind
    subject: str
    payment_id: str | None = None
    charge_id: str | None = None
    registration_id: str | None = None
    day: str | None = None
    customer_id: str | None = None
    amount_krw: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def open_case(ctx: WorkContext, session: Session, finding: Finding) -> str:
    """Open the case of a finding in the open write, once for each (kind, subject); returns its id.

    A resolved one stays resolved while the facts are the same, and is opened again when they are others.
    """
    detail = json.dumps(finding.facts, ensure_ascii=False, sort_keys=True)
    row = {
        "id": new_id("cas"), "kind": finding.kind, "subject": finding.subject, "state": CaseState.OPEN,
        "payment_id": finding.payment_id, "charge_id": finding.charge_id, "registration_id": finding.registration_id,
        "day": finding.day, "customer_id": finding.customer_id, "amount_krw": finding.amount_krw, "detail": detail,
        "opened_at": ctx.now(), "resolution": "",
    }  # fmt: skip
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    fresh = dialect.insert(Case).values(row).on_conflict_do_nothing(index_elements=["kind", "subject"])
    made: str | None = session.execute(fresh.returning(Case.id)).scalar()
    if made is not None:
        _tell(ctx, "case.opened", made, finding.kind, finding.customer_id)
        return made
    case: Case = session.scalars(_case_of(finding.kind, finding.subject)).one()
    if case.detail != detail:
        case.detail, case.amount_krw = detail, finding.amount_krw
        case.payment_id = case.payment_id or finding.payment_id
        if case.state is CaseState.RESOLVED:
            case.state, case.opened_at, case.resolved_at, case.resolved_by = CaseState.OPEN, ctx.now(), None, None
            case.resolution = ""
            _tell(ctx, "case.opened_again", case.id, case.kind, case.customer_id)
    return case.id


def settle_case(ctx: WorkContext, session: Session, kind: CaseKind, subject: str, how: Ending) -> bool:
    """End a case in the open write because the rule finds nothing wrong any more. False if none was open."""
    case = session.scalars(_case_of(kind, subject)).first()
    if case is None or case.state is CaseState.RESOLVED:
        return False
    _end(ctx, case, how.value)
    _tell(ctx, "case.settled", case.id, case.kind, case.customer_id)
    return True


def take_case(ctx: WorkContext, case_id: str) -> Case:
    """Make the acting staff member the one who looks after it. Raises NotFound, RuleBroken when it is over."""
    with ctx.atomic() as session:
        case = _open(session, case_id)
        case.owner_id = ctx.actor.id if ctx.actor.kind is ActorKind.STAFF else None
        _tell(ctx, "case.taken", case.id, case.kind, case.customer_id)
    return case


def resolve_case(ctx: WorkContext, case_id: str, resolution: str) -> Case:
    """End a case by a person's word; moves no money. Raises NotFound, RuleBroken without a word, Conflict when over."""
    if not resolution.strip():
        raise RuleBroken(_("어떻게 끝났는지 적으십시오. 아무것도 바뀌지 않았습니다."))
    with ctx.atomic() as session:
        case = _open(session, case_id)
        _resolve(ctx, case, resolution.strip()[:RESOLUTION_MOST])
    return case


def _resolve(ctx: WorkContext, case: Case, resolution: str) -> None:
    _end(ctx, case, resolution)
    _tell(ctx, "case.resolved", case.id, case.kind, case.customer_id, reason=resolution)


def _end(ctx: WorkContext, case: Case, resolution: str) -> None:
    case.state, case.resolved_at, case.resolved_by = CaseState.RESOLVED, ctx.now(), ctx.actor.name
    case.resolution = resolution


def _case_of(kind: CaseKind, subject: str) -> Any:
    found = select(Case).where(Case.kind == kind, Case.subject == subject).with_for_update()
    return found.execution_options(populate_existing=True)


def _open(session: Session, case_id: str) -> Case:
    case = session.get(Case, case_id, with_for_update=True, populate_existing=True)
    if case is None:
        raise NotFound(_("확인할 일을 찾을 수 없습니다."))
    if case.state is CaseState.RESOLVED:
        raise Conflict(_("다른 사람이 이미 끝낸 일입니다. 아무것도 바뀌지 않았습니다."))
    return case


def _tell(
    ctx: WorkContext, act: str, case_id: str, kind: CaseKind, customer_id: str | None, reason: str | None = None
) -> None:
    record(ctx, act, ("case", case_id), customer_id=customer_id, reason=reason, kind=kind.value)
