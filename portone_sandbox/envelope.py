"""The three-key answer that every API call gets, written the way the real server writes it."""

import json
from typing import Any

from flask import Response

NOT_OURS = -1  # the PG's or card company's no, reads of unknown things, bad tokens
OUR_RULE = 1  # PortOne's own no


class Refusal(Exception):
    """A call that is answered with a non-zero `code`."""

    def __init__(self, message: str, *, code: int = OUR_RULE, status: int = 200) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status


def answer(response: Any, *, status: int = 200) -> Response:
    return _envelope(0, None, response, status)


def refusal(refused: Refusal) -> Response:
    return _envelope(refused.code, refused.message, None, refused.status)


def _envelope(code: int, message: str | None, response: Any, status: int) -> Response:
    body = {"code": code, "message": message, "response": response}
    text = json.dumps(body, sort_keys=True, separators=(",", ":")).replace("/", "\\/")  # as PHP does
    return Response(text, status=status, content_type="application/json; charset=UTF-8")
