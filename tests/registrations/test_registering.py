"""Registering a card: written first, believed when read, four outcomes told apart."""

import pytest

from merchant_admin.audit.queries import of_subjects
from merchant_admin.billing_keys.queries import keys_of_customer
from merchant_admin.billing_keys.states import KeySource
from merchant_admin.cases.models import Case
from merchant_admin.cases.states import CaseKind
from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict, GatewayError, InvalidInput, NotFound, RuleBroken
from merchant_admin.customers.service import archive_customer
from merchant_admin.payments.models import Attempt, Charge, Payment
from merchant_admin.payments.service import expire_leases
from merchant_admin.payments.states import AttemptState
from merchant_admin.registrations import service
from merchant_admin.registrations.models import Registration
from merchant_admin.registrations.states import Fact, RegistrationState, outcome

S = RegistrationState


def test_the_row_and_its_attempt_stand_before_any_window(each_desk):
    opened = each_desk.open(15_000)
    row = db.session.get(Registration, opened.id)
    attempt = db.session.get(Attempt, opened.attempt_id)
    assert (row.state, row.key_fact, row.charge_fact) == (S.OPEN, Fact.UNKNOWN, Fact.UNKNOWN)
    assert (attempt.state, attempt.merchant_uid) == (AttemptState.SENDING, row.merchant_uid)
    assert attempt.lease_until == row.expires_at
    assert row.pg == "jtnet.tpaytest2m"


def test_a_card_only_registration_has_no_charge(desk):
    opened = desk.open(0)
    assert opened.attempt_id is None
    assert db.session.query(Charge).count() == 0


def test_the_amount_is_locked_before_the_window_opens(desk):
    opened = desk.open(15_000)
    held = desk.world.gateway._client.get(f"/payments/prepare/{opened.merchant_uid}")
    assert held["amount"] == 15_000


def test_names_are_random_and_tell_nothing_of_the_person(desk):
    one, two = desk.open(), desk.open()
    assert one.customer_uid != two.customer_uid
    assert one.merchant_uid != two.merchant_uid
    assert desk.customer.id not in one.customer_uid


def test_a_second_click_finds_the_first_registration(desk):
    order = desk.order(15_000)
    first = service.open_registration(desk.world.ctx(), desk.world.gateway, order).id
    assert service.open_registration(desk.world.ctx(), desk.world.gateway, order).id == first
    other = desk.order(20_000, sheet_key=order.sheet_key)
    with pytest.raises(Conflict):
        service.open_registration(desk.world.ctx(), desk.world.gateway, other)


def test_no_window_opens_while_the_amount_can_not_be_locked(desk):
    order = desk.order(15_000)
    desk.world.sandbox.faults.plan("close_before", "/payments/prepare")
    with pytest.raises(GatewayError):
        service.open_registration(desk.world.ctx(), desk.world.gateway, order)
    again = service.open_registration(desk.world.ctx(), desk.world.gateway, order)
    assert again.state is S.OPEN
    assert db.session.query(Registration).count() == 1


@pytest.mark.parametrize("wrong", [{"amount_krw": -1}, {"amount_krw": 100_000_001}, {"name": ""}, {"name": "가" * 41}])
def test_unusable_orders_are_refused_by_field(desk, wrong):
    with pytest.raises(InvalidInput) as refused:
        service.open_registration(desk.world.ctx(), desk.world.gateway, desk.order(**wrong))
    assert list(refused.value.fields) == list(wrong)


def test_archived_and_unknown_customers_get_no_registration(desk):
    with pytest.raises(NotFound):
        desk.open(customer_id="cus_nobody")
    archive_customer(desk.world.ctx(), desk.customer.id)
    with pytest.raises(RuleBroken):
        desk.open()


def test_key_only(each_desk):
    opened = each_desk.open()
    each_desk.returns(opened, each_desk.buys(opened))
    row = each_desk.look(opened)
    assert (row.state, row.key_fact, row.charge_fact) == (S.KEY_ONLY, Fact.YES, Fact.NOT_ASKED)
    key = keys_of_customer(db.session, each_desk.customer.id)[0]
    assert (key.id, key.customer_uid, key.source) == (row.billing_key_id, opened.customer_uid, KeySource.WINDOW)


def test_key_and_first_charge(each_desk):
    opened = each_desk.open(15_000)
    imp_uid = each_desk.buys(opened)
    each_desk.returns(opened, imp_uid)
    row = each_desk.look(opened)
    assert (row.state, row.imp_uid) == (S.BOTH, imp_uid)
    payment = db.session.query(Payment).one()
    assert (payment.amount_krw, payment.billing_key_id) == (15_000, row.billing_key_id)
    assert db.session.query(Charge).one().billing_key_id == row.billing_key_id
    assert db.session.get(Attempt, opened.attempt_id).state is AttemptState.PAID


def test_key_issued_but_first_charge_declined(desk):
    opened = desk.open(15_000)
    desk.returns(opened, desk.buys(opened, card="first_declined"))
    row = desk.look(opened)
    assert (row.state, row.charge_fact) == (S.KEY_ONLY, Fact.NO)
    assert "잔액부족" in row.evidence
    assert db.session.get(Attempt, opened.attempt_id).state is AttemptState.DECLINED


def test_charged_but_no_key_needs_a_person(desk):
    opened = desk.open(15_000)
    desk.returns(opened, desk.buys(opened, card="charge_without_key"))
    assert desk.look(opened).state is S.CHECKING
    desk.world.clock.advance(21)
    row = desk.look(opened)
    assert (row.state, row.key_fact, row.charge_fact) == (S.CHARGE_ONLY, Fact.NO, Fact.YES)
    assert db.session.query(Payment).one().amount_krw == 15_000


@pytest.mark.parametrize("amount", [0, 15_000])
def test_a_closed_window_leaves_nothing(desk, amount):
    opened = desk.open(amount)
    desk.returns(opened, desk.closes(opened), "closed")
    row = desk.look(opened)
    assert row.state is S.NONE
    assert keys_of_customer(db.session, desk.customer.id) == []


def test_the_timeline_tells_the_whole_registration(desk):
    opened = desk.open(15_000)
    desk.returns(opened, desk.buys(opened))
    desk.look(opened)
    acts = [event.act for event in of_subjects(db.session, ("registration", opened.id))]
    assert acts == ["registration.both", "registration.returned", "registration.opened"]


def test_every_pair_of_facts_has_an_outcome():
    yes, no, unknown, not_asked = Fact.YES, Fact.NO, Fact.UNKNOWN, Fact.NOT_ASKED
    assert outcome(yes, yes) is S.BOTH
    assert {outcome(yes, no), outcome(yes, not_asked)} == {S.KEY_ONLY}
    assert outcome(no, yes) is S.CHARGE_ONLY
    assert {outcome(no, no), outcome(no, not_asked)} == {S.NONE}
    assert {outcome(unknown, fact) for fact in Fact} == {S.CHECKING}
    assert outcome(yes, unknown) is S.CHECKING


def test_a_lease_that_ran_out_and_a_window_left_open_end_as_nothing(desk):
    opened = desk.open(15_000)
    world = desk.world
    world.clock.advance(30 * 60 + 1)
    expire_leases(world.ctx())
    for _ in range(6):
        desk.look(opened)
        world.clock.advance(181)
    row = desk.look(opened)
    assert (row.state, row.key_fact, row.charge_fact) == (S.NONE, Fact.NO, Fact.NO)
    assert db.session.get(Attempt, opened.attempt_id).state is AttemptState.ABANDONED


def test_a_card_of_an_issuer_that_was_shut_out_is_registered_and_a_case(desk):
    for amount, issuer in ((0, "366"), (15_000, "366"), (0, "367")):
        opened = desk.open(amount, issuers=("367",))
        desk.returns(opened, desk.buys(opened, issuer=issuer))
        assert desk.look(opened).state in {S.KEY_ONLY, S.BOTH}
    found = db.session.query(Case.kind, Case.amount_krw).order_by(Case.opened_at, Case.amount_krw).all()
    assert sorted(found, key=str) == [(CaseKind.OTHER_ISSUER, 15_000), (CaseKind.OTHER_ISSUER, None)]
