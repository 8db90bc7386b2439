"""What happens next with a consent, in one sentence."""

from datetime import date

from flask_babel import format_date, gettext

from merchant_admin.notices.consent_queries import ConsentRow
from merchant_admin.notices.states import ConsentState


def _(text: str, **words: object) -> str:
    return str(gettext(text, **words))


def what_next(row: ConsentRow, today: date) -> str:  # noqa: PLR0911 - one sentence for each state
    """One sentence: what happens next, and what a person can do."""
    day = str(format_date(row.effective_on, "medium"))
    match row.state:
        case ConsentState.OPEN if row.opens_on > today:
            return _("%(day)s부터 고객에게 알리고 동의를 받습니다.", day=str(format_date(row.opens_on, "medium")))
        case ConsentState.OPEN | ConsentState.REFUSED if row.effective_on <= today:
            return _("동의가 없어 결제하지 않고 있습니다. 동의를 받거나, 금액을 되돌리거나, 해지하십시오.")
        case ConsentState.OPEN:
            return _("%(day)s 전에 동의를 받아야 결제합니다. 답이 없으면 결제하지 않습니다.", day=day)
        case ConsentState.REFUSED:
            return _("동의하지 않아 바뀐 금액으로 결제하지 않습니다. 금액을 되돌리거나 해지하십시오.")
        case ConsentState.GIVEN:
            return _("%(day)s에 바뀐 금액으로 결제합니다. 그 전에는 동의를 취소할 수 있습니다.", day=day)
        case ConsentState.APPLIED:
            return _("동의한 금액으로 결제하고 있습니다. 더 할 일이 없습니다.")
        case ConsentState.WITHDRAWN:
            return _("금액이 다시 바뀌었거나 정기결제가 끝나 동의가 필요 없습니다.")
