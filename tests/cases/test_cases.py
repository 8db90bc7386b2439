"""Named problems: opened by rules in the commit of their fact, once each, and ended by a rule or by a person."""

import dataclasses

import pytest
from sqlalchemy import select

from merchant_admin.audit.models import Event
from merchant_admin.cases import words
from merchant_admin.cases.models import Case
from merchant_admin.cases.service import Finding, open_case, resolve_case, settle_case, take_case
from merchant_admin.cases.states import CaseKind, CaseState, Ending
from merchant_admin.core.errors import Conflict, NotFound, RuleBroken
from merchant_admin.payments.facts import record_transaction
from merchant_admin.payments.models import Attempt
from tests.support.furnish import charge, payment_of


def said_of(world, charge_id):
    """What PortOne says of a charge's payment."""
    return world.gateway.payment(payment_of(world, charge_id).imp_uid)


def learn(world, transaction):
    ctx = world.ctx()
    with ctx.atomic() as session:
        record_transaction(ctx, session, transaction, source="test")


def cases(world):
    world.session.rollback()
    return list(world.session.scalars(select(Case).order_by(Case.opened_at, Case.id)))


def only(world):
    (case,) = cases(world)
    return case


def a_case(world, kind=CaseKind.DIFFERS, subject="imps_1", **facts):
    ctx = world.ctx()
    with ctx.atomic() as session:
        return open_case(ctx, session, Finding(kind, subject, facts=facts))


def another(said, imp_uid="imps_999999999999", **more):
    """The same order paid once more, as PortOne would tell it."""
    return dataclasses.replace(said, imp_uid=imp_uid, **more)


def test_a_charge_that_went_well_opens_nothing(world):
    charge(world, world.a_key())
    assert cases(world) == []


def test_a_charge_paid_twice_opens_a_case_about_the_later_payment(each_world):
    done = charge(each_world, each_world.a_key())
    done_id = done.id
    for _ in range(3):
        learn(each_world, another(said_of(each_world, done_id)))
    case = only(each_world)
    assert (case.kind, case.subject, case.charge_id) == (CaseKind.PAID_TWICE, "imps_999999999999", done_id)
    assert case.amount_krw == 33_000


def test_a_payment_through_another_mid_opens_its_own_case(world):
    done_id = charge(world, world.a_key()).id
    learn(world, another(said_of(world, done_id), pg_id="somebody"))
    assert only(world).kind is CaseKind.WRONG_MID


@pytest.mark.parametrize(
    "wrong", [{"amount_krw": 34_000}, {"customer_uid": "bks_other"}, {"is_test": False}], ids=["amount", "card", "mode"]
)
def test_a_payment_that_was_not_asked_for_opens_a_case(world, wrong):
    done_id = charge(world, world.a_key()).id
    learn(world, another(said_of(world, done_id), **wrong))
    assert only(world).kind is CaseKind.MISMATCH


def test_a_failed_try_that_differs_opens_nothing(world):
    from merchant_admin.portone.types import PaymentStatus

    done_id = charge(world, world.a_key(card="limit")).id
    order = world.session.scalars(select(Attempt.merchant_uid).where(Attempt.charge_id == done_id)).one()
    (said,) = world.gateway.payments_of(order)
    assert said.status is PaymentStatus.FAILED
    learn(world, another(said, amount_krw=1))
    assert cases(world) == []


def test_cancels_that_do_not_sum_up_open_a_case_that_ends_when_they_do(world):
    done_id = charge(world, world.a_key()).id
    world.sandbox.console_cancel(payment_of(world, done_id).imp_uid, 5_000)
    said = said_of(world, done_id)
    learn(world, dataclasses.replace(said, cancels=()))
    assert (only(world).kind, only(world).state) == (CaseKind.HISTORY_DIFFERS, CaseState.OPEN)
    learn(world, said)
    assert only(world).state is CaseState.RESOLVED


def test_an_amount_that_changes_at_portone_is_a_case_and_not_a_correction(world):
    done_id = charge(world, world.a_key()).id
    learn(world, dataclasses.replace(said_of(world, done_id), amount_krw=1))
    assert CaseKind.AMOUNT_CHANGED in {case.kind for case in cases(world)}
    assert payment_of(world, done_id).amount_krw == 33_000


def test_the_same_finding_is_one_case_and_stays_ended_until_the_facts_change(each_world):
    world = each_world
    first = a_case(world, ours="paid")
    assert a_case(world, ours="paid") == first
    resolve_case(world.ctx(), first, "포트원에 문의해 확인함")
    a_case(world, ours="paid")
    assert only(world).state is CaseState.RESOLVED
    a_case(world, ours="cancelled")
    assert (only(world).state, only(world).resolution) == (CaseState.OPEN, "")


def test_a_person_takes_a_case_and_ends_it_with_a_word(world):
    staff, case_id = world.a_staff(), a_case(world)
    take_case(world.ctx(staff), case_id)
    assert only(world).owner_id == staff.id
    with pytest.raises(RuleBroken):
        resolve_case(world.ctx(staff), case_id, "  ")
    resolve_case(world.ctx(staff), case_id, "환불함")
    assert (only(world).resolution, only(world).resolved_by) == ("환불함", staff.name)
    with pytest.raises(Conflict):
        resolve_case(world.ctx(staff), case_id, "다시")
    with pytest.raises(NotFound):
        take_case(world.ctx(staff), "cas_none")


def test_every_move_of_a_case_stands_in_the_timeline(world):
    case_id = a_case(world)
    take_case(world.ctx(world.a_staff()), case_id)
    ctx = world.ctx()
    with ctx.atomic() as session:
        assert settle_case(ctx, session, CaseKind.DIFFERS, "imps_1", Ending.FOUND_EQUAL) is True
        assert settle_case(ctx, session, CaseKind.DIFFERS, "imps_1", Ending.FOUND_EQUAL) is False
    acts = world.session.scalars(select(Event.act).where(Event.subject_id == case_id).order_by(Event.seq))
    assert list(acts) == ["case.opened", "case.taken", "case.settled"]


def test_a_case_that_rolls_back_with_its_fact_was_never_opened(world):
    def fail():
        ctx = world.ctx()
        with ctx.atomic() as session:
            open_case(ctx, session, Finding(CaseKind.DIFFERS, "imps_1"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert cases(world) == []


def test_a_rules_ending_is_told_in_the_readers_language(world):
    ctx = world.ctx()
    with ctx.atomic() as session:
        case_id = open_case(ctx, session, Finding(CaseKind.DIFFERS, "imps_9"))
        for ending in Ending:
            assert settle_case(ctx, session, CaseKind.DIFFERS, "imps_9", ending) is (ending is Ending.SUMS_AGAIN)
    client = world.signed_in()
    assert "다시 합계와 맞아 저절로 끝났습니다" in client.get(f"/cases/{case_id}").text
    in_english = client.get(f"/cases/{case_id}", headers={"Accept-Language": "en"}).text
    assert "auto:" not in in_english
    assert {ending for ending in Ending if words.ending(ending.value) == ending.value} == set()
