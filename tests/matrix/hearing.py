"""What PortOne tells of by itself: its webhooks, and work that arrives when nobody waits for it any more."""

import json

from merchant_admin.webhooks.service import receive
from merchant_admin.worker.service import run_once


def takes_in(hall, text):
    return receive(hall.ctx(), text.encode(), "application/json", "52.78.100.19")


def hear_of_late_work(hall, merchant_uid):
    """A request that was under way longer than anybody waited arrives; PortOne tells of what it did."""
    hall.line.let_go()
    for row in hall.sandbox.payments(merchant_uid):
        takes_in(hall, json.dumps({"imp_uid": row["imp_uid"], "merchant_uid": merchant_uid, "status": row["status"]}))
    hall.at_once(2, lambda: run_once(hall.ctx(), hall.gateway))
