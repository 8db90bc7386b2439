"""The browser script, at the addresses where merchants' pages look for PortOne's."""

from flask import Blueprint, Response, current_app

bp = Blueprint("sdk", __name__)


@bp.get("/v1/iamport.js")
@bp.get("/js/iamport.payment-<version>.js")
def script(version: str = "") -> Response:  # noqa: ARG001 - one script for all: it sees by its own address what it is to be
    """`IMP` for a merchant's page on any origin. Never cached for long: the address has no version."""
    answer = current_app.send_static_file("iamport.js")
    answer.headers["Content-Type"] = "text/javascript; charset=utf-8"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "no-cache"
    return answer
