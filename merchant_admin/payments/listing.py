"""What stands around the history's rows: tabs with counts, chips, choices, and how many there are."""

from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.queries import any_key
from merchant_admin.core.errors import NotFound
from merchant_admin.core.paging import Place
from merchant_admin.core.settings import Mode
from merchant_admin.customers.queries import customer_summary
from merchant_admin.payments import finding, queries
from merchant_admin.payments.address import (
    Chip,
    HistoryAddress,
    Names,
    Period,
    basis_words,
    chips,
    period_words,
)  # fmt: skip
from merchant_admin.payments.filters import TABS, DateBasis, Found, LineFilters, LineKind, StateGroup
from merchant_admin.web.filters import card_label
from merchant_admin.web.looks import word


@dataclass(frozen=True)
class Tab:
    """A saved view: its count stands only where nothing else narrows the list."""

    label: str
    href: str
    is_current: bool
    count: str | None


Options = list[tuple[str, str]]


@dataclass(frozen=True)
class Choices:
    """What the filter form offers: (value, text) pairs."""

    periods: Options
    bases: Options
    issuers: Options
    staff: Options
    kinds: Options
    modes: Options


def link(**params: str) -> str:
    """The history's address with these words; `from` and the like are no Python names."""
    return url_for("payments.list_payments", **params)  # type: ignore[arg-type] # words, not url_for's own options


def state_words(group: StateGroup | None) -> str:
    words: dict[StateGroup | None, str] = {
        None: _("전체"), StateGroup.PAID: _("결제 완료"), StateGroup.DECLINED: _("실패"),
        StateGroup.REFUNDS: _("환불"), StateGroup.PARTLY_REFUNDED: _("부분 환불"), StateGroup.REFUNDED: _("전액 환불"),
        StateGroup.CHECKING: _("확인 필요"), StateGroup.OTHER: _("미결제"),
    }  # fmt: skip
    return words[group]


def kind_words(kind: LineKind) -> str:
    words: dict[LineKind, str] = {
        LineKind.ONE_OFF: _("결제 요청"), LineKind.AGAIN: _("다시 결제"), LineKind.FIRST: _("등록하며 결제"),
        LineKind.WINDOW: _("결제창 결제"),
        LineKind.SCHEDULED: _("예약 결제"), LineKind.KEY_IN: _("수기 결제"),
        LineKind.ELSEWHERE: _("다른 곳에서 결제"),
    }  # fmt: skip
    return words[kind]


def tabs(session: Session, address: HistoryAddress) -> list[Tab]:
    """The tabs keep all other filters."""
    counts = {} if address.filters.narrows_beyond_state else queries.tab_counts(session)
    rest = address.without("state")
    current = address.filters.state
    if current in {StateGroup.PARTLY_REFUNDED, StateGroup.REFUNDED}:
        current = StateGroup.REFUNDS
    return [
        Tab(
            state_words(group), link(**rest, **({"state": group.value} if group else {})), group == current,
            capped(counts[group]) if group in counts else None,
        )
        for group in (None, *TABS)
    ]  # fmt: skip


def capped(count: int) -> str:
    """A tab's count as it is shown: past the cap, only that it is more."""
    return f"{count:,}" if count <= queries.TAB_CAP else f"{queries.TAB_CAP:,}+"


def total(session: Session, address: HistoryAddress, found: Found | None, place: Place | None) -> str | None:
    """How many lines there are, where an index can tell."""
    if place is not None and address.filters.narrows_beyond_state:
        return None
    count = queries.match_count(session, address.filters, found)
    if count is None:
        return None
    if count > queries.COUNT_CAP:
        return str(_("%(count)s건 이상", count=f"{queries.COUNT_CAP:,}"))
    return str(_("%(count)s건", count=f"{count:,}"))


def chips_of(session: Session, address: HistoryAddress) -> list[Chip]:
    """The filters in force, named as people know them."""
    own = address.filters
    if own == LineFilters(state=own.state) and own.state not in {StateGroup.PARTLY_REFUNDED, StateGroup.REFUNDED}:
        return []
    names = Names(
        customer=_customer(session, own.customer_id),
        card=_card(session, own.billing_key_id),
        issuer=_named(finding.issuer_choices(session), own.issuer_code) if own.issuer_code else "",
        staff=_named(finding.staff_choices(session), own.staff_id) if own.staff_id else "",
        kind=kind_words(own.kind) if own.kind else "",
        mode=mode_words(own.mode) if own.mode else "",
        state=state_words(own.state) if own.state else "",
    )
    return chips(address, names, link)


def mode_words(mode: Mode) -> str:
    return word(mode)


def choices(session: Session) -> Choices:
    """What the filter form offers."""
    return Choices(
        [(period.value, period_words(period)) for period in Period],
        [(basis.value, basis_words(basis)) for basis in DateBasis if basis is not DateBasis.ASKED],
        [(choice.value, choice.label) for choice in finding.issuer_choices(session)],
        [(choice.value, choice.label) for choice in finding.staff_choices(session)],
        [(kind.value, kind_words(kind)) for kind in LineKind],
        [(mode.value, f"{mode_words(mode)} ({mode.value})") for mode in Mode],
    )


def _named(offered: list[finding.Choice], value: str) -> str:
    return next((choice.label for choice in offered if choice.value == value), value)


def _customer(session: Session, customer_id: str) -> str:
    if not customer_id:
        return ""
    try:
        return customer_summary(session, customer_id).name
    except NotFound:
        return customer_id


def _card(session: Session, key_id: str) -> str:
    if not key_id:
        return ""
    try:
        key = any_key(session, key_id)
    except NotFound:
        return key_id
    return card_label(key.issuer_name, key.last_four)
