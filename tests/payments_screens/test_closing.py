"""The second person on the screen, the proof, and 확인 필요: what is seen and what can be pressed, by whom."""

import pytest
from sqlalchemy import select

from merchant_admin.core.permissions import Role
from merchant_admin.payments.models import Attempt
from merchant_admin.payments.service import look_at_attempt
from merchant_admin.payments.states import AttemptState
from tests.payments.acting import AGAIN
from tests.payments_screens.desk import form_of, soup
from tests.support.pages import inspect

SAID = {"reason": "고객이 다른 카드로 결제함", "evidence": "포트원 콘솔에 없음"}


@pytest.fixture
def lost(world, desk):
    """The address of a charge that never arrived, seen absent twice."""
    world.sandbox.faults.plan("close_before", AGAIN, times=1)
    where = desk.charge(desk.sheet()).location
    attempt_id = world.session.scalars(select(Attempt.id)).one()
    for seconds in (180, 60):
        world.clock.advance(seconds)
        look_at_attempt(world.ctx(), world.gateway, attempt_id)
    return where


def ask(desk, where, **words):
    drawn = form_of(desk.client.get(f"{where}/closings/new"), f"{where}/closings")
    return desk.client.post(f"{where}/closings", data=drawn | SAID | words)


def actions(answer):
    return [form["action"] for form in soup(answer).find_all("form", action=True) if "/closings/" in form["action"]]


def state(world):
    world.session.rollback()
    return world.session.scalars(select(Attempt.state)).one()


def test_the_asker_may_only_take_it_back(desk, lost):
    ask(desk, lost)
    page = desk.client.get(lost)
    assert [action.rpartition("/")[2] for action in actions(page)] == ["refusal"]
    assert "승인 대기" in inspect(page.text).find("main").text


def test_a_second_person_closes_it(world, desk, lost):
    ask(desk, lost)
    manager = world.signed_in(Role.MANAGER)
    page = manager.get(lost)
    agree = next(action for action in actions(page) if action.endswith("/agreement"))
    assert manager.post(agree, data=form_of(page, agree)).status_code == 303
    assert state(world) is AttemptState.ABANDONED
    assert "결제하지 않고 끝냈습니다" in inspect(manager.get(lost).text).find("main").text


def test_an_asker_who_posts_the_agreement_is_told_no(world, lost, desk):
    manager = world.signed_in(Role.MANAGER)
    drawn = form_of(manager.get(f"{lost}/closings/new"), f"{lost}/closings")
    manager.post(f"{lost}/closings", data=drawn | SAID)
    refusal = actions(manager.get(lost))[0]
    token = form_of(manager.get(lost), refusal)
    answer = manager.get(manager.post(refusal.replace("/refusal", "/agreement"), data=token).location)
    assert "스스로 승인할 수 없습니다" in answer.text
    assert state(world) is AttemptState.UNCERTAIN


@pytest.mark.parametrize("missing", ["reason", "evidence"])
def test_what_is_missing_is_said_at_its_field(desk, lost, missing):
    answer = ask(desk, lost, **{missing: " "})
    assert answer.status_code == 422
    assert inspect(answer.text).find(id=f"f-{missing}-error")


def test_a_settled_charge_has_no_form(world, desk):
    where = desk.charge(desk.sheet()).location
    assert desk.client.get(f"{where}/closings/new").location == where


def test_what_waits_shows_each_look_and_who_asks(desk, lost):
    ask(desk, lost)
    said = inspect(desk.client.get("/needs-action").text).find(id="needs").get_text(" ", strip=True)
    assert "닫기를 요청했습니다" in said
    assert "포트원에 확인한 기록" in said
    assert "두 번 없었습니다" in said


def test_the_proof_counts_stopped_repeats_and_answers_the_customer(desk):
    sheet = desk.sheet()
    where = desk.charge(sheet).location
    desk.charge(sheet)
    desk.charge(desk.sheet())
    proof = inspect(desk.client.get(where).text).find(id="proof")
    said = " ".join(proof.get_text(" ").split())
    assert "한 번만 결제되었습니다. 포트원으로 1번 보냈고, 반복 2번을 막았습니다." in said
    assert "두 번 결제된 기록은 없습니다" in proof.find("pre").text


def test_the_payment_page_carries_the_same_proof(desk):
    charge = inspect(desk.client.get(desk.charge(desk.sheet()).location).text)
    link = charge.find(id="proof").find("a", href=True)["href"]
    assert "한 번만 결제되었습니다" in inspect(desk.client.get(link).text).find(id="proof").text


def test_lists_say_the_class_and_not_the_raw_text(world, clerk):
    from tests.payments_screens.desk import Desk

    declined = Desk(clerk, world.a_key(card="balance"))
    declined.charge(declined.sheet())
    rows = inspect(clerk.get("/payments").text).find(id="payments").text
    assert "잔액 부족" in rows
    assert "[D" not in rows
