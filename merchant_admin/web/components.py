"""/dev/components: every macro in all its states, for people who build pages and for photographs. Not in production."""

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Flask, Response, request

from merchant_admin.web.access import public
from merchant_admin.web.forms import FormReader
from merchant_admin.web.pages import page

_AT = datetime(2026, 11, 23, 6, 4, tzinfo=UTC)


@dataclass(frozen=True)
class _SamplePage:
    """Shaped like core.paging.Page."""

    rows: tuple[int, ...]
    previous: str | None
    next: str | None


@public
def show_components() -> Response:
    wrong = FormReader({"amount_krw": "50,000원", "reason_code": "", "name": "정기 배송 11월"})
    wrong.won("amount_krw", most=48_400)
    wrong.line("name", most=40)
    wrong.line("reason_code", most=10, required=True)
    return page(
        "dev/components.html",
        blank=FormReader.showing(amount_krw=None, name="", reason_code="", memo="", agrees=""),
        wrong=wrong,
        at=_AT,
        sample=_SamplePage((1, 2, 3), None, "later"),
        sample_url=lambda place: f"?place={place}",
        months=[("12월", 3_120_000), *((f"{month}월", 2_870_000 + month * 221_000) for month in range(1, 12))],
        layout="layout/plain.html" if request.args.get("layout") == "plain" else "layout/console.html",
    )


def init_components(app: Flask) -> None:
    app.add_url_rule("/dev/components", "web.show_components", show_components)
