"""Handing one text message to the merchant's sender: a signed POST to the one address of the settings.

The body is JSON: `id` (the same for every try, so that a sender can drop a second one), `to`, `text`, `kind`. The
signature is HMAC-SHA256 over the timestamp, a full stop and the body.
"""

import hashlib
import hmac
import json

import requests
from requests.exceptions import ConnectionError as NotConnected
from requests.exceptions import ConnectTimeout, RequestException
from urllib3.exceptions import MaxRetryError, NewConnectionError

from merchant_admin.core.clock import Clock
from merchant_admin.core.times import to_epoch
from merchant_admin.notices.sending import Delivery, Parcel
from merchant_admin.notices.states import Answer

CONNECT_SECONDS, READ_SECONDS = 5.0, 20.0
_NOT_NOW = frozenset({408, 425, 429, 503})  # the sender says itself that nothing was done


class TextSender:
    """The sender behind TEXT_URL. Redirects are not followed: the phone number goes to that address alone."""

    def __init__(self, url: str, secret: str, clock: Clock) -> None:
        self._url, self._secret, self._clock = url, secret.encode(), clock
        self._http = requests.Session()
        self._http.trust_env = False

    def send(self, parcel: Parcel) -> Delivery:
        """2xx is sent, 4xx refused; 5xx or no answer may have been sent, unless no connection was made."""
        body = json.dumps(
            {"id": parcel.notice_id, "to": parcel.address.replace("-", ""), "text": parcel.body, "kind": parcel.kind},
            ensure_ascii=False,
        ).encode()
        try:
            answer = self._http.post(
                self._url, data=body, headers=self._headers(parcel, body), allow_redirects=False,
                timeout=(CONNECT_SECONDS, READ_SECONDS), stream=True,
            )  # fmt: skip
        except ConnectTimeout as silence:
            return Delivery(Answer.NOT_NOW, type(silence).__name__)
        except NotConnected as broken:
            return Delivery(Answer.NOT_NOW if _never_left(broken) else Answer.UNKNOWN, type(broken).__name__)
        except RequestException as wrong:
            return Delivery(Answer.UNKNOWN, type(wrong).__name__)
        with answer:
            return Delivery(_meaning(answer.status_code), f"HTTP {answer.status_code}")

    def close(self) -> None:
        """Let go of the connection that was kept for the round."""
        self._http.close()

    def _headers(self, parcel: Parcel, body: bytes) -> dict[str, str]:
        at = str(to_epoch(self._clock.now()))
        signature = hmac.digest(self._secret, f"{at}.".encode() + body, hashlib.sha256).hex()
        return {
            "Content-Type": "application/json; charset=utf-8", "Idempotency-Key": parcel.notice_id,
            "X-Timestamp": at, "X-Signature": f"sha256={signature}",
        }  # fmt: skip


def _meaning(status: int) -> Answer:
    if 200 <= status < 300:
        return Answer.SENT
    if status in _NOT_NOW:
        return Answer.NOT_NOW
    return Answer.UNKNOWN if status >= 500 else Answer.REFUSED


def _never_left(broken: NotConnected) -> bool:
    """Whether not even a connection was made."""
    cause = broken.args[0] if broken.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
