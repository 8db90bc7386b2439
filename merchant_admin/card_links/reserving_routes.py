"""The page of what a switch of cards revoked, and the press that reserves it on the new card."""

from flask import Response, flash, request, url_for
from flask_babel import gettext as _

from merchant_admin.card_links.queries import link_view
from merchant_admin.card_links.reserving import MOST, reserve_again, revoked_by
from merchant_admin.card_links.routes import bp
from merchant_admin.core.db import db
from merchant_admin.core.errors import GatewayError
from merchant_admin.core.permissions import Permission
from merchant_admin.schedules.states import ScheduleState
from merchant_admin.web.access import gateway, requires, work_context
from merchant_admin.web.pages import after_post, page

card_links = bp  # with these views on it


@bp.get("/card-links/<string:card_link_id>/revoked")
@requires(Permission.VIEW)
def show_revoked(card_link_id: str) -> Response:
    """What was revoked with the old card, and what took its place."""
    now = work_context().now()
    view = link_view(db.session(), card_link_id, now)
    rows = revoked_by(db.session(), card_link_id, now)
    return page(
        "card_links/revoked.html", view=view, rows=rows, able=[row for row in rows if row.may_reserve],
        others=max(0, view.revoked - len(rows)),
    )  # fmt: skip


@bp.post("/card-links/<string:card_link_id>/reservations")
@requires(Permission.CHARGE)
def create_reservations(card_link_id: str) -> Response:
    """Reserves the ticked ones, each at most once, whoever presses how often."""
    link_view(db.session(), card_link_id, work_context().now())
    ticked = {one[:40] for one in request.form.getlist("schedule_id")[:MOST]}
    back = after_post(url_for(".show_revoked", card_link_id=card_link_id))
    if not ticked:
        flash(_("고른 예약이 없습니다. 아무것도 예약하지 않았습니다."), "warn")
        return back
    try:
        found = reserve_again(work_context(), gateway(), card_link_id, ticked)
    except GatewayError as refusal:
        flash(str(refusal.message), "warn")
        return back
    made = sum(one.again_state is ScheduleState.SCHEDULED for one in found)
    if made:
        flash(_("새 카드에 예약한 것: %(count)s건", count=made), "ok")
    for one in found:
        if one.again_id is None:
            flash(_("%(name)s: 예약하지 않았습니다. %(why)s", name=one.name, why=one.refusal or ""), "warn")
        elif one.again_state is not ScheduleState.SCHEDULED:
            flash(_("%(name)s: 예약되었는지 확인하고 있습니다. 자동으로 다시 확인합니다.", name=one.name), "warn")
    return back
