"""The browser script, at the addresses where merchants' pages look for PortOne's."""

from pathlib import Path

from flask import Blueprint, Response, request

SCRIPT = Path(__file__).with_name("static") / "iamport.js"

bp = Blueprint("sdk", __name__)


@bp.get("/v1/iamport.js")
@bp.get("/js/iamport.payment-<version>.js")
def script(version: str = "") -> Response:  # noqa: ARG001 - one script for all: by its own address it knows what to be
    """`IMP` for a merchant's page on any origin. Asked for again each time: the address has no version."""
    answer = Response(SCRIPT.read_bytes(), content_type="text/javascript; charset=utf-8")
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "no-cache"
    answer.add_etag()
    answer.make_conditional(request)
    return answer
