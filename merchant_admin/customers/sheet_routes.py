"""Screens of adding customers from a file: choose it, look at what it holds, add all of it or nothing."""

import re

from flask import Response, flash, request, url_for
from flask_babel import gettext as _

from merchant_admin.core.db import db
from merchant_admin.core.errors import InvalidInput
from merchant_admin.core.ids import random_signs
from merchant_admin.core.permissions import Permission
from merchant_admin.customers import sheet_forms, sheets
from merchant_admin.customers.routes import bp
from merchant_admin.web.access import requires, work_context
from merchant_admin.web.forms import FormReader
from merchant_admin.web.pages import after_post, page
from merchant_admin.web.uploads import takes_bytes

customers = bp  # with these views on it
SHOWN = 50
_MOST_BODY = 3_000_000  # the largest file as the preview's hidden field carries it


@bp.get("/customers/import")
@requires(Permission.IMPORT_CUSTOMERS)
def new_import() -> Response:
    return _chooser(FormReader.showing())


def _chooser(form: FormReader, status: int = 200) -> Response:
    return page(
        "customers/import.html", form=form, most_rows=sheets.MOST_ROWS, most_mb=sheet_forms.MOST_BYTES // 1_000_000,
        status=status,
    )  # fmt: skip


@bp.post("/customers/import")
@requires(Permission.IMPORT_CUSTOMERS)
@takes_bytes(_MOST_BODY)
def check_import() -> Response:
    """Says what the file holds. Nothing is kept: the next form carries the file."""
    form, given = FormReader.showing(), request.files.get("file")
    raw = given.read() if given else b""
    if not given or not given.filename:
        form.refuse("file", _("파일을 골라 주세요."))
    elif len(raw) > sheet_forms.MOST_BYTES:
        form.refuse(
            "file",
            _(
                "파일이 %(most)s MB보다 큽니다. 나누어 올려 주세요. 아무도 추가하지 않았습니다.",
                most=sheet_forms.MOST_BYTES // 1_000_000,
            ),
        )
    return _preview(form, raw, random_signs()) if form.is_valid else _chooser(form, 422)


def _preview(form: FormReader, raw: bytes, sheet_key: str) -> Response:
    try:
        sheet = sheet_forms.read_sheet(raw)
    except InvalidInput as refusal:
        form.refuse("file", str(refusal))
        return _chooser(form, 422)
    return page(
        "customers/import_preview.html",
        sheet=sheet,
        broken_lines=len({broken.line for broken in sheet.broken}),
        twins=sheets.twins(db.session(), sheet.rows),
        shown=SHOWN,
        sheet_key=sheet_key,
        packed="" if sheet.broken else sheet_forms.pack(raw),
        form=FormReader.showing(twins="skip"),
        status=422 if sheet.broken else 200,
    )


@bp.post("/customers/import/confirmed")
@requires(Permission.IMPORT_CUSTOMERS)
@takes_bytes(_MOST_BODY)
def create_import() -> Response:
    """All of the file, read again from the form, or nothing."""
    form, sheet_key = FormReader.showing(), request.form.get("sheet_key", "")
    if not re.fullmatch(r"[a-z0-9]{20}", sheet_key):
        form.refuse("file", _("파일을 다시 골라 주세요. 아무도 추가하지 않았습니다."))
        return _chooser(form, 422)
    try:
        raw = sheet_forms.unpack(request.form.get("packed", ""))
        sheet = sheet_forms.read_sheet(raw)
    except InvalidInput as refusal:
        form.refuse("file", str(refusal))
        return _chooser(form, 422)
    if sheet.broken:
        return _preview(form, raw, sheet_key)
    done = sheets.add_all(work_context(), sheet_key, sheet.rows, skip_twins=request.form.get("twins") != "add")
    if done.is_repeat:
        flash(
            _("이미 추가한 파일입니다. 두 번 추가하지 않았습니다. 추가한 고객 %(count)s명.", count=f"{done.added:,}"),
            "info",
        )
    elif not done.added:
        flash(_("모두 이미 있는 고객이라 아무도 추가하지 않았습니다."), "info")
    else:
        flash(
            _(
                "고객 %(count)s명을 추가했습니다. 건너뛴 줄 %(skipped)s개.",
                count=f"{done.added:,}", skipped=f"{done.skipped:,}",
            ),
            "ok",
        )  # fmt: skip
    return after_post(url_for(".list_customers"))
