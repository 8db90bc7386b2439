"""The steps to come in words: what happens, and only if what."""

from flask_babel import gettext

from merchant_admin.subscriptions.ahead import Only, Step, StepKind


def _(text: str, **words: object) -> str:
    return str(gettext(text, **words))


def what(step: Step) -> str:  # noqa: PLR0911 - one sentence for each kind
    """What happens in this step."""
    match step.kind:
        case StepKind.CHARGE:
            return _("결제합니다")
        case StepKind.RETRY:
            return _("%(number)s번째 다시 시도", number=step.number)
        case StepKind.CHECKING:
            return _("결과를 확인하고 있습니다. 확인될 때까지 아무것도 보내지 않습니다")
        case StepKind.END:
            return _("정기결제가 끝납니다")
        case StepKind.CARD_LINK:
            return _("고객에게 가는 알림에 카드 링크를 넣습니다")
        case StepKind.RESUME:
            return _("일시정지가 끝나고 다시 시작합니다")
        case StepKind.PAUSE:
            return _("멈춰 있어 결제하지 않습니다") if step.only is Only.ALWAYS else _("일시정지됩니다")


def only_if(step: Step) -> str:
    """The condition; empty for what comes in any case."""
    match step.only:
        case Only.ALWAYS:
            return ""
        case Only.REFUSED:
            return _("앞의 결제가 모두 거절되었을 때만")
        case Only.HARD:
            return _("분실·정지·만료되었거나 정보가 틀린 카드일 때만")
        case Only.NO_CARD:
            return _("그때까지 새 카드가 없으면")
        case Only.PAID:
            return _("앞의 회차가 결제되었을 때")
