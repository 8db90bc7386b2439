import pytest

from merchant_admin.core.permissions import Role
from tests.payments_screens.desk import Desk


@pytest.fixture
def clerk(world):
    return world.signed_in(Role.CLERK)


@pytest.fixture
def desk(world, clerk):
    """A signed-in clerk and a card that works."""
    return Desk(clerk, world.a_key())
