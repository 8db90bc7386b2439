"""What the owner does with people, and what nobody may."""

import contextlib
import threading

import pytest
from sqlalchemy import select

from merchant_admin.audit.models import Event
from merchant_admin.core.errors import InvalidInput, NotFound, RuleBroken
from merchant_admin.core.permissions import Role
from merchant_admin.staff import service
from merchant_admin.staff.models import Staff

SENTENCE = "a sentence of some length"


def role_of(world, staff):
    return world.session.scalars(select(Staff.role).where(Staff.id == staff.id)).one()


def test_a_new_person_signs_in_with_the_first_password(world, post, sign_in):
    owner = world.signed_in()
    answer = post(
        owner, "/staff", page="/staff/new", name="박직원", email="Park@Shop.example", role="clerk", password=SENTENCE
    )
    assert answer.status_code == 303
    assert sign_in(world.client(), "park@shop.example", SENTENCE).status_code == 303
    assert "박직원" in owner.get("/staff").text


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("email", "not an address"), ("email", ""), ("email", "owner@shop.example"), ("name", ""), ("name", "가" * 61),
        ("name", "김\u0000직원"), ("role", "admin"), ("role", ""), ("password", "short"), ("password", ""), ("password", "password1234"),
    ],
)  # fmt: skip
def test_a_bad_field_gets_its_message_and_all_else_is_kept(world, post, field, typed):
    owner = world.signed_in()
    good = {"name": "박직원", "email": "park@shop.example", "role": "clerk", "password": SENTENCE}
    answer = post(owner, "/staff", page="/staff/new", **{**good, field: typed})
    assert answer.status_code == 422
    assert f'id="f-{field}-error"' in answer.text
    assert SENTENCE not in answer.text
    assert ("박직원" in answer.text) or field == "name"


def test_fields_that_are_not_on_the_form_change_nothing(world, post):
    owner = world.signed_in()
    post(
        owner,
        "/staff",
        page="/staff/new",
        name="박직원",
        email="park@shop.example",
        role="clerk",
        password=SENTENCE,
        id="stf_mine",
        disabled_at="x",
    )
    clerk = world.session.scalars(select(Staff).where(Staff.email == "park@shop.example")).one()
    assert clerk.id != "stf_mine"
    assert clerk.disabled_at is None


def test_a_script_in_a_name_is_text(world, post):
    owner = world.signed_in()
    post(
        owner,
        "/staff",
        page="/staff/new",
        name="<script>alert(1)</script>",
        email="park@shop.example",
        role="clerk",
        password=SENTENCE,
    )
    assert "<script>alert(1)" not in owner.get("/staff").text
    assert "&lt;script&gt;alert(1)" in owner.get("/staff").text


def test_role_and_name_are_changed_on_one_form(world, post):
    owner, clerk = world.signed_in(), world.a_staff(Role.CLERK)
    post(owner, f"/staff/{clerk.id}", page=f"/staff/{clerk.id}/edit", name="박관리", role="manager")
    world.session.expire_all()
    assert (role_of(world, clerk), world.session.get(Staff, clerk.id).name) == (Role.MANAGER, "박관리")


def test_disabling_and_enabling(world, post, sign_in):
    owner, clerk = world.signed_in(), world.a_staff(Role.CLERK)
    post(owner, f"/staff/{clerk.id}/disable", page="/account")
    assert sign_in(world.client(), clerk.email).status_code == 422
    post(owner, f"/staff/{clerk.id}/enable", page="/account")
    assert sign_in(world.client(), clerk.email).status_code == 303


def test_the_owner_gives_a_forgotten_password_anew(world, post, sign_in):
    owner, clerk = world.signed_in(), world.signed_in(Role.CLERK)
    edit = f"/staff/{clerk.staff.id}/edit"
    assert (
        post(
            owner, f"/staff/{clerk.staff.id}/password", page=edit, password=SENTENCE, password_again="other"
        ).status_code
        == 422
    )
    assert (
        post(
            owner, f"/staff/{clerk.staff.id}/password", page=edit, password=SENTENCE, password_again=SENTENCE
        ).status_code
        == 303
    )
    assert clerk.get("/account").status_code == 303
    assert sign_in(world.client(), clerk.staff.email, SENTENCE).status_code == 303


def test_the_last_owner_stays(world, post):
    owner = world.signed_in()
    answer = post(owner, f"/staff/{owner.staff.id}", page="/staff/new", name="김직원", role="viewer")
    assert answer.status_code == 422
    assert "마지막 소유자" in answer.text
    with pytest.raises(RuleBroken):
        service.disable(world.ctx(), owner.staff.id)
    assert role_of(world, owner.staff) is Role.OWNER


def test_a_disabled_owner_is_no_second_owner(world):
    first, second = world.a_staff(), world.a_staff(email="second@shop.example")
    service.disable(world.ctx(first), second.id)
    with pytest.raises(RuleBroken):
        service.change_role(world.ctx(), first.id, Role.CLERK)


def test_one_does_not_shut_out_oneself(world):
    owner = world.a_staff()
    world.a_staff(email="second@shop.example")
    with pytest.raises(RuleBroken):
        service.disable(world.ctx(owner), owner.id)


def test_two_owners_cannot_remove_each_other_at_once(each_world):
    world = each_world
    owners = [world.a_staff(), world.a_staff(email="second@shop.example")]
    ids, gate = [owner.id for owner in owners], threading.Barrier(2)

    def demote(staff_id):
        with world.app.app_context():
            ctx = world.ctx()
            gate.wait()
            with contextlib.suppress(RuleBroken):
                service.change_role(ctx, staff_id, Role.CLERK)

    crowd = [threading.Thread(target=demote, args=(staff_id,)) for staff_id in ids]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    world.session.rollback()
    assert sorted(world.session.scalars(select(Staff.role))) == [Role.CLERK, Role.OWNER]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CLERK, Role.MANAGER])
def test_only_owners_manage_people(world, post, role):
    client, other = world.signed_in(role), world.a_staff()
    for address in ("/staff", "/staff/new", f"/staff/{other.id}/edit"):
        assert client.get(address).status_code == 403
    for address in ("/staff", f"/staff/{other.id}", f"/staff/{other.id}/disable", f"/staff/{other.id}/password"):
        assert post(client, address, page="/account", role="owner").status_code == 403
    denials = world.session.scalars(select(Event).where(Event.act == "access.denied")).all()
    assert len(denials) == 7
    assert denials[0].actor_id == client.staff.id


def test_an_unknown_person_is_not_found(world, post):
    owner = world.signed_in()
    assert owner.get("/staff/stf_nobody/edit").status_code == 404
    assert post(owner, "/staff/stf_nobody/disable", page="/account").status_code == 404
    with pytest.raises(NotFound):
        service.end_sessions(world.ctx(), "stf_nobody")


def test_ones_own_password_needs_the_one_in_use(world, post, sign_in):
    client = world.signed_in(Role.CLERK)
    wrong = {"now_used": "not the password", "password": SENTENCE, "password_again": SENTENCE}
    answer = post(client, "/account/password", page="/account", **wrong)
    assert answer.status_code == 422
    assert 'id="f-now_used-error"' in answer.text
    from tests.support.world import PASSWORD

    assert post(client, "/account/password", page="/account", **{**wrong, "now_used": PASSWORD}).status_code == 303
    assert sign_in(world.client(), client.staff.email, SENTENCE).status_code == 303


def test_guessing_the_password_in_use_is_counted_too(world, post):
    client = world.signed_in(Role.CLERK)
    wrong = {"now_used": "not the password", "password": SENTENCE, "password_again": SENTENCE}
    for _ in range(10):
        assert post(client, "/account/password", page="/account", **wrong).status_code == 422
    answer = post(client, "/account/password", page="/account", **wrong)
    assert (answer.status_code, "Retry-After" in answer.headers) == (429, True)


def test_every_change_of_people_is_written_down(world):
    owner = world.a_staff()
    ctx = world.ctx(owner)
    clerk = service.create_staff(ctx, "park@shop.example", "박직원", Role.CLERK, SENTENCE)
    service.rename(ctx, clerk.id, "박담당")
    service.change_role(ctx, clerk.id, Role.MANAGER)
    service.disable(ctx, clerk.id)
    service.enable(ctx, clerk.id)
    service.end_sessions(ctx, clerk.id)
    service.set_password(ctx, clerk.id, SENTENCE + "!")
    acts = [event.act for event in world.session.scalars(select(Event).order_by(Event.seq))]
    assert acts == [
        "staff.created", "staff.renamed", "staff.role_changed", "staff.disabled", "staff.enabled", "staff.sessions_ended", "staff.password_reset",
    ]  # fmt: skip


def test_a_weak_password_is_refused_below_the_form_too(world):
    with pytest.raises(InvalidInput):
        service.create_staff(world.ctx(), "park@shop.example", "박직원", Role.CLERK, "password1234")
