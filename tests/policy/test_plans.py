"""No page that is drawn all day and no duty of the worker reads a whole table that grows with the merchant."""

import re
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import event

from merchant_admin.core.db import db
from merchant_admin.core.outgoing import Channel
from merchant_admin.core.paging import Place
from merchant_admin.core.permissions import Role
from merchant_admin.notices.sending import due_notices
from merchant_admin.webhooks.service import receive
from merchant_admin.worker.notifying import send_notices
from merchant_admin.worker.queries import outbox_of
from merchant_admin.worker.service import run_once
from tests.support.furnish import furnish

GROWING = {
    "attempts", "billing_keys", "cancellations", "card_links", "card_moves", "charges", "checkouts", "customers", "customer_terms", "events",
    "ledger_entries", "looks", "notices", "consents", "payment_lines", "payments", "period_charges", "periods", "refunds", "registrations",
    "schedules", "subscriptions", "webhook_events",
}  # fmt: skip
LAST = Place(datetime(2000, 1, 1, tzinfo=UTC), "x", backwards=True)
PAGES = (
    "/", "/customers", "/customers?q=ㄱㅅㅇ", "/payments", "/payments?state=declined", "/billing-keys",
    "/search?q=서연", "/search?q=5678", "/needs-action",
    "/subscription-calendar", "/subscription-calendar/2026-11-23?bucket=done", "/subscription-calendar/2026-11-25?bucket=coming",
    "/subscription-calendar/2026-11-25?bucket=held", "/subscription-forecast?part=held",
    "/subscription-forecast", "/subscription-forecast?days=90&part=past-due", "/subscription-forecast?part=card-gone",
    "/subscription-forecast?part=card-refused", "/subscription-forecast?part=owed", "/subscription-numbers",
    "/subscription-numbers/2026-11?of=mrr", "/subscription-numbers/2026-11?of=churn",
    "/subscription-numbers/2026-11?of=recovered", "/subscription-numbers/2026-10?of=by-hand",
    "/subscriptions", "/subscriptions?state=active", f"/subscriptions?state=all&place={LAST.text()}",
    f"/subscriptions?state=trial&place={LAST.text()}", "/plans", "/schedules", "/cases", "/entries", "/activity", "/webhook-events", "/reconciliation",
)  # fmt: skip


@contextmanager
def statements(engine):
    """What is asked of the database meanwhile: text and bound words."""
    asked = []

    def note(_connection, _cursor, text, bound, _context, _many):
        if text.lstrip().upper().startswith(("SELECT", "WITH")):
            asked.append((text, bound))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


def whole_reads(session, asked):
    """The statements that read a growing table from end to end, with no index of its own to keep them short."""
    raw = session.connection().connection.driver_connection
    found = set()
    for text, bound in dict(asked).items():
        for _, _, _, step in raw.execute(f"EXPLAIN QUERY PLAN {text}", bound):
            if (scan := re.fullmatch(r"SCAN (\w+)", step)) and _table(text, scan[1]) in GROWING:
                found.add((step, " ".join(text.split())[:400]))
    return found


def _table(text, alias):
    named = re.search(rf"(?:FROM|JOIN|,) (\w+) AS {alias}\b", text)
    return named[1] if named else alias


@pytest.mark.long
def test_pages_of_all_day_read_no_whole_table(world):
    client = world.signed_in(Role.OWNER)
    furnish(world)
    client.get("/")
    with statements(db.engine) as asked:
        for page in PAGES:
            assert client.get(page).status_code == 200, page
    assert len(asked) > 30
    assert whole_reads(world.session, asked) == set()


def test_a_round_of_the_worker_reads_no_whole_table(world):
    furnish(world)
    news = b'{"imp_uid": "imp_123456789012", "merchant_uid": "of_a_stranger", "status": "paid"}'
    receive(world.ctx(), news, "application/json", "10.0.0.9")  # without any, the worker asks for nothing more of it
    with statements(db.engine) as asked:
        run_once(world.ctx(), world.gateway)
    assert sum("FROM webhook_events" in text for text, _bound in asked) > 3
    assert len(asked) > 10
    assert whole_reads(world.session, asked) == set()


def test_the_outbox_its_pages_and_its_figures_read_no_whole_table(world):
    furnish(world)
    client = world.signed_in(Role.OWNER)
    with statements(db.engine) as asked:
        for page in ("/notices", "/notices?state=waiting", "/consents", "/consent/nobody"):
            assert client.get(page).status_code in {200, 404}, page
        send_notices(world.ctx(), {})
        for channel in Channel:
            due_notices(world.ctx(), channel)
            outbox_of(world.session(), channel, world.clock.now())
    assert len(asked) > 20
    assert whole_reads(world.session, asked) == set()


def test_the_look_at_plans_sees_a_whole_read(world):
    with statements(db.engine) as asked:
        world.session.execute(db.text("SELECT id FROM attempts WHERE evidence = 'x'"))
    assert len(whole_reads(world.session, asked)) == 1
