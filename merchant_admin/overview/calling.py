"""What to say to a customer whose renewal needs a word: ready to be read out or copied, always in Korean too."""

from datetime import datetime

from flask_babel import force_locale, format_datetime, gettext

from merchant_admin.core.times import SEOUL
from merchant_admin.failures.words import READINGS
from merchant_admin.overview.attention import Renewal
from merchant_admin.overview.failing import Bilingual
from merchant_admin.subscriptions.states import PeriodState


def _(text: str, **words: object) -> str:
    return str(gettext(text, **words))


def to_say(row: Renewal, merchant: str) -> Bilingual:
    """The whole sentence in both languages."""
    with force_locale("ko"):
        korean = _said(row, merchant, "M월 d일 aaaa h:mm")
    with force_locale("en"):
        return Bilingual(korean, _said(row, merchant, "MMM d, h:mm a"))


def _said(row: Renewal, merchant: str, pattern: str) -> str:
    opening = _("안녕하세요, %(merchant)s입니다.", merchant=merchant)
    if row.failure is None:
        sum_krw = f"₩{row.amount_krw:,}"
        what = _("%(name)s %(sum)s을 결제할 카드를 더는 쓸 수 없습니다.", name=row.name, sum=sum_krw)
        return " ".join((opening, what, _("다음 결제일 전에 새 카드를 등록해 주세요.")))
    what = _("%(name)s %(sum)s이 결제되지 않았습니다.", name=row.name, sum=f"₩{row.amount_krw:,}")
    return " ".join(
        part for part in (opening, what, str(READINGS[row.failure].to_customer), _next(row, pattern)) if part
    )


def _next(row: Renewal, pattern: str) -> str:
    if row.try_at is None:
        return ""
    when = str(format_datetime(_local(row.try_at), pattern, rebase=False))
    if row.state is PeriodState.NEEDS_CARD:
        return _("%(when)s까지 등록해 주시면 그대로 이어집니다.", when=when)
    return _("%(when)s에 다시 결제하겠습니다.", when=when)


def _local(at: datetime) -> datetime:
    return at.astimezone(SEOUL)
