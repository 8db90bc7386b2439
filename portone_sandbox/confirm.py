"""The merchant's last word before a window's approval, if the page named a `confirm_url`."""

import json

import requests

from portone_sandbox.hub import Hub
from portone_sandbox.payments import Payment

SECONDS = 10
MOST_BYTES = 10_000
STOPPED = "고객사 요청에 의해 결제를 중단합니다. (상세사유 : {})"
NO_REASON = "알 수 없음"


def ask_merchant(hub: Hub, url: str | None, payment: Payment) -> str | None:
    """Why the merchant stops this payment; None to go on. Only a 200 within ten seconds lets it go on."""
    if url is None:
        return None
    body = {"imp_uid": payment.imp_uid, "merchant_uid": payment.merchant_uid, "amount": payment.amount}
    try:
        with hub.webhooks.http.post(url, json=body, timeout=SECONDS, allow_redirects=False, stream=True) as said:
            if said.status_code == requests.codes.ok:
                return None
            said.raw.decode_content = True
            told = said.raw.read(MOST_BYTES)
    except (requests.RequestException, ValueError):
        return STOPPED.format(NO_REASON)
    return STOPPED.format(_reason(told))


def _reason(told: bytes) -> str:
    try:
        reason = json.loads(told).get("reason")
    except (ValueError, AttributeError):
        return NO_REASON
    return reason[:200] if isinstance(reason, str) and reason else NO_REASON
