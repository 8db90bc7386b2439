"""Moving all cards of a PG profile: choosing the two profiles, the board, the file for text messages."""

import csv
import io
from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from merchant_admin.audit.queries import of_subjects
from merchant_admin.audit.words import told
from merchant_admin.card_links import board, moves, service, telling
from merchant_admin.card_links.moves import MoveOrder
from merchant_admin.card_links.states import LinkStage, MoveState
from merchant_admin.card_links.words import message
from merchant_admin.core.db import db
from merchant_admin.core.errors import InvalidInput, RuleBroken
from merchant_admin.core.paging import Place
from merchant_admin.core.permissions import Permission
from merchant_admin.core.times import seoul_day
from merchant_admin.web import windows
from merchant_admin.web.access import gateway, requires, services, work_context
from merchant_admin.web.filters import day_text
from merchant_admin.web.forms import FormReader
from merchant_admin.web.navigation import NavEntry, register
from merchant_admin.web.pages import after_post, page

bp = Blueprint("card_moves", __name__)
FEW_EVENTS = 20
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")
_TURNS = {
    "stop": (moves.stop_move, lazy_gettext("멈추었습니다. 이미 만든 링크는 계속 쓸 수 있습니다.")),
    "resume": (moves.resume_move, lazy_gettext("이어서 링크를 만듭니다.")),
    "renew": (moves.renew_links, lazy_gettext("기한 지난 카드의 링크를 새로 만듭니다.")),
    "finish": (
        moves.finish_move,
        lazy_gettext("끝냈습니다. 더 만들지 않습니다. 이미 만든 링크는 기한까지 쓸 수 있습니다."),
    ),
}


@bp.record_once
def _set_up(state: BlueprintSetupState) -> None:
    entry = NavEntry(
        "card_moves.list_moves", lazy_gettext("결제 통로 이동"), "send", Permission.DELETE_CARDS, group="run", order=60
    )
    register(state.app, entry)  # type: ignore[arg-type] # a blueprint meets a Flask app


@bp.get("/card-moves")
@requires(Permission.DELETE_CARDS)
def list_moves() -> Response:
    found = board.profiles(db.session(), services().settings.mode)
    targets = gateway().billing_pgs
    first = next((each.pg for each in found), targets[0])
    form = FormReader.showing(
        source_pg=first, target_pg=next((pg for pg in targets if pg != first), ""), link_days=14, only_used="1"
    )
    return _list_page(form)


def _list_page(form: FormReader, status: int = 200, refusal: Any = None) -> Response:
    mode = services().settings.mode
    return page(
        "card_links/moves.html", profiles=board.profiles(db.session(), mode), targets=gateway().billing_pgs,
        moves=board.moves(db.session(), mode), days=service.LINK_DAYS, form=form, refusal=refusal, status=status,
    )  # fmt: skip


def _read_order() -> tuple[FormReader, MoveOrder | None]:
    form = FormReader(request.form)
    source = form.line("source_pg", most=80, required=True)
    target = form.line("target_pg", most=80, required=True)
    days = form.whole("link_days", least=1, most=60)
    order = MoveOrder(source, target, days or 0, form.flag("only_used"))
    if form.is_valid:
        try:
            order.refuse_unusable(gateway())
        except InvalidInput as wrong:
            for name, message in wrong.fields.items():
                form.refuse(name, str(message))
    return form, order if form.is_valid else None


@bp.post("/card-moves/confirm")
@requires(Permission.DELETE_CARDS)
def confirm_move() -> Response:
    """Restates how many cards and how much a month are concerned. Writes nothing."""
    form, order = _read_order()
    if order is None or request.form.get("edit"):
        return _list_page(form, 422 if order is None else 200)
    found = board.profiles(db.session(), services().settings.mode)
    source = next((each for each in found if each.pg == order.source_pg), None)
    if source is None:
        form.refuse("source_pg", _("이 결제 통로에는 쓸 수 있는 카드가 없습니다."))
        return _list_page(form, 422)
    return page("card_links/confirm_move.html", form=form, order=order, source=source)


@bp.post("/card-moves")
@requires(Permission.DELETE_CARDS)
def create_move() -> Response:
    form, order = _read_order()
    if order is None:
        return _list_page(form, 422)
    try:
        move_id = moves.start_move(work_context(), gateway(), order).id
    except RuleBroken as refusal:
        return _list_page(form, 422, refusal.message)
    return after_post(url_for(".show_move", card_move_id=move_id))


@bp.get("/card-moves/<string:card_move_id>")
@requires(Permission.DELETE_CARDS)
def show_move(card_move_id: str) -> Response:
    session, now = db.session(), work_context().now()
    move = board.one_move(session, card_move_id)
    asked = request.args.get("stage", "")
    stage = LinkStage(asked) if asked in set(LinkStage) else None
    found = board.board(session, move, now)
    return page(
        "card_links/board.html", fragment="card_links/_board.html", move=move, board=found, stage=stage,
        unsent=found.cards_of(LinkStage.MADE), over=found.cards_of(LinkStage.EXPIRED),
        is_making=move.state is MoveState.RUNNING, may_tell=bool(services().settings.outgoing.channels),
        page=board.link_page(session, move, stage, now, Place.read(request.args.get("place"))),
        url=lambda place: url_for(
            ".show_move", card_move_id=move.id, stage=stage.value if stage else None, place=place
        ),
        events=told(of_subjects(session, (moves.SUBJECT, move.id), limit=FEW_EVENTS)),
    )  # fmt: skip


@bp.post("/card-moves/<string:card_move_id>/turns/<string:turn>")
@requires(Permission.DELETE_CARDS)
def create_turn(card_move_id: str, turn: str) -> Response:
    """Stop, resume, renew or finish."""
    board.one_move(db.session(), card_move_id)
    act, words = _TURNS.get(turn, (None, ""))
    try:
        if act is not None:
            act(work_context(), card_move_id)
    except RuleBroken:
        flash(_("지금 상태에서는 할 수 없습니다. 아무것도 바꾸지 않았습니다."), "warn")
    else:
        flash(str(words) if act else _("알 수 없는 요청입니다."), "ok" if act else "warn")
    return after_post(url_for(".show_move", card_move_id=card_move_id))


@bp.post("/card-moves/<string:card_move_id>/notices")
@requires(Permission.DELETE_CARDS)
def create_notices(card_move_id: str) -> Response:
    """Puts the links nobody sent yet into the outbox; each goes out once."""
    board.one_move(db.session(), card_move_id)
    count, is_more = telling.send_move(work_context(), card_move_id)
    if not count:
        flash(_("보낼 링크가 없거나, 이 알림을 보내는 방법이 꺼져 있습니다. 보낸 것은 없습니다."), "warn")
    elif is_more:
        flash(_("먼저 링크 %(count)s건을 보냅니다. 나머지는 한 번 더 누르십시오.", count=f"{count:,}"), "ok")
    else:
        flash(_("링크 %(count)s건을 보냅니다. 연락처가 없는 고객은 알림 화면에 남습니다.", count=f"{count:,}"), "ok")
    return after_post(url_for(".show_move", card_move_id=card_move_id))


@bp.post("/card-moves/<string:card_move_id>/files")
@requires(Permission.DELETE_CARDS)
def create_file(card_move_id: str) -> Response:
    """The links nobody sent yet, for a text-message sender; they count as sent from now on."""
    board.one_move(db.session(), card_move_id)
    ctx = work_context()
    rows = moves.take_unsent(ctx, card_move_id)
    if not rows:
        flash(_("보낼 링크가 없습니다. 전화번호가 없는 고객의 링크는 파일에 담지 않습니다."), "warn")
        return after_post(url_for(".show_move", card_move_id=card_move_id))
    text = io.StringIO()
    sheet = csv.writer(text, lineterminator="\r\n")
    sheet.writerow([_("이름"), _("전화번호"), _("링크"), _("링크 기한"), _("보낼 문자")])
    merchant = services().settings.merchant_name
    for link_id, name, phone, expires_at in rows:
        link = f"{windows.here()}{url_for('register_links.show_link', token=service.token(ctx, link_id))}"
        until = day_text(seoul_day(expires_at))
        words = message(merchant, link, expires_at)
        sheet.writerow([harmless(cell) for cell in (name, phone, link, until, words)])
    return Response(
        text.getvalue().encode("utf-8-sig"),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="card-links-{card_move_id[-6:]}.csv"'},
    )


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
