"""The sentence that goes to the customer with a link, by whatever way."""

from datetime import datetime

from flask_babel import force_locale, gettext

from merchant_admin.core.times import seoul_day
from merchant_admin.web.filters import day_text


def message(merchant: str, link: str, expires_at: datetime) -> str:
    """Ready to be sent as a text message; in Korean whatever language staff read, since the customer gets it."""
    with force_locale("ko"):
        until = day_text(seoul_day(expires_at))
        return str(
            gettext(
                "[%(merchant)s] 정기결제 카드를 새로 등록해 주세요. 지금은 결제되지 않습니다. %(link)s (%(until)s까지)",
                merchant=merchant, link=link, until=until,
            )
        )  # fmt: skip
