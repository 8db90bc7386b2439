"""One page on which staff type a card. It exists only while `KEY_IN` is on; nothing of it can be opened otherwise."""

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext as _

from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict, ConsoleError, GatewayError, RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.core.money import QUOTAS
from merchant_admin.core.permissions import Permission
from merchant_admin.customers.queries import live_customer
from merchant_admin.key_in import service
from merchant_admin.key_in.forms import KeyInForm
from merchant_admin.key_in.service import Written
from merchant_admin.web.access import gateway, requires, services, work_context
from merchant_admin.web.card_data import takes_card_data
from merchant_admin.web.forms import FormReader
from merchant_admin.web.pages import after_post, page

bp = Blueprint("key_in", __name__)


@bp.get("/key-in/new")
@requires(Permission.KEY_IN)
def new_key_in() -> Response:
    customer_id = request.args.get("customer_id", "")[:40]
    form = FormReader.showing(
        sheet_key=new_id("sht"), customer_id=customer_id, way="charge", name="", amount_krw="", tax_free_krw="",
        card_quota=0, typed_krw="",
    )  # fmt: skip
    return _form_page(form)


@bp.post("/key-in")
@requires(Permission.KEY_IN)
@takes_card_data
def create_key_in() -> Response:
    """Sends once per sheet. A used sheet leads to what it was used for; the card is forgotten either way."""
    posted = KeyInForm.read(request.form)
    used = service.used_sheet(work_context(), posted.form.values["sheet_key"])
    if posted.order is None or posted.card is None:
        return _form_page(posted.form, status=422) if used is None else _to_result(used)
    try:
        written = service.key_in(work_context(), gateway(), posted.order, posted.card)
    except Conflict as refusal:
        return _form_page(posted.form, refusal, status=Conflict.status)
    except (RuleBroken, GatewayError) as refusal:
        return _form_page(posted.form, refusal, status=422)
    return _to_result(written)


def _to_result(written: Written) -> Response:
    if written.registration_id is not None:
        return after_post(url_for("registrations.show_registration", registration_id=written.registration_id))
    return after_post(url_for("payments.show_charge", charge_id=written.charge_id))


def _form_page(form: FormReader, refusal: ConsoleError | None = None, status: int = 200) -> Response:
    customer = live_customer(db.session(), form.values.get("customer_id", ""))
    answer = page(
        "key_in/new.html", form=form, customer=customer, refusal=refusal, status=status,
        quotas=[(quota, _("%(months)s개월", months=quota) if quota else _("일시불")) for quota in QUOTAS],
        mid=gateway().key_in_mid, mode=services().settings.mode,
    )  # fmt: skip
    answer.headers["Cache-Control"] = "no-store"
    return answer
