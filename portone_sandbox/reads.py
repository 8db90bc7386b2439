"""Looking payments up: one, many, by order number, by status and time, by billing key."""

import sqlite3
from typing import Any

from portone_sandbox import payments
from portone_sandbox.envelope import NOT_OURS, Refusal
from portone_sandbox.fields import Fields
from portone_sandbox.payments import STATUSES

UNKNOWN = "존재하지 않는 결제정보입니다."
BAD_STATUS = "지원되지 않는 상태값입니다."
WINDOW_SECONDS = 90 * 86_400
PAGE_SIZE = 20
MOST_IDS = 100
LATEST = 253_402_300_799  # the last second of the year 9999
_COLUMN_OF = {"started": "started_at", "paid": "paid_at", "updated": "updated_at"}
_TIME_OF = {"ready": "started_at", "paid": "paid_at", "cancelled": "cancelled_at", "failed": "failed_at"}
_ITS_TIME = (
    "CASE status WHEN 'ready' THEN started_at WHEN 'paid' THEN paid_at"
    " WHEN 'failed' THEN failed_at ELSE cancelled_at END"
)


def not_found() -> Refusal:
    return Refusal(UNKNOWN, code=NOT_OURS, status=404)


def order_by(given: Fields) -> str:
    """The ORDER BY of a `sorting` value; newest start first by default. Raises Refusal (400)."""
    sorting = given.text("sorting", 20) or "-started"
    column = _COLUMN_OF.get(sorting.removeprefix("-"))
    if column is None:
        raise Refusal("지원되지 않는 정렬값입니다.", status=400)
    way = "DESC" if sorting.startswith("-") else "ASC"
    return f"{column} {way}, rowid {way}"


def check_status(status: str | None, *, may_be_all: bool = False) -> str | None:
    """The status to filter by; None for no filter. Raises Refusal (400)."""
    if status is None or (may_be_all and status == "all"):
        return None
    if status not in STATUSES:
        raise Refusal(BAD_STATUS, status=400)
    return status


def paged(db: sqlite3.Connection, given: Fields, where: str, values: tuple[Any, ...], order: str) -> dict[str, Any]:
    """One page of payments. `where` and `order` are ours, never a caller's text. Raises Refusal (400) past the end."""
    limit = given.whole("limit", least=1, most=1000) or PAGE_SIZE
    page = given.whole("page", least=1, most=10**9) or 1
    total = db.execute(f"SELECT count(*) FROM payments WHERE {where}", values).fetchone()[0]  # noqa: S608
    check_page(page, limit, total)
    rows = db.execute(
        f"SELECT body, inner FROM payments WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?",  # noqa: S608
        (*values, limit, (page - 1) * limit),
    )
    return page_of(total, page, limit, [payments.load(row).wire() for row in rows])


def check_page(page: int, limit: int, total: int) -> None:
    if page > 1 and (page - 1) * limit >= total:
        raise Refusal("페이지 범위를 벗어났습니다.", status=400)


def page_of(total: int, page: int, limit: int, found: list[dict[str, Any]]) -> dict[str, Any]:
    return {"total": total, "previous": page - 1, "next": page + 1 if page * limit < total else 0, "list": found}


def by_order(imp_code: str, merchant_uid: str, status: str | None) -> tuple[str, tuple[Any, ...]]:
    where, values = "imp_code = ? AND merchant_uid = ? AND NOT is_hidden", (imp_code, merchant_uid)
    return (where, values) if status is None else (f"{where} AND status = ?", (*values, status))


def by_status(imp_code: str, status: str | None, given: Fields, now: int) -> tuple[str, tuple[Any, ...]]:
    """The window of a status list, by the time that belongs to the status. Raises Refusal (400)."""
    until = given.whole("to", most=LATEST) or now
    since = given.whole("from", most=LATEST)
    since = until - WINDOW_SECONDS if since is None else since
    if since > until or until - since > WINDOW_SECONDS:
        raise Refusal("조회기간은 최대 90일까지 지정할 수 있습니다.", status=400)
    where = "imp_code = ? AND NOT is_hidden"
    if status is None:
        return f"{where} AND {_ITS_TIME} BETWEEN ? AND ?", (imp_code, since, until)
    return f"{where} AND status = ? AND {_TIME_OF[status]} BETWEEN ? AND ?", (imp_code, status, since, until)
