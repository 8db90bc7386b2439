"""The customer's own page for a consent: one answer by a link that is in the customer's hands alone."""

import csv
import io
import logging
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from merchant_admin.core.outgoing import Channel
from merchant_admin.core.permissions import Role
from merchant_admin.notices import consents
from merchant_admin.notices.consents import Said
from merchant_admin.notices.models import Consent, ConsentWord, Notice
from merchant_admin.notices.shipped import shipped
from merchant_admin.notices.states import ConsentState, NoticeKind, NoticeState, SaidBy, Why
from merchant_admin.notices.texts import save_text, wording_of
from merchant_admin.subscriptions import service
from merchant_admin.subscriptions.service import Change
from tests.conftest import NOON
from tests.notices.acting import fields, notices
from tests.notices.acting import turn as send
from tests.notices.mailbox import MailServer
from tests.subscriptions.acting import a_plan, fresh, pass_days, subscribed, taken, today, turn
from tests.support.pages import inspect
from tests.support.world import World

LINK = re.compile(r"http://127\.0\.0\.1:8000(/consent/[0-9a-z]{32})(?![0-9a-z])")


@pytest.fixture(scope="module")
def server():
    with MailServer() as served:
        yield served


@pytest.fixture
def shop(server, empty_database, tmp_path):
    server.box.empty()
    with World(tmp_path, template=empty_database, at=NOON, CONSENT_DAYS="30", **server.env) as made:
        made.mails = server.box.taken
        yield made


def raised(world, **change):
    """A subscription that is to cost more, and the address that its customer was sent."""
    made = subscribed(world)
    turn(world)
    service.change_terms(world.ctx(), made, fresh(world, made).version, Change(**(change or {"amount_krw": 12_900})))
    send(world)
    return made, sent_links(world)[-1]


def sent_links(world):
    found = (LINK.search(mail.get_content()) for mail in world.mails)
    return [each[1] for each in found if each]


class Phone:
    """A customer's browser, with nobody signed in."""

    def __init__(self, world, address):
        self.client, self.address = world.client(), address
        self.client.set_cookie("lang", "ko")

    def reads(self):
        answer = self.client.get(self.address)
        assert answer.status_code == 200
        inspect(answer.text)
        return answer.text

    def fills(self):
        form = BeautifulSoup(self.reads(), "html.parser").find("form", action=f"{self.address}/answers")
        hidden = form.find_all("input", type="hidden") if form else []
        return {each["name"]: each["value"] for each in hidden}

    def says(self, agrees, filled=None):
        return self.client.post(f"{self.address}/answers", data=(filled or self.fills()) | {"agrees": agrees})


def words(world):
    world.session.rollback()
    return list(world.session.scalars(select(ConsentWord)))


def state(world):
    world.session.rollback()
    return world.session.scalars(select(Consent.state)).one()


def to_the_due_day(world, made):
    pass_days(world, (fresh(world, made).next_on - today(world)).days)


def test_the_page_says_what_changes_and_a_yes_is_charged_on_its_day(shop):
    made, address = raised(shop)
    phone = Phone(shop, address)
    page = phone.reads()
    for fact in ("매월 ₩9,900", "매월 ₩12,900", "2026. 12. 23.", "12,900원", "온빛상점"):
        assert fact in page, fact
    assert "버전" not in page  # of the text that stands from the start there is one only
    assert phone.says("yes").status_code == 303
    assert "동의하셨습니다." in phone.reads()
    (word,) = words(shop)
    assert (word.agrees, word.said_by, word.said_at, word.text_version) == (True, SaidBy.LINK, NOON, 0)
    assert ("12,900원" in word.text, word.note.startswith("127.0.0.1")) == (True, True)
    to_the_due_day(shop, made)
    assert taken(shop) == [9_900, 12_900]
    assert "동의하셨습니다." in phone.reads()


def test_the_page_names_the_version_of_a_text_that_the_merchant_wrote(shop):
    held = wording_of(shop.session, NoticeKind.PRICE_RISE, Channel.EMAIL)
    save_text(shop.ctx(), replace(held, body=f"{held.body} 고맙습니다."))
    _made, address = raised(shop)
    page = Phone(shop, address).reads()
    assert ("버전 1" in page, "고맙습니다." in page) == (True, True)


def test_a_no_is_kept_shown_to_staff_and_not_charged(shop):
    made, address = raised(shop)
    assert Phone(shop, address).says("no").status_code == 303
    assert staff_page(shop) in shop.signed_in(Role.VIEWER).get("/needs-action").text
    assert "고객이 직접 답함" in shop.signed_in(Role.CLERK).get(staff_page(shop)).text
    to_the_due_day(shop, made)
    assert taken(shop) == [9_900]


def staff_page(world):
    world.session.rollback()
    return f"/consents/{world.session.scalars(select(Consent.id)).one()}"


def test_two_phones_at_once_give_one_answer(shop):
    _made, address = raised(shop)
    first, second = Phone(shop, address), Phone(shop, address)
    late = second.fills()
    assert first.says("no").status_code == 303
    answer = second.says("yes", late)
    assert (answer.status_code, "동의하지 않으셨습니다." in answer.text) == (409, True)
    assert ([word.agrees for word in words(shop)], state(shop)) == ([False], ConsentState.REFUSED)
    assert 'type="radio"' not in second.reads()  # used


def test_what_staff_wrote_down_meanwhile_stands(shop):
    _made, address = raised(shop)
    phone = Phone(shop, address)
    late = phone.fills()
    held = shop.session.scalars(select(Consent)).one()
    consents.answer(shop.ctx(), held.id, Said(True, SaidBy.PHONE, NOON, 0, held.version))
    assert phone.says("no", late).status_code == 409
    assert ("동의하셨습니다." in phone.reads(), state(shop), len(words(shop))) == (True, ConsentState.GIVEN, 1)


def test_a_price_that_changed_again_ends_the_link_and_the_new_one_asks_anew(shop):
    made, address = raised(shop)
    phone = Phone(shop, address)
    late = phone.fills()
    service.change_terms(shop.ctx(), made, fresh(shop, made).version, Change(amount_krw=15_900))
    send(shop)
    assert phone.says("yes", late).status_code == 409
    assert ("이 동의는 더 필요하지 않습니다." in phone.reads(), words(shop)) == (True, [])
    (newer,) = set(sent_links(shop)) - {address}
    assert "₩15,900" in Phone(shop, newer).reads()


def test_a_subscription_that_ended_or_will_end_needs_no_answer(shop):
    made, address = raised(shop)
    phone = Phone(shop, address)
    late = phone.fills()
    service.cancel_at_period_end(shop.ctx(), made, fresh(shop, made).version, "고객 요청")
    assert "지금은 답하지 않아도 됩니다." in phone.reads()
    assert phone.says("yes", late).status_code == 409
    service.cancel_now(shop.ctx(), made, fresh(shop, made).version, "고객 요청")
    assert phone.says("yes", late).status_code == 409
    assert ("이 동의는 더 필요하지 않습니다." in phone.reads(), words(shop)) == (True, [])


def test_a_link_expires_and_staff_may_ask_again_once_for_each_press(shop):
    made, address = raised(shop)
    phone = Phone(shop, address)
    late = phone.fills()
    to_the_due_day(shop, made)
    assert "기한이 지난 링크입니다." in phone.reads()
    assert (phone.says("yes", late).status_code, words(shop)) == (409, [])
    clerk = shop.signed_in(Role.CLERK)
    form = fields(clerk.get(staff_page(shop)), f"{staff_page(shop)}/asks")
    for _press in range(2):
        assert clerk.post(f"{staff_page(shop)}/asks", data=form).status_code == 303
    send(shop)
    assert sent_links(shop) == [address] * 2  # the same link lives on
    assert "동의하면 결제 시간에 곧 결제합니다." in phone.reads()
    assert phone.says("yes").status_code == 303
    turn(shop)
    assert taken(shop) == [9_900, 12_900]


@pytest.mark.parametrize("wrong", [{"agrees": ""}, {"agrees": "maybe"}, {"version": "x"}, {"text_version": ""}])
def test_an_answer_that_is_none_comes_back_and_nothing_is_kept(shop, wrong):
    _made, address = raised(shop)
    phone = Phone(shop, address)
    answer = phone.client.post(f"{address}/answers", data=phone.fills() | {"agrees": "yes"} | wrong)
    assert (answer.status_code, words(shop)) == (422, [])


def test_a_text_that_staff_changed_meanwhile_must_be_read_again(shop):
    _made, address = raised(shop)
    phone = Phone(shop, address)
    late = phone.fills()
    save_text(shop.ctx(), shipped(NoticeKind.PRICE_RISE, Channel.EMAIL))
    answer = phone.says("yes", late)
    assert (answer.status_code, "다시 골라 주세요" in answer.text, words(shop)) == (409, True, [])
    assert phone.says("yes").status_code == 303


def test_a_shorter_cycle_at_the_same_price_is_named_and_must_be_agreed_to(shop):
    weekly = a_plan(shop, unit="week")
    made, address = raised(shop, plan_id=weekly.id)
    page = Phone(shop, address).reads()
    assert ("매월 ₩9,900" in page, "매주 ₩9,900" in page) == (True, True)
    assert made


def test_the_secret_rests_nowhere_and_what_is_shown_or_logged_has_a_mark(shop, caplog):
    caplog.set_level(logging.DEBUG)
    _made, address = raised(shop)
    secret = address.rsplit("/", 1)[1]
    phone = Phone(shop, address)
    phone.says("yes")
    clerk = shop.signed_in(Role.OWNER)
    notice = next(row for row in notices(shop) if row.kind is NoticeKind.PRICE_RISE)
    seen = [clerk.get(page).text for page in (f"/notices/{notice.id}", staff_page(shop), "/activity", "/notices")]
    assert "/consent/••••••••" in seen[0]
    ours = [line for line in caplog.records if line.name.startswith("merchant_admin")]
    log = "\n".join(f"{line.getMessage()} {line.__dict__}" for line in ours)
    files = b"".join(path.read_bytes() for path in shop.folder.glob("merchant.db*"))
    assert [secret in text for text in (*seen, log)] == [False] * 5
    assert secret.encode() not in files
    answer = phone.client.get(address)
    assert (answer.headers["Referrer-Policy"], answer.headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert phone.client.get("/consent/nobody").status_code == 404


def test_a_server_that_repeats_the_mail_teaches_us_no_secret(shop, server):
    server.box.on_data = "554 spam: http://127.0.0.1:8000/consent/{}"
    made = subscribed(shop)
    service.change_terms(shop.ctx(), made, fresh(shop, made).version, Change(amount_krw=12_900))
    held = shop.session.scalars(select(Consent)).one()
    secret = consents.token(shop.ctx(), held.id)
    server.box.on_data = f"554 spam: http://127.0.0.1:8000/consent/{secret}"
    send(shop)
    files = b"".join(path.read_bytes() for path in shop.folder.glob("merchant.db*"))
    assert (secret.encode() in files, "/consent/•••".encode() in files) == (False, True)


def test_a_request_that_was_answered_before_it_went_out_is_not_sent(shop):
    shop.clock.set(NOON + timedelta(hours=11))  # 23:00: nobody is disturbed
    made = subscribed(shop)
    service.change_terms(shop.ctx(), made, fresh(shop, made).version, Change(amount_krw=12_900))
    send(shop)
    held = shop.session.scalars(select(Consent)).one()
    consents.answer(shop.ctx(), held.id, Said(True, SaidBy.VISIT, shop.clock.now(), 0, held.version))
    shop.clock.advance(hours=11)
    send(shop)
    row = shop.session.scalars(select(Notice).where(Notice.kind == "price_rise")).one()
    assert (row.state, row.why, [m for m in shop.mails if "동의" in m["Subject"]]) == (
        NoticeState.DROPPED, Why.LINK_OVER, [],
    )  # fmt: skip


def test_a_file_of_texts_holds_the_link_each_time_it_is_fetched(empty_database, tmp_path):
    with World(tmp_path, template=empty_database, at=NOON, TEXT_NOTICES="csv", CONSENT_DAYS="30") as world:
        made = subscribed(world)
        service.change_terms(world.ctx(), made, fresh(world, made).version, Change(amount_krw=12_900))
        clerk = world.signed_in(Role.CLERK)
        form = fields(clerk.get("/notices/handovers"), "/notices/handovers")
        assert clerk.post("/notices/handovers", data=form).status_code == 303
        (row,) = notices(world)
        for _fetch in range(2):
            file = clerk.get(f"/notices/handovers/{row.handover_id}/file")
            _head, line = csv.reader(io.StringIO(file.data.decode("utf-8-sig")))
            assert "9,900" in Phone(world, LINK.search(line[2])[1]).reads()
        assert "/consent/••••••••" in row.body
