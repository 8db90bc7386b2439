"""The demo's past: believable, in order, and true on both sides."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from merchant_admin.audit.service import first_broken_line
from merchant_admin.card_links.models import CardLink, CardMove
from merchant_admin.core.context import Actor, ActorKind
from merchant_admin.core.permissions import Role
from merchant_admin.core.times import SEOUL, seoul_day
from merchant_admin.demo.promises import REFUSED_TODAY
from merchant_admin.demo.story import CUSTOMERS, Joins, Pays, Registers, Special, story
from merchant_admin.demo.telling import Teller
from merchant_admin.notices.models import Consent, Notice
from merchant_admin.outlook.numbers import Number, numbers
from merchant_admin.overview.attention import attention
from merchant_admin.payments.models import PaymentLine
from merchant_admin.payments.states import LineState
from merchant_admin.subscriptions.clock import Hours
from merchant_admin.subscriptions.models import Subscription
from merchant_admin.subscriptions.states import SubscriptionState
from tests.conftest import NOON
from tests.support.books import assert_books_agree, assert_books_balance
from tests.support.world import World

MIDNIGHT = datetime(2026, 11, 24, tzinfo=SEOUL).astimezone(UTC)


def test_the_story_is_of_the_promised_size_and_ends_today(world):
    scenes = story(world.clock.now())
    acts = Counter(type(scene.act) for scene in scenes)
    assert (acts[Joins], acts[Registers]) == (CUSTOMERS, 80)
    assert 1_300 < acts[Pays] < 1_700
    assert scenes == sorted(scenes, key=lambda scene: scene.at)
    assert {scene.at.tzinfo for scene in scenes} == {UTC}
    assert world.clock.now() - scenes[-1].at < timedelta(minutes=10)


@pytest.mark.parametrize("after", [timedelta(seconds=1), timedelta(minutes=20), timedelta(hours=23, minutes=59)])
def test_the_last_scenes_are_of_today_at_any_hour(after):
    """On the first screen after midnight there is something to see."""
    now = MIDNIGHT + after
    last = story(now)[-12:]
    assert {seoul_day(scene.at) for scene in last} == {seoul_day(now)}
    assert last == sorted(last, key=lambda scene: scene.at)
    assert last[-1].at <= now


@pytest.fixture
def telling(empty_database, tmp_path):
    """A shop that tells its customers things, and asks them before it costs more."""
    with World(tmp_path, template=empty_database, at=NOON, TEXT_NOTICES="csv", CONSENT_DAYS="30") as made:
        yield made


@pytest.mark.long
def test_a_told_past_agrees_with_the_sandbox_and_its_timeline_holds(telling):
    world = telling
    now = world.clock.now()
    people = {0, 2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 20, 21, CUSTOMERS - 1, REFUSED_TODAY.who}
    scenes = [scene for scene in story(now) if is_of(scene, people)]
    begun = [scene for scene in scenes if not isinstance(scene.act, Pays) or now - scene.at < timedelta(days=9)]
    owner = world.a_staff(Role.OWNER)
    actors = [Actor(ActorKind.STAFF, owner.id, owner.name)] * 2
    Teller(world.settings, world.gateway, world.sandbox, actors).tell(begun, now)
    assert_books_agree(world.app, world.sandbox)
    assert_books_balance(world.session)
    states = set(world.session.scalars(select(PaymentLine.state)))
    assert {LineState.PAID, LineState.CHECKING, LineState.PARTLY_REFUNDED, LineState.DECLINED} <= states
    links = Counter(link.state.value for link in world.session.scalars(select(CardLink)))
    assert (links["done"], links["open"] >= 2) == (3, True)
    assert [move.state.value for move in world.session.scalars(select(CardMove))] == ["stopped"]
    assert set(world.session.scalars(select(Subscription.state))) == set(SubscriptionState)
    with world.app.test_request_context():
        waiting = attention(world.session, world.settings.mode, seoul_day(now), Hours())
    assert waiting.refused  # a renewal to call about, whatever the hour
    assert len(waiting.consents) >= 2
    assert numbers(world.session, world.settings.mode, seoul_day(now))[-1].of(Number.MRR).count >= 5
    words = Counter(task.state.value for task in world.session.scalars(select(Consent)))
    assert (words["open"] >= 3, words["applied"] >= 2) == (True, True)
    told = Counter(notice.state.value for notice in world.session.scalars(select(Notice)))
    assert (told["handed_over"] > 5, told["waiting"] > 0) == (True, True)
    assert first_broken_line(world.session, world.settings.secret_key.encode()) is None


def is_of(scene, people):
    if isinstance(scene.act, Special) and scene.act.scene not in {"promises", "thinks_again", "agrees"}:
        return True
    return scene.act.who in people
