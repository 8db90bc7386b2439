"""The sheet that reserves a charge, the sheet that moves one, and the list's filters, read from posted text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from flask_babel import gettext as _

from merchant_admin.core.ids import RANDOM_SIGNS, new_id
from merchant_admin.core.times import SEOUL
from merchant_admin.payments.forms import MEMO_MOST, TYPED_AGAIN_FROM_KRW, order_name
from merchant_admin.schedules.queries import ScheduleFilters, Tab
from merchant_admin.schedules.service import ScheduleSheet, refused_time
from merchant_admin.web.forms import FormReader

REASON_MOST = 200
_SHEET_KEY = re.compile(rf"sht_[a-z0-9]{{{RANDOM_SIGNS}}}")
_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class ScheduleForm:
    """A posted sheet. `sheet` is None while `form.errors` holds anything."""

    form: FormReader
    sheet: ScheduleSheet | None

    @classmethod
    def read(cls, data: Mapping[str, str], now: datetime) -> "ScheduleForm":
        form = FormReader(data)
        sheet_key = form.line("sheet_key", most=40)
        if not _SHEET_KEY.fullmatch(sheet_key):
            form.values["sheet_key"] = sheet_key = new_id("sht")
        customer_id = form.line("customer_id", most=40)
        key_id = form.line("billing_key_id", most=40)
        if not key_id:
            form.refuse("billing_key_id", _("결제할 카드를 고르세요."))
        at = read_time(form, now)
        name = order_name(form)
        amount_krw = form.won("amount_krw")
        tax_free_krw = form.won("tax_free_krw", least=0, required=False) or 0
        if amount_krw is not None and tax_free_krw > amount_krw:
            form.refuse("tax_free_krw", _("면세 금액은 결제 금액보다 클 수 없습니다."))
        memo = form.text("memo", most=MEMO_MOST)
        form.values["typed_krw"] = data.get("typed_krw", "")[:30]
        if not form.is_valid or amount_krw is None or at is None:
            return cls(form, None)
        return cls(
            form, ScheduleSheet(sheet_key, customer_id, key_id, amount_krw, tax_free_krw, name, memo, schedule_at=at)
        )

    @property
    def must_type_again(self) -> bool:
        return self.sheet is not None and self.sheet.amount_krw >= TYPED_AGAIN_FROM_KRW

    def check_typed_again(self) -> None:
        """Refuse a large sum that was not typed again as it stands."""
        if self.must_type_again and self.sheet is not None and self.form.won("typed_krw") != self.sheet.amount_krw:
            self.form.errors["typed_krw"] = _("위의 결제 금액과 같은 금액을 적어 주세요. 아직 예약하지 않았습니다.")


def read_time(form: FormReader, now: datetime) -> datetime | None:
    """The instant of `schedule_day` and `schedule_time` in Seoul; None with a message at the field."""
    day, clock = form.line("schedule_day", most=10, required=True), form.line("schedule_time", most=8, required=True)
    parsed_day, parsed_time = _date(day), _time(clock)
    if day and parsed_day is None:
        form.refuse("schedule_day", _("날짜를 2026-12-01처럼 적어 주세요."))
    if clock and parsed_time is None:
        form.refuse("schedule_time", _("시각을 09:30처럼 적어 주세요."))
    if parsed_day is None or parsed_time is None:
        return None
    at = datetime.combine(parsed_day, parsed_time, SEOUL).astimezone(UTC)
    if refusal := refused_time(at, now):
        form.refuse("schedule_day", refusal)
        return None
    return at


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else None
    except ValueError:
        return None


def _time(text: str) -> time | None:
    try:
        return time.fromisoformat(text[:5]) if re.fullmatch(r"\d{2}:\d{2}(:\d{2})?", text) else None
    except ValueError:
        return None


def time_values(at: datetime) -> dict[str, str]:
    """An instant as the two fields show it."""
    local = at.astimezone(SEOUL)
    return {"schedule_day": local.strftime("%Y-%m-%d"), "schedule_time": local.strftime("%H:%M")}


def next_at_hour(at: datetime, now: datetime) -> datetime:
    """Tomorrow in Seoul, at the hour of `at`."""
    tomorrow = now.astimezone(SEOUL).date() + timedelta(days=1)
    return datetime.combine(tomorrow, at.astimezone(SEOUL).time(), SEOUL)


def read_filters(data: Mapping[str, str]) -> ScheduleFilters:
    """What an address asks for; words that mean nothing are left out."""
    tab, month = data.get("tab", ""), data.get("month", "")
    return ScheduleFilters(
        tab=Tab(tab) if tab in set(Tab) else Tab.COMING,
        month=month if _MONTH.fullmatch(month) else "",
        day=_date(data.get("day", "")),
        customer_id=data.get("customer_id", "")[:40],
    )


def read_span(data: Mapping[str, str], today: date, most_days: int) -> tuple[FormReader, date, date]:
    """The days of an import: by default the next three months."""
    form = FormReader(data)
    first, last = _date(form.line("from", most=10)), _date(form.line("to", most=10))
    first = first or today
    last = last or date.fromordinal(first.toordinal() + 89)
    if last < first:
        form.refuse("to", _("끝나는 날은 시작하는 날보다 앞설 수 없습니다."))
    elif (last - first).days > most_days:
        form.refuse("to", _("한 번에 1년까지 찾을 수 있습니다."))
    form.values |= {"from": first.isoformat(), "to": last.isoformat()}
    return form, first, last


def read_reason(data: Mapping[str, str]) -> tuple[FormReader, str]:
    """Why staff revoke a reservation."""
    form = FormReader(data)
    return form, form.line("reason", most=REASON_MOST, required=True)
