"""What staff do with a subscription whose customer did not agree to its new price."""

from flask import Response, flash, request, url_for
from flask_babel import gettext as _

from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict, NotFound, RuleBroken
from merchant_admin.core.permissions import Permission
from merchant_admin.notices.consent_queries import held_for
from merchant_admin.subscriptions import queries, service
from merchant_admin.subscriptions.plan_routes import subscriptions
from merchant_admin.subscriptions.service import Change
from merchant_admin.web.access import requires, work_context
from merchant_admin.web.pages import after_post

__all__ = ["subscriptions"]


@subscriptions.post("/subscriptions/<string:subscription_id>/agreed-price")
@requires(Permission.CHARGE)
def return_to_agreed(subscription_id: str) -> Response:
    """The price the customer agreed to, again. A date that was held back for want of consent is charged then."""
    queries.one(db.session(), subscription_id)
    task = held_for(db.session(), subscription_id)
    typed = request.form.get("version", "")
    version = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 9 else 0
    if task is None or not 0 < task.agreed_krw < task.amount_krw:
        flash(_("되돌릴 금액이 없습니다. 아무것도 바꾸지 않았습니다."), "warn")
        return after_post(url_for("subscriptions.show_subscription", subscription_id=subscription_id))
    change = Change(amount_krw=task.agreed_krw)
    reason = _("고객이 새 금액에 동의하지 않음")
    try:
        service.change_terms(work_context(), subscription_id, version, change, reason)
    except (RuleBroken, NotFound, Conflict) as refusal:
        flash(str(refusal.message), "warn")
    else:
        flash(
            _(
                "금액을 ₩%(sum)s으로 되돌렸습니다. 결제일이 지났으면 결제 시간에 결제합니다.",
                sum=f"{task.agreed_krw:,}",
            ),
            "ok",
        )
    return after_post(url_for("subscriptions.show_subscription", subscription_id=subscription_id))
