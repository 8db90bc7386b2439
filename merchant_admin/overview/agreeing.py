"""Consents that are missing, as rows of the home page's list: who must still say yes, and by when."""

from datetime import date

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from merchant_admin.core.settings import Mode
from merchant_admin.notices.consent_queries import ConsentRow, missing
from merchant_admin.overview.attention import Task
from merchant_admin.web.looks import word


def consent_tasks(session: Session, mode: Mode, today: date) -> list[Task]:
    """One row for each, the nearest date first."""
    return [_task(row, today) for row in missing(session, mode, today)]


def _task(row: ConsentRow, today: date) -> Task:
    what = f"{row.name} · {word(row.kind)}"
    text = _("%(what)s · 동의가 없어 결제를 멈춤", what=what) if row.is_overdue(today) else what
    return Task(
        text, row.customer_id, row.customer_name, row.amount_krw, row.effective_on, _("동의 보기·적기"),
        url_for("consents.show_consent", consent_id=row.id),
    )  # fmt: skip
