"""A card link sent through the outbox: once, with its secret in the mail alone, and never after it is over."""

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from merchant_admin.card_links import moves, service
from merchant_admin.card_links.models import CardLink
from merchant_admin.card_links.moves import MoveOrder
from merchant_admin.card_links.telling import send_link, send_move
from merchant_admin.core.errors import RuleBroken
from merchant_admin.core.outgoing import Channel, TextWay
from merchant_admin.core.permissions import Role
from merchant_admin.notices.handing import hand_over, handed_over
from merchant_admin.notices.states import NoticeKind, NoticeState, Why
from merchant_admin.worker.queries import backlog
from merchant_admin.worker.service import run_once
from tests.card_links.acting import Phone, a_link, row_of
from tests.conftest import NOON
from tests.notices.acting import fields, notices
from tests.notices.acting import turn as send
from tests.subscriptions.acting import subscribed
from tests.support.pages import inspect
from tests.support.world import World

LINK = re.compile(r"http://127\.0\.0\.1:8000/register/([0-9a-z]{32})(?![0-9a-z])")
JTNET, NEW = "jtnet.tpaytest2m", "nice_v2.sandboxv2m"


def tokens(world):
    found = (LINK.search(mail.get_content()) for mail in world.box.taken)
    return [each[1] for each in found if each]


def only(world):
    (found,) = [row for row in notices(world) if row.kind is NoticeKind.CARD_LINK]
    return found


def test_staff_send_a_link_by_mail_once_and_its_secret_rests_nowhere(shop):
    link = a_link(shop)
    clerk = shop.signed_in(Role.CLERK)
    page = clerk.get(f"/card-links/{link.id}")
    form = fields(page, f"/card-links/{link.id}/notices")
    for _press in range(2):
        assert clerk.post(f"/card-links/{link.id}/notices", data=form).status_code == 303
    for _round in range(2):
        send(shop)
    assert (tokens(shop), only(shop).state) == ([link.token], NoticeState.SENT)
    assert row_of(shop, link).sent_at == NOON
    shown = inspect(clerk.get(f"/card-links/{link.id}").text)
    assert ("보냈습니다." in shown.text, shown.find("form", action=f"/card-links/{link.id}/notices")) == (True, None)
    assert "/register/••••••••" in clerk.get(f"/notices/{only(shop).id}").text
    assert link.token.encode() not in b"".join(path.read_bytes() for path in shop.folder.glob("merchant.db*"))
    assert Phone(shop, link).registers().status_code == 200  # what was mailed is the link that works


@pytest.mark.parametrize("end", ["expired", "withdrawn", "used"])
def test_a_link_that_is_over_before_its_turn_is_not_sent_and_says_why(shop, end):
    shop.clock.set(NOON + timedelta(hours=10))  # 22:00: nobody is disturbed
    link = a_link(shop)
    assert send_link(shop.ctx(), link.id) == 1
    send(shop)
    if end == "withdrawn":
        service.end_link(shop.ctx(), link.id)
    elif end == "used":
        Phone(shop, link).registers()
    shop.clock.set(NOON + timedelta(days=8 if end == "expired" else 1))
    send(shop)
    expected = Why.TOO_LATE if end == "expired" else Why.LINK_OVER
    assert (only(shop).state, only(shop).why, tokens(shop)) == (NoticeState.DROPPED, expected, [])
    page = shop.signed_in(Role.CLERK).get(f"/card-links/{link.id}").text
    assert "보내지 않" in page


def test_a_mail_that_perhaps_went_out_is_not_sent_again_and_not_called_sent(shop):
    link = a_link(shop)
    send_link(shop.ctx(), link.id)
    shop.box.on_data = "hang up"
    for _round in range(3):
        send(shop)
        shop.clock.advance(minutes=10)
    assert (only(shop).state, len(shop.box.taken), row_of(shop, link).sent_at) == (NoticeState.UNKNOWN, 1, None)


def test_nothing_is_written_for_a_link_that_is_over(shop):
    link = a_link(shop)
    service.end_link(shop.ctx(), link.id)
    with pytest.raises(RuleBroken):
        send_link(shop.ctx(), link.id)
    assert notices(shop) == []


def test_no_way_is_on_and_nothing_is_promised(world):
    link = a_link(world)
    assert send_link(world.ctx(), link.id) == 0
    assert "알림으로 보내기" not in world.signed_in(Role.CLERK).get(f"/card-links/{link.id}").text


def test_a_whole_move_is_mailed_once_and_its_file_leaves_those_out(shop):
    for name in ("가", "나"):
        customer = shop.a_customer(name=name)
        subscribed(shop, key=shop.a_key(customer))
    subscribed(shop, key=shop.a_key(shop.a_customer(name="다", email=None)))
    move_id = moves.start_move(shop.ctx(), shop.gateway, MoveOrder(JTNET, NEW, 14)).id
    run_once(shop.ctx(), shop.gateway)
    manager = shop.signed_in(Role.MANAGER)
    form = fields(manager.get(f"/card-moves/{move_id}"), f"/card-moves/{move_id}/notices")
    for _press in range(2):
        assert manager.post(f"/card-moves/{move_id}/notices", data=form).status_code == 303
    assert send_move(shop.ctx(), move_id) == (0, False)
    send(shop)
    shop.session.rollback()
    assert len(set(tokens(shop))) == len(tokens(shop)) == 2
    links = shop.session.query(CardLink).filter_by(move_id=move_id).all()
    assert sorted(link.sent_at is not None for link in links) == [False, True, True]
    rows = moves.take_unsent(shop.ctx(), move_id)  # by text message, then, for whom mail does not reach
    assert [row[1] for row in rows] == ["다"]


def test_text_messages_carry_it_too(empty_database, tmp_path):
    with World(tmp_path, template=empty_database, at=NOON, TEXT_NOTICES="csv") as world:
        link = a_link(world)
        send_link(world.ctx(), link.id)
        clerk = world.signed_in(Role.CLERK)
        form = fields(clerk.get("/notices/handovers"), "/notices/handovers")
        assert clerk.post("/notices/handovers", data=form).status_code == 303
        file = clerk.get(f"/notices/handovers/{only(world).handover_id}/file")
        _head, line = csv.reader(io.StringIO(file.data.decode("utf-8-sig")))
        assert (LINK.search(line[2])[1], row_of(world, link).sent_at) == (link.token, NOON)


def test_a_text_without_its_link_or_with_the_link_in_the_subject_is_refused(world):
    manager = world.signed_in(Role.MANAGER)
    address = "/notices/texts/card_link/email"
    for wrong in ({"body": "카드를 바꿔 주세요"}, {"subject": "새 카드 #{카드링크}"}):
        form = fields(manager.get(address), address) | wrong
        answer = manager.post(address, data=form)
        assert (answer.status_code, "링크" in answer.text) == (422, True)


def test_both_engines_take_a_move_once_and_the_file_of_texts_has_its_link(each_world):
    world = each_world
    subscribed(world)
    move_id = moves.start_move(world.ctx(), world.gateway, MoveOrder(JTNET, NEW, 14)).id
    run_once(world.ctx(), world.gateway)
    ctx = world.ctx()
    ctx = replace(ctx, outgoing=replace(ctx.outgoing, text=TextWay.CSV))
    assert (send_move(ctx, move_id), send_move(ctx, move_id)) == ((1, False), (0, False))
    assert moves.take_unsent(ctx, move_id) == []
    assert backlog(world.session(), world.clock.now()).notices[Channel.TEXT].waiting == 1
    (line,) = handed_over(ctx, hand_over(ctx))
    assert LINK.search(line.text)
