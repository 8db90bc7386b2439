"""What a page asks of `IMP.request_pay`, checked the way the SDK and the server check it."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from portone_sandbox.clock import SEOUL
from portone_sandbox.envelope import Refusal
from portone_sandbox.fields import Fields
from portone_sandbox.merchants import Channel, Merchant, Purpose
from portone_sandbox.payments import Inner, Payment

PAY_METHODS = {"card", "trans", "vbank", "phone"}
INSTALMENTS_FROM_KRW = 50_000
ALL_QUOTAS = [0, *range(2, 13)]
_DUE_FORMS = ("%Y-%m-%d", "%Y%m%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y%m%d%H%M%S", "%Y%m%d%H%M")


class WindowRefused(Exception):
    """No window, or no longer: what the page's callback is told."""

    def __init__(self, error_code: str, error_msg: str) -> None:
        super().__init__(error_msg)
        self.error_code = error_code
        self.error_msg = error_msg


@dataclass(frozen=True)
class Wanted:
    merchant_uid: str
    amount: int
    pay_method: str = "card"
    name: str | None = None
    customer_uid: str | None = None
    pg: str | None = None
    channel_key: str | None = None
    currency: str = "KRW"
    tax_free: int = 0
    buyer_name: str | None = None
    buyer_email: str | None = None
    buyer_tel: str | None = None
    buyer_addr: str | None = None
    buyer_postcode: str | None = None
    custom_data: str | None = None
    notice_urls: list[str] = field(default_factory=list)
    confirm_url: str | None = None
    issuer_filter: list[dict[str, Any]] = field(default_factory=list)
    card_quota: list[int] | None = None
    escrow: bool = False
    vbank_due: int = 0

    @property
    def purpose(self) -> Purpose:
        return Purpose.BILLING if self.customer_uid else Purpose.CERTIFIED

    def channel(self, merchant: Merchant) -> Channel:
        return merchant.channel(self.purpose, pg=self.pg, channel_key=self.channel_key)

    def payment(self, imp_uid: str, merchant: Merchant, now: int) -> Payment:
        """The `ready` row it begins as."""
        channel = self.channel(merchant)
        return Payment(
            imp_uid=imp_uid, merchant_uid=self.merchant_uid, amount=self.amount, name=self.name, currency=self.currency,
            buyer_name=self.buyer_name, buyer_email=self.buyer_email, buyer_tel=self.buyer_tel,
            buyer_addr=self.buyer_addr, buyer_postcode=self.buyer_postcode, custom_data=self.custom_data,
            pay_method=self.pay_method, customer_uid=self.customer_uid,
            customer_uid_usage="issue" if self.customer_uid else None, escrow=self.escrow,
            pg_provider=channel.pg_provider, pg_id=channel.pg_id, sandbox=merchant.sandbox_flag, started_at=now,
            inner=Inner(tax_free=self.tax_free, notice_urls=self.notice_urls),
        )  # fmt: skip

    def lets_in(self, issuer: str) -> bool:
        """Whether `card.detail` leaves this issuer open: single entries beat the one for all (`*`)."""
        of_all, of_one = True, None
        for entry in self.issuer_filter:
            if entry.get("card_code") == "*":
                of_all = entry.get("enabled") is not False
            elif entry.get("card_code") == issuer:
                of_one = entry.get("enabled") is not False
        return of_all if of_one is None else of_one

    def quotas(self) -> list[int]:
        if self.amount < INSTALMENTS_FROM_KRW:
            return [0]
        if self.card_quota is None:
            return ALL_QUOTAS
        return [0, *sorted({one for one in self.card_quota if one >= 2})]


def read_wanted(params: dict[str, Any]) -> Wanted:
    """Check a page's parameters; raises WindowRefused with what the SDK says."""
    if not isinstance(params.get("merchant_uid"), str) or not params["merchant_uid"]:
        raise WindowRefused("F0002", "merchant_uid는 문자열로 지정해야 합니다.")
    if isinstance(params.get("amount"), bool) or not isinstance(params.get("amount"), int | float):
        raise WindowRefused("F0002", "amount는 숫자로 지정해야 합니다.")
    try:
        wanted = _read(Fields(params))
    except Refusal as refusal:
        raise WindowRefused("F0002", refusal.message) from None
    if wanted.pay_method not in PAY_METHODS:
        raise WindowRefused("F0003", "지원되지 않는 결제수단입니다.")
    if wanted.customer_uid and wanted.pay_method != "card":
        raise WindowRefused("F0003", "빌링키 발급은 카드만 지원합니다.")
    if wanted.amount == 0 and not wanted.customer_uid:
        raise WindowRefused("F0002", "결제금액은 0보다 커야 합니다.")
    return wanted


def _read(given: Fields) -> Wanted:
    amount = given.need_whole("amount")
    quota = given.inside("display").raw("card_quota")
    detail = given.inside("card").raw("detail")
    custom = given.raw("custom_data")
    return Wanted(
        merchant_uid=given.need("merchant_uid", 40), amount=amount, pay_method=given.text("pay_method", 20) or "card",
        name=given.text("name", 40), customer_uid=given.text("customer_uid", 80), pg=given.text("pg", 80),
        channel_key=given.text("channelKey", 80), currency=(given.text("currency", 3) or "KRW").upper(),
        tax_free=given.whole("tax_free", most=amount) or 0,
        buyer_name=given.text("buyer_name", 16), buyer_email=given.text("buyer_email", 64),
        buyer_tel=given.text("buyer_tel", 16), buyer_addr=given.text("buyer_addr", 128),
        buyer_postcode=given.text("buyer_postcode", 8),
        custom_data=custom if isinstance(custom, str | None) else json.dumps(custom, ensure_ascii=False)[:4000],
        notice_urls=given.texts("notice_url", 500), confirm_url=given.text("confirm_url", 500),
        issuer_filter=[one for one in detail if isinstance(one, dict)] if isinstance(detail, list) else [],
        card_quota=[one for one in quota if isinstance(one, int)] if isinstance(quota, list) else None,
        escrow=given.flag("escrow"), vbank_due=_due(given.text("vbank_due", 20)),
    )  # fmt: skip


def _due(text: str | None) -> int:
    """A deadline in Seoul's time; a day without an hour ends with its last second."""
    if text is None:
        return 0
    for form in _DUE_FORMS:
        try:
            found = datetime.strptime(text, form).replace(tzinfo=SEOUL)
        except ValueError:
            continue
        return int(found.timestamp()) + (0 if "%H" in form else 86_399)
    raise Refusal("vbank_due 값이 올바르지 않습니다.")
