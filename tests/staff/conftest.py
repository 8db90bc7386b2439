"""What tests about staff share: a form that is posted as a browser posts it."""

import pytest
from bs4 import BeautifulSoup

from tests.support.world import PASSWORD


@pytest.fixture
def post():
    """Open a page, take its token, and post to an address."""

    def send(client, address, page="/sign-in", headers=None, **fields):
        html = BeautifulSoup(client.get(page).text, "html.parser")
        token = html.find("input", {"name": "csrf_token"})["value"]
        return client.post(address, data={"csrf_token": token, **fields}, headers=headers)

    return send


@pytest.fixture
def sign_in(post):
    """Try to sign in."""

    def send(client, email, password=PASSWORD, address="/sign-in", headers=None):
        return post(client, address, page=address, email=email, password=password, headers=headers)

    return send
