"""A page for looking into a running sandbox."""

from flask import Blueprint

bp = Blueprint("inspector", __name__)


@bp.get("/inspector/cards")
def test_cards() -> str:
    return ""
