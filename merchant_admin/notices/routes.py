"""Screens of notices: the list, one with its text and tries, files of text messages. Texts are in text_routes."""

import csv
import io
from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from merchant_admin.audit.queries import of_subjects
from merchant_admin.audit.words import told
from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict
from merchant_admin.core.outgoing import TextWay
from merchant_admin.core.paging import Place
from merchant_admin.core.permissions import Permission
from merchant_admin.customers.models import Customer
from merchant_admin.notices import handing, queries, words
from merchant_admin.notices.models import Notice
from merchant_admin.notices.sending import make_text
from merchant_admin.notices.states import AGAIN, NoticeState
from merchant_admin.web.access import requires, services, work_context
from merchant_admin.web.looks import word
from merchant_admin.web.navigation import NavEntry, register
from merchant_admin.web.pages import after_post, page

bp = Blueprint("notices", __name__)
FEW_EVENTS = 20
_TABS = (
    NoticeState.WAITING, NoticeState.UNKNOWN, NoticeState.FAILED, NoticeState.DROPPED, NoticeState.SENT,
    NoticeState.HANDED_OVER,
)  # fmt: skip


@bp.record_once
def _set_up(state: BlueprintSetupState) -> None:
    entry = NavEntry(
        "notices.list_notices", lazy_gettext("알림"), "bell", Permission.VIEW, order=45,
        count=lambda: queries.unsettled_count(db.session()),
    )  # fmt: skip
    register(state.app, entry)  # type: ignore[arg-type] # a blueprint meets a Flask app


@bp.get("/notices")
@requires(Permission.VIEW)
def list_notices() -> Response:
    asked, text = request.args.get("state", ""), request.args.get("q", "")[:100]
    chosen = NoticeState(asked) if asked in set(NoticeState) else None
    out, now = services().settings.outgoing, work_context().now()
    return page(
        "notices/list.html",
        fragment="notices/_list.html",
        page=queries.notice_page(db.session(), chosen, text, Place.read(request.args.get("place"))),
        tabs=_tabs(chosen, text),
        chosen=chosen,
        text=text,
        channels=out.channels,
        by_file=out.text is TextWay.CSV,
        what_next=lambda row: words.what_next(row, out, now),
        url=lambda place: url_for(".list_notices", state=chosen.value if chosen else None, q=text or None, place=place),
    )


def _tabs(chosen: NoticeState | None, text: str) -> list[dict[str, Any]]:
    counts = queries.state_counts(db.session())
    rows = [
        {"label": word(state), "href": url_for(".list_notices", state=state.value, q=text or None),
         "is_current": state is chosen,
         "count": f"{counts[state]:,}{'+' if counts[state] >= queries.COUNTED_MOST else ''}"}
        for state in _TABS
    ]  # fmt: skip
    every = {
        "label": _("모두"),
        "href": url_for(".list_notices", q=text or None),
        "is_current": chosen is None,
        "count": None,
    }
    return [every, *rows]


@bp.get("/notices/<string:notice_id>")
@requires(Permission.VIEW)
def show_notice(notice_id: str) -> Response:
    row = queries.notice_view(db.session(), notice_id)
    out = services().settings.outgoing
    draft = None
    if row.body is None:
        notice = db.session.get_one(Notice, notice_id)
        draft = make_text(work_context(), db.session(), notice, db.session.get(Customer, row.customer_id))
    return page(
        "notices/show.html",
        row=row,
        draft=draft,
        sentence=words.what_next(row, out, work_context().now()),
        tries=queries.tries_of(db.session(), notice_id),
        may_send=row.state in AGAIN and row.channel in out.channels,
        about=words.address_of_subject(row),
        events=told(of_subjects(db.session(), ("notice", notice_id), limit=FEW_EVENTS)),
    )


@bp.post("/notices/<string:notice_id>/again")
@requires(Permission.EDIT_CUSTOMERS)
def send_again(notice_id: str) -> Response:
    """Puts it into the outbox again, once per press. The worker sends it within the hours for notices."""
    typed = request.form.get("tries", "")
    queries.notice_view(db.session(), notice_id)
    try:
        handing.ask_again(work_context(), notice_id, int(typed) if typed.isascii() and typed.isdecimal() else -1)
    except Conflict as late:
        flash(str(late.message), "warn")
    else:
        flash(_("다시 보내기로 했습니다. 알리는 시간 안에 한 번 보냅니다."), "ok")
    return after_post(url_for(".show_notice", notice_id=notice_id))


@bp.get("/notices/handovers")
@requires(Permission.REVEAL)
def list_handovers() -> Response:
    """How many text messages wait, and the files that were made."""
    out = services().settings.outgoing
    return page(
        "notices/handovers.html", waiting=queries.texts_waiting(db.session()), files=queries.handovers(db.session()),
        by_file=out.text is TextWay.CSV, most=handing.MOST_ROWS, counted=queries.COUNTED_MOST,
    )  # fmt: skip


@bp.post("/notices/handovers")
@requires(Permission.REVEAL)
def create_handover() -> Response:
    """Marks what waits as handed over; the file is fetched from the page that follows, as often as needed."""
    if services().settings.outgoing.text is not TextWay.CSV:
        flash(_("문자 파일을 쓰지 않는 설정입니다. 아무것도 내보내지 않았습니다."), "warn")
    elif handing.hand_over(work_context()) is None:
        flash(_("내보낼 문자가 없습니다."), "info")
    else:
        flash(_("문자 파일을 만들었습니다. 아래에서 내려받으십시오."), "ok")
    return after_post(url_for(".list_handovers"))


@bp.get("/notices/handovers/<string:handover_id>/file")
@requires(Permission.REVEAL)
def download_handover(handover_id: str) -> Response:
    """The file: one line for each message, safe to open in a spreadsheet."""
    lines = handing.handed_over(work_context(), handover_id)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_("번호"), _("받는 전화번호"), _("문자 내용"), _("종류")])
    for line in lines:
        cells = (line.notice_id, line.phone, line.text, line.kind)
        writer.writerow([handing.safe_cell(cell) for cell in cells])
    return Response(
        "\ufeff" + out.getvalue(), mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{handover_id}.csv"', "Cache-Control": "no-store"},
    )  # fmt: skip
