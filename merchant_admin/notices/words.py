"""What happens next with a notice, in one sentence, and where its subject is shown."""

from datetime import datetime

from flask import url_for
from flask_babel import format_datetime, gettext

from merchant_admin.core.outgoing import Channel, Outgoing, TextWay
from merchant_admin.core.times import SEOUL
from merchant_admin.notices.queries import NoticeRow
from merchant_admin.notices.states import NoticeState, Why


def _(text: str, **words: object) -> str:
    return str(gettext(text, **words))


def address_of_subject(row: NoticeRow) -> str | None:
    """The page of what the notice is about. Features above this one are named by their endpoints."""
    match row.subject_kind:
        case "subscription":
            return url_for("subscriptions.show_subscription", subscription_id=row.subject_id)
        case "card_link":
            return url_for("card_links.show_link", card_link_id=row.subject_id)
        case "refund":
            return url_for("refunds.show_refund", refund_id=row.subject_id)
        case _:
            return None


def what_next(row: NoticeRow, out: Outgoing, now: datetime) -> str:
    """One sentence: what happens next by itself, or what a person can do."""
    match row.state:
        case NoticeState.WAITING:
            return _waiting(row, out, now)
        case NoticeState.SENDING:
            return _("보내고 있습니다. 몇 분 안에 결과가 나옵니다.")
        case NoticeState.UNKNOWN:
            return _("보내졌는지 알 수 없어 다시 보내지 않습니다. 고객에게 확인하고, 받지 못했으면 다시 보내십시오.")
        case NoticeState.SENT:
            return _("보냈습니다. 더 할 일이 없습니다.")
        case NoticeState.HANDED_OVER:
            return _("파일로 내보냈습니다. 직원이 문자 발송 서비스로 보냅니다.")
        case NoticeState.FAILED | NoticeState.DROPPED:
            return _ended(row.why)


def _ended(why: Why | None) -> str:  # noqa: PLR0911 - one sentence for each reason
    match why:
        case Why.NO_ADDRESS:
            return _("고객에게 이 연락처가 없어 보내지 않았습니다. 연락처를 적고 다시 보낼 수 있습니다.")
        case Why.BAD_ADDRESS:
            return _("메일 주소로 쓸 수 없어 보내지 않았습니다. 고객 정보의 이메일을 고치고 다시 보내십시오.")
        case Why.TOO_LATE:
            return _("알릴 때가 지나 보내지 않았습니다.")
        case Why.OVERTAKEN:
            return _("그사이 내용이 바뀌어 보내지 않았습니다.")
        case Why.LINK_OVER:
            return _("보내기 전에 링크가 쓰였거나 기한이 지나 보내지 않았습니다. 필요하면 그 화면에서 새로 보내십시오.")
        case Why.GIVEN_UP:
            return _("여러 번 시도했지만 보내지 못했습니다. 메일 서버나 문자 발송 서비스를 확인하고 다시 보내십시오.")
        case _:
            return _("받는 쪽에서 거절했습니다. 연락처가 맞는지 확인하고 다시 보내십시오.")


def _waiting(row: NoticeRow, out: Outgoing, now: datetime) -> str:
    if row.channel not in out.channels:
        return _("이 발송 방법이 꺼져 있어 보내지 않습니다. 설정에서 켜면 보냅니다.")
    if row.awaits_link:
        return _("고객의 카드 링크를 만들고 있습니다. 만든 뒤에 보냅니다.")
    if row.channel is Channel.TEXT and out.text is TextWay.CSV:
        return _("문자 파일로 내보내기를 기다립니다.")
    if not out.may_disturb(now):
        return _("지금은 고객에게 알리지 않는 시간입니다. %(hour)s부터 보냅니다.", hour=f"{out.hours[0]:%H:%M}")
    if row.tries:
        at = format_datetime(row.send_at.astimezone(SEOUL), "HH:mm")
        return _("%(tries)s번 보내지 못했습니다. %(at)s에 다시 시도합니다.", tries=row.tries, at=at)
    return _("곧 보냅니다.")
