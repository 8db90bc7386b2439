"""What happens next, and when, in one sentence for each state; and how a cycle is said."""

from datetime import date, datetime

from flask_babel import format_date, gettext

from merchant_admin.core.times import seoul_day
from merchant_admin.subscriptions.ahead import within
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.subscriptions.queries import SubscriptionRow
from merchant_admin.subscriptions.states import CHARGED, EndReason, PeriodState, SubscriptionState, Unit
from merchant_admin.web.access import services


def _(text: str, **words: object) -> str:
    return str(gettext(text, **words))


def what_next(row: SubscriptionRow) -> str:  # noqa: PLR0911 - one sentence for each state
    """One sentence: what happens next, and when."""
    if row.state is SubscriptionState.ENDED:
        return _ended(row)
    if row.owed is not None and row.state is not SubscriptionState.PAUSED:
        return _owed(row)
    if row.consent is not None and row.next_on is not None and row.state in CHARGED:
        return _(
            "고객이 %(sum)s에 동의해야 %(day)s에 결제합니다. 동의가 없으면 결제하지 않습니다.",
            sum=_won(row),
            day=_day(row.next_on),
        )
    if row.state is SubscriptionState.PAUSED and row.times_left == 0:
        return _("약속한 횟수를 다 써서 더 결제하지 않습니다. 끝내려면 해지하십시오.")
    if row.resumes_on is not None:
        return _until(row)
    if row.state is SubscriptionState.PAUSED:
        return _("멈춰 있어 결제하지 않습니다. 다시 시작하면 그 뒤의 첫 결제일부터 결제합니다.")
    if row.state is SubscriptionState.CANCELLING:
        return _("%(day)s에 끝납니다. 더 결제하지 않습니다.", day=_day(row.ends_on))
    if row.next_on is None:
        return _("예정된 결제가 없습니다.")
    if row.state is SubscriptionState.TRIAL:
        return _("%(day)s에 체험이 끝나고 %(sum)s을 처음 결제합니다.", day=_day(row.next_on), sum=_won(row))
    return _("%(day)s에 %(sum)s을 결제합니다.", day=_day(row.next_on), sum=_won(row))


def _ended(row: SubscriptionRow) -> str:
    match row.end_reason:
        case EndReason.UNPAID:
            return _("결제되지 않아 %(day)s에 끝났습니다. 더 결제하지 않습니다.", day=_day(row.ended_at))
        case EndReason.COMPLETED:
            return _("약속한 횟수를 다 써서 %(day)s에 끝났습니다. 더 결제하지 않습니다.", day=_day(row.ended_at))
        case _:
            return _("%(day)s에 끝났습니다. 더 결제하지 않습니다.", day=_day(row.ended_at))


def _until(row: SubscriptionRow) -> str:
    """Paused until a day: what comes on that day, and the first charge after it."""
    said = {"day": _day(row.resumes_on), "sum": _won(row), "next": _day(row.next_on)}
    if row.consent is not None:
        return _("멈춰 있습니다. %(day)s에 다시 시작하지만, 고객이 %(sum)s에 동의해야 %(next)s에 결제합니다.", **said)
    if row.next_on == row.resumes_on:
        return _("멈춰 있습니다. %(day)s에 다시 시작하고 그날 %(sum)s을 결제합니다.", **said)
    return _("멈춰 있습니다. %(day)s에 다시 시작하고 %(next)s에 %(sum)s을 결제합니다.", **said)


def _owed(row: SubscriptionRow) -> str:
    match row.owed:
        case PeriodState.CHARGING:
            return _("결제 결과를 확인하고 있습니다. 확인될 때까지 다시 결제하지 않습니다.")
        case PeriodState.RETRYING:
            day = _day(row.try_at and within(Hours(*services().settings.charge_hours), row.try_at))
            return _("결제되지 않았습니다. %(day)s에 %(sum)s을 다시 시도합니다.", day=day, sum=_owed_won(row))
        case PeriodState.NEEDS_CARD:
            return _(
                "이 카드로는 더 시도하지 않습니다. %(day)s까지 새 카드로 바꾸어야 이어집니다.", day=_day(row.try_at)
            )
        case _:
            return _("결제 시간이 되면 %(sum)s을 결제합니다.", sum=_owed_won(row))


def cycle(unit: Unit, every: int) -> str:
    """매월, 2주마다."""
    single = {Unit.DAY: _("매일"), Unit.WEEK: _("매주"), Unit.MONTH: _("매월"), Unit.YEAR: _("매년")}
    if every == 1:
        return single[unit]
    match unit:
        case Unit.DAY:
            return _("%(every)s일마다", every=every)
        case Unit.WEEK:
            return _("%(every)s주마다", every=every)
        case Unit.MONTH:
            return _("%(every)s개월마다", every=every)
        case Unit.YEAR:
            return _("%(every)s년마다", every=every)


def _day(at: date | datetime | None) -> str:
    if at is None:
        return "–"
    return str(format_date(seoul_day(at) if isinstance(at, datetime) else at, "medium"))


def _owed_won(row: SubscriptionRow) -> str:
    """The sum of the debt, which a change of the price leaves as it was."""
    return f"₩{row.amount_krw if row.owed_krw is None else row.owed_krw:,}"


def _won(row: SubscriptionRow) -> str:
    return f"₩{row.amount_krw:,}"
