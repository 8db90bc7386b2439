"""A typed card: charged or stored once, settled by reading, and remembered by nothing."""

import logging
import pickle
import re

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select, text

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.core.permissions import Role
from merchant_admin.payments.models import Attempt, Charge
from merchant_admin.payments.states import AttemptState, ChargeKind
from merchant_admin.portone.typed_cards import TypedCard
from merchant_admin.registrations.models import Registration
from merchant_admin.registrations.states import Fact, RegistrationState
from merchant_admin.worker.service import run_once
from tests.conftest import NOON
from tests.support.books import assert_books_agree, assert_books_balance
from tests.support.pages import inspect
from tests.support.world import World

BIRTH, PIN = "870623", "83"
ONETIME, ISSUE = "/subscribe/payments/onetime", "/subscribe/customers/*"


@pytest.fixture
def world(empty_database, tmp_path):
    with World(tmp_path, template=empty_database, at=NOON, KEY_IN="on") as made:
        yield made


class Desk:
    """A manager's browser on the key-in page of one customer."""

    def __init__(self, world):
        self.world = world
        self.customer_id = world.a_customer().id
        self.client = world.signed_in(Role.MANAGER)
        self.pages = []

    def types(self, behaviour="approve", serial=77_123, **over):
        fields = self.form()
        self.number = self.world.sandbox.card_number(behaviour, serial=serial)
        card = {"card_number": self.number, "expiry": "09/28", "birth": BIRTH, "pwd_2digit": PIN}
        return fields | {"way": "charge", "name": "수선비", "amount_krw": "33,000"} | card | over

    def form(self):
        answer = self.get(f"/key-in/new?customer_id={self.customer_id}")
        form = BeautifulSoup(answer.text, "html.parser").select_one("main form.form")
        return {field["name"]: field.get("value", "") for field in form.select("input[type=hidden]")}

    def get(self, url):
        answer = self.client.get(url)
        self.pages.append(answer.text)
        return answer

    def sends(self, fields):
        answer = self.client.post("/key-in", data=fields)
        self.pages.append(answer.text)
        self.world.session.rollback()
        return answer

    def lets_it_settle(self):
        for _round in range(8):
            self.world.clock.advance(seconds=400)
            self.world.sandbox.run_due()
            run_once(self.world.ctx(), self.world.gateway)
        self.world.session.rollback()


@pytest.fixture
def desk(world):
    return Desk(world)


def the(world, model):
    return world.session.scalars(select(model)).one()


def test_a_typed_card_is_charged_once_through_its_own_mid(world, desk):
    fields = desk.types()
    first, second = desk.sends(fields), desk.sends(fields)
    assert first.status_code == 303
    assert first.location == second.location
    charge, attempt = the(world, Charge), the(world, Attempt)
    assert (charge.kind, charge.billing_key_id) == (ChargeKind.KEY_IN, None)
    assert (attempt.state, attempt.pg_id) == (AttemptState.PAID, world.settings.key_in_channel.mid)
    assert [payment["pg_id"] for payment in world.sandbox.payments()] == [attempt.pg_id]
    inspect(desk.get(first.location).text)
    assert_books_balance(world.session)
    assert_books_agree(world.app, world.sandbox)


def test_a_typed_card_is_stored_without_a_charge(world, desk):
    answer = desk.sends(desk.types(way="store", amount_krw=""))
    registration = the(world, Registration)
    assert (registration.key_fact, registration.charge_fact) == (Fact.YES, Fact.NOT_ASKED)
    assert the(world, BillingKey).customer_id == desk.customer_id
    assert world.sandbox.payments() == []
    inspect(desk.get(answer.location).text)


@pytest.mark.parametrize(
    ("card", "state"),
    [("approve", RegistrationState.BOTH), ("limit", RegistrationState.NONE), ("charge_without_key", RegistrationState.CHARGE_ONLY)],
)  # fmt: skip
def test_key_and_charge_are_two_facts(world, desk, card, state):
    desk.sends(desk.types(card, way="both"))
    desk.lets_it_settle()
    assert the(world, Registration).state is state
    assert_books_balance(world.session)
    assert_books_agree(world.app, world.sandbox)


@pytest.mark.parametrize(
    ("kind", "end"),
    [("close_after", AttemptState.PAID), ("close_before", AttemptState.ABANDONED), ("status_after", AttemptState.PAID)],
)
def test_a_lost_charge_is_unknown_until_it_is_read(world, desk, kind, end):
    world.sandbox.faults.plan(kind, ONETIME)
    fields = desk.types()
    answer = desk.sends(fields)
    assert desk.sends(fields).location == answer.location
    desk.lets_it_settle()
    assert the(world, Attempt).state is end
    assert len(world.sandbox.payments()) == (1 if end is AttemptState.PAID else 0)
    assert_books_agree(world.app, world.sandbox)


@pytest.mark.parametrize(("kind", "fact"), [("close_after", Fact.YES), ("close_before", Fact.NO)])
def test_a_lost_issue_is_settled_by_reading_the_key(world, desk, kind, fact):
    world.sandbox.faults.plan(kind, ISSUE, method="POST")
    answer = desk.sends(desk.types(way="store", amount_krw=""))
    shown = desk.get(answer.location).text
    assert "결제창으로 가기" not in shown
    assert desk.client.get(f"{answer.location}/window").status_code == 303
    desk.lets_it_settle()
    assert the(world, Registration).key_fact is fact


def test_a_lost_issue_that_arrives_after_all_is_linked_within_the_hour(world, desk):
    world.sandbox.faults.plan("close_before", ISSUE, method="POST")
    desk.sends(desk.types(way="store", amount_krw=""))
    for seconds in (241, 30):  # nothing is waited for longer than the lease
        world.clock.advance(seconds=seconds)
        run_once(world.ctx(), world.gateway)
    world.session.rollback()
    registration = the(world, Registration)
    assert (registration.key_fact, registration.state) == (Fact.NO, RegistrationState.NONE)
    card = TypedCard(desk.number, "2028-09", BIRTH, PIN)
    world.gateway.issue_card(registration.customer_uid, card, {})
    world.clock.advance(minutes=61)
    run_once(world.ctx(), world.gateway)
    world.session.rollback()
    assert the(world, Registration).state is RegistrationState.KEY_ONLY
    assert the(world, BillingKey).customer_id == desk.customer_id


@pytest.mark.parametrize(
    ("field", "typed"),
    [("card_number", "1234"), ("expiry", "13/28"), ("birth", "1"), ("pwd_2digit", ""), ("amount_krw", "0"), ("name", ""), ("way", "x")],
)  # fmt: skip
def test_a_wrong_field_has_a_message_and_the_card_is_not_drawn_again(world, desk, field, typed):
    answer = desk.sends(desk.types(**{field: typed}))
    assert answer.status_code == 422
    page = inspect(answer.text)
    assert page.select_one(f"#f-{field}-error")
    assert [
        page.select_one(f"#f-{name}").get("value") for name in ("card_number", "expiry", "birth", "pwd_2digit")
    ] == [None] * 4
    assert world.sandbox.payments() == []


def test_a_large_sum_is_typed_twice(world, desk):
    fields = desk.types(amount_krw="1,000,000")
    assert desk.sends(fields).status_code == 422
    assert desk.sends(fields | {"typed_krw": "1000000"}).status_code == 303


def test_the_page_has_no_htmx_and_is_never_kept(desk):
    answer = desk.get(f"/key-in/new?customer_id={desk.customer_id}")
    page = inspect(answer.text)
    assert answer.headers["Cache-Control"] == "no-store"
    assert not page.find_all("script")
    assert not re.search(r"\bhx-", answer.text)
    assert {
        page.select_one(f"#f-{name}")["autocomplete"] for name in ("card_number", "expiry", "birth", "pwd_2digit")
    } == {"off"}
    assert "PCI DSS" in page.get_text()


def test_only_those_who_hold_the_permission_may(world, desk):
    assert world.signed_in(Role.CLERK).get(f"/key-in/new?customer_id={desk.customer_id}").status_code == 403


def test_when_it_is_off_there_is_no_such_page_and_card_fields_stay_out(empty_database, tmp_path):
    with World(tmp_path, template=empty_database, at=NOON) as shut:
        client = shut.signed_in(Role.OWNER)
        token = BeautifulSoup(client.get("/account").text, "html.parser").select_one("[name=csrf_token]")["value"]
        assert client.get("/key-in/new").status_code == 404
        assert client.post("/key-in", data={"csrf_token": token}).status_code == 404
        assert client.post("/charges", data={"csrf_token": token, "card_number": "1"}).status_code == 400


def test_other_pages_refuse_card_fields_even_when_it_is_on(world, desk):
    fields = desk.types()
    for url in ("/charges", "/charges/confirm", "/customers"):
        assert desk.client.post(url, data=fields).status_code == 400
    assert desk.client.get(f"/key-in/new?card_number={desk.number}").status_code == 400


def test_a_typed_card_has_no_words_and_cant_be_pickled():
    card = TypedCard("4532015112830366", "2028-09", BIRTH, PIN)
    assert not re.search(r"\d", repr(card))
    assert card.scrub("card 4532-0151-1283-0366 of 870623 till 2028-09") == "card **** of **** till ****"
    with pytest.raises(TypeError):
        pickle.dumps(card)


SENDS = {
    "success": ("approve", None), "decline": ("limit", None), "refused": ("wrong_number", None),
    "issuer down": ("issuer_down", None), "500": ("approve", "status_after"), "html": ("approve", "html_before"),
    "time-out": ("approve", "delay_after"), "cut": ("approve", "close_before"), "crash": ("approve", None),
}  # fmt: skip


@pytest.mark.parametrize("way", ["charge", "store", "both"])
@pytest.mark.parametrize("ending", SENDS)
def test_nothing_keeps_the_card_however_it_ends(world, desk, caplog, ending, way):
    caplog.set_level(logging.DEBUG)
    behaviour, fault = SENDS[ending]
    if fault:
        for path in (ONETIME, ISSUE):
            world.sandbox.faults.plan(fault, path, method="POST", seconds=61.0)
    if ending == "crash":
        world.app.config["TESTING"] = False
        world.app.config["PROPAGATE_EXCEPTIONS"] = False
        with world.ctx().atomic() as session:  # the database breaks under the answer: the traceback quotes statements
            for table in ("payments", "billing_keys"):
                session.execute(
                    text(f"CREATE TRIGGER boom_{table} BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'boom'); END")
                )
    answer = desk.sends(desk.types(behaviour, way=way, amount_krw="" if way == "store" else "33,000"))
    if answer.status_code == 303:
        desk.get(answer.location)
    desk.sends(desk.types(behaviour, way=way, name=""))  # drawn again with a message
    for url in ("/activity", "/payments", "/billing-keys", f"/customers/{desk.customer_id}"):
        desk.get(url)
    plain = desk.number.replace("-", "")
    written = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records) + caplog.text
    ours = [path for path in world.folder.rglob("*") if path.is_file()]
    assert any(path.name == "merchant.db-wal" for path in ours)
    kept = {path.name: path.read_bytes() for path in ours}
    kept |= {"log": written.encode(), "pages": "\n".join(desk.pages).encode()}
    for name, raw in kept.items():
        for secret in (desk.number, plain, BIRTH):
            assert secret.encode() not in raw, f"{name} holds card data after {ending}"
