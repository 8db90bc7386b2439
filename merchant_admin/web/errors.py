"""The error family and the framework's own errors, made into pages, or for htmx into a toast.

Nobody ever sees a stack: an unexpected error gets an incident id, which stands in the log beside its traceback.
"""

import logging
from types import TracebackType
from typing import Any

from flask import Flask, Response, g, make_response, render_template, request
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException, InternalServerError

from merchant_admin.core.errors import ConsoleError
from merchant_admin.core.ids import random_signs
from merchant_admin.web.access import current_staff
from merchant_admin.web.pages import VARY, is_htmx

log = logging.getLogger(__name__)


def incident_id() -> str:
    """One name for this request, for its log lines and for what staff can tell the person who runs the server."""
    if "incident_id" not in g:
        g.incident_id = random_signs(8)
    name: str = g.incident_id
    return name


def _words_of(code: int) -> tuple[str, str]:
    """Title and sentence for an HTTP status."""
    known = {
        400: (_("요청을 읽을 수 없습니다"), _("보낸 내용을 이해하지 못했습니다. 아무것도 바뀌지 않았습니다.")),
        403: (_("권한이 없습니다"), _("이 일을 할 권한이 없습니다. 아무것도 바뀌지 않았습니다.")),
        404: (_("찾을 수 없습니다"), _("주소가 틀렸거나, 찾는 것이 없습니다.")),
        405: (_("이 주소로는 할 수 없습니다"), _("화면의 버튼으로 다시 해 주세요. 아무것도 바뀌지 않았습니다.")),
        409: (_("그사이 내용이 바뀌었습니다"), _("새로 연 화면을 보고 다시 결정해 주세요.")),
        413: (_("보낸 내용이 너무 큽니다"), _("내용을 줄여 다시 보내 주세요. 아무것도 바뀌지 않았습니다.")),
        422: (_("할 수 없는 일입니다"), _("아무것도 바뀌지 않았습니다.")),
        429: (_("요청이 너무 잦습니다"), _("잠시 뒤에 다시 해 주세요.")),
        502: (_("포트원과 통신하지 못했습니다"), _("잠시 뒤에 다시 확인해 주세요.")),
    }
    return known.get(code, (_("요청을 처리할 수 없습니다"), _("아무것도 바뀌지 않았습니다.")))


def _answer(code: int, title: str, message: object) -> Response:
    """The page for people, or a toast alone for htmx, which leaves the page as it stands."""
    if is_htmx():
        body = render_template("errors/_toast.html", title=title, message=message)
        response = make_response(body, code)
        response.headers["HX-Reswap"] = "none"
    else:
        layout = "layout/console.html" if current_staff() else "layout/plain.html"
        response = make_response(
            render_template("errors/page.html", layout=layout, code=code, heading=title, message=message), code
        )
    response.headers["Vary"] = VARY
    return response


def _told(error: ConsoleError) -> Response:
    facts = {"facts": error.facts, "endpoint": request.endpoint, "incident": incident_id()}
    log.info("request.refused %s", type(error).__name__, extra=facts)
    title, sentence = _words_of(error.status)
    response = _answer(error.status, title, error.message or sentence)
    if error.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


def _framework(error: HTTPException) -> Any:
    code = error.code or 500
    if code < 400:
        return error
    response = _answer(code, *_words_of(code))
    if allowed := getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(sorted(allowed))
    if retry_after := getattr(error, "retry_after", None):
        response.headers["Retry-After"] = str(retry_after)
    return response


def _unexpected(app: Flask) -> Any:
    def show(_error: InternalServerError) -> Response:
        """Drawn without the database, staff or navigation: any of them may be what broke."""
        name = "errors/_broken_toast.html" if is_htmx() else "errors/broken.html"
        body = app.jinja_env.get_template(name).render(incident=incident_id())
        response = make_response(body, 500)
        response.headers["HX-Reswap"] = "none"
        return response

    return show


def init_errors(app: Flask) -> None:
    def log_crash(
        what: tuple[type, BaseException, TracebackType | None] | tuple[None, None, None] | BaseException,
    ) -> None:
        facts = {"endpoint": request.endpoint, "incident": incident_id()}
        log.error("request.crashed %s", facts["incident"], exc_info=what, extra=facts)

    app.log_exception = log_crash  # type: ignore[method-assign,assignment] # the address may hold what was searched for
    app.register_error_handler(ConsoleError, _told)
    app.register_error_handler(HTTPException, _framework)
    app.register_error_handler(InternalServerError, _unexpected(app))
