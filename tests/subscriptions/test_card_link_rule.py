"""Whether a plan sends card links by itself: chosen beside the retry gaps, shown before it is saved, and kept."""

import pytest

from merchant_admin.core.permissions import Role
from merchant_admin.subscriptions.models import Plan
from tests.conftest import NOON
from tests.notices.acting import fields
from tests.subscriptions.acting import a_plan, subscribed
from tests.support.world import World

ANY = {"unit": "month", "after_last": "end", "catch_up": "charge"}


@pytest.fixture
def world(empty_database, tmp_path):
    """A shop that tells its customers."""
    with World(tmp_path, template=empty_database, at=NOON, TEXT_NOTICES="csv") as made:
        yield made


@pytest.fixture
def manager(world):
    return world.signed_in(Role.MANAGER)


@pytest.mark.parametrize("ticked", [True, False])
def test_a_new_plan_sends_links_unless_the_box_is_cleared(world, manager, ticked):
    form = fields(manager.get("/plans/new"), "/plans") | ANY | {"name": "월 구독", "amount_krw": "9,900"}
    assert form["sends_card_link"] == "1"
    if not ticked:
        del form["sends_card_link"]
    assert manager.post("/plans", data=form).status_code == 303
    assert world.session.query(Plan).one().sends_card_link is ticked


def test_a_form_that_comes_back_keeps_the_box_as_it_was_left(manager):
    form = fields(manager.get("/plans/new"), "/plans") | ANY | {"name": "", "amount_krw": "9,900"}
    del form["sends_card_link"]
    answer = manager.post("/plans", data=form)
    assert answer.status_code == 422
    assert "sends_card_link" not in fields(answer, "/plans")


def test_a_change_is_shown_before_it_is_saved_and_holds_for_subscriptions_that_exist(world, manager):
    plan = a_plan(world)
    held_id = subscribed(world, plan)
    edit, save = f"/plans/{plan.id}/confirm", f"/plans/{plan.id}"
    assert "링크가 자동으로 들어갑니다" in manager.get(f"/subscriptions/{held_id}").text
    form = fields(manager.get(f"/plans/{plan.id}/edit"), edit) | ANY
    del form["sends_card_link"]
    sheet = manager.post(edit, data=form)
    assert "카드 링크를 자동으로 보냄 → 직원이 카드 링크를 보냄" in sheet.text
    again = manager.post(edit, data=fields(sheet, edit))  # back to the form
    assert "sends_card_link" not in fields(again, edit)
    assert manager.post(save, data=fields(sheet, save)).status_code == 303
    world.session.refresh(plan)
    assert plan.sends_card_link is False
    assert "카드 링크는 직원이 보냅니다" in manager.get(f"/subscriptions/{held_id}").text
    assert "카드 링크 직접" in manager.get("/plans").text
