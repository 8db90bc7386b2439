"""Raw texts of failures as they were met lately. Nothing counts a table: the newest declines are walked, no more."""

from collections import Counter
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from flask_babel import force_locale
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.core.errors import NotFound
from merchant_admin.customers.models import Customer
from merchant_admin.failures.models import FailureWord
from merchant_admin.failures.service import Dictionary
from merchant_admin.failures.states import FailureClass
from merchant_admin.failures.words import Reading, id_of, pattern_of
from merchant_admin.payments.models import PaymentLine
from merchant_admin.payments.queries import LineRow
from merchant_admin.payments.states import LineState
from merchant_admin.staff.models import Staff

WALKED = 2_000  # declines that are looked at; the page says so
EXAMPLES = 10


@dataclass(frozen=True)
class FailureRow:
    """One text among the newest declines."""

    id: str
    text: str
    failure_class: FailureClass
    count: int
    last_at: datetime | None
    last_line_id: str | None
    is_decided: bool  # a person chose the class


@dataclass(frozen=True)
class Seen:
    """The texts, the most frequent first, and how far the walk went."""

    rows: list[FailureRow]
    walked: int
    since: datetime | None
    is_all: bool


@dataclass(frozen=True)
class Failure:
    """One text on its own page."""

    id: str
    text: str
    reading: Reading
    decided_by: str | None
    decided_at: datetime | None


@dataclass(frozen=True)
class Bilingual:
    """What may be told to the customer, in both languages whatever the reader's own is."""

    korean: str
    english: str


def seen(session: Session, words: Dictionary) -> Seen:
    """The raw texts of the newest WALKED declines."""
    newest = list(session.execute(_declines().limit(WALKED)))
    counts: Counter[str] = Counter()
    last: dict[str, Any] = {}
    for row in newest:
        pattern = pattern_of(row.fail_reason)
        counts[pattern] += 1
        last.setdefault(pattern, row)
    rows = [
        FailureRow(
            id_of(pattern), pattern, words.class_of(pattern), count, last[pattern].asked_at, last[pattern].id,
            pattern in words.decided,
        )
        for pattern, count in counts.most_common()
    ]  # fmt: skip
    return Seen(rows, len(newest), newest[-1].asked_at if newest else None, len(newest) < WALKED)


def text_named(session: Session, failure_id: str) -> str:
    """The text behind an id: one that was put into a class, or one among the newest declines. Raises NotFound."""
    kept = session.scalars(select(FailureWord.pattern).where(FailureWord.id == failure_id)).first()
    if kept is not None:
        return kept
    for row in session.execute(_declines().limit(WALKED)):
        if id_of(pattern := pattern_of(row.fail_reason)) == failure_id:
            return pattern
    raise NotFound(_("이 실패 사유를 찾을 수 없습니다."))


def one(session: Session, words: Dictionary, text: str) -> Failure:
    """A text with its reading, and who decided on it."""
    decided: Any = session.execute(
        select(Staff.name, FailureWord.set_at)
        .join(Staff, Staff.id == FailureWord.staff_id)
        .where(FailureWord.pattern == text)
    ).first()
    return Failure(id_of(text), text, words.explain(text), *(decided or (None, None)))


def examples(session: Session, text: str) -> list[LineRow]:
    """The newest declines with this text, among those that are walked."""
    ids = [row.id for row in session.execute(_declines().limit(WALKED)) if pattern_of(row.fail_reason) == text][
        :EXAMPLES
    ]
    names = [each.name for each in fields(LineRow) if each.name != "customer_name"]
    found = session.execute(
        select(*(getattr(PaymentLine, name) for name in names), Customer.name.label("customer_name"))
        .outerjoin(Customer, Customer.id == PaymentLine.customer_id)
        .where(PaymentLine.id.in_(ids))
        .order_by(PaymentLine.asked_at.desc(), PaymentLine.id.desc())
    )
    return [LineRow(**row._mapping) for row in found]  # noqa: SLF001 - SQLAlchemy's own name for it


def in_both_languages(reading: Reading) -> Bilingual:
    with force_locale("ko"):
        korean = str(reading.to_customer)
    with force_locale("en"):
        return Bilingual(korean, str(reading.to_customer))


def _declines() -> Any:
    """Newest first, along the index of states."""
    newest: Any = select(PaymentLine.id, PaymentLine.fail_reason, PaymentLine.asked_at).where(
        PaymentLine.state == LineState.DECLINED, PaymentLine.fail_reason.is_not(None), PaymentLine.fail_reason != ""
    )
    return newest.order_by(PaymentLine.asked_at.desc(), PaymentLine.id.desc())
