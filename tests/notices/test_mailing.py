"""The outbox against a real mail server: told once, in peace, over TLS; and what happens when something breaks."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from merchant_admin.core.outgoing import Channel
from merchant_admin.line.service import lock_restored, open_line
from merchant_admin.notices import handing, sending
from merchant_admin.notices.mailing import MailSender
from merchant_admin.notices.models import Notice, NoticeTry
from merchant_admin.notices.states import NoticeKind, NoticeState, Why
from merchant_admin.worker import loop
from merchant_admin.worker.notifying import send_notices
from merchant_admin.worker.service import Patience
from tests.conftest import NOON
from tests.notices.acting import VALUES, notices, only, turn, write
from tests.notices.mailbox import PASSWORD, MailServer
from tests.support.world import World


@pytest.fixture(scope="module")
def server():
    with MailServer() as served:
        yield served


@pytest.fixture
def box(server):
    server.box.empty()
    return server.box


@pytest.fixture
def shop(server, box, empty_database, tmp_path):
    with World(tmp_path, template=empty_database, at=NOON, **server.env) as made:
        yield made


def tries(world):
    return [
        (row.answer.value, row.detail) for row in world.session.scalars(select(NoticeTry).order_by(NoticeTry.number))
    ]


def test_a_notice_is_mailed_once_over_tls_whatever_is_asked_again(shop, box):
    customer = write(shop)
    write(shop, customer)  # the same cause
    for _round in range(3):
        turn(shop)
    (mail,) = box.taken
    assert box.encrypted == [True]
    assert (mail["To"], mail["From"]) == ("seoyeon@example.com", "온빛상점 <hello@shop.example>")
    assert mail["Subject"] == "[온빛상점] 원두 정기 배송 18,500원 결제 완료"
    assert "김서연님, 안녕하세요." in mail.get_content()
    notice = only(shop)
    assert (notice.state, notice.body, notice.text_version) == (
        NoticeState.SENT,
        mail.get_content().replace("\r\n", "\n").rstrip("\n"),
        0,
    )
    assert mail["Message-ID"] == f"<{notice.id}.1@shop.example>"


def test_a_line_that_breaks_after_the_text_is_unknown_and_not_sent_again(shop, box):
    write(shop)
    box.on_data = "hang up"
    for _round in range(3):
        turn(shop)
        shop.clock.advance(hours=1)
    assert (only(shop).state, only(shop).why, len(box.taken)) == (NoticeState.UNKNOWN, Why.NO_ANSWER, 1)
    box.on_data = None
    handing.ask_again(shop.ctx(), only(shop).id, 1)  # a person's press may
    turn(shop)
    assert (only(shop).state, len(box.taken)) == (NoticeState.SENT, 2)


def test_one_line_serves_the_mails_of_a_round_and_is_closed_after_it(shop, box):
    for number in range(4):
        write(shop, cause=f"prd_{number}.paid")
    turn(shop)
    assert (len(box.taken), box.greeted, set(states(shop))) == (4, 1, {"sent"})
    write(shop, cause="prd_9.paid")
    turn(shop)
    assert (len(box.taken), box.greeted) == (5, 2)


def test_a_refused_recipient_does_not_stop_the_next(shop, box):
    for number in range(3):
        write(shop, cause=f"prd_{number}.paid")
    answers = iter(["550 no such mailbox", None, None])
    box.on_rcpt = lambda: next(answers)
    turn(shop)
    assert (sorted(states(shop)), len(box.taken), box.greeted) == (["failed", "sent", "sent"], 2, 1)


@pytest.mark.parametrize(("at", "said"), [("on_rset", "hang up"), ("on_mail", "421 too many mails on this line")])
def test_a_line_that_was_dropped_between_two_mails_is_made_anew(shop, box, at, said):
    for number in range(3):
        write(shop, cause=f"prd_{number}.paid")
    setattr(box, at, said)
    turn(shop)
    assert (states(shop), len(box.taken), box.greeted) == (["sent"] * 3, 3, 2)
    assert len({mail["Message-ID"] for mail in box.taken}) == 3


def test_a_line_that_breaks_after_one_text_leaves_the_others_untouched(shop, box):
    for number in range(3):
        write(shop, cause=f"prd_{number}.paid")
    box.on_data = "hang up once"
    for _round in range(3):
        turn(shop)
    assert (sorted(states(shop)), len(box.taken)) == (
        ["sent", "sent", "unknown"],
        3,
    )  # it was taken, and not sent again


def states(world):
    return [row.state.value for row in notices(world)]


def test_a_process_killed_with_the_answer_in_its_hand_leaves_unknown(shop, box):
    write(shop)
    ctx, notice_id = shop.ctx(), only(shop).id
    parcel = sending._claim(ctx, notice_id)
    sender = MailSender(shop.settings.outgoing.mail, "온빛상점")
    sender.send(parcel)  # and here the power goes
    sender.close()
    turn(shop)
    assert only(shop).state is NoticeState.SENDING
    shop.clock.advance(minutes=4)
    turn(shop)
    assert (only(shop).state, len(box.taken), tries(shop)) == (NoticeState.UNKNOWN, 1, [("unknown", "")])


@pytest.mark.parametrize(
    ("at", "said", "state", "why"),
    [
        ("on_rcpt", "550 no such mailbox seoyeon@example.com", NoticeState.FAILED, Why.REFUSED),
        ("on_data", "554 looks like spam", NoticeState.FAILED, Why.REFUSED),
        ("on_rcpt", "450 come again", NoticeState.WAITING, None),
        ("on_data", "452 full", NoticeState.WAITING, None),
    ],
)
def test_what_the_server_says_decides(shop, box, at, said, state, why):
    write(shop)
    setattr(box, at, said)
    turn(shop)
    assert (only(shop).state, only(shop).why, box.taken) == (state, why, [])
    assert tries(shop)[0][1] == said.replace("seoyeon@example.com", "•••")


def test_a_server_that_never_takes_it_is_asked_with_gaps_and_an_end(shop, box):
    write(shop)
    box.on_rcpt = "450 come again"
    asked = []
    for minute in range(0, 9 * 60 + 30, 10):  # all of it inside the hours in which customers are told things
        shop.clock.set(NOON - timedelta(hours=4) + timedelta(minutes=minute))
        if minute == 0:
            continue
        turn(shop)
        asked.append(len(tries(shop)))
    shop.clock.advance(hours=24)
    turn(shop)
    assert (only(shop).state, only(shop).why, len(tries(shop))) == (NoticeState.FAILED, Why.GIVEN_UP, 6)
    assert asked[-1] == 5


def test_a_press_allows_as_many_tries_again_as_there_were_at_first(shop, box):
    write(shop)
    box.on_rcpt = "450 come again"
    for _try in range(6):
        turn(shop)
        shop.clock.advance(days=1)
        with shop.ctx().atomic() as session:
            session.merge(only(shop)).good_until = shop.clock.now() + timedelta(days=9)
    assert (only(shop).state, only(shop).tries) == (NoticeState.FAILED, 6)
    handing.ask_again(shop.ctx(), only(shop).id, 6)
    turn(shop)
    assert (only(shop).state, only(shop).tries) == (NoticeState.WAITING, 7)
    assert only(shop).send_at == shop.clock.now() + timedelta(minutes=1)
    box.on_rcpt = None
    shop.clock.advance(minutes=1)
    turn(shop)
    assert (only(shop).state, len(box.taken)) == (NoticeState.SENT, 1)


def test_nobody_is_disturbed_at_night_and_nothing_is_told_that_is_over(shop, box):
    shop.clock.set(NOON + timedelta(hours=10))  # 22:00 in Seoul
    customer = write(shop)
    write(shop, customer, "sub_1.2026-11-24", NoticeKind.RENEWAL_SOON, good_until=NOON + timedelta(hours=12))
    turn(shop)
    assert box.taken == []
    shop.clock.set(NOON + timedelta(hours=20))  # 08:00
    turn(shop)
    assert [mail["Subject"] for mail in box.taken] == ["[온빛상점] 원두 정기 배송 18,500원 결제 완료"]
    shop.session.rollback()
    late = shop.session.scalars(select(Notice).where(Notice.kind == NoticeKind.RENEWAL_SOON)).one()
    assert (late.state, late.why) == (NoticeState.DROPPED, Why.TOO_LATE)


@pytest.mark.parametrize("email", [None, "a@b.c\r\nBcc: all@evil.example", '"x y"@example.com', "한글@example.com"])
def test_an_address_that_is_none_is_shown_and_nothing_is_sent(shop, box, email):
    customer = shop.a_customer(email=None)
    with shop.ctx().atomic() as session:
        session.merge(customer).email = email  # as an older system may have left it
    write(shop, customer)
    turn(shop)
    assert (only(shop).state, box.taken) == (NoticeState.DROPPED, [])


def test_no_value_can_add_a_header(shop, box):
    write(shop, values={**VALUES, "상품명": "원두\r\nBcc: all@evil.example\r\n\r\n#{고객명}"})
    turn(shop)
    (mail,) = box.taken
    assert mail["Bcc"] is None
    assert "Bcc: all@evil.example #{고객명}" in mail["Subject"]  # one line, and a value is never read as a text


def test_a_server_without_tls_or_with_another_certificate_hears_nothing(shop, box, empty_database, tmp_path):
    write(shop)
    with MailServer(plain=True) as plain:
        mail = shop.settings.outgoing.mail
        for wrong in (replace(mail, port=int(plain.env["SMTP_PORT"])), replace(mail, ca_file=None)):
            send_notices(shop.ctx(), {Channel.EMAIL: MailSender(wrong, "온빛상점")})
            shop.clock.advance(minutes=40)
        assert plain.box.taken == box.taken == []
    assert only(shop).state is NoticeState.WAITING
    assert PASSWORD not in str(tries(shop)) + repr(shop.settings)


def test_a_restored_copy_tells_customers_nothing_before_it_has_caught_up(shop, box):
    write(shop)
    lock = lock_restored(shop.ctx())
    shop.gateway.breaker._memory.kept_seconds = 0
    shop.sandbox.faults.plan("close_before", "/payments/status/*", times=10_000)  # so that it can't catch up
    assert loop._round(shop.app, Patience(), lambda: False) is not None
    assert (only(shop).state, box.taken) == (NoticeState.WAITING, [])
    open_line(shop.ctx(), lock, "확인함")
    assert loop._round(shop.app, Patience(), lambda: False) is not None
    assert (only(shop).state, len(box.taken)) == (NoticeState.SENT, 1)
