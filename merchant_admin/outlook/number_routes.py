"""Screens of the owner's numbers: twelve months with their definitions, and the rows behind each figure."""

from datetime import timedelta

from flask import Response, request, url_for
from flask_babel import gettext as _

from merchant_admin.core.db import db
from merchant_admin.core.errors import NotFound
from merchant_admin.core.paging import Place
from merchant_admin.core.permissions import Permission
from merchant_admin.outlook import month, number_rows, numbers
from merchant_admin.outlook.numbers import Number
from merchant_admin.outlook.routes import DAY_LABELS, bp, mode, month_title, today, views
from merchant_admin.web.access import requires
from merchant_admin.web.pages import page

outlook = bp  # with these views on it


@bp.get("/subscription-numbers")
@requires(Permission.VIEW_NUMBERS)
def show_numbers() -> Response:
    now = today()
    months = numbers.numbers(db.session(), mode(), now)
    last = (months[-1].first_on + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    days = month.days_of(db.session(), mode(), months[-1].first_on, last, now)
    return page(
        "outlook/numbers.html", months=months, now=months[-1], today=now, days=days, numbers=Number,
        views=views("outlook.show_numbers"), title_of=month_title, labels=DAY_LABELS,
    )  # fmt: skip


@bp.get("/subscription-numbers/<string:month_word>")
@requires(Permission.VIEW_NUMBERS)
def list_number(month_word: str) -> Response:
    """Exactly the rows behind one number of a month."""
    found = next((each for each in numbers.numbers(db.session(), mode(), today()) if each.word == month_word), None)
    if found is None:
        raise NotFound(_("최근 열두 달에 없는 달입니다."))
    asked = request.args.get("of", "")
    number = Number(asked) if asked in set(Number) else Number.MRR
    return page(
        "outlook/number.html", month=found, number=number, numbers=Number, title=month_title(found.first_on),
        page=number_rows.rows(db.session(), mode(), found, number, Place.read(request.args.get("place"))),
        url=lambda place: url_for(".list_number", month_word=month_word, of=number.value, place=place),
    )  # fmt: skip
