"""The test clock: forward only, day by day with all that falls due, in sandbox mode and nowhere else."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup

from merchant_admin.core.clock import AheadClock, SystemClock
from merchant_admin.core.permissions import Role
from tests.subscriptions.acting import a_plan, day_of, fresh, states, subscribed, taken, today
from tests.support.books import assert_books_agree
from tests.support.world import World


def move(client, **words):
    """Press, and go on for as long as the page says that days are left; the last page."""
    token = BeautifulSoup(client.get("/test-clock").text, "html.parser").find("input", {"name": "csrf_token"})["value"]
    answer = client.post("/test-clock", data={"csrf_token": token, **words})
    while answer.status_code == 303:
        page = client.get(answer.location)
        shown = BeautifulSoup(page.text, "html.parser")
        if shown.find("progress") is None:
            return page
        form = shown.find("form", {"action": "/test-clock"})
        answer = client.post("/test-clock", data={field["name"]: field["value"] for field in form.find_all("input")})
    return answer


def test_a_month_passes_with_its_charges_refusals_and_ends(world):
    client = world.signed_in(Role.OWNER)
    good = subscribed(world, a_plan(world), starts_on=day_of(world, 3))
    poor = subscribed(world, a_plan(world, gaps=(1, 2)), "balance", starts_on=day_of(world, 5))
    began = today(world)
    page = move(client, step="month")
    assert today(world) == began + timedelta(days=31)
    assert (states(world, good), states(world, poor)) == (["paid"], ["uncollected"])
    assert fresh(world, poor).state == "ended"
    assert taken(world) == [9_900]
    assert "9,900" in page.text
    assert client.get("/subscriptions").status_code == 200  # the session went along
    assert_books_agree(world.app, world.sandbox)


def test_one_subscription_is_taken_to_its_next_event(world):
    client = world.signed_in(Role.OWNER)
    made = subscribed(world, starts_on=day_of(world, 9))
    due = day_of(world, 9)
    move(client, step="next", subscription_id=made)
    assert (today(world), states(world, made)) == (due, ["paid"])
    assert client.get(f"/test-clock?subscription_id={made}").status_code == 200


@pytest.mark.parametrize("until", ["2026-11-23", "2020-01-01", "2027-02-30", "tomorrow", "", "2030-01-01"])
def test_it_goes_to_no_day_that_is_past_too_far_or_none(world, until):
    client, now = world.signed_in(Role.OWNER), world.clock.now()
    assert move(client, until=until).status_code == 422
    assert world.clock.now() == now


def test_it_is_not_there_for_clerks_nor_outside_the_sandbox(world, tmp_path_factory):
    assert world.signed_in(Role.CLERK).get("/test-clock").status_code == 403
    other = tmp_path_factory.mktemp("test-mode")
    words = {
        "PORTONE_MODE": "test", "PORTONE_IMP_CODE": "imp1", "PORTONE_IMP_KEY": "k", "PORTONE_IMP_SECRET": "s",
        "PORTONE_MID_CERTIFIED": "a", "PORTONE_MID_BILLING": "b", "PORTONE_MID_KEY_IN": "c", "MERCHANT_NAME": "상점",
        "BASE_URL": "https://shop.example", "PORTONE_API_URL": "https://portone.example",
    }  # fmt: skip
    strange = World(other, **words)
    assert "/test-clock" not in {rule.rule for rule in strange.app.url_map.iter_rules()}


def test_the_clock_of_a_served_shop_is_kept_and_never_goes_back(tmp_path):
    moved = []
    clock = AheadClock(tmp_path / "test_clock", moved.append)
    assert abs(clock.now() - SystemClock().now()) < timedelta(minutes=1)
    there = SystemClock().now() + timedelta(days=40)
    clock.move_to(there)
    again = AheadClock(tmp_path / "test_clock", moved.append)
    assert there <= again.now() < there + timedelta(minutes=5)
    with pytest.raises(ValueError, match="forward"):
        again.move_to(there - timedelta(days=1))
    assert moved == [there]
