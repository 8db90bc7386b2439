"""Makers and moves of these tests: a link, a customer with a phone, a worker's turn."""

from types import SimpleNamespace

from bs4 import BeautifulSoup

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.card_links import service
from merchant_admin.card_links.models import CardConsent, CardLink
from merchant_admin.card_links.service import LinkOrder
from merchant_admin.core.ids import new_id
from merchant_admin.registrations.models import Registration
from merchant_admin.subscriptions.models import Subscription
from merchant_admin.worker.service import run_once
from tests.subscriptions.acting import fresh, subscribed


def a_link(world, subscription_id=None, also=(), **other):
    """A link for the card of a subscription: its id, token, and what it replaces."""
    held = fresh(world, subscription_id or subscribed(world))
    held_id, customer_id, key_id = held.id, held.customer_id, held.billing_key_id
    order = LinkOrder(new_id("sht"), customer_id, key_id, (held_id, *also), 7, **other)
    made = service.create_link(world.ctx(), world.gateway, order)
    link_id = made.id
    return SimpleNamespace(
        id=link_id, token=service.token(world.ctx(), link_id), subscription_id=held_id, customer_id=customer_id,
        old_key_id=key_id, order=order,
    )  # fmt: skip


class Phone:
    """A customer's browser on the link, with nobody signed in."""

    def __init__(self, world, link, language="ko"):
        self.world, self.link, self.client = world, link, world.client()
        self.client.set_cookie("lang", language)
        self.address = f"/register/{link.token}"

    def page(self):
        return self.client.get(self.address)

    def fields(self):
        form = BeautifulSoup(self.page().text, "html.parser").find("form", action=f"{self.address}/open")
        return {each["name"]: each.get("value", "") for each in form.find_all("input")} if form else None

    def agrees(self, **typed):
        fields = self.fields()
        return self.client.post(f"{self.address}/open", data=fields | typed)

    def types_card(self, card="approve", **window):
        """The buyer fills the window in; the browser never comes back."""
        row = registration(self.world, self.link)
        return self.world.sandbox.window_key(
            customer_uid=row.customer_uid,
            merchant_uid=row.merchant_uid,
            card=card,
            pg=window.pop("pg", row.pg),
            **window,
        )

    def comes_back(self, imp_uid):
        row = registration(self.world, self.link)
        return self.client.get(f"/register/return/{row.return_token}?imp_uid={imp_uid}&merchant_uid={row.merchant_uid}")

    def registers(self, card="approve"):
        """All of it, on a phone."""
        answer = self.agrees()
        assert answer.status_code == 303, answer.text
        return self.comes_back(self.types_card(card))


def registration(world, link):
    world.session.rollback()
    return world.session.get(Registration, row_of(world, link).registration_id)


def row_of(world, link):
    world.session.rollback()
    return world.session.get(CardLink, link.id)


def state_of(world, link):
    return row_of(world, link).state.value


def key_of(world, link):
    """The id of the card the subscription is charged to now."""
    world.session.rollback()
    return world.session.get(Subscription, link.subscription_id).billing_key_id


def old_state(world, link):
    world.session.rollback()
    return world.session.get(BillingKey, link.old_key_id).state.value


def consents(world):
    world.session.rollback()
    return world.session.query(CardConsent).order_by(CardConsent.given_at).all()


def work(world, seconds=0, gateway=None):
    """A turn of the worker, some time later."""
    world.clock.advance(seconds=seconds)
    return run_once(world.ctx(), gateway or world.gateway)
