"""A card link that the plan has made: in the notice that a card is needed, once, and up to the debt that it gets paid."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.card_links import automatic, service
from merchant_admin.card_links.models import CardLink, CardLinkSubscription
from merchant_admin.card_links.service import LinkOrder
from merchant_admin.card_links.telling import send_link
from merchant_admin.core.errors import RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.core.outgoing import Channel, TextWay
from merchant_admin.core.permissions import Role
from merchant_admin.line.service import lock_restored, open_line
from merchant_admin.notices.handing import hand_over, handed_over
from merchant_admin.notices.states import NoticeKind, NoticeState, Why
from merchant_admin.notices.texts import save_text, wording_of
from merchant_admin.subscriptions import clock, dunning
from merchant_admin.subscriptions.service import collect_now
from tests.card_links.acting import Phone, row_of, work
from tests.conftest import NOON
from tests.notices.acting import notices
from tests.notices.acting import turn as send
from tests.subscriptions.acting import a_plan, fresh, pass_days, periods, states, subscribed, taken, turn
from tests.support.world import World

LINK = re.compile(r"http://127\.0\.0\.1:8000/register/([0-9a-z]{32})(?![0-9a-z])")
ASKS = "새 카드 등록: "


@pytest.fixture
def early(server, empty_database, tmp_path):
    """Cards are charged already, and customers are left in peace for an hour more."""
    box = server.box
    box.empty()
    with World(tmp_path, template=empty_database, at=NOON, NOTICE_HOURS="13:00-21:00", **server.env) as made:
        made.box = box
        yield made


def links(world):
    world.session.rollback()
    return world.session.query(CardLink).order_by(CardLink.created_at, CardLink.id).all()


def told(world):
    """The notices that a card is needed."""
    return [row for row in notices(world) if row.kind is NoticeKind.CARD_NEEDED]


def tokens(world):
    found = (LINK.search(mail.get_content()) for mail in world.box.taken)
    return [each[1] for each in found if each]


def refused(world, **plan):
    """A subscription whose card was refused for good, by the clock."""
    made = subscribed(world, a_plan(world, **plan), card="stopped")
    turn(world)
    return made


class Visitor(Phone):
    """Whoever opens an address out of a mail; the link's row is looked up for the window alone."""

    def __init__(self, world, token):
        (link,) = [row for row in links(world) if service.token(world.ctx(), row.id) == token]
        link.token = token
        super().__init__(world, link)


def test_from_the_refusal_to_the_paid_period_without_staff(shop):
    held_id = refused(shop)
    old_id = fresh(shop, held_id).billing_key_id
    old_uid = shop.session.get(BillingKey, old_id).customer_uid
    assert states(shop, held_id) == ["needs_card"]
    for _round in range(2):
        send(shop)
    (token,) = tokens(shop)
    (link,) = links(shop)
    assert (service.token(shop.ctx(), link.id), link.sent_at, link.staff_id) == (token, NOON, None)
    assert Visitor(shop, token).registers().status_code == 200
    work(shop)
    held = fresh(shop, held_id)
    assert held.billing_key_id != old_id
    turn(shop)
    assert (states(shop, held_id), taken(shop)) == (["paid"], [9_900])
    assert (row_of(shop, link).state.value, fresh(shop, held_id).state.value) == ("done", "active")
    new_uid = shop.session.get(BillingKey, held.billing_key_id).customer_uid
    assert {key["customer_uid"] for key in shop.sandbox.billing_keys()} == {new_uid}, old_uid
    assert shop.session.get(BillingKey, old_id).state is KeyState.DELETED
    shop.box.empty()
    pass_days(shop, 3)
    send(shop)
    assert tokens(shop) == []


def test_the_secret_rests_nowhere(shop):
    refused(shop)
    send(shop)
    (token,) = tokens(shop)
    (notice,) = told(shop)
    assert f"{ASKS}http://127.0.0.1:8000/register/••••••••" in notice.body
    assert token.encode() not in b"".join(path.read_bytes() for path in shop.folder.glob("merchant.db*"))
    assert token not in shop.signed_in(Role.CLERK).get(f"/notices/{notice.id}").text


def test_a_link_is_single_use_and_lives_as_long_as_the_period_waits(shop):
    held_id = refused(shop, gaps=(1, 3))
    (link,) = links(shop)
    assert link.expires_at == periods(shop, held_id)[0].try_at == NOON + timedelta(days=4)
    send(shop)
    phone = Visitor(shop, tokens(shop)[0])
    phone.registers()
    work(shop)
    assert phone.fields() is None


def test_a_link_lives_no_longer_than_one_that_staff_make(shop):
    refused(shop, gaps=(30, 30))
    (link,) = links(shop)
    assert link.expires_at == NOON + timedelta(days=service.LINK_DAYS[-1])


def test_a_plan_that_sends_none_leaves_it_to_staff(shop):
    refused(shop, sends_card_link=False)
    send(shop)
    assert (links(shop), tokens(shop), len(shop.box.taken)) == ([], [], 1)
    assert f"{ASKS}{shop.settings.outgoing.shop}에 연락해 주세요" in shop.box.taken[0].get_content()


def test_a_refusal_that_may_pass_gets_no_link_even_when_its_retries_are_used_up(shop):
    held_id = subscribed(shop, a_plan(shop, gaps=(1,)), card="balance")
    turn(shop)
    pass_days(shop, 1)
    send(shop)
    assert (states(shop, held_id), links(shop), tokens(shop)) == (["uncollected"], [], [])


def test_nothing_is_made_where_customers_are_not_told(world):
    held_id = subscribed(world, card="stopped")
    turn(world)
    assert (states(world, held_id), links(world), notices(world)) == (["needs_card"], [], [])


def test_a_customer_without_an_address_gets_none_until_there_is_one(shop):
    key = shop.a_key(shop.a_customer(email=None), card="stopped")
    subscribed(shop, key=key)
    turn(shop)
    (notice,) = told(shop)
    assert (notice.why, links(shop)) == (Why.NO_ADDRESS, [])


def test_quiet_hours_hold_for_the_link_as_for_the_notice(early):
    refused(early)
    send(early)
    assert (len(links(early)), early.box.taken) == (1, [])
    early.clock.advance(hours=1)
    send(early)
    assert len(tokens(early)) == 1


def test_two_subscriptions_of_one_dead_card_are_told_with_one_link(shop):
    key = shop.a_key(card="stopped")
    both = {subscribed(shop, key=key), subscribed(shop, key=key)}
    turn(shop)
    (link,) = links(shop)
    covered = shop.session.query(CardLinkSubscription).filter_by(link_id=link.id)
    assert {row.subscription_id for row in covered} == both
    send(shop)
    assert (len(tokens(shop)), len(set(tokens(shop)))) == (2, 1)
    Visitor(shop, tokens(shop)[0]).registers()
    work(shop)
    turn(shop)
    assert [states(shop, each) for each in sorted(both)] == [["paid"], ["paid"]]


def test_a_link_that_staff_sent_before_is_the_one_in_the_notice(shop):
    held_id = subscribed(shop, card="stopped")
    held = fresh(shop, held_id)
    order = LinkOrder(new_id("sht"), held.customer_id, held.billing_key_id, (held_id,), 7)
    mine = service.create_link(shop.ctx(), shop.gateway, order).id
    turn(shop)
    send(shop)
    assert [link.id for link in links(shop)] == [mine]
    assert tokens(shop) == [service.token(shop.ctx(), mine)]


def test_staff_who_send_another_link_replace_it_and_the_notice_names_the_shop(early):
    held_id = refused(early)
    (ours,) = [link.id for link in links(early)]
    held = fresh(early, held_id)
    order = LinkOrder(new_id("sht"), held.customer_id, held.billing_key_id, (held_id,), 7)
    theirs = service.create_link(early.ctx(), early.gateway, order).id
    assert send_link(early.ctx(), theirs) == 1
    early.clock.advance(hours=1)
    send(early)
    assert {link.id: link.state.value for link in links(early)} == {ours: "ended", theirs: "open"}
    assert tokens(early) == [service.token(early.ctx(), theirs)]
    (needed,) = [mail for mail in early.box.taken if "카드를 바꿔" in mail["Subject"]]
    assert "에 연락해 주세요" in needed.get_content()


def test_the_link_in_a_notice_is_not_sent_a_second_time_by_a_press(shop):
    refused(shop)
    (link,) = links(shop)
    assert send_link(shop.ctx(), link.id) == 0
    send(shop)
    assert send_link(shop.ctx(), link.id) == 0
    page = shop.signed_in(Role.CLERK).get(f"/card-links/{link.id}").text
    assert "알림으로 보내기" not in page
    assert len(shop.box.taken) == 1


def test_a_customer_who_is_registering_is_not_asked_again(early):
    refused(early)
    (link,) = links(early)
    Visitor(early, service.token(early.ctx(), link.id)).agrees()
    early.clock.advance(hours=1)
    send(early)
    (notice,) = told(early)
    assert (notice.state, notice.why, early.box.taken) == (NoticeState.DROPPED, Why.LINK_OVER, [])


def test_a_second_refusal_of_the_same_card_makes_and_tells_nothing_more(shop):
    held_id = refused(shop)
    with suppress(RuleBroken):
        collect_now(shop.ctx(), shop.gateway, held_id)
    turn(shop)
    send(shop)
    assert (len(links(shop)), len(told(shop)), len(tokens(shop))) == (1, 1, 1)


def test_another_dead_card_for_the_same_period_gets_a_link_of_its_own(shop):
    held_id = refused(shop)
    send(shop)
    Visitor(shop, tokens(shop)[0]).registers(card="stopped")
    work(shop)
    turn(shop)
    send(shop)
    assert states(shop, held_id) == ["needs_card"]
    first, second = links(shop)
    assert first.period_id == second.period_id == periods(shop, held_id)[0].id
    assert len(set(tokens(shop))) == 2


def test_a_text_without_room_for_the_link_makes_none(shop):
    ctx = shop.ctx()
    mine = replace(wording_of(shop.session(), NoticeKind.CARD_NEEDED, Channel.EMAIL), body="#{기한}까지 전화해 주세요.")
    save_text(ctx, mine)
    refused(shop)
    send(shop)
    assert (links(shop), len(shop.box.taken)) == ([], 1)


def test_a_process_killed_between_the_notice_and_its_link_sends_nothing_until_the_next_round(shop):
    held_id = subscribed(shop, card="stopped")
    refused_alone(shop, held_id)
    send(shop)
    assert (links(shop), shop.box.taken, told(shop)[0].awaits_link) == ([], [], True)
    page = shop.signed_in(Role.CLERK).get(f"/notices/{told(shop)[0].id}").text
    assert "카드 링크를 만들고 있습니다" in page
    turn(shop)
    send(shop)
    assert (len(links(shop)), len(tokens(shop))) == (1, 1)


def refused_alone(world, held_id):
    """The refusal is written, and whoever wrote it goes no further."""
    period_id = due_period(world, held_id)
    clock.see_to(world.ctx(), world.gateway, period_id)
    assert states(world, held_id) == ["needs_card"]


def test_a_link_whose_write_is_lost_is_made_whole_by_the_next_round(shop):
    held_id = subscribed(shop, card="stopped")
    refused_alone(shop, held_id)
    (cause,) = automatic.awaiting(shop.ctx())
    ctx = shop.ctx()
    with suppress(ZeroDivisionError), ctx.atomic() as session:
        automatic._add(ctx, session, shop.gateway.billing_pg, cause)
        raise ZeroDivisionError
    assert (links(shop), told(shop)[0].link_id) == ([], None)
    turn(shop)
    assert told(shop)[0].link_id == links(shop)[0].id


def test_two_workers_make_one_link_for_one_notice(each_world):
    world = each_world
    ctx = world.ctx()
    ctx = replace(ctx, outgoing=replace(ctx.outgoing, text=TextWay.CSV))
    held_id = subscribed(world, card="stopped")
    period_id = due_period(world, held_id)
    dunning.needs_card(ctx, period_id, fresh(world, held_id).billing_key_id)
    (cause,) = automatic.awaiting(world.ctx())
    gate, pg = threading.Barrier(2, timeout=20), world.gateway.billing_pg

    def one():
        with world.app.app_context():
            gate.wait()
            automatic.add_link(world.ctx(), pg, cause)

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    (link,) = links(world)
    (notice,) = told(world)
    assert (notice.link_id, notice.awaits_link, link.period_id) == (link.id, False, period_id)
    (line,) = handed_over(ctx, hand_over(ctx))
    assert LINK.search(line.text)[1] == service.token(ctx, link.id)
    assert row_of(world, link).sent_at is not None


def test_staff_who_press_while_the_worker_makes_a_link_leave_one_that_lives(each_world):
    world = each_world
    ctx = world.ctx()
    ctx = replace(ctx, outgoing=replace(ctx.outgoing, text=TextWay.CSV))
    held_id = subscribed(world, card="stopped")
    held = fresh(world, held_id)
    order = LinkOrder(new_id("sht"), held.customer_id, held.billing_key_id, (held_id,), 7)
    dunning.needs_card(ctx, due_period(world, held_id), order.billing_key_id)
    (cause,) = automatic.awaiting(world.ctx())
    gate, gateway = threading.Barrier(2, timeout=20), world.gateway

    def one(act):
        with world.app.app_context():
            gate.wait()
            act(world.ctx())

    acts = (
        lambda own: service.create_link(own, gateway, order),
        lambda own: automatic.add_link(own, gateway.billing_pg, cause),
    )
    with ThreadPoolExecutor(2) as hands:
        list(hands.map(one, acts))  # neither fails
    (alive,) = [link for link in links(world) if link.state.value == "open"]
    (notice,) = told(world)
    assert (alive.sheet_key, notice.awaits_link) == (order.sheet_key, False)
    assert notice.link_id in {link.id for link in links(world)}


def due_period(world, held_id):
    """The period is open, and nothing was sent for it yet."""
    clock.open_due(world.ctx())
    return periods(world, held_id)[0].id


def test_pages_say_that_the_plan_made_it(shop):
    held_id = refused(shop)
    (link,) = links(shop)
    clerk = shop.signed_in(Role.CLERK)
    assert "요금제에 따라 자동" in clerk.get(f"/card-links/{link.id}").text
    assert "요금제에 따라 새 카드 링크를 자동으로 만듦" in clerk.get(f"/card-links/{link.id}").text
    customer = BeautifulSoup(clerk.get(f"/customers/{link.customer_id}").text, "html.parser")
    assert "자동" in customer.find("a", href=f"/card-links/{link.id}").find_parent("li").text
    page = clerk.get(f"/subscriptions/{held_id}").text
    assert f"/card-links/{link.id}" in page
    assert "‘새 카드 요청’ 알림에 카드 링크를 넣음" in page
    assert "새 카드를 등록하는 링크가 자동으로 들어갑니다" in page


def test_a_restored_copy_makes_no_link_before_it_has_caught_up(shop):
    held_id = subscribed(shop, card="stopped")
    due_period(shop, held_id)
    dunning.needs_card(shop.ctx(), periods(shop, held_id)[0].id, fresh(shop, held_id).billing_key_id)
    lock = lock_restored(shop.ctx())
    shop.gateway.breaker._memory.kept_seconds = 0
    turn(shop)
    assert (links(shop), told(shop)[0].awaits_link) == ([], True)
    open_line(shop.ctx(), lock, "확인함")
    turn(shop)
    assert (len(links(shop)), told(shop)[0].awaits_link) == (1, False)
