"""A sheet, ready to be posted, and the books checked after every test here."""

import pytest

from merchant_admin.core.ids import new_id
from merchant_admin.payments.service import ChargeSheet
from tests.support.books import assert_books_balance


@pytest.fixture
def sheet():
    """Makes a filled sheet for a card; every call is a newly drawn form."""

    def fill(key, amount_krw=33_000, **more):
        words = {"sheet_key": new_id("sht"), "name": "12월 이용료", **more}
        return ChargeSheet(customer_id=key.customer_id, billing_key_id=key.id, amount_krw=amount_krw, **words)

    return fill


@pytest.fixture(autouse=True)
def books_balance(request):
    named = [name for name in ("world", "each_world", "postgres_world") if name in request.fixturenames]
    world = request.getfixturevalue(named[0]) if named else None
    yield
    if world is not None:
        assert_books_balance(world.session)
