"""Writing down, correcting, putting away and looking behind the mask."""

import json

import pytest
from sqlalchemy import select

from merchant_admin.audit.models import Event
from merchant_admin.core.errors import Conflict, InvalidInput, NotFound, RuleBroken
from merchant_admin.core.permissions import Role
from merchant_admin.customers import queries, service
from merchant_admin.customers.service import CustomerDetails


def events(world):
    return world.session.scalars(select(Event).order_by(Event.seq)).all()


def details(**changes):
    return CustomerDetails(
        **{"name": "김서연", "phone": "010-1234-5678", "email": "seoyeon@example.com", "memo": "", **changes}
    )


def test_a_customer_is_written_down_with_a_line_in_the_timeline(world):
    customer = service.create_customer(world.ctx(), details())
    assert queries.customer_summary(world.session, customer.id).phone == "010-1234-5678"
    assert [(event.act, event.subject_id) for event in events(world)] == [("customer.created", customer.id)]


def test_the_timeline_holds_no_personal_data(world):
    customer = service.create_customer(world.ctx(), details())
    service.update_customer(world.ctx(), customer.id, details(name="김서윤", phone=None, memo="VIP"), version=1)
    assert json.loads(events(world)[-1].facts) == {"fields": ["name", "phone", "memo"]}


def test_a_stale_form_is_refused(world):
    customer = service.create_customer(world.ctx(), details())
    service.update_customer(world.ctx(), customer.id, details(memo="first"), version=1)
    with pytest.raises(Conflict):
        service.update_customer(world.ctx(), customer.id, details(memo="second"), version=1)
    assert queries.customer_summary(world.session, customer.id).memo == "first"


def test_saving_what_is_there_changes_nothing(world):
    customer = service.create_customer(world.ctx(), details())
    service.update_customer(world.ctx(), customer.id, details(), version=1)
    assert queries.customer_summary(world.session, customer.id).version == 1
    assert len(events(world)) == 1


def test_archiving_and_restoring_twice_is_once(world):
    customer = service.create_customer(world.ctx(), details())
    for _ in range(2):
        service.archive_customer(world.ctx(), customer.id)
    with pytest.raises(RuleBroken):
        queries.live_customer(world.session, customer.id)
    for _ in range(2):
        service.restore_customer(world.ctx(), customer.id)
    assert queries.live_customer(world.session, customer.id).id == customer.id
    assert [event.act for event in events(world)] == ["customer.created", "customer.archived", "customer.restored"]


@pytest.mark.parametrize("rule", [service.archive_customer, service.restore_customer])
def test_an_unknown_customer_is_not_found(world, rule):
    with pytest.raises(NotFound):
        rule(world.ctx(), "cus_nobody")
    with pytest.raises(NotFound):
        queries.live_customer(world.session, "cus_nobody")


@pytest.mark.parametrize("name", ["", "   ", "가" * 41])
def test_a_name_has_one_to_forty_signs(world, name):
    with pytest.raises(InvalidInput):
        service.create_customer(world.ctx(), details(name=name))


def test_a_memo_is_kept_apart_from_the_form(world):
    customer = service.create_customer(world.ctx(), details())
    service.update_memo(world.ctx(), customer.id, "전화는 오후에")
    assert queries.customer_summary(world.session, customer.id).memo == "전화는 오후에"
    with pytest.raises(InvalidInput):
        service.update_memo(world.ctx(), customer.id, "x" * 2001)


def test_looking_behind_the_mask_is_recorded_and_lasts_a_minute(world):
    staff = world.a_staff(Role.CLERK)
    customer = service.create_customer(world.ctx(), details())
    ctx = world.ctx(staff)
    mark = service.reveal(ctx, customer.id, "ses_mine")
    assert (events(world)[-1].act, events(world)[-1].actor_id) == ("customer.revealed", staff.id)
    assert service.revealed_seconds(ctx, customer.id, "ses_mine", mark) == 60
    world.clock.advance(59)
    assert service.revealed_seconds(ctx, customer.id, "ses_mine", mark) == 1
    world.clock.advance(1)
    assert service.revealed_seconds(ctx, customer.id, "ses_mine", mark) == 0


def test_a_mark_opens_one_customer_to_one_browser(world):
    customer = service.create_customer(world.ctx(), details())
    other = service.create_customer(world.ctx(), details())
    ctx = world.ctx()
    mark = service.reveal(ctx, customer.id, "ses_mine")
    assert service.revealed_seconds(ctx, customer.id, "ses_another", mark) == 0
    assert service.revealed_seconds(ctx, other.id, "ses_mine", mark) == 0


@pytest.mark.parametrize("mark", ["", "x", "한글", "AAAA", "A" * 60, "=" * 8, "\x00"])
def test_a_made_up_mark_opens_nothing(world, mark):
    customer = service.create_customer(world.ctx(), details())
    assert service.revealed_seconds(world.ctx(), customer.id, "ses_mine", mark) == 0
