"""The forms of a card link: what staff ask for, and what a customer agrees to."""

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from merchant_admin.card_links.consent import mark_of
from merchant_admin.card_links.service import LINK_DAYS, LinkOrder
from merchant_admin.core.ids import new_id
from merchant_admin.web.forms import FormReader

MOST_SUBSCRIPTIONS = 100


def fresh_form(billing_key_id: str | None) -> FormReader:
    """The form as it is first drawn, with the name of this sheet."""
    return FormReader.showing(sheet_key=new_id("sht"), billing_key_id=billing_key_id, days=7)


def read_order(data: MultiDict[str, str], customer_id: str) -> tuple[FormReader, LinkOrder | None]:
    """The posted form."""
    form = FormReader(data)
    sheet_key = form.line("sheet_key", most=40, required=True)
    key_id = form.line("billing_key_id", most=40)
    days = form.whole("days", least=1, most=60)
    if days is not None and days not in LINK_DAYS:
        form.refuse("days", _("목록에서 하나를 골라 주세요."))
    ticked = tuple(dict.fromkeys(one[:40] for one in data.getlist("subscription_id")[:MOST_SUBSCRIPTIONS]))
    form.values["subscription_id"] = ",".join(ticked)
    if not form.is_valid or days is None:
        return form, None
    return form, LinkOrder(sheet_key, customer_id, key_id or None, ticked, days)


def read_agreement(data: MultiDict[str, str], text: str) -> FormReader:
    """Whether the customer ticked the very text that stands now."""
    form = FormReader(data)
    if not form.flag("agrees"):
        form.refuse("agrees", _("내용을 읽고 동의해야 카드를 등록할 수 있습니다."))
    elif form.line("mark", most=40) != mark_of(text):
        form.values["agrees"] = ""
        form.refuse("agrees", _("그사이 내용이 바뀌었습니다. 새 내용을 읽고 다시 동의해 주세요."))
    return form
