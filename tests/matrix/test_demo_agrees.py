"""Fourteen months of a demo merchant: the books, the daily totals and PortOne's own list of each day are equal."""

from collections import Counter
from datetime import timedelta

import pytest
import requests
from sqlalchemy import func, select

from merchant_admin.core.context import Actor, ActorKind
from merchant_admin.core.permissions import Role
from merchant_admin.core.times import from_epoch, seoul_day, to_epoch
from merchant_admin.demo.story import DAYS, story
from merchant_admin.demo.telling import Teller, hurried
from merchant_admin.ledger.models import DailyTotal, EntryKind, LedgerEntry
from portone_sandbox.inprocess import WsgiAdapter
from tests.support.books import assert_books_agree, assert_books_balance

API = "http://portone.test"
WINDOW = 89 * 86_400  # PortOne answers for 90 days at most


def days_of_portone(world):
    """(day, kind) -> (count, won), read from PortOne's lists as any other program would."""
    http = requests.Session()
    http.mount(API, WsgiAdapter(world.sandbox_app))
    keys = {"imp_key": world.settings.imp_key, "imp_secret": world.settings.imp_secret}
    token = http.post(f"{API}/users/getToken", json=keys, timeout=30).json()["response"]["access_token"]
    http.headers["Authorization"] = f"Bearer {token}"
    now = to_epoch(world.clock.now())
    seen = {}
    for status in ("paid", "cancelled"):
        for start in range(now - (DAYS + 2) * 86_400, now + 1, WINDOW + 1):
            for row in pages(http, status, start, min(start + WINDOW, now)):
                seen[row["imp_uid"]] = row
    counts, sums = Counter(), Counter()
    for row in seen.values():
        moves = [(EntryKind.CHARGE, row["paid_at"], row["amount"])] if row["amount"] else []
        moves += [(EntryKind.REFUND, one["cancelled_at"], one["amount"]) for one in row["cancel_history"]]
        for kind, at, amount in moves:
            day = seoul_day(from_epoch(at))
            counts[day, kind] += 1
            sums[day, kind] += amount
    return {key: (counts[key], sums[key]) for key in counts}


def pages(http, status, since, until):
    page = 1
    while page:
        wanted = {"page": page, "limit": 500, "from": since, "to": until}
        answer = http.get(f"{API}/payments/status/{status}", params=wanted, timeout=30).json()["response"]
        yield from answer["list"]
        page = answer["next"]


@pytest.mark.long
def test_fourteen_months_agree_day_by_day(world):
    owner = world.a_staff(Role.OWNER)
    actors = [Actor(ActorKind.STAFF, owner.id, owner.name)] * 2
    now = world.clock.now()
    with hurried():
        Teller(world.settings, world.gateway, world.sandbox, actors).tell(story(now), now)
    said = days_of_portone(world)
    assert max(day for day, _kind in said) - min(day for day, _kind in said) > timedelta(days=400)
    totals = world.session.scalars(select(DailyTotal).where(DailyTotal.entries > 0))
    assert {(one.seoul_day, one.kind): (one.entries, one.sum_krw) for one in totals} == said
    days = select(LedgerEntry.seoul_day, LedgerEntry.kind, func.count(), func.sum(LedgerEntry.amount_krw))
    rows = world.session.execute(days.group_by(LedgerEntry.seoul_day, LedgerEntry.kind))
    assert {(day, kind): (count, total) for day, kind, count, total in rows} == said
    assert_books_agree(world.app, world.sandbox)
    assert_books_balance(world.session)
