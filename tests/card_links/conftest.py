"""A shop that sends mail: to a real server, whose box is empty at first."""

import pytest

from tests.conftest import NOON
from tests.notices.mailbox import MailServer
from tests.support.world import World


@pytest.fixture(scope="module")
def server():
    with MailServer() as served:
        yield served


@pytest.fixture
def shop(server, empty_database, tmp_path):
    box = server.box
    box.empty()
    with World(tmp_path, template=empty_database, at=NOON, **server.env) as made:
        made.box = box
        yield made
