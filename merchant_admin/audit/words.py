"""What each line of the timeline says, in the reader's language: act -> sentence, tone and icon.

An act that stands in no table is shown by its name, so that a new one is never hidden; a test looks that all acts the
product writes have their words.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import format_date, gettext
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from merchant_admin.audit.queries import EventRow

Said = tuple[LazyString, str, str]  # sentence, tone (ok, bad, warn, info, plain), icon


@dataclass(frozen=True)
class Line:
    """One line for `ui/timeline.html` and for the list of everything."""

    seq: int
    title: str
    tone: str
    icon: str
    detail: str
    who: str
    at: datetime
    address: str | None
    kind: str
    subject_id: str
    href: str | None


ACTS: dict[str, Said] = {
    "sign_in.done": (_("로그인함"), "plain", "log-in"),
    "sign_in.failed": (_("로그인 실패"), "warn", "shield-x"),
    "sign_in.signed_out": (_("로그아웃함"), "plain", "log-out"),
    "access.denied": (_("권한이 없어 거절됨"), "warn", "ban"),
    "staff.created": (_("직원 추가 · %(role)s"), "plain", "user-plus"),
    "staff.renamed": (_("직원 이름 변경"), "plain", "pencil"),
    "staff.role_changed": (_("역할 변경 · %(before)s → %(after)s"), "warn", "shield-check"),
    "staff.disabled": (_("직원 로그인 막음"), "warn", "user-x"),
    "staff.enabled": (_("직원 로그인 다시 허용"), "plain", "user"),
    "staff.session_ended": (_("기기 한 곳에서 로그아웃시킴"), "plain", "log-out"),
    "staff.sessions_ended": (_("기기 %(count)s곳에서 로그아웃시킴"), "plain", "log-out"),
    "staff.password_changed": (_("비밀번호 변경"), "plain", "key-round"),
    "staff.password_reset": (_("비밀번호 새로 정함"), "warn", "key-round"),
    "staff.password_refused": (_("비밀번호 변경 거절 · 지금 비밀번호가 틀림"), "warn", "shield-x"),
    "plan.created": (_("요금제 추가 · %(name)s"), "plain", "plus"),
    "plan.changed": (_("요금제 변경 · %(before_krw)s → %(amount_krw)s"), "plain", "pencil"),
    "plan.archived": (_("요금제 보관 · %(name)s"), "plain", "archive"),
    "subscription.created": (_("정기결제 시작 · %(amount_krw)s"), "ok", "repeat"),
    "subscription.due": (_("%(number)s회차 결제일 · %(amount_krw)s"), "plain", "calendar-clock"),
    "subscription.paid": (_("%(number)s회차 결제됨 · %(amount_krw)s"), "ok", "circle-check"),
    "subscription.recovered": (_("미납이던 %(number)s회차 결제됨 · %(amount_krw)s"), "ok", "circle-check"),
    "subscription.declined": (_("%(number)s회차 결제 안 됨 · 다시 시도 예정"), "warn", "rotate-ccw"),
    "subscription.needs_card": (_("%(number)s회차 결제 안 됨 · 새 카드 필요"), "bad", "credit-card"),
    "subscription.card_link_told": (_("‘새 카드 요청’ 알림에 카드 링크를 넣음"), "plain", "link"),
    "subscription.missed": (_("지나간 결제일 %(count)s번을 건너뜀"), "warn", "circle-slash"),
    "subscription.changed": (_("정기결제 조건 변경"), "plain", "pencil"),
    "subscription.card_changed": (_("정기결제 카드 변경"), "plain", "credit-card"),
    "subscription.paused": (_("정기결제 일시정지"), "plain", "circle-minus"),
    "subscription.paused_until": (_("정기결제 일시정지 · %(until)s에 다시 시작"), "plain", "circle-minus"),
    "subscription.pause_moved": (_("다시 시작하는 날을 %(until)s로 정함"), "plain", "calendar-clock"),
    "subscription.pause_opened": (
        _("다시 시작하는 날을 지움 · 직접 다시 시작할 때까지 일시정지"),
        "plain",
        "circle-minus",
    ),
    "subscription.resumed_on_day": (_("정한 날 %(on)s에 다시 시작"), "ok", "repeat"),
    "subscription.resumed": (_("정기결제 다시 시작"), "ok", "repeat"),
    "subscription.skipped": (_("%(on)s 결제 건너뜀"), "plain", "circle-slash"),
    "subscription.cancelled": (_("정기결제 바로 해지"), "warn", "circle-slash"),
    "subscription.cancel_planned": (_("%(ends_on)s에 해지 예정"), "warn", "calendar-clock"),
    "subscription.kept": (_("해지 취소"), "ok", "repeat"),
    "subscription.ended": (_("정기결제 끝남"), "plain", "circle-slash"),
    "subscription.ended_unpaid": (_("%(number)s회차를 받지 못해 정기결제 끝남"), "bad", "circle-x"),
    "subscription.paused_unpaid": (_("%(number)s회차를 받지 못해 일시정지"), "bad", "circle-minus"),
    "notice.sent": (_("고객에게 알림을 보냄"), "ok", "send"),
    "notice.unknown": (_("알림을 보냈는지 알 수 없음"), "warn", "circle-question-mark"),
    "notice.failed": (_("알림을 보내지 못함"), "bad", "circle-x"),
    "notice.dropped": (_("알림을 보내지 않음"), "plain", "circle-slash"),
    "notice.handed_over": (_("알림 문자를 파일로 내보냄"), "plain", "download"),
    "notice.file_made": (_("문자 파일을 만듦 · %(count)s건"), "plain", "download"),
    "notice.asked_again": (_("알림을 다시 보내기로 함"), "plain", "repeat"),
    "notice.text_changed": (_("알림 문구 변경 · %(version)s판"), "plain", "pencil"),
    "consent.needed": (_("%(on)s부터 %(amount_krw)s에 고객 동의 필요"), "warn", "circle-alert"),
    "consent.asked_again": (_("동의를 다시 요청함"), "plain", "repeat"),
    "consent.given": (_("%(amount_krw)s 결제에 고객이 동의함"), "ok", "circle-check"),
    "consent.refused": (_("%(amount_krw)s 결제에 고객이 동의하지 않음"), "bad", "circle-x"),
    "consent.applied": (_("동의한 금액 %(amount_krw)s 적용"), "plain", "check"),
    "consent.withdrawn": (_("%(amount_krw)s 동의가 더 필요하지 않음"), "plain", "circle-slash"),
    "customer.created": (_("고객을 추가함"), "plain", "user-plus"),
    "customer.imported": (_("파일에서 고객 %(count)s명을 추가함 · 건너뜀 %(skipped)s"), "plain", "users"),
    "customer.changed": (_("고객 정보 변경 · %(fields)s"), "plain", "pencil"),
    "customer.archived": (_("고객 보관"), "plain", "archive"),
    "line.restored": (_("백업을 되살림 · 포트원과 맞출 때까지 보내지 않음"), "warn", "archive-restore"),
    "line.opened": (_("포트원과 다 맞춤 · 다시 보냄"), "ok", "circle-check"),
    "line.opened_by_hand": (_("다 맞추기 전에 사람이 다시 보내게 함"), "bad", "triangle-alert"),
    "subscription.paid_elsewhere": (
        _("%(number)s회차 %(amount_krw)s은 복원 전에 이미 결제됨 · 다시 결제하지 않음"),
        "warn",
        "shield-check",
    ),
    "customer.restored": (_("고객 복원"), "plain", "archive-restore"),
    "customer.revealed": (_("연락처 열람"), "info", "eye"),
    "billing_key.linked": (_("빌링키 연결"), "ok", "credit-card"),
    "billing_key.made_default": (_("기본 카드로 정함"), "plain", "star"),
    "billing_key.deleting": (_("빌링키 삭제 시작"), "plain", "trash-2"),
    "billing_key.deleted": (_("빌링키 삭제됨"), "plain", "trash-2"),
    "billing_key.not_deleted": (_("빌링키가 삭제되지 않음"), "warn", "triangle-alert"),
    "billing_key.missing": (_("포트원에 빌링키가 없음"), "bad", "unplug"),
    "billing_key.found_again": (_("포트원에서 빌링키를 다시 찾음"), "ok", "link"),
    "registration.keyed_in": (_("카드번호를 받아 카드 등록 시작"), "plain", "keyboard"),
    "registration.opened": (_("카드 등록 시작"), "plain", "id-card"),
    "registration.returned": (_("결제창에서 돌아옴 · 결과 확인 중"), "info", "hourglass"),
    "registration.foreign_return": (_("결제창이 남의 거래번호를 알려 와 쓰지 않음"), "bad", "shield-x"),
    "registration.checking": (_("카드 등록 결과 확인 중"), "warn", "hourglass"),
    "registration.both": (_("카드 등록과 첫 결제 완료"), "ok", "circle-check"),
    "registration.key_only": (_("카드 등록 완료"), "ok", "circle-check"),
    "registration.charge_only": (_("결제만 되고 카드는 등록되지 않음"), "bad", "triangle-alert"),
    "registration.none": (_("카드가 등록되지 않음"), "plain", "circle-slash"),
    "charge.asked": (_("%(amount_krw)s 결제 요청"), "plain", "send"),
    "charge.sent": (_("%(amount_krw)s 결제 요청을 포트원에 보냄"), "plain", "send"),
    "charge.paid": (_("%(amount_krw)s 결제 완료"), "ok", "circle-check"),
    "charge.paid_twice": (_("%(amount_krw)s 이중 결제됨 · 환불 필요"), "bad", "triangle-alert"),
    "charge.held": (_("%(amount_krw)s 결제를 적어 둠 · 보내지 않음"), "info", "clock"),
    "charge.declined": (_("%(amount_krw)s 결제 실패"), "bad", "circle-x"),
    "charge.uncertain": (_("%(amount_krw)s 결제 결과 확인 필요"), "warn", "hourglass"),
    "charge.awaiting_deposit": (_("%(amount_krw)s 가상계좌 발급 · 입금 대기"), "info", "landmark"),
    "checkout.opened": (_("%(amount_krw)s 결제창 결제 시작"), "plain", "banknote"),
    "checkout.link_made": (_("%(amount_krw)s 결제 링크를 만듦"), "plain", "link"),
    "checkout.link_ended": (_("%(amount_krw)s 결제 링크를 취소함"), "plain", "unplug"),
    "checkout.window_opened": (_("%(amount_krw)s 결제창을 엶"), "plain", "banknote"),
    "checkout.returned": (_("결제창에서 돌아옴 · 결과 확인 중"), "info", "hourglass"),
    "checkout.foreign_return": (_("결제창이 남의 거래번호를 알려 와 쓰지 않음"), "bad", "shield-x"),
    "card_link.made": (_("새 카드 링크를 만듦"), "plain", "link"),
    "card_link.made_by_plan": (_("요금제에 따라 새 카드 링크를 자동으로 만듦"), "plain", "link"),
    "card_link.begun_here": (_("등록된 다른 카드로 바꾸기 시작 · 정기결제 %(count)s건"), "plain", "repeat"),
    "card_link.replaced": (_("새 링크로 바꾸어 쓸 수 없게 함"), "plain", "unplug"),
    "card_link.ended": (_("새 카드 링크를 취소함"), "plain", "unplug"),
    "card_link.queued": (_("새 카드 링크를 알림으로 보내기로 함"), "plain", "send"),
    "card_move.queued": (_("새 카드 링크 %(count)s건을 알림으로 보내기로 함"), "plain", "send"),
    "card_link.sent": (_("새 카드 링크를 보냄"), "plain", "send"),
    "card_link.opened": (_("고객이 새 카드 링크를 엶"), "info", "smartphone"),
    "card_link.agreed": (_("고객이 카드 등록에 동의함 · 버전 %(version)s"), "plain", "file-text"),
    "card_link.not_registered": (_("등록 창에서 카드가 등록되지 않음"), "plain", "circle-slash"),
    "card_link.verified": (_("새 카드를 포트원에서 확인함"), "ok", "circle-check"),
    "card_link.moved": (_("정기결제 %(count)s건을 새 카드로 옮김"), "ok", "repeat"),
    "card_link.reserved_again": (_("취소한 예약 %(count)s건을 새 카드에 다시 예약함"), "ok", "calendar-clock"),
    "card_link.done": (_("카드 교체를 마침"), "ok", "circle-check"),
    "card_link.failed": (_("새 카드로 바꾸지 못함 · 앞의 카드 그대로"), "bad", "triangle-alert"),
    "card_move.started": (_("카드를 다른 결제 통로로 옮기기 시작"), "plain", "send"),
    "card_move.stopped": (_("카드 옮기기를 멈춤"), "warn", "circle-minus"),
    "card_move.resumed": (_("카드 옮기기를 이어 감"), "plain", "refresh-cw"),
    "card_move.renewed": (_("기한 지난 링크를 새로 만들기로 함"), "plain", "link"),
    "card_move.finished": (_("카드 옮기기를 끝냄"), "ok", "check"),
    "card_move.exported": (_("링크 %(count)s건을 파일로 내려받아 보낸 것으로 적음"), "info", "download"),
    "billing_key.reservations_revoked": (_("포트원에 남은 예약 %(count)s건 취소"), "plain", "circle-slash"),
    "charge.absent": (_("포트원에 거래가 보이지 않음"), "warn", "search-x"),
    "charge.ready_again": (_("%(amount_krw)s 같은 주문번호로 다시 보내기로 함"), "plain", "repeat"),
    "charge.abandoned": (_("%(amount_krw)s 결제 안 함으로 닫음"), "plain", "circle-slash"),
    "charge.run_by_portone": (_("%(amount_krw)s 예약 결제를 포트원이 실행함"), "plain", "calendar-clock"),
    "schedule.asked": (_("%(amount_krw)s 결제 예약 요청"), "plain", "send"),
    "schedule.scheduled": (_("%(amount_krw)s 결제 예약됨"), "ok", "calendar-clock"),
    "schedule.uncertain": (_("%(amount_krw)s 결제 예약 결과 확인 필요"), "warn", "hourglass"),
    "schedule.missing": (_("%(amount_krw)s 결제 예약이 포트원에 없음"), "warn", "unplug"),
    "schedule.moving": (_("%(amount_krw)s 예약 시각 변경 요청"), "plain", "pencil"),
    "schedule.moved": (_("%(amount_krw)s 예약 시각 변경됨"), "ok", "calendar-clock"),
    "schedule.not_moved": (_("%(amount_krw)s 예약 시각이 바뀌지 않음"), "warn", "triangle-alert"),
    "schedule.again": (_("%(amount_krw)s 실패하거나 취소한 예약을 다시 예약 요청"), "plain", "send"),
    "schedule.not_again": (_("%(amount_krw)s 다시 예약되지 않음"), "warn", "triangle-alert"),
    "schedule.revoking": (_("%(amount_krw)s 예약 취소 요청"), "plain", "ban"),
    "schedule.revoked": (_("%(amount_krw)s 예약 취소됨"), "plain", "circle-slash"),
    "schedule.not_revoked": (_("%(amount_krw)s 예약이 취소되지 않음"), "warn", "triangle-alert"),
    "schedule.executed_paid": (_("%(amount_krw)s 예약 결제 완료"), "ok", "circle-check"),
    "schedule.executed_failed": (_("%(amount_krw)s 예약 결제 실패"), "bad", "circle-x"),
    "schedule.taken_over": (_("%(amount_krw)s 예약을 포트원에서 가져옴"), "info", "link"),
    "charge.repeat_stopped": (_("%(amount_krw)s 반복 결제를 막음 · %(why)s"), "info", "shield-check"),
    "charge.closing_asked": (_("결제 안 함으로 닫는 승인을 요청함"), "warn", "user"),
    "charge.closing_agreed": (_("결제 안 함으로 닫는 것을 승인함"), "plain", "check"),
    "charge.closing_overtaken": (_("닫기 요청이 필요 없어짐 · 결과가 먼저 확인됨"), "plain", "circle-slash"),
    "charge.closing_refused": (_("결제 안 함으로 닫지 않기로 함"), "plain", "ban"),
    "payment.found": (_("%(amount_krw)s 결제를 포트원에서 찾음"), "info", "search"),
    "payment.mismatch": (_("포트원의 결제가 요청과 다름"), "bad", "triangle-alert"),
    "payment.refunded": (_("%(amount_krw)s 환불이 포트원에 기록됨"), "info", "undo-2"),
    "webhook.replayed": (_("웹훅을 다시 읽음"), "plain", "refresh-cw"),
    "case.opened": (_("확인할 일이 생김"), "bad", "circle-alert"),
    "case.opened_again": (_("확인할 일이 다시 생김"), "bad", "circle-alert"),
    "case.taken": (_("확인할 일을 맡음"), "plain", "user"),
    "case.settled": (_("확인할 일이 저절로 끝남"), "ok", "circle-check"),
    "case.resolved": (_("확인할 일을 끝냄"), "ok", "circle-check"),
    "day.closed": (_("하루 마감"), "ok", "check"),
    "refund.asked": (_("%(amount_krw)s 환불 요청"), "plain", "undo-2"),
    "refund.done": (_("%(amount_krw)s 환불 완료"), "ok", "circle-check"),
    "refund.refused": (_("%(amount_krw)s 환불 안 됨"), "bad", "circle-x"),
    "refund.uncertain": (_("%(amount_krw)s 환불 결과 확인 필요"), "warn", "hourglass"),
    "refund.closing_asked": (_("환불 안 됨으로 닫는 승인을 요청함"), "warn", "user"),
    "refund.closing_agreed": (_("환불 안 됨으로 닫는 것을 승인함"), "plain", "check"),
    "refund.closing_overtaken": (_("닫기 요청이 필요 없어짐 · 결과가 먼저 확인됨"), "plain", "circle-slash"),
    "refund.closing_refused": (_("환불 안 됨으로 닫지 않기로 함"), "plain", "ban"),
    "failure.reclassed": (_("실패 사유 분류 변경 · %(text)s"), "plain", "pencil"),
    "refund.sent_again": (_("%(amount_krw)s 환불을 다시 보냄"), "plain", "repeat"),
}

KINDS: dict[str, LazyString] = {
    "charge": _("결제 요청"),
    "payment": _("결제"),
    "refund": _("환불"),
    "registration": _("카드 등록"),
    "schedule": _("결제 예약"),
    "subscription": _("정기결제"),
    "plan": _("요금제"),
    "notice": _("알림"),
    "notice_text": _("알림 문구"),
    "handover": _("문자 파일"),
    "consent": _("고객 동의"),
    "checkout": _("결제창 결제"),
    "card_link": _("새 카드 링크"),
    "card_move": _("결제 통로 이동"),
    "billing_key": _("빌링키"),
    "webhook": _("웹훅"),
    "case": _("확인할 일"),
    "day": _("정산 대조"),
    "customer": _("고객"),
    "sheet": _("고객 파일"),
    "staff": _("직원"),
    "page": _("거절된 화면"),
    "failure": _("실패 사유"),
    "line": _("포트원 연결"),
}

_FIELDS = {"name": _("이름"), "phone": _("전화번호"), "email": _("이메일"), "memo": _("메모")}
_ROLES = {"viewer": _("조회"), "clerk": _("담당"), "manager": _("관리자"), "owner": _("소유자")}
_STOPS = {
    "same_sheet": _("같은 화면에서 다시 누름"), "other_wish": _("이미 쓴 화면에 다른 내용"),
    "same_sum": _("24시간 안에 같은 고객, 같은 금액"), "still_checking": _("앞선 결제의 결과를 확인하는 중"),
}  # fmt: skip
_WHY = {"wrong_password": _("비밀번호가 틀림"), "unknown": _("없는 계정"), "disabled": _("막힌 계정")}
_ACTORS = {
    "job": _("자동 작업"), "webhook": _("포트원 웹훅"), "customer": _("고객"), "system": _("시스템"),
}  # fmt: skip


def told(rows: Iterable[EventRow], address: Callable[[EventRow], str | None] = lambda _row: None) -> list[Line]:
    """The rows as lines for the screen, in the reader's language. `address` finds the page of a line's subject."""
    return [
        Line(
            row.seq, sentence(row), *_look(row.act), _detail(row), _who(row), row.at, row.actor_address,
            str(KINDS.get(row.subject_kind, row.subject_kind)), row.subject_id, address(row),
        )
        for row in rows
    ]  # fmt: skip


def sentence(row: EventRow) -> str:
    """What was done, with the sums and words of this line."""
    if row.act not in ACTS:
        return row.act
    return str(ACTS[row.act][0]) % _Words(row.facts) if "%(" in str(ACTS[row.act][0]) else str(ACTS[row.act][0])


_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_DAYS = frozenset({"on", "until", "ends_on"})  # facts that are a Seoul day


class _Words(dict[str, Any]):
    """The facts of a line as a sentence needs them; a fact that is missing leaves a dash, not an error."""

    def __missing__(self, name: str) -> str:
        return "–"

    def __getitem__(self, name: str) -> str:
        value = super().__getitem__(name)
        if name.endswith("_krw") and isinstance(value, int):
            return f"₩{value:,}"
        if isinstance(value, list):
            return ", ".join(str(_FIELDS.get(item, item)) for item in value)
        if name in _DAYS and isinstance(value, str) and _ISO_DAY.fullmatch(value):
            return str(format_date(date.fromisoformat(value), "medium"))
        return str(_STOPS.get(value, value) if name == "why" else _ROLES.get(value, value))


def _look(act: str) -> tuple[str, str]:
    return (ACTS[act][1], ACTS[act][2]) if act in ACTS else ("plain", "activity")


def _detail(row: EventRow) -> str:
    """The reason staff gave, or what else the line is about."""
    parts = [row.reason or ""]
    if row.act == "sign_in.failed":
        parts.append(str(_WHY.get(row.facts.get("why", ""), "")))
        if row.facts.get("tries_used_up"):
            parts.append(gettext("시도 횟수를 다 써서 잠시 막힘"))
    if row.facts.get("again"):
        parts.append(gettext("다시 예약한 때에 결제됨"))
    elif row.facts.get("late"):
        parts.append(gettext("늦게 알려진 결과"))
    return " · ".join(part for part in parts if part)


def _who(row: EventRow) -> str:
    return row.actor_name if row.actor_kind == "staff" else str(_ACTORS.get(row.actor_kind, row.actor_name))
