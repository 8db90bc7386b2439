"""The pages of reconciliation: one line equal or not, one day, the channels; and the two commands."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from merchant_admin.cases.models import Case
from merchant_admin.cases.states import CaseKind
from merchant_admin.core.db import db
from merchant_admin.core.permissions import Role
from merchant_admin.reconcile import service
from merchant_admin.reconcile.models import DayClosing
from tests.cases.test_pages import post
from tests.reconcile.test_matching import TODAY, hiding, match
from tests.support.furnish import charge, payment_of
from tests.support.pages import inspect
from tests.support.world import World


@pytest.fixture
def later(world):
    """A day after a charge."""
    charge(world, world.a_key())
    world.clock.advance(days=1)
    return world


def test_the_page_says_in_one_line_whether_all_is_equal(later):
    client = later.signed_in()
    assert "어제를 아직 대조하지 않았습니다." in inspect(client.get("/reconciliation").text).text
    match(later)
    assert "어제까지 포트원과 장부가 같습니다." in inspect(client.get("/reconciliation").text).text


def test_a_difference_stands_on_the_page_of_all_days_and_on_its_own_day(later):
    imp_uid = payment_of(later, charge(later, later.a_key()).id).imp_uid
    match(later, TODAY + timedelta(days=1), hiding(later, imp_uid))
    client, day = later.signed_in(), TODAY + timedelta(days=1)
    for url in ("/reconciliation", f"/reconciliation/{day}"):
        page = inspect(client.get(url).text)
        assert imp_uid in page.text, url
        assert page.select_one("a[href^='/cases/']"), url


def test_a_manager_matches_and_closes_a_day_by_hand(later):
    client = later.signed_in(Role.MANAGER)
    url = f"/reconciliation/{TODAY}"
    assert post(client, f"{url}/closing").status_code == 303
    assert "먼저 이 날을 포트원과 대조하세요" in inspect(client.get(url).text).text
    assert post(client, f"{url}/match").status_code == 303
    assert post(client, f"{url}/closing").status_code == 303
    page = inspect(client.get(url).text)
    assert "서명이 맞음" in page.text
    assert later.session.scalars(select(DayClosing.closed_by)).one() == "김직원"
    inspect(client.get("/reconciliation").text)


def test_a_viewer_reads_and_changes_nothing(later):
    client = later.signed_in(Role.VIEWER)
    assert not inspect(client.get(f"/reconciliation/{TODAY}").text).select("form[action*='/reconciliation/']")
    assert post(client, f"/reconciliation/{TODAY}/match").status_code == 403
    assert post(client, f"/reconciliation/{TODAY}/closing").status_code == 403


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "2026-11-1", "20261101", "0001-01-01", "%2e%2e"])
def test_what_is_no_day_is_not_found(world, day):
    assert world.signed_in().get(f"/reconciliation/{day}").status_code == 404


def test_matching_by_hand_while_portone_is_away_says_so(later):
    client = later.signed_in()
    later.sandbox.faults.plan("status_before", "/payments/status/*")
    assert post(client, f"/reconciliation/{TODAY}/match").status_code == 303
    assert "포트원을 읽지 못해" in client.get(f"/reconciliation/{TODAY}").text


def test_the_channels_page_compares_the_three_mids(world):
    client = world.signed_in()
    page = inspect(client.get("/channels").text)
    assert "설정한 MID가 모두 포트원에 있습니다." in page.text
    assert {"tpaytest0m", "tpaytest1m", "tpaytest2m"} <= {code.text for code in page.find_all("code")}
    world.sandbox.faults.plan("status_before", "/users/pg")
    assert "포트원을 읽지 못해" in inspect(client.get("/channels").text).text


def test_a_mid_that_portone_does_not_know_is_shown_and_is_a_case(empty_database, tmp_path):
    from tests.conftest import NOON

    with World(tmp_path, template=empty_database, at=NOON, PORTONE_MID_BILLING="tpaytestxm") as world:
        page = inspect(world.signed_in().get("/channels").text)
        assert "포트원에 없음" in page.text
        assert service.see_to(world.ctx(), world.gateway, f"channels|{TODAY}", world.settings)
        case = world.session.scalars(select(Case)).one()
        assert (case.kind, case.subject) == (CaseKind.UNKNOWN_CHANNEL, "PORTONE_MID_BILLING")


def run(world, *words):
    world.session.remove()
    return world.app.test_cli_runner().invoke(args=list(words))


def test_the_sync_command_says_what_it_read(world):
    from tests.reconcile.test_rounds import elsewhere

    elsewhere(world, world.a_key())
    said = run(world, "sync", "--from", "2026-11-20", "--to", "2026-11-23")
    assert (said.exit_code, "1 payments read, 1 news" in said.output) == (0, True), said.output
    assert "0 news" in run(world, "sync", "--from", "2026-11-20").output
    assert run(world, "sync", "--from", "2026-11-24", "--to", "2026-11-20").exit_code == 2


def test_the_sync_command_names_what_to_do_when_portone_is_away(world):
    world.sandbox.faults.plan("status_before", "/payments/status/*", times=100)
    said = run(world, "sync", "--from", "2026-11-20")
    assert said.exit_code == 1
    assert "Run the same again" in said.output


def test_the_close_day_command_matches_and_closes(later):
    said = run(later, "close-day")
    assert said.exit_code == 0, said.output
    assert "net ₩33,000" in said.output
    assert db.session.scalars(select(DayClosing.seoul_day)).one() == date(2026, 11, 23)
    assert run(later, "close-day", "2026-11-24").exit_code == 1
