"""Files that staff hand in. Only a marked view takes a large body, only from people who are signed in.

A file stays in memory: the framework would put a larger one into a temporary file, where personal data may not rest.
"""

from collections.abc import Callable
from io import BytesIO
from typing import IO, ParamSpec, TypeVar

from flask import Flask, Request, current_app, request
from flask_babel import gettext as _

from merchant_admin.core.errors import ConsoleError
from merchant_admin.web.access import current_staff

P = ParamSpec("P")
R = TypeVar("R")
_TAKES = "merchant_admin_takes_bytes"


class TooLarge(ConsoleError):
    status = 413


def takes_bytes(most: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Marks a view whose posted body may have up to `most` bytes."""

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        setattr(view, _TAKES, most)
        return view

    return mark


class _InMemory(Request):
    def _get_file_stream(self, *_about: object, **_more: object) -> IO[bytes]:
        return BytesIO()


def init_uploads(app: Flask) -> None:
    """Stands before whatever reads the form (CSRF), so that the limit is known by then."""

    def widen() -> None:
        most = getattr(current_app.view_functions.get(request.endpoint or ""), _TAKES, 0)
        if not most or current_staff() is None:
            return
        if (request.content_length or 0) > most:
            raise TooLarge(
                _(
                    "파일이 너무 큽니다. %(most)s MB까지 받습니다. 아무것도 바뀌지 않았습니다. "
                    "파일을 나누어 다시 올려 주세요.",
                    most=f"{most / 1_000_000:g}",
                ),
                endpoint=request.endpoint,
            )
        request.max_content_length = request.max_form_memory_size = most

    app.request_class = _InMemory
    app.before_request(widen)
