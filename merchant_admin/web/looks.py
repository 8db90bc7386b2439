"""The one table of states: tone, icon and word of every enum member a page shows. A test looks that none is missing.

It stands here and not in a template because Jinja keeps an imported template's values, and would keep the words of
the first reader's language. Features are named by text: this layer knows none of them.
"""

from enum import Enum

from flask import Flask
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from merchant_admin.web.filters import enum_key

Look = tuple[str, str, LazyString]  # tone (ok, bad, warn, info, plain), icon, word

LOOKS: dict[str, Look] = {
    "LineState.waiting": ("plain", "clock", _("대기")),
    "LineState.checking": ("warn", "hourglass", _("확인 중")),
    "LineState.paid": ("ok", "circle-check", _("결제 완료")),
    "LineState.partly_refunded": ("info", "undo-2", _("부분 환불")),
    "LineState.refunded": ("plain", "rotate-ccw", _("전액 환불")),
    "LineState.declined": ("bad", "circle-x", _("실패")),
    "LineState.not_sent": ("plain", "circle-slash", _("결제 안 함")),
    "LineState.ready": ("plain", "circle-dashed", _("미결제")),
    "LineState.unknown": ("warn", "circle-question-mark", _("알 수 없음")),
    "AttemptState.ready": ("plain", "clock", _("보내기 전")),
    "AttemptState.sending": ("warn", "hourglass", _("확인 중")),
    "AttemptState.uncertain": ("warn", "hourglass", _("확인 중")),
    "AttemptState.paid": ("ok", "circle-check", _("결제 완료")),
    "AttemptState.declined": ("bad", "circle-x", _("실패")),
    "AttemptState.abandoned": ("plain", "circle-slash", _("결제 안 함")),
    "ChargeKind.one_off": ("plain", "credit-card", _("결제 요청")),
    "ChargeKind.again": ("plain", "repeat", _("다시 결제")),
    "ChargeKind.first": ("plain", "id-card", _("등록하며 결제")),
    "KeyState.active": ("ok", "circle-check", _("사용 가능")),
    "KeyState.deleting": ("warn", "hourglass", _("삭제 확인 중")),
    "KeyState.deleted": ("plain", "trash-2", _("삭제됨")),
    "KeyState.missing": ("bad", "unplug", _("포트원에 없음")),
    "KeySource.window": ("plain", "id-card", _("결제창에서 등록")),
    "KeySource.adopted": ("plain", "link", _("기존 빌링키 연결")),
    "RefundState.ready": ("plain", "clock", _("보내기 전")),
    "RefundState.sending": ("warn", "hourglass", _("확인 중")),
    "RefundState.uncertain": ("warn", "hourglass", _("확인 중")),
    "RefundState.done": ("ok", "circle-check", _("환불 완료")),
    "RefundState.refused": ("bad", "circle-x", _("환불 안 됨")),
    "RefundReason.customer_request": ("plain", "message-square", _("고객 요청")),
    "RefundReason.duplicate": ("plain", "copy", _("중복 결제")),
    "RefundReason.not_delivered": ("plain", "inbox", _("제공하지 못함")),
    "RefundReason.wrong_amount": ("plain", "banknote", _("금액 착오")),
    "RefundReason.other": ("plain", "ellipsis", _("기타")),
    "RegistrationState.open": ("info", "id-card", _("등록 진행 중")),
    "RegistrationState.checking": ("warn", "hourglass", _("확인 중")),
    "RegistrationState.both": ("ok", "circle-check", _("등록·결제 완료")),
    "RegistrationState.key_only": ("ok", "circle-check", _("등록 완료")),
    "RegistrationState.charge_only": ("bad", "triangle-alert", _("결제만 됨")),
    "RegistrationState.none": ("plain", "circle-slash", _("등록 안 됨")),
    "Fact.not_asked": ("plain", "circle-minus", _("요청 안 함")),
    "Fact.unknown": ("warn", "hourglass", _("확인 중")),
    "Fact.yes": ("ok", "circle-check", _("예")),
    "Fact.no": ("plain", "circle-slash", _("아니요")),
    "PaymentStatus.ready": ("plain", "circle-dashed", _("미결제")),
    "PaymentStatus.paid": ("ok", "circle-check", _("결제 완료")),
    "PaymentStatus.cancelled": ("plain", "rotate-ccw", _("취소됨")),
    "PaymentStatus.failed": ("bad", "circle-x", _("실패")),
    "PaymentStatus.unknown": ("warn", "circle-question-mark", _("알 수 없음")),
    "Decision.waiting": ("warn", "hourglass", _("처리 대기")),
    "Decision.applied": ("ok", "circle-check", _("반영함")),
    "Decision.unknown_payment": ("plain", "circle-question-mark", _("모르는 결제")),
    "Decision.foreign_mode": ("bad", "shield-x", _("다른 모드")),
    "Decision.malformed": ("plain", "circle-slash", _("읽을 수 없음")),
    "Need.open_charge": ("warn", "hourglass", _("확인 중인 결제")),
    "Need.schedule": ("info", "calendar-clock", _("결제 예약")),
    "Need.subscription": ("info", "repeat", _("정기결제")),
    "ActorKind.staff": ("plain", "user", _("직원")),
    "ActorKind.job": ("plain", "refresh-cw", _("자동 작업")),
    "ActorKind.webhook": ("plain", "webhook", _("포트원 웹훅")),
    "ActorKind.customer": ("plain", "smartphone", _("고객")),
    "ActorKind.system": ("plain", "monitor", _("시스템")),
    "Role.viewer": ("plain", "eye", _("조회")),
    "Role.clerk": ("plain", "user", _("담당")),
    "Role.manager": ("plain", "shield-check", _("관리자")),
    "Role.owner": ("plain", "star", _("소유자")),
    "Mode.sandbox": ("warn", "flask-conical", _("테스트")),
    "Mode.test": ("warn", "flask-conical", _("테스트")),
    "Mode.live": ("plain", "store", _("실제 결제")),
}


def look(state: Enum) -> Look:
    """Tone, icon and word. Raises KeyError for a member that nobody gave a look."""
    return LOOKS[enum_key(state)]


def word(state: Enum) -> str:
    """Only the word, for options and sentences."""
    return str(look(state)[2])


def init_looks(app: Flask) -> None:
    app.jinja_env.globals["look"] = look
    app.jinja_env.filters["word"] = word
