"""Access tokens: one per merchant key, alive for half an hour, handed out again while it lives."""

import secrets
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from flask import Blueprint, Request, Response, request

from portone_sandbox.envelope import NOT_OURS, Refusal, answer
from portone_sandbox.fields import Fields
from portone_sandbox.hub import Hub, hub
from portone_sandbox.merchants import Merchant

LIFE_SECONDS = 1800
NEAR_END_SECONDS = 60
EXTENSION_SECONDS = 300
UNAUTHORIZED = "Unauthorized"

bp = Blueprint("auth", __name__)
P = ParamSpec("P")


def with_merchant(view: Callable[Concatenate[Merchant, P], Response]) -> Callable[P, Response]:
    """Hand the caller's merchant to a route; a 401 for anybody whose token is not known."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
        return view(_caller(hub(), request), *args, **kwargs)

    return guarded


@bp.post("/users/getToken")
def get_token() -> Response:
    given = Fields.of_body(request, bad_status=400)
    imp_key, imp_secret = given.text("imp_key", 300), given.text("imp_secret", 300)
    if not imp_key or not imp_secret:
        raise Refusal("imp_key, imp_secret 파라메터가 누락되었습니다.", status=400)
    merchant = hub().merchants.by_imp_key(imp_key)
    if merchant is None or not secrets.compare_digest(merchant.imp_secret.encode(), imp_secret.encode()):
        raise Refusal(UNAUTHORIZED, code=NOT_OURS, status=401)
    now = hub().clock.now()
    token, expired_at = _token(hub(), merchant, now)
    return answer({"access_token": token, "now": now, "expired_at": expired_at})


def _token(parts: Hub, merchant: Merchant, now: int) -> tuple[str, int]:
    """The living token, extended if it is about to die, or a new one."""
    with parts.store.write() as db:
        row = db.execute("SELECT * FROM tokens WHERE imp_code = ?", (merchant.imp_code,)).fetchone()
        token, expired_at = (row["access_token"], row["expired_at"]) if row else ("", 0)
        if expired_at <= now or expired_at > now + LIFE_SECONDS + EXTENSION_SECONDS:  # dead, or the clock was set back
            token, expired_at = secrets.token_hex(20), now + LIFE_SECONDS
        elif expired_at - now < NEAR_END_SECONDS:
            expired_at += EXTENSION_SECONDS
        db.execute(
            "INSERT OR REPLACE INTO tokens (imp_code, access_token, expired_at) VALUES (?, ?, ?)",
            (merchant.imp_code, token, expired_at),
        )
    return token, expired_at


def _caller(parts: Hub, asked: Request) -> Merchant:
    header = asked.headers.get("Authorization", "").strip()
    token = header[7:].strip() if header[:7].lower() == "bearer " else header
    token = token or asked.headers.get("X-ImpTokenHeader", "").strip() or asked.args.get("_token", "").strip()
    merchant = _merchant_of(parts, token) if token else None
    if merchant is None:
        raise Refusal(UNAUTHORIZED, code=NOT_OURS, status=401)
    return merchant


def _merchant_of(parts: Hub, token: str) -> Merchant | None:
    with parts.store.read() as db:
        row = db.execute(
            "SELECT imp_code FROM tokens WHERE access_token = ? AND expired_at > ?", (token, parts.clock.now())
        ).fetchone()
    return parts.merchants.by_code(row["imp_code"]) if row else None
