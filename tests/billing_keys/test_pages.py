"""Pages of cards."""

from bs4 import BeautifulSoup

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.core.db import db
from merchant_admin.core.permissions import Role


def post(client, url, form_page, **data):
    token = BeautifulSoup(client.get(form_page).text, "html.parser").find("input", {"name": "csrf_token"})["value"]
    return client.post(url, data={"csrf_token": token, **data})


def test_the_list_can_be_narrowed_and_keeps_its_state_in_the_address(world):
    key = world.a_key()
    client = world.signed_in()
    found = client.get(f"/billing-keys?q={key.last_four}&state=active")
    assert f"/billing-keys/{key.id}" in found.text
    assert f"/billing-keys/{key.id}" not in client.get("/billing-keys?state=deleted").text
    fragment = client.get("/billing-keys?state=active&q=", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert fragment.headers["HX-Push-Url"] == "/billing-keys?state=active"
    assert "<html" not in fragment.text


def test_a_key_is_adopted_in_two_steps(world):
    customer = world.a_customer()
    world.sandbox.window_key(customer_uid="old_1", merchant_uid="m1")
    client, url = world.signed_in(), f"/customers/{customer.id}/billing-keys/adopt"
    shown = post(client, url, url, customer_uid="old_1")
    assert (shown.status_code, "이 카드를 연결할까요?" in shown.text) == (200, True)
    assert db.session.query(BillingKey).count() == 0
    linked = post(client, url, url, customer_uid="old_1", confirmed="1")
    key = db.session.query(BillingKey).one()
    assert (linked.status_code, linked.location) == (303, f"/billing-keys/{key.id}")


def test_an_unknown_name_comes_back_with_what_was_typed(world):
    client, url = world.signed_in(), f"/customers/{world.a_customer().id}/billing-keys/adopt"
    answer = post(client, url, url, customer_uid="never_heard")
    assert answer.status_code == 422
    field = BeautifulSoup(answer.text, "html.parser").find("input", {"name": "customer_uid"})
    assert (field["value"], field["aria-invalid"]) == ("never_heard", "true")


def test_a_card_number_typed_as_a_name_is_refused_and_not_shown_again(world):
    client, url = world.signed_in(), f"/customers/{world.a_customer().id}/billing-keys/adopt"
    answer = post(client, url, url, customer_uid="4111-1111-1111-1111")
    assert answer.status_code in {400, 422}
    assert "4111" not in answer.text


def test_deleting_asks_for_a_reason_and_ends_on_the_key(world):
    key = world.a_key()
    client, url = world.signed_in(), f"/billing-keys/{key.id}/deletion"
    assert post(client, url, url, reason_text="").status_code == 422
    done = post(client, url, url, reason_text="카드 분실")
    assert done.status_code == 303
    assert db.session.get(BillingKey, key.id, populate_existing=True).state is KeyState.DELETED


def test_a_viewer_sees_cards_and_can_do_nothing(world):
    key = world.a_key()
    client = world.signed_in(Role.VIEWER)
    assert client.get("/billing-keys").status_code == 200
    assert client.get(f"/billing-keys/{key.id}/deletion").status_code == 403
    assert client.get(f"/customers/{key.customer_id}/billing-keys/adopt").status_code == 403


def test_a_clerk_may_register_but_not_delete(world):
    key = world.a_key()
    client = world.signed_in(Role.CLERK)
    assert client.get(f"/customers/{key.customer_id}/registrations/new").status_code == 200
    assert client.get(f"/billing-keys/{key.id}/deletion").status_code == 403


def test_a_default_is_made_by_post_and_goes_back(world):
    key = world.a_key()
    client = world.signed_in()
    answer = post(client, f"/billing-keys/{key.id}/default", "/account")
    assert answer.status_code == 303
    assert db.session.get(BillingKey, key.id, populate_existing=True).is_default
