"""Five identities against every URL: what each role reaches is written down here, and nothing else opens."""

import pytest
from bs4 import BeautifulSoup

from merchant_admin.core.permissions import Role
from merchant_admin.web.access import needs_of
from tests.support.furnish import furnish

# endpoint -> the least role that reaches it. A new view fails this test until its line is written.
VIEWER, CLERK, MANAGER, OWNER = Role.VIEWER, Role.CLERK, Role.MANAGER, Role.OWNER
LEAST_ROLE = {
    "consents.list_consents": VIEWER, "consents.show_consent": VIEWER, "consents.create_answer": CLERK, "consents.create_ask": CLERK,
    "subscriptions.return_to_agreed": CLERK,
    "test_clock.show_clock": MANAGER, "test_clock.move_clock": MANAGER,
    "notices.list_notices": VIEWER, "notices.show_notice": VIEWER, "notices.send_again": CLERK,
    "notices.list_handovers": CLERK, "notices.create_handover": CLERK, "notices.download_handover": CLERK,
    "notices.list_texts": VIEWER, "notices.show_text": VIEWER, "notices.preview_text": MANAGER,
    "notices.update_text": MANAGER, "notices.reset_text": MANAGER,
    "checkouts.new_order": CLERK, "checkouts.create_order": CLERK,
    "checkouts.new_checkout": CLERK, "checkouts.create_checkout": CLERK, "checkouts.preview_issuers": CLERK,
    "checkouts.open_checkout": CLERK, "checkouts.show_window": CLERK, "checkouts.told": CLERK, "checkouts.look_now": CLERK,
    "checkouts.show_checkout": VIEWER, "checkouts.end_link": CLERK,
    "card_links.new_link": CLERK, "card_links.create_link": CLERK, "card_links.show_link": VIEWER,
    "card_links.new_replacement": MANAGER, "card_links.create_replacement": MANAGER,
    "card_links.create_notice": CLERK, "card_moves.create_notices": MANAGER,
    "card_links.mark_sent": CLERK, "card_links.end_link": CLERK, "card_links.look_now": CLERK,
    "card_links.show_revoked": VIEWER, "card_links.create_reservations": CLERK,
    "card_moves.list_moves": MANAGER, "card_moves.confirm_move": MANAGER, "card_moves.create_move": MANAGER,
    "card_moves.show_move": MANAGER, "card_moves.create_turn": MANAGER, "card_moves.create_file": MANAGER,
    "overview.home": VIEWER, "overview.search": VIEWER, "overview.needs_action": VIEWER, "overview.list_entries": VIEWER,
    "overview.show_customer": VIEWER, "overview.show_billing_key": VIEWER, "overview.show_payment": VIEWER,
    "customers.list_customers": VIEWER, "customers.show_contact": VIEWER, "customers.new_customer": CLERK,
    "customers.create_customer": CLERK, "customers.edit_customer": CLERK, "customers.update_customer": CLERK,
    "customers.archive_customer": CLERK, "customers.restore_customer": CLERK, "customers.update_memo": CLERK,
    "customers.reveal_customer": CLERK,
    "customers.new_import": MANAGER, "customers.check_import": MANAGER, "customers.create_import": MANAGER,
    "billing_keys.list_billing_keys": VIEWER, "billing_keys.new_adoption": CLERK, "billing_keys.create_adoption": CLERK,
    "billing_keys.make_default": CLERK, "billing_keys.look_at_billing_key": CLERK,
    "billing_keys.new_deletion": MANAGER, "billing_keys.create_deletion": MANAGER,
    "registrations.new_registration": CLERK, "registrations.create_registration": CLERK,
    "registrations.show_window": CLERK, "registrations.show_registration": VIEWER, "registrations.told": CLERK,
    "registrations.look_now": CLERK,
    "payments.list_payments": VIEWER, "payments.new_charge": CLERK, "payments.confirm_charge": CLERK,
    "payments.create_charge": CLERK, "payments.show_charge": VIEWER, "payments.send_again": CLERK,
    "payments.look_now": CLERK, "payments.new_closing": CLERK, "payments.create_closing": CLERK,
    "payments.create_agreement": MANAGER, "payments.create_refusal": CLERK,
    "refunds.new_closing": MANAGER, "refunds.create_closing": MANAGER, "refunds.create_agreement": MANAGER,
    "refunds.create_refusal": MANAGER,
    "overview.list_failures": VIEWER, "overview.show_failure": VIEWER, "overview.update_failure": MANAGER,
    "key_in.new_key_in": MANAGER, "key_in.create_key_in": MANAGER,
    "schedules.list_schedules": VIEWER, "schedules.show_schedule": VIEWER, "schedules.new_schedule": CLERK,
    "schedules.confirm_schedule": CLERK, "schedules.create_schedule": CLERK, "schedules.edit_time": CLERK,
    "schedules.update_time": CLERK, "schedules.new_again": CLERK, "schedules.revoke_schedule": CLERK, "schedules.look_now": CLERK,
    "schedules.confirm_again": CLERK, "schedules.create_again": CLERK,
    "schedules.new_import": CLERK, "schedules.create_import": CLERK,
    "refunds.new_refund": MANAGER, "refunds.confirm_refund": MANAGER, "refunds.create_refund": MANAGER,
    "refunds.show_refund": VIEWER, "refunds.look_now": MANAGER,
    "cases.list_cases": VIEWER, "cases.show_case": VIEWER, "cases.take_case": MANAGER, "cases.create_resolution": MANAGER,
    "reconcile.list_days": VIEWER, "reconcile.show_day": VIEWER, "reconcile.create_match": MANAGER,
    "reconcile.create_closing": MANAGER, "reconcile.list_channels": MANAGER,
    "webhooks.list_webhook_events": MANAGER, "webhooks.replay_webhook_event": MANAGER, "audit.list_events": MANAGER,
    "subscriptions.list_subscriptions": VIEWER, "subscriptions.show_subscription": VIEWER, "subscriptions.list_plans": VIEWER,
    "subscriptions.new_subscription": CLERK, "subscriptions.confirm_subscription": CLERK,
    "subscriptions.create_subscription": CLERK, "subscriptions.collect_now": CLERK, "subscriptions.new_change": CLERK,
    "subscriptions.confirm_change": CLERK, "subscriptions.create_change": CLERK, "subscriptions.update_card": CLERK,
    "subscriptions.new_pause": CLERK, "subscriptions.confirm_pause": CLERK, "subscriptions.create_pause": CLERK,
    "subscriptions.show_act": CLERK, "subscriptions.create_act": CLERK, "subscriptions.new_plan": MANAGER,
    "subscriptions.create_plan": MANAGER, "subscriptions.edit_plan": MANAGER, "subscriptions.update_plan": MANAGER,
    "subscriptions.archive_plan": MANAGER, "subscriptions.confirm_plan": MANAGER, "subscriptions.show_ahead": VIEWER,
    "outlook.show_month": VIEWER, "outlook.show_day": VIEWER, "outlook.show_forecast": VIEWER,
    "outlook.show_numbers": OWNER, "outlook.list_number": OWNER,
    "staff.my_account": VIEWER, "staff.change_password": VIEWER, "staff.end_session": VIEWER,
    "staff.end_other_sessions": VIEWER, "staff.list_staff": OWNER, "staff.new_staff": OWNER,
    "staff.create_staff": OWNER, "staff.edit_staff": OWNER, "staff.update_staff": OWNER, "staff.disable_staff": OWNER,
    "staff.enable_staff": OWNER, "staff.reset_password": OWNER, "staff.end_staff_sessions": OWNER,
}  # fmt: skip
ORDER = [VIEWER, CLERK, MANAGER, OWNER]


def closed_rules(app):
    needs = needs_of(app)
    return [rule for rule in app.url_map.iter_rules() if needs[rule.endpoint] != "public"]


def ask(world, client, rule, method, shop, token):
    with world.app.test_request_context():
        url = world.app.url_for(rule.endpoint, **shop.words(rule))
    return client.get(url) if method == "GET" else client.post(url, data={"csrf_token": token})


def token_of(client):
    return BeautifulSoup(client.get("/account").text, "html.parser").find("input", {"name": "csrf_token"})["value"]


def each(app):
    return [(rule, method) for rule in closed_rules(app) for method in sorted(rule.methods & {"GET", "POST"})]


def test_every_closed_view_has_its_line_here(world):
    assert {rule.endpoint for rule in closed_rules(world.app)} - set(LEAST_ROLE) == set()


def test_a_stranger_meets_the_sign_in_page_everywhere(world):
    shop, client = furnish(world), world.client()
    form = BeautifulSoup(client.get("/sign-in").text, "html.parser").find("input", {"name": "csrf_token"})["value"]
    for rule, method in each(world.app):
        answer = ask(world, client, rule, method, shop, form)
        assert answer.status_code in {302, 303}, f"{method} {rule}: {answer.status_code}"
        assert answer.location.startswith("/sign-in"), rule


@pytest.mark.long
@pytest.mark.parametrize("role", ORDER)
def test_a_role_reaches_what_is_written_and_nothing_else(world, role):
    shop, client = furnish(world), world.signed_in(role)
    token = token_of(client)
    for rule, method in each(world.app):
        status = ask(world, client, rule, method, shop, token).status_code
        may = ORDER.index(role) >= ORDER.index(LEAST_ROLE[rule.endpoint])
        assert (status != 403) is may, f"{role} {method} {rule}: {status}"
        assert status < 500, f"{role} {method} {rule}: {status}"


@pytest.mark.long
def test_no_button_leads_to_a_closed_door(world):
    shop = furnish(world)
    for role in ORDER:
        client, tried = world.signed_in(role), set()  # most links stand on every page
        for url in ("/", "/customers", f"/customers/{shop.customer_id}", f"/billing-keys/{shop.billing_key_id}",
                    "/payments", f"/payments/{shop.payment_id}", "/billing-keys", "/needs-action"):  # fmt: skip
            page = BeautifulSoup(client.get(url).text, "html.parser")
            for link in {a["href"] for a in page.find_all("a", href=True) if a["href"].startswith("/")} - tried:
                tried.add(link)
                assert client.get(link).status_code != 403, f"{role} sees {link} on {url}"
