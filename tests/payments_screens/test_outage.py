"""The sheet while PortOne is away: refused by default, held by choice."""

from merchant_admin.payments.models import Attempt, Charge
from tests.payments.acting import sends
from tests.support.pages import inspect


def stop(world):
    world.sandbox.faults.plan("status_before", "*", times=10_000)
    for _ in range(5):
        world.gateway.breaker.failed()


def test_the_sheet_says_since_when_and_offers_to_hold(world, desk):
    stop(world)
    page = inspect(desk.confirm(desk.sheet()).text)
    assert "지금은 결제할 수 없습니다" in page.text
    assert page.find("button", attrs={"name": "hold"})
    assert "부터 포트원에 연결되지 않습니다" in page.text


def test_pressing_charge_while_portone_is_away_writes_nothing_and_offers_to_hold(world, desk):
    stop(world)
    answer = desk.charge(desk.sheet())
    assert answer.status_code == 422
    assert inspect(answer.text).find("button", attrs={"name": "hold"})
    assert world.session.query(Charge).count() == 0


def test_holding_leads_to_a_charge_that_says_it_was_not_sent(world, desk):
    stop(world)
    answer = desk.charge(desk.sheet(), hold="1")
    assert answer.status_code == 303
    page = inspect(desk.client.get(answer.location).text)
    assert "아직 보내지 않았습니다" in page.text
    assert "확인 필요: 다시 청구하지 마세요" not in page.text
    assert world.session.query(Attempt).one().evidence == "held"
    assert sends(world) == 0


def test_the_sheet_offers_nothing_of_it_while_all_is_well(desk):
    assert not inspect(desk.confirm(desk.sheet()).text).find("button", attrs={"name": "hold"})
