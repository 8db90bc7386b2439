"""Fifty posts of one confirm sheet over real sockets: one charge, and fifty answers that name it."""

import threading
from concurrent.futures import ThreadPoolExecutor

import requests
from bs4 import BeautifulSoup

from merchant_admin.core.db import db
from tests.support.books import true_balances
from tests.support.world import PASSWORD

POSTS = 50


def form_of(page, action):
    """The named fields of the form that posts to `action`."""
    form = BeautifulSoup(page, "html.parser").find("form", {"action": action})
    return {field["name"]: field.get("value", "") for field in form.find_all("input", {"name": True})}


class Caller(requests.Session):
    """A browser of few words: it posts forms as they were drawn."""

    def __init__(self, shop):
        super().__init__()
        self.shop = shop
        self.headers["Origin"] = shop.url

    def sign_in(self, email):
        page = self.get(f"{self.shop.url}/sign-in").text
        self.post(f"{self.shop.url}/sign-in", data={**form_of(page, "/sign-in"), "email": email, "password": PASSWORD})

    def confirm_sheet(self, customer_id, key_id, amount_krw):
        """The filled fields of a confirm sheet that has not been pressed."""
        page = self.get(f"{self.shop.url}/charges/new", params={"customer_id": customer_id}).text
        fields = form_of(page, "/charges/confirm") | {
            "billing_key_id": key_id,
            "name": "원두 1kg",
            "amount_krw": str(amount_krw),
        }
        return form_of(self.post(f"{self.shop.url}/charges/confirm", data=fields).text, "/charges")


def test_fifty_posts_of_one_sheet_charge_once(shop):
    with shop.app.app_context():
        made = shop.world().a_key()
        customer_id, key_id = made.customer_id, made.id
        db.session.remove()
    caller = Caller(shop)
    caller.sign_in(shop.a_staff())
    sheet = caller.confirm_sheet(customer_id, key_id, 33_000)
    cookies, together = caller.cookies.get_dict(), threading.Barrier(POSTS)

    def press(_number):
        together.wait()
        return requests.post(
            f"{shop.url}/charges",
            data=sheet,
            cookies=cookies,
            headers={"Origin": shop.url},
            allow_redirects=False,
            timeout=120,
        )

    with ThreadPoolExecutor(POSTS) as crowd:
        answers = list(crowd.map(press, range(POSTS)))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert list(true_balances(shop.sandbox).values()) == [(33_000, 0)]
    sent = [line for line in shop.sandbox.requests_log() if line["path"] == "/subscribe/payments/again"]
    assert len(sent) == 1
