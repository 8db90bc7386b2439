"""One pooled HTTP session with PortOne: the token, time-outs, and what each kind of answer means.

Nothing here repeats a call, except once after a 401, which says that nothing was executed (reference 3.1).
"""

import logging
import threading
from collections.abc import Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from merchant_admin.core.clock import monotonic
from merchant_admin.core.errors import GatewayRejected, GatewayUnreachable, OutcomeUnknown
from merchant_admin.portone import wire
from merchant_admin.portone.breaker import Breaker

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
MONEY_READ_SECONDS = 60.0  # a card company may take this long; giving up earlier only makes outcomes unknown
TOKEN_MARGIN_SECONDS = 30.0
POOL = 16


class PortOneClient:
    """Calls to one PortOne account. Safe to share between threads."""

    def __init__(
        self,
        base_url: str,
        imp_key: str,
        imp_secret: str,
        *,
        http: requests.Session | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._credentials = {"imp_key": imp_key, "imp_secret": imp_secret}
        self._http = http or _pooled_session()
        self.breaker = breaker or Breaker()
        self._token_lock = threading.Lock()
        self._token: str | None = None
        self._token_dies_at = 0.0
        self._heard: tuple[int, float] | None = None  # PortOne's second, and our monotonic instant of hearing it

    def __repr__(self) -> str:
        return f"PortOneClient({self._base_url!r})"

    def server_second(self) -> int | None:
        """PortOne's clock in epoch seconds, carried on from the last token; None before there was one."""
        return None if self._heard is None else round(self._heard[0] + monotonic() - self._heard[1])

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """The `response` of a read. Raises the GatewayError family."""
        return self._call("GET", path, params=params)

    def post(self, path: str, body: Mapping[str, Any], *, moves_money: bool = False) -> Any:
        """The `response` of a write, sent once. Raises the GatewayError family."""
        return self._call("POST", path, body=body, read_seconds=MONEY_READ_SECONDS if moves_money else READ_SECONDS)

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        """As post."""
        return self._call("PUT", path, body=body)

    def delete(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """As post."""
        return self._call("DELETE", path, params=params)

    def _call(self, method: str, path: str, **parts: Any) -> Any:
        self.breaker.admit(is_read=method == "GET")
        try:
            answer = self._ask(method, path, **parts)
        except (OutcomeUnknown, GatewayUnreachable):
            self.breaker.failed()
            raise
        except GatewayRejected:
            self.breaker.succeeded()
            raise
        self.breaker.succeeded()
        return answer

    def _ask(self, method: str, path: str, **parts: Any) -> Any:
        token = self._fresh_token()
        answer = self._send(method, path, token, **parts)
        if answer.status_code == requests.codes.unauthorized:
            self._forget(token)
            answer = self._send(method, path, self._fresh_token(), **parts)
        return _read(answer, path)

    def _send(
        self,
        method: str,
        path: str,
        token: str | None,
        *,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        read_seconds: float = READ_SECONDS,
    ) -> requests.Response:
        began = monotonic()
        try:
            answer = self._http.request(
                method,
                self._base_url + path,
                params=params,
                json=body,
                headers={"Authorization": f"Bearer {token}"} if token else {},
                timeout=(CONNECT_SECONDS, read_seconds),
                allow_redirects=False,
            )
        except requests.RequestException as wrong:
            log.warning("portone.silent", extra={"path": _route(path), "error": type(wrong).__name__})
            # The exception's text may quote the request; only its class goes on (and no cause is chained).
            if _never_left(wrong):
                raise GatewayUnreachable("PortOne could not be reached", error=type(wrong).__name__) from None
            raise OutcomeUnknown("PortOne did not answer", error=type(wrong).__name__) from None
        log.info(
            "portone.answered",
            extra={
                "method": method,
                "path": _route(path),
                "status": answer.status_code,
                "seconds": monotonic() - began,
            },
        )
        return answer

    def _fresh_token(self) -> str:
        """The shared token; one thread renews it, the others wait. Life is measured on our own monotonic clock."""
        with self._token_lock:
            if self._token is None or monotonic() >= self._token_dies_at - TOKEN_MARGIN_SECONDS:
                asked_at = monotonic()
                answer = self._send("POST", "/users/getToken", None, body=self._credentials)
                grant = _read(answer, "/users/getToken")
                if not isinstance(grant, dict) or not isinstance(grant.get("access_token"), str):
                    raise OutcomeUnknown("PortOne gave no token")
                self._token, self._token_dies_at = grant["access_token"], asked_at + _life_seconds(grant)
                if type(grant.get("now")) is int:
                    self._heard = grant["now"], monotonic()
            return self._token

    def _forget(self, token: str) -> None:
        with self._token_lock:
            if self._token == token:
                self._token = None


def _pooled_session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no proxy or netrc from the environment stands between us and PortOne
    adapter = HTTPAdapter(pool_connections=2, pool_maxsize=POOL, max_retries=0, pool_block=True)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _life_seconds(grant: Mapping[str, Any]) -> int:
    """How long a token lives, by PortOne's own two instants; 0 when they can't be read, so that it is used once."""
    now, dies_at = grant.get("now"), grant.get("expired_at")
    return dies_at - now if type(now) is int and type(dies_at) is int else 0


def _never_left(wrong: requests.RequestException) -> bool:
    """Whether no connection was made at all, so that not one byte of the request left."""
    if isinstance(wrong, requests.ConnectTimeout):
        return True
    cause = wrong.args[0] if wrong.args else None
    reason = getattr(cause, "reason", cause)
    return isinstance(reason, (NewConnectionError, ConnectTimeoutError))


def _read(answer: requests.Response, path: str) -> Any:
    """The `response` of an answer that says yes; otherwise the error that fits."""
    facts = {"path": _route(path), "http_status": answer.status_code}
    if answer.status_code >= requests.codes.server_error or answer.status_code == requests.codes.too_many_requests:
        raise OutcomeUnknown("PortOne is in trouble", **facts)
    try:
        frame = wire.envelope(answer.content)
    except wire.Unreadable:
        raise OutcomeUnknown("PortOne's answer could not be read", **facts) from None
    if answer.status_code not in {requests.codes.ok, requests.codes.multi_status} or frame.code != 0:
        raise GatewayRejected(frame.message or "PortOne refused", code=frame.code, **facts)
    if frame.response is None:
        raise OutcomeUnknown("PortOne's answer was empty", **facts)
    return frame.response


def _route(path: str) -> str:
    """A path for the log."""
    return path.split("?", 1)[0][:120]
