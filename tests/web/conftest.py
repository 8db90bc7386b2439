"""The kit's pages are looked over as they come."""

import pytest

from tests.support.pages import InspectingClient
from tests.support.world import Browser


class Reader(InspectingClient, Browser):
    pass


@pytest.fixture
def web(world):
    """A browser, signed out, that inspects what it gets."""
    world.app.test_client_class = Reader
    return world.client()
