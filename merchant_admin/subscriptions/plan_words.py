"""What a change of a plan changes, thing by thing, in words."""

from flask_babel import gettext, ngettext

from merchant_admin.subscriptions.models import Plan
from merchant_admin.subscriptions.plans import PlanDetails
from merchant_admin.subscriptions.words import cycle
from merchant_admin.web.filters import won
from merchant_admin.web.looks import word


def _(text: str, **words: object) -> str:
    return str(gettext(text, **words))


def changes(plan: Plan, details: PlanDetails) -> list[tuple[str, str, str]]:
    """(what, before, after) for each thing that would be different."""
    pairs = (
        (_("이름"), plan.name, details.name),
        (_("금액"), won(plan.amount_krw), won(details.amount_krw)),
        (_("그중 면세 금액"), won(plan.tax_free_krw), won(details.tax_free_krw)),
        (_("결제 주기"), cycle(plan.unit, plan.every), cycle(details.unit, details.every)),
        (_("체험 기간(일)"), str(plan.trial_days), str(details.trial_days)),
        (_("재시도 간격"), _gaps(plan.gaps), _gaps(details.gaps)),
        (_("카드를 바꿔야 하면"), _link(sends=plan.sends_card_link), _link(sends=details.sends_card_link)),
        (_("그래도 결제되지 않으면"), word(plan.after_last), word(details.after_last)),
        (_("결제일이 지나도록 결제하지 못했으면"), word(plan.catch_up), word(details.catch_up)),
    )
    return [each for each in pairs if each[1] != each[2]]


def _link(*, sends: bool) -> str:
    return _("카드 링크를 자동으로 보냄") if sends else _("직원이 카드 링크를 보냄")


def _gaps(gaps: tuple[int, ...]) -> str:
    if not gaps:
        return _("다시 시도하지 않음")
    return str(ngettext("%(days)s일 뒤", "%(days)s일 뒤", sum(gaps), days=", ".join(str(gap) for gap in gaps)))
