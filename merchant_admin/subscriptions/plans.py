"""What staff can do with plans. A plan's change holds for new subscriptions; those that exist keep their price."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.core.context import WorkContext
from merchant_admin.core.errors import Conflict, NotFound, RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.core.money import MAX_AMOUNT_KRW
from merchant_admin.subscriptions.calendar import MOST_OF
from merchant_admin.subscriptions.models import Plan, Subscription
from merchant_admin.subscriptions.states import LIVE, AfterLast, CatchUp, Unit

MOST_RETRIES = 8
MOST_TRIAL_DAYS = 365


@dataclass(frozen=True)
class PlanDetails:
    """A filled plan. `gaps`: days to wait before each automatic retry, e.g. (1, 3, 5); () = no retry.

    `sends_card_link`: the notice that another card is needed carries a link on which the customer registers one.
    """

    name: str
    amount_krw: int
    tax_free_krw: int = 0
    unit: Unit = Unit.MONTH
    every: int = 1
    trial_days: int = 0
    gaps: tuple[int, ...] = (1, 3, 5)
    after_last: AfterLast = AfterLast.END
    catch_up: CatchUp = CatchUp.CHARGE
    sends_card_link: bool = True


def create_plan(ctx: WorkContext, details: PlanDetails) -> Plan:
    """Offer a new plan. Raises RuleBroken for a price, cycle or retry rule that can't be."""
    refuse_impossible(details)
    plan = Plan(id=new_id("pln"), version=1, created_at=ctx.now())
    _fill(plan, details)
    with ctx.atomic() as session:
        session.add(plan)
        record(ctx, "plan.created", ("plan", plan.id), name=plan.name, amount_krw=plan.amount_krw)
    return plan


def update_plan(ctx: WorkContext, plan_id: str, details: PlanDetails, version: int) -> Plan:
    """Change a plan: its price and cycle for new subscriptions, its rules about refusals for all of its own.

    Raises NotFound, Conflict (somebody changed it first), RuleBroken.
    """
    refuse_impossible(details)
    with ctx.atomic() as session:
        plan = _locked(session, plan_id)
        if plan.version != version:
            raise Conflict(
                _(
                    "다른 직원이 먼저 이 요금제를 바꾸었습니다. 아무것도 바꾸지 않았습니다. "
                    "지금 내용을 보고 다시 하십시오."
                ),
                plan=plan.id,
            )
        before = plan.amount_krw
        _fill(plan, details)
        plan.version += 1
        facts: dict[str, Any] = {"before_krw": before, "amount_krw": plan.amount_krw, "name": plan.name}
        record(ctx, "plan.changed", ("plan", plan.id), **facts)
    return plan


def archive_plan(ctx: WorkContext, plan_id: str) -> Plan:
    """Offer it no more. Its subscriptions go on. Raises NotFound."""
    with ctx.atomic() as session:
        plan = _locked(session, plan_id)
        if plan.archived_at is None:
            plan.archived_at = ctx.now()
            plan.version += 1
            record(ctx, "plan.archived", ("plan", plan.id), name=plan.name)
    return plan


def offered(session: Session, plan_id: str) -> Plan:
    """A plan that new subscriptions may have. Raises NotFound, RuleBroken when it is archived."""
    return _offered(session.get(Plan, plan_id))


def held_offer(session: Session, plan_id: str, version: int | None) -> Plan:
    """The same inside an open write: until its commit nobody archives the plan or gives it another price.

    Raises Conflict too, when the plan is no longer at `version` (None: whatever it is): then the sums that were
    confirmed are not the ones that would be charged.
    """
    plan = _offered(session.get(Plan, plan_id, with_for_update={"read": True}, populate_existing=True))
    if version is not None and plan.version != version:
        raise Conflict(
            _("그사이 이 요금제가 바뀌었습니다. 아무것도 결제하지 않았습니다. 지금 금액을 보고 다시 확인하십시오."),
            plan=plan.id,
        ).at("plan_id")
    return plan


def _offered(plan: Plan | None) -> Plan:
    if plan is None:
        raise NotFound(_("요금제를 찾을 수 없습니다.")).at("plan_id")
    if plan.archived_at is not None:
        raise RuleBroken(_("보관한 요금제로는 새로 시작할 수 없습니다. 다른 요금제를 골라 주세요."), plan=plan.id).at(
            "plan_id"
        )
    return plan


def is_in_use(session: Session, plan_id: str) -> bool:
    """Whether a subscription that is not ended has this plan."""
    used = select(Subscription.id).where(Subscription.plan_id == plan_id, Subscription.state.in_(LIVE))
    return session.scalars(used.limit(1)).first() is not None


def refuse_impossible(details: PlanDetails) -> None:
    """Raises RuleBroken, with the field's name, for the first thing that can't be."""
    most = MOST_OF[details.unit]
    problems = (
        ("name", not 1 <= len(details.name) <= 40, _("요금제 이름은 1자에서 40자까지입니다.")),
        ("amount_krw", not 1 <= details.amount_krw <= MAX_AMOUNT_KRW,
         _("결제 금액은 1원부터 100,000,000원까지입니다.")),
        ("tax_free_krw", not 0 <= details.tax_free_krw <= details.amount_krw,
         _("면세 금액은 결제 금액보다 클 수 없습니다.")),
        ("every", not 1 <= details.every <= most,
         _("이 단위로는 1부터 %(most)s까지 적을 수 있습니다.", most=most)),
        ("trial_days", not 0 <= details.trial_days <= MOST_TRIAL_DAYS, _("체험 기간은 365일까지입니다.")),
        ("gaps", len(details.gaps) > MOST_RETRIES or not all(1 <= gap <= 30 for gap in details.gaps),
         _("재시도 간격은 1~30일로 8번까지 적을 수 있습니다.")),
    )  # fmt: skip
    for field, is_wrong, message in problems:
        if is_wrong:
            raise RuleBroken(message).at(field)


def _locked(session: Session, plan_id: str) -> Plan:
    plan = session.get(Plan, plan_id, with_for_update=True, populate_existing=True)
    if plan is None:
        raise NotFound(_("요금제를 찾을 수 없습니다."))
    return plan


def _fill(plan: Plan, details: PlanDetails) -> None:
    plan.name, plan.amount_krw, plan.tax_free_krw = details.name, details.amount_krw, details.tax_free_krw
    plan.unit, plan.every, plan.trial_days = details.unit, details.every, details.trial_days
    plan.retry_days = ",".join(str(gap) for gap in details.gaps)
    plan.after_last, plan.catch_up = details.after_last, details.catch_up
    plan.sends_card_link = details.sends_card_link
