"""How long a session lives, and what ends it at once."""

from sqlalchemy import select

from merchant_admin.core.permissions import Role
from merchant_admin.staff import service
from merchant_admin.staff.browsers import Browser
from merchant_admin.staff.models import StaffSession
from tests.support.world import PASSWORD


def is_in(client):
    return client.get("/account").status_code == 200


def test_an_idle_session_goes_out_after_thirty_minutes(world):
    client = world.signed_in()
    world.clock.advance(minutes=29)
    assert is_in(client)
    world.clock.advance(minutes=29)
    assert is_in(client)
    world.clock.advance(minutes=31)
    assert not is_in(client)


def test_twelve_hours_are_the_end_however_busy_one_is(world):
    client = world.signed_in()
    for _ in range(47):
        world.clock.advance(minutes=15)
        assert is_in(client)
    world.clock.advance(minutes=16)
    assert not is_in(client)


def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(world):
    client = world.signed_in()
    for _ in range(3):
        world.clock.advance(minutes=9)
        assert client.get("/account?poll=1").status_code == 200
    world.clock.advance(minutes=4)
    assert client.get("/account?poll=1").status_code == 303


def test_use_is_written_at_most_once_a_minute(world):
    client = world.signed_in()
    begun = world.clock.now()
    world.clock.advance(seconds=30)
    is_in(client)
    assert world.session.scalars(select(StaffSession.used_at)).one() == begun
    world.clock.advance(seconds=31)
    is_in(client)
    assert world.session.scalars(select(StaffSession.used_at)).one() == world.clock.now()


def test_a_change_of_role_binds_on_the_next_request(world):
    owner, clerk = world.signed_in(Role.OWNER), world.signed_in(Role.CLERK)
    service.change_role(world.ctx(owner.staff), clerk.staff.id, Role.VIEWER)
    assert not is_in(clerk)


def test_disabling_shuts_out_at_once(world):
    clerk = world.signed_in(Role.CLERK)
    service.disable(world.ctx(), clerk.staff.id)
    assert not is_in(clerk)


def test_a_new_password_ends_the_other_browsers_and_keeps_this_one(world):
    here = world.signed_in()
    staff = here.staff
    elsewhere = service.sign_in(world.ctx(), staff.email, PASSWORD, Browser(None))
    this = service.load_session(world.ctx(), here.get_cookie("staff").value).session_id
    service.change_password(world.ctx(staff), staff.id, PASSWORD, "another long sentence", Browser(None), this)
    assert is_in(here)
    assert service.load_session(world.ctx(), elsewhere) is None


def test_a_session_ended_meanwhile_is_not_brought_back(world):
    client = world.signed_in()
    token = client.get_cookie("staff").value
    ctx = world.ctx()
    world.clock.advance(minutes=2)
    ending = ctx.atomic

    def ended_in_between():
        ctx.atomic = ending
        service.end_sessions(world.ctx(), client.staff.id)
        return ending()

    ctx.atomic = ended_in_between  # someone ends it between the look and the write
    service.load_session(ctx, token)
    assert service.load_session(world.ctx(), token) is None


def test_one_sees_and_ends_ones_own_sessions_only(world, post):
    me, other = world.signed_in(Role.OWNER), world.signed_in(Role.CLERK)
    service.sign_in(world.ctx(), me.staff.email, PASSWORD, Browser("198.51.100.4", "Mozilla/5.0 (iPhone) CriOS/128.0"))
    assert "Chrome 128, iPhone" in me.get("/account").text
    theirs = world.session.scalars(select(StaffSession.id).where(StaffSession.staff_id == other.staff.id)).one()
    mine = world.session.scalars(select(StaffSession.id).where(StaffSession.address == "198.51.100.4")).one()
    assert post(me, f"/account/sessions/{theirs}/end", page="/account").status_code == 404
    assert post(me, f"/account/sessions/{mine}/end", page="/account").status_code == 303
    assert is_in(other)
    assert is_in(me)
    assert world.session.get(StaffSession, mine).ended_at is not None


def test_all_other_devices_are_left_with_one_button(world, post):
    me = world.signed_in()
    elsewhere = service.sign_in(world.ctx(), me.staff.email, PASSWORD, Browser(None))
    post(me, "/account/sessions/end", page="/account")
    assert is_in(me)
    assert service.load_session(world.ctx(), elsewhere) is None


def test_a_made_up_cookie_is_nobody(world, client):
    client.set_cookie("staff", "x" * 43)
    assert client.get("/account").status_code == 303


def test_the_database_holds_no_cookie(world):
    client = world.signed_in()
    token = client.get_cookie("staff").value.encode()
    for file in world.folder.glob("merchant.db*"):
        assert token not in file.read_bytes()


def test_a_secure_address_ties_the_cookies_to_this_host(empty_database, tmp_path):
    from tests.conftest import NOON
    from tests.support.world import World

    with World(tmp_path, template=empty_database, at=NOON, BASE_URL="https://shop.example") as world:
        from merchant_admin.staff.doorway import cookie_name

        with world.app.test_request_context("/", base_url="https://shop.example"):
            assert cookie_name("staff") == "__Host-staff"
