"""REST: tables of card issuers and banks, and the merchant's PG channels."""

from flask import Blueprint, Response, current_app, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from portone_sandbox.auth import with_merchant
from portone_sandbox.codes import BANKS, CARDS
from portone_sandbox.envelope import NOT_OURS, Refusal, answer
from portone_sandbox.merchants import CHANNELS, Merchant

bp = Blueprint("codes", __name__)


@bp.get("/cards")
def cards() -> AnyResponse:
    if (
        request.accept_mimetypes.best == "text/html" and "inspector.test_cards" in current_app.view_functions
    ):  # a person with a browser wants the test cards
        return redirect(url_for("inspector.test_cards"))
    return all_cards()


@with_merchant
def all_cards(_merchant: Merchant) -> Response:
    return answer([{"code": code, "name": name} for code, name in CARDS.items()])


@bp.get("/cards/<code>")
@with_merchant
def card(_merchant: Merchant, code: str) -> Response:
    return _one(CARDS, code)


@bp.get("/banks")
@with_merchant
def banks(_merchant: Merchant) -> Response:
    return answer([{"code": code, "name": name} for code, name in BANKS.items()])


@bp.get("/banks/<code>")
@with_merchant
def bank(_merchant: Merchant, code: str) -> Response:
    return _one(BANKS, code)


@bp.get("/users/pg")
@with_merchant
def pg(merchant: Merchant) -> Response:
    return answer([entry for channel in CHANNELS for entry in channel.wire(sandbox=merchant.sandbox_flag)])


def _one(table: dict[str, str], code: str) -> Response:
    if code not in table:
        raise Refusal("존재하지 않는 코드입니다.", code=NOT_OURS, status=404)
    return answer({"code": code, "name": table[code]})
