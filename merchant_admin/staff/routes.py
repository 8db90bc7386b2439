"""Sign-in and sign-out, the page of one's own account, and the pages where the owner manages people."""

from flask import Blueprint, Response, flash, request, session, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from merchant_admin.core.db import db
from merchant_admin.core.errors import InvalidInput
from merchant_admin.core.permissions import Permission, Role
from merchant_admin.staff import doorway, queries, service
from merchant_admin.staff.commands import staff_commands
from merchant_admin.staff.forms import put_messages, read_details, read_new_password, read_new_staff
from merchant_admin.web.access import SignedIn, current_staff, public, requires, work_context
from merchant_admin.web.forms import FormReader
from merchant_admin.web.languages import language
from merchant_admin.web.looks import word
from merchant_admin.web.navigation import NavEntry, register
from merchant_admin.web.pages import after_post, page, safe_path
from merchant_admin.web.preferences import theme

bp = Blueprint("staff", __name__, cli_group=None)
bp.cli.add_command(staff_commands)


@bp.record_once
def _set_up(state: BlueprintSetupState) -> None:
    doorway.init_doorway(state.app)  # type: ignore[arg-type] # a blueprint meets a Flask app
    label = lazy_gettext("직원")
    register(
        state.app,  # type: ignore[arg-type]
        NavEntry("staff.list_staff", label, "shield-check", Permission.MANAGE_STAFF, group="run", order=80),
    )


def _roles() -> list[tuple[str, str]]:
    return [(role.value, word(role)) for role in Role]


def _me() -> SignedIn:
    staff = current_staff()
    assert staff is not None  # the gate let nobody else through
    return staff


@bp.get("/sign-in")
@public
def show_sign_in() -> Response:
    if current_staff() is not None:
        return after_post(_next_page())
    return _sign_in_page(FormReader.showing(email=""))


@bp.post("/sign-in")
@public
def sign_in() -> Response:
    email = request.form.get("email", "")[:200]
    form = FormReader.showing(email=email)
    browser = doorway.this_browser(email)
    try:
        token = service.sign_in(
            work_context(), email, request.form.get("password", ""), browser, doorway.session_token()
        )
    except service.TooManyTries as refusal:
        return _too_many(form, refusal)
    except InvalidInput as refusal:
        return _sign_in_page(form, str(refusal), status=422)
    session.clear()  # a new form token too
    if request.args.get("interrupted"):
        flash(
            _(
                "로그인이 끝나 있어 방금 보낸 내용은 처리하지 않았습니다. 결제도 환불도 이루어지지 않았습니다. "
                "내용을 확인하고 다시 보내 주세요."
            ),
            "warn",
        )
    answer = after_post(_next_page())
    doorway.keep_session(answer, token)
    doorway.remember_browser(answer, email)
    return answer


def _next_page() -> str:
    """Where one wanted to go, if that is a page of ours and not the door itself."""
    wanted = safe_path(request.args.get("next"))
    return wanted if wanted and not wanted.startswith(url_for(".show_sign_in")) else "/"


def _sign_in_page(form: FormReader, message: str | None = None, status: int = 200) -> Response:
    interrupted = bool(request.args.get("interrupted"))
    address = url_for(".sign_in", next=safe_path(request.args.get("next")), interrupted=1 if interrupted else None)
    return page(
        "staff/sign_in.html", form=form, message=message, address=address, interrupted=interrupted, status=status
    )


def _too_many(form: FormReader, refusal: service.TooManyTries) -> Response:
    minutes = -(-refusal.retry_after_seconds // 60)
    message = _("로그인을 너무 여러 번 시도했습니다. %(minutes)s분 뒤에 다시 시도하세요.", minutes=minutes)
    answer = _sign_in_page(form, message, status=service.TooManyTries.status)
    answer.headers["Retry-After"] = str(refusal.retry_after_seconds)
    return answer


@bp.post("/sign-out")
@public
def sign_out() -> Response:
    if staff := current_staff():
        service.sign_out(work_context(), staff.session_id)
        session.clear()
        flash(_("로그아웃했습니다."), "ok")
    answer = after_post(url_for(".show_sign_in"))
    doorway.forget_session(answer)
    return answer


@bp.get("/account")
@requires(Permission.VIEW)
def my_account() -> Response:
    return _account_page(FormReader.showing())


def _account_page(form: FormReader, status: int = 200) -> Response:
    ctx, me = work_context(), _me()
    rows = queries.open_sessions(db.session(), me.staff_id, ctx.now(), me.session_id)
    screen = FormReader.showing(lang=language(), theme=theme() or "")
    return page("staff/account.html", form=form, screen=screen, sessions=rows, status=status)


@bp.post("/account/password")
@requires(Permission.VIEW)
def change_password() -> Response:
    me = _me()
    form, password = read_new_password(request.form)
    if form.is_valid:
        try:
            service.change_password(
                work_context(), me.staff_id, request.form.get("now_used", ""), password,
                doorway.this_browser(me.email), me.session_id,
            )  # fmt: skip
        except InvalidInput as refusal:
            put_messages(form, refusal)
        except service.TooManyTries as refusal:
            form.refuse("now_used", str(refusal))
            answer = _account_page(form, status=refusal.status)
            answer.headers["Retry-After"] = str(refusal.retry_after_seconds)
            return answer
    if not form.is_valid:
        return _account_page(form, status=422)
    flash(_("비밀번호를 바꾸었습니다. 다른 기기에서는 로그아웃되었습니다."), "ok")
    return after_post(url_for(".my_account"))


@bp.post("/account/sessions/<string:session_id>/end")
@requires(Permission.VIEW)
def end_session(session_id: str) -> Response:
    service.end_own_session(work_context(), _me().staff_id, session_id)
    flash(_("그 기기에서 로그아웃했습니다."), "ok")
    return after_post(url_for(".my_account"))


@bp.post("/account/sessions/end")
@requires(Permission.VIEW)
def end_other_sessions() -> Response:
    ended = service.end_sessions(work_context(), _me().staff_id, keep=_me().session_id)
    flash(_("다른 기기 %(count)s곳에서 로그아웃했습니다.", count=ended), "ok")
    return after_post(url_for(".my_account"))


@bp.get("/staff")
@requires(Permission.MANAGE_STAFF)
def list_staff() -> Response:
    ctx = work_context()
    return page("staff/list.html", rows=queries.staff_list(db.session(), ctx.now()))


@bp.get("/staff/new")
@requires(Permission.MANAGE_STAFF)
def new_staff() -> Response:
    return page("staff/new.html", roles=_roles(), form=FormReader.showing(email="", name="", role=Role.CLERK.value))


@bp.post("/staff")
@requires(Permission.MANAGE_STAFF)
def create_staff() -> Response:
    form, wanted = read_new_staff(request.form)
    if wanted is not None:
        try:
            service.create_staff(work_context(), wanted.email, wanted.name, wanted.role, wanted.password)
        except InvalidInput as refusal:
            put_messages(form, refusal)
        else:
            flash(_("%(name)s 님을 직원으로 추가했습니다. 정한 비밀번호를 알려 주세요.", name=wanted.name), "ok")
            return after_post(url_for(".list_staff"))
    return page("staff/new.html", roles=_roles(), form=form, status=422)


@bp.get("/staff/<string:staff_id>/edit")
@requires(Permission.MANAGE_STAFF)
def edit_staff(staff_id: str) -> Response:
    ctx = work_context()
    member = queries.staff_member(db.session(), staff_id, ctx.now())
    return _edit_page(member, FormReader.showing(name=member.name, role=member.role.value))


def _edit_page(member: queries.StaffRow, form: FormReader, status: int = 200) -> Response:
    ctx = work_context()
    rows = queries.open_sessions(db.session(), member.id, ctx.now(), _me().session_id)
    is_me = member.id == _me().staff_id
    return page("staff/edit.html", member=member, form=form, roles=_roles(), sessions=rows, is_me=is_me, status=status)


@bp.post("/staff/<string:staff_id>")
@requires(Permission.MANAGE_STAFF)
def update_staff(staff_id: str) -> Response:
    ctx = work_context()
    form, name, role = read_details(request.form)
    if not form.is_valid or role is None:
        return _edit_page(queries.staff_member(db.session(), staff_id, ctx.now()), form, status=422)
    service.rename(ctx, staff_id, name)
    service.change_role(ctx, staff_id, role, keep=_me().session_id)
    return _saved(staff_id, _("저장했습니다."))


@bp.post("/staff/<string:staff_id>/disable")
@requires(Permission.MANAGE_STAFF)
def disable_staff(staff_id: str) -> Response:
    service.disable(work_context(), staff_id)
    return _saved(staff_id, _("이 직원은 이제 로그인할 수 없습니다. 열려 있던 화면도 닫혔습니다."))


@bp.post("/staff/<string:staff_id>/enable")
@requires(Permission.MANAGE_STAFF)
def enable_staff(staff_id: str) -> Response:
    service.enable(work_context(), staff_id)
    return _saved(staff_id, _("이 직원은 다시 로그인할 수 있습니다."))


@bp.post("/staff/<string:staff_id>/sessions/end")
@requires(Permission.MANAGE_STAFF)
def end_staff_sessions(staff_id: str) -> Response:
    ended = service.end_sessions(work_context(), staff_id, keep=_me().session_id)
    return _saved(staff_id, _("기기 %(count)s곳에서 로그아웃시켰습니다.", count=ended))


@bp.post("/staff/<string:staff_id>/password")
@requires(Permission.MANAGE_STAFF)
def reset_password(staff_id: str) -> Response:
    ctx = work_context()
    form, password = read_new_password(request.form)
    if form.is_valid:
        try:
            service.set_password(ctx, staff_id, password)
        except InvalidInput as refusal:
            put_messages(form, refusal)
    if not form.is_valid:
        member = queries.staff_member(db.session(), staff_id, ctx.now())
        form.values |= {"name": member.name, "role": member.role.value}
        return _edit_page(member, form, status=422)
    return _saved(staff_id, _("새 비밀번호를 정했습니다. 본인에게 알려 주고 바꾸게 하세요."))


def _saved(staff_id: str, words: str) -> Response:
    flash(words, "ok")
    return after_post(url_for(".edit_staff", staff_id=staff_id))
