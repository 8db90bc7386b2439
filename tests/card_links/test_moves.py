"""Leaving one PG profile: what is at stake, links in a batch, stages that add up, and a file that is safe to open."""

import csv
import io

import pytest
from bs4 import BeautifulSoup

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.card_links import board, moves, service
from merchant_admin.card_links.models import CardLink
from merchant_admin.card_links.move_routes import harmless
from merchant_admin.card_links.moves import MoveOrder
from merchant_admin.card_links.states import LinkStage
from merchant_admin.core.errors import InvalidInput, RuleBroken
from merchant_admin.core.permissions import Role
from merchant_admin.subscriptions.states import Unit
from tests.card_links.acting import Phone, key_of, old_state, work
from tests.subscriptions.acting import a_plan, subscribed, taken, turn
from tests.support.pages import inspect

JTNET, NEW = "jtnet.tpaytest2m", "nice_v2.sandboxv2m"


def fields(page, action):
    form = BeautifulSoup(page.text, "html.parser").find("form", action=action)
    assert form, page.text
    return {each["name"]: each.get("value", "") for each in form.find_all("input") if each.get("name")}


class Held:
    """A link of the move in the form that Phone knows."""

    def __init__(self, world, row):
        self.id, self.customer_id, self.old_key_id = row.id, row.customer_id, row.old_billing_key_id
        self.token = service.token(world.ctx(), row.id)
        covered = [each.id for each in board_covered(world, row.id)]
        self.subscription_id = covered[0] if covered else None


def board_covered(world, link_id):
    from merchant_admin.card_links.queries import covered_by

    return covered_by(world.session, link_id)


def links(world, move_id):
    world.session.rollback()
    rows = world.session.query(CardLink).filter_by(move_id=move_id).order_by(CardLink.created_at, CardLink.id)
    return [Held(world, row) for row in rows.all()]


def counts(world, move_id):
    world.session.rollback()
    shown = board.board(world.session, board.one_move(world.session, move_id), world.clock.now())
    return {step.stage.value if step.stage else "unmade": step.cards for step in shown.steps if step.cards}, shown


def test_a_move_from_the_first_look_to_the_last_card(each_world):
    world = each_world
    monthly_ = a_plan(world, amount_krw=12_000)
    yearly = a_plan(world, amount_krw=120_000, unit=Unit.YEAR)
    for plan in (monthly_, monthly_, yearly):
        subscribed(world, plan)
    turn(world)
    world.a_key()  # nothing is charged to it
    before = taken(world)
    (profile,) = board.profiles(world.session, world.settings.mode)
    assert (profile.pg, profile.cards, profile.monthly_krw) == (JTNET, 4, 34_000)
    move_id = moves.start_move(world.ctx(), world.gateway, MoveOrder(JTNET, NEW, 7)).id
    with pytest.raises(RuleBroken):
        moves.start_move(world.ctx(), world.gateway, MoveOrder(JTNET, NEW, 7))
    assert counts(world, move_id)[0] == {"unmade": 3}
    moves.stop_move(world.ctx(), move_id)
    work(world)
    assert counts(world, move_id)[0] == {"unmade": 3}
    moves.resume_move(world.ctx(), move_id)
    for _round in range(3):
        work(world)
    made = links(world, move_id)
    assert counts(world, move_id)[0] == {"made": 3}
    assert board.one_move(world.session, move_id).state.value == "made"
    assert len(moves.take_unsent(world.ctx(), move_id)) == 3
    assert moves.take_unsent(world.ctx(), move_id) == []
    done = Phone(world, made[0]).registers()
    assert "새 카드를 등록했습니다." in done.text
    Phone(world, made[1]).agrees()
    world.session.rollback()
    new = world.session.get(BillingKey, key_of(world, made[0]))
    assert (f"{new.pg_provider}.{new.pg_id}", old_state(world, made[0])) == (NEW, "deleted")
    found, shown = counts(world, move_id)
    assert found == {"done": 1, "registering": 1, "sent": 1}
    assert (shown.monthly_krw, shown.safe_krw + shown.at_risk_krw, shown.safe_cards) == (34_000, 34_000, 1)
    world.clock.advance(days=8)
    for _look in range(3):
        work(world, 3_700)
    assert counts(world, move_id)[1].cards_of(LinkStage.EXPIRED) == 2
    moves.renew_links(world.ctx(), move_id)
    for _round in range(2):
        work(world)
    found, shown = counts(world, move_id)
    assert (found, shown.cards) == ({"done": 1, "made": 2}, 3)
    moves.finish_move(world.ctx(), move_id)
    with pytest.raises(RuleBroken):
        moves.resume_move(world.ctx(), move_id)
    assert taken(world) == before


@pytest.mark.parametrize(
    ("source", "target", "days"), [(JTNET, JTNET, 7), (JTNET, "html5_inicis.MOI", 7), (JTNET, NEW, 400)]
)
def test_a_move_that_makes_no_sense_is_not_started(world, source, target, days):
    with pytest.raises(InvalidInput):
        moves.start_move(world.ctx(), world.gateway, MoveOrder(source, target, days))


def test_the_desk_starts_watches_and_downloads(world):
    subscribed(world)
    evil = world.a_customer(name="=HYPERLINK(1)", phone="010-9999-0000")
    world.a_key(evil)
    manager = world.signed_in(Role.MANAGER)
    page = manager.get("/card-moves")
    inspect(page.text)
    typed = fields(page, "/card-moves/confirm") | {
        "source_pg": JTNET,
        "target_pg": NEW,
        "link_days": "14",
        "only_used": "",
    }
    assert manager.post("/card-moves/confirm", data=typed | {"target_pg": JTNET}).status_code == 422
    assert manager.post("/card-moves/confirm", data=typed | {"source_pg": "none.none"}).status_code == 422
    sheet = manager.post("/card-moves/confirm", data=typed)
    assert "₩9,900" in sheet.text
    answer = manager.post("/card-moves", data=fields(sheet, "/card-moves"))
    again = manager.post("/card-moves", data=fields(sheet, "/card-moves"))
    assert (answer.status_code, again.status_code) == (303, 422)
    for _round in range(2):
        work(world)
    shown = manager.get(answer.location)
    inspect(shown.text)
    assert "보낼 링크 2건 파일(CSV)" in shown.text
    press = fields(shown, f"{answer.location}/files")
    file = manager.post(f"{answer.location}/files", data=press)
    rows = list(csv.reader(io.StringIO(file.data.decode("utf-8-sig"))))
    assert [row[1] for row in rows[1:]]
    assert all("/register/" in row[2] for row in rows[1:])
    assert sorted(row[0] for row in rows[1:]) == ["'=HYPERLINK(1)", "김서연"]
    assert all(row[4].startswith("[온빛상점] 정기결제 카드를 새로 등록해 주세요.") for row in rows[1:])
    assert "파일로 내려받아" in manager.get(f"{answer.location}?stage=sent").text
    assert manager.post(f"{answer.location}/files", data=press).status_code == 303
    for act in ("resume", "stop", "renew", "nonsense", "finish", "stop"):
        assert manager.post(f"{answer.location}/turns/{act}", data=press).status_code == 303
    manager.set_cookie("lang", "en")
    inspect(manager.get(answer.location).text)
    assert world.signed_in(Role.CLERK).get("/card-moves").status_code == 403


def test_no_cell_becomes_a_formula():
    for cell in ("=1+1", "+82", "-1", "@x", "\t=1", "\r=1", "\0=1"):
        assert harmless(cell) == f"'{cell}"
    assert harmless("김서연") == "김서연"
