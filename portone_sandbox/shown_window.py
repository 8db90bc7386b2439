"""What one payment window shows, worked out before any template sees it."""

from dataclasses import dataclass
from typing import Any

from flask import url_for

from portone_sandbox import purchases
from portone_sandbox.codes import BANKS, card_name
from portone_sandbox.faces import asked_language, language, say, won
from portone_sandbox.hub import hub
from portone_sandbox.payments import Payment
from portone_sandbox.purchases import Window

CARRIERS = (("skt", "SKT"), ("kt", "KT"), ("lgu", "LG U+"), ("mvno", "알뜰폰"))
BANKS_SHOWN = ("004", "088", "020", "081", "011", "003", "090", "092", "089", "045", "071", "023")
_HEADINGS = {"card": "카드 결제", "trans": "실시간 계좌이체", "vbank": "가상계좌 발급", "phone": "휴대폰 결제"}


@dataclass(frozen=True)
class ShownWindow:
    heading: str
    act_label: str
    channel_label: str
    origin: str
    device: str
    merchant_uid: str
    name: str | None
    buyer_name: str | None
    amount: int
    pay_method: str
    is_billing: bool
    is_restricted: bool
    issuers: list[tuple[str, str]]
    quotas: list[tuple[int, str]]
    banks: list[tuple[str, str]]
    carriers: list[tuple[str, str]]
    vbank_due: int
    act_url: str
    close_url: str
    other_language_url: str
    ending: str = ""
    ending_detail: str = ""
    ending_tone: str = "ok"

    @property
    def issuer_names(self) -> list[str]:
        return [name for _, name in self.issuers]


def show(window: Window, payment: Payment, result: dict[str, Any] | None = None) -> ShownWindow:
    """The window for its template; with a `result`, as it ended."""
    wanted = window.wanted
    is_billing = wanted.customer_uid is not None
    here: dict[str, Any] = {"window_id": window.id, "lang": asked_language()}
    other = "ko" if language() == "en" else "en"
    open_to = purchases.issuers(window)
    ending = _ending(payment, result) if result is not None else ("", "", "ok")
    return ShownWindow(
        heading=_heading(wanted.pay_method, wanted.amount, is_billing=is_billing),
        act_label=_act_label(wanted.pay_method, wanted.amount, is_billing=is_billing),
        channel_label=f"{(payment.pg_provider or '').upper()} · {payment.pg_id}",
        origin=window.origin, device=window.device, merchant_uid=wanted.merchant_uid, name=wanted.name,
        buyer_name=wanted.buyer_name, amount=wanted.amount, pay_method=wanted.pay_method, is_billing=is_billing,
        is_restricted=bool(wanted.issuer_filter),
        issuers=[(code, card_name(code, language())) for code in open_to],
        quotas=[(months, _months(months)) for months in purchases.quotas(window)],
        banks=[(code, BANKS[code]) for code in BANKS_SHOWN],
        carriers=[(code, say(name) if code == "mvno" else name) for code, name in CARRIERS],
        vbank_due=wanted.vbank_due or hub().clock.now() + purchases.VBANK_DAYS * 86_400,
        act_url=url_for("windows.register" if is_billing else "windows.pay", **here),
        close_url=url_for("windows.close", **here),
        other_language_url=url_for("windows.show_window", window_id=window.id, lang=other),
        ending=ending[0], ending_detail=ending[1], ending_tone=ending[2],
    )  # fmt: skip


def _months(quota: int) -> str:
    return say("%(months)d개월", months=quota) if quota else say("일시불")


def _heading(pay_method: str, amount: int, *, is_billing: bool) -> str:
    if is_billing:
        return say("카드 등록과 결제") if amount else say("카드 등록")
    return say(_HEADINGS[pay_method])


def _act_label(pay_method: str, amount: int, *, is_billing: bool) -> str:
    if is_billing:
        return say("%(amount)s 결제하고 카드 등록", amount=won(amount)) if amount else say("카드 등록하기")
    return say("가상계좌 발급받기") if pay_method == "vbank" else say("%(amount)s 결제", amount=won(amount))


def _ending(payment: Payment, result: dict[str, Any]) -> tuple[str, str, str]:
    """Heading, sentence and tone of how it ended."""
    if result.get("error_code"):
        heading = say("결제되지 않았습니다") if payment.amount else say("카드가 등록되지 않았습니다")
        words = str(result.get("error_msg") or "")
        return heading, say("결제창을 닫았습니다.") if words == purchases.GAVE_UP else words, "bad"
    if payment.status == "ready":
        return say("가상계좌가 발급되었습니다"), say("기한 안에 입금하면 결제가 완료됩니다."), "info"
    if payment.amount == 0:
        return say("카드가 등록되었습니다"), say("이 카드로 다음 결제부터 자동으로 결제됩니다."), "ok"
    return say("결제가 완료되었습니다"), say("판매자 화면에서 결과를 확인해 주세요."), "ok"
