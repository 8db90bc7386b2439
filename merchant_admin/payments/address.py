"""The history's address: read into filters, written back without empty fields, and shown as removable chips."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeVar

from flask_babel import gettext as _

from merchant_admin.core.settings import Mode
from merchant_admin.payments.filters import DateBasis, LineFilters, LineKind, StateGroup
from merchant_admin.web.forms import FormReader

E = TypeVar("E", bound=StrEnum)
OLDEST, LATEST = date(2000, 1, 1), date(2999, 12, 30)


class Period(StrEnum):
    """Spans of Seoul days that staff ask for by name."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    WEEK = "7days"
    MONTH = "month"
    LAST_MONTH = "last_month"
    CUSTOM = "custom"


def days_of(period: Period, today: date) -> tuple[date, date]:
    """First and last day of a named span, both included."""
    start_of_month = today.replace(day=1)
    end_of_last = start_of_month - timedelta(days=1)
    return {
        Period.TODAY: (today, today),
        Period.YESTERDAY: (today - timedelta(days=1), today - timedelta(days=1)),
        Period.WEEK: (today - timedelta(days=6), today),
        Period.MONTH: (start_of_month, today),
        Period.LAST_MONTH: (end_of_last.replace(day=1), end_of_last),
    }[period]


@dataclass(frozen=True)
class Chip:
    """One filter in force, and the address without it."""

    label: str
    href: str


@dataclass(frozen=True)
class HistoryAddress:
    """What an address asks for. `typed` redraws the form, wrong entries and all; `form.errors` says what is wrong."""

    filters: LineFilters
    period: Period | None
    form: FormReader

    @classmethod
    def read(cls, args: Mapping[str, str], today: date) -> "HistoryAddress":
        """Filters from the address's words. What can't be read narrows nothing, and is named in `form.errors`."""
        form = FormReader(args)
        period = _word(form, "period", Period)
        first_on, last_on = (_day(form, "from"), _day(form, "to")) if period in {None, Period.CUSTOM} else (None, None)
        if period is None and (first_on or last_on):
            period = Period.CUSTOM
        if period and period is not Period.CUSTOM:
            first_on, last_on = days_of(period, today)
        if first_on and last_on and last_on < first_on:
            form.refuse("to", _("끝 날짜가 시작 날짜보다 빠릅니다."))
            last_on = None
        filters = LineFilters(
            q=form.line("q", most=100) if args.get("q") else "",
            state=_word(form, "state", StateGroup),
            basis=_word(form, "basis", DateBasis) or DateBasis.ASKED,
            first_on=first_on,
            last_on=last_on,
            least_krw=form.won("least", least=0, required=False),
            most_krw=form.won("most", least=0, required=False),
            customer_id=_id(form, "customer_id"),
            billing_key_id=_id(form, "billing_key_id"),
            issuer_code=_id(form, "issuer"),
            last_four=_last_four(form),
            kind=_word(form, "kind", LineKind),
            staff_id=_id(form, "staff_id"),
            mode=_word(form, "mode", Mode),
        )
        return cls(replace(filters, q="") if "q" in form.errors else filters, period, form)

    @property
    def params(self) -> dict[str, str]:
        """The address's words without empty ones."""
        own, is_custom = self.filters, self.period is Period.CUSTOM
        basis = own.basis if own.basis is not DateBasis.ASKED else ""
        words: dict[str, object] = {
            "state": own.state or "", "q": own.q, "basis": basis, "period": self.period or "",
            "from": own.first_on.isoformat() if is_custom and own.first_on else "",
            "to": own.last_on.isoformat() if is_custom and own.last_on else "",
            "least": "" if own.least_krw is None else own.least_krw,
            "most": "" if own.most_krw is None else own.most_krw,
            "customer_id": own.customer_id, "billing_key_id": own.billing_key_id, "issuer": own.issuer_code,
            "last_four": own.last_four, "kind": own.kind or "", "staff_id": own.staff_id, "mode": own.mode or "",
        }  # fmt: skip
        return {name: str(word) for name, word in words.items() if word != ""}

    @property
    def shows_more(self) -> bool:
        """Whether a filter of the folded part is in use."""
        folded = {"basis", "from", "to", "least", "most", "last_four", "kind", "staff_id", "mode"}
        return self.period is Period.CUSTOM or bool(folded & (set(self.params) | set(self.form.errors)))

    def without(self, *names: str) -> dict[str, str]:
        """The address's words without these."""
        return {name: word for name, word in self.params.items() if name not in names}


@dataclass(frozen=True)
class Names:
    """How chips call what the filters name by id."""

    customer: str = ""
    card: str = ""
    issuer: str = ""
    staff: str = ""
    kind: str = ""
    mode: str = ""
    state: str = ""


def chips(address: HistoryAddress, names: Names, link: Callable[..., str]) -> list[Chip]:
    """The filters in force as words, each with the address without it. A tab is no chip: it shows by itself."""
    own = address.filters
    rows: list[tuple[str, tuple[str, ...]]] = []
    if own.q:
        rows.append((_("찾기: %(words)s", words=own.q), ("q",)))
    if days := _days_in_words(address):
        rows.append((days, ("period", "from", "to", "basis")))
    elif own.basis is not DateBasis.ASKED:
        rows.append((basis_words(own.basis), ("basis",)))
    if own.least_krw is not None:
        rows.append((_("₩%(sum)s 이상", sum=f"{own.least_krw:,}"), ("least",)))
    if own.most_krw is not None:
        rows.append((_("₩%(sum)s 이하", sum=f"{own.most_krw:,}"), ("most",)))
    named = {
        "customer_id": _("고객: %(name)s", name=names.customer) if own.customer_id else "",
        "billing_key_id": _("빌링키: %(name)s", name=names.card) if own.billing_key_id else "",
        "issuer": names.issuer if own.issuer_code else "",
        "last_four": f"•••• {own.last_four}" if own.last_four else "",
        "kind": names.kind if own.kind else "",
        "staff_id": _("직원: %(name)s", name=names.staff) if own.staff_id else "",
        "mode": names.mode if own.mode else "",
        "state": names.state if own.state in {StateGroup.PARTLY_REFUNDED, StateGroup.REFUNDED} else "",
    }
    rows += [(label, (name,)) for name, label in named.items() if label]
    return [Chip(label, link(**address.without(*gone))) for label, gone in rows]


def basis_words(basis: DateBasis) -> str:
    """How the screen calls the instant that days mean."""
    words: dict[DateBasis, str] = {
        DateBasis.ASKED: _("요청일"), DateBasis.PAID: _("승인일"), DateBasis.REFUNDED: _("환불일"),
    }  # fmt: skip
    return words[basis]


def period_words(period: Period) -> str:
    words: dict[Period, str] = {
        Period.TODAY: _("오늘"), Period.YESTERDAY: _("어제"), Period.WEEK: _("최근 7일"), Period.MONTH: _("이번 달"),
        Period.LAST_MONTH: _("지난달"), Period.CUSTOM: _("직접 고르기"),
    }  # fmt: skip
    return words[period]


def _days_in_words(address: HistoryAddress) -> str:
    own = address.filters
    if address.period is None:
        return ""
    if address.period is not Period.CUSTOM:
        return f"{basis_words(own.basis)}: {period_words(address.period)}"
    if own.first_on is None and own.last_on is None:
        return ""
    first, last = (day.isoformat() if day else "" for day in (own.first_on, own.last_on))
    return f"{basis_words(own.basis)}: {first} ~ {last}"


def _word(form: FormReader, name: str, kind: type[E]) -> E | None:
    return form.choice(name, kind, required=False)


def _id(form: FormReader, name: str) -> str:
    word = form.line(name, most=40)
    return "" if name in form.errors else word


def _last_four(form: FormReader) -> str:
    word = form.line("last_four", most=4)
    if word and not re.fullmatch(r"[0-9]{3}[0-9*]?", word):
        form.refuse("last_four", _("카드 끝 네 자리를 숫자로 적어 주세요."))
    return "" if "last_four" in form.errors else word


def _day(form: FormReader, name: str) -> date | None:
    word = form.line(name, most=20)
    if not word or name in form.errors:
        return None
    try:
        day = date.fromisoformat(word)
    except ValueError:
        form.refuse(name, _("날짜를 2026-11-23처럼 적어 주세요."))
        return None
    return min(max(day, OLDEST), LATEST)
